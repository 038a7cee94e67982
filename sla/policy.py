"""A policy 时限规则: which limits, ladder, pauses and triggers a matter gets. Data, versioned, most specific first; pure.

A rule names the matters it is for (kind, item, area, urgency, tags); the most specific one that matches gives the limits. An overlay adds to it
(企业: every ticket revisited). Two rules that match equally well are refused when the policy is made, so that no order of rows ever decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from itertools import product
from typing import Any, Final

from hotline.errors import NotFound, Refused
from sla.ladder import Rung
from sla.limit import Limit
from sla.triggers import Trigger, triggered

CLOCKS: Final = {
    "dispatch": "派单",
    "sign": "签收",
    "return_window": "退单窗口",
    "first_contact": "首次联系",
    "resolve": "办结",
    "citizen": "市民总时限",
    "revisit": "回访",
    "rectify": "整改",
    "statement": "情况说明",
    "feedback": "纪检反馈",
}
"""The clocks of a matter. `resolve` runs per leg from dispatch, never from signing (部门限时法); `citizen` runs over all legs."""

CHOICES: Final = ("kind", "item", "area", "urgency", "tags")
SPECIFICITY: Final = "priority, urgency, tags, item, area, kind"
"""What makes a rule more specific, the weightiest first; for item and area the longer code."""


OVERLAY: Final = "+"
ITEM: Final = "@"
"""In the key of a rule that was put together: what was laid over it, and the limits of the item."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What a policy needs to know of a ticket. item and area: official codes, matched by prefix; tags: marks such as enterprise, joint, redo.

    promised, statutory: the item's own limits (承诺时限, 法定时限) in the catalogue, where it has them.
    """

    kind: str
    item: str = ""
    area: str = ""
    urgency: str = "normal"
    tags: frozenset[str] = frozenset()
    promised: Limit | None = None
    statutory: Limit | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """How often and how long a leg may be extended 延期: up to `count` times, each up to `each`."""

    count: int
    each: Limit


@dataclass(frozen=True, slots=True)
class PauseReason:
    """A reason for which a clock may stand still 挂起, who approves it, and for how long at most (None: until it is over)."""

    reason: str
    title: str
    approver: str
    cap: Limit | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a policy. Empty choices match everything.

    limits: promised 承诺时限 by clock; statutory: 法定时限 by clock, shown beside it. extensions: alternatives, one of which must allow what is asked.
    revisit_share: share of tickets revisited, 0 to 1. ladder: name of the ladder. ends_at: close or 24:00. overlay: adds to the rule that matches.
    by_item: an item that promises a limit of its own is answered within that instead.
    """

    key: str
    title: str
    kind: tuple[str, ...] = ()
    item: tuple[str, ...] = ()
    area: tuple[str, ...] = ()
    urgency: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    priority: int = 0
    overlay: bool = False
    calendar: str = "standard"
    limits: Mapping[str, Limit] = field(default_factory=dict)
    statutory: Mapping[str, Limit] = field(default_factory=dict)
    extensions: tuple[Allowance, ...] = ()
    revisit_share: Decimal = Decimal(1)
    ladder: str = "standard"
    ends_at: str = "close"
    roll_if_holiday: bool = False
    source: str = ""
    by_item: bool = False

    def limit(self, clock: str) -> Limit | None:
        """The promised limit of a clock; None when the rule has no such clock. Raises NotFound for a clock nobody knows."""
        if clock not in CLOCKS:
            raise NotFound(f"没有“{clock}”这种时限。可用：{'、'.join(CLOCKS)}。", field="clock")
        return self.limits.get(clock)

    @property
    def returnable(self) -> bool:
        """Whether a unit may return such a ticket 退单 at all."""
        return "return_window" in self.limits

    @property
    def close_of_business(self) -> bool:
        """Whether deadlines in workdays end when the office closes, rather than at 24:00."""
        return self.ends_at == "close"

    def check_extension(self, taken: Sequence[Limit], asked: Limit) -> None:
        """Raises Refused when one more extension of `asked`, after those taken, is more than the rule allows."""
        if not self.extensions:
            raise Refused(f"“{self.title}”不可延期。", field="limit")
        if not any(_allows(allowance, [*taken, asked]) for allowance in self.extensions):
            terms = "，或".join(f"最多 {a.count} 次、每次不超过 {a.each.chinese}" for a in self.extensions)
            raise Refused(f"“{self.title}”的延期{terms}；已延 {len(taken)} 次，不能再延 {asked.chinese}。", field="limit")


@dataclass(frozen=True)
class Policy:
    """A whole policy. Raises Refused when rules collide, a ladder is missing, or nothing catches the matters no rule names."""

    name: str
    title: str
    rules: tuple[Rule, ...]
    ladders: Mapping[str, tuple[Rung, ...]]
    triggers: tuple[Trigger, ...] = ()
    pauses: tuple[PauseReason, ...] = ()

    def __post_init__(self) -> None:
        _refuse_twins(self.rules)
        for rule in self.rules:
            if rule.ladder not in self.ladders:
                raise Refused(f"规则“{rule.title}”（{rule.key}）用了没有定义的督办阶梯“{rule.ladder}”。", field="ladder")
        if not any(_catches_all(rule) for rule in self.rules):
            raise Refused("必须有一条不带任何条件的兜底规则。", field="rule")

    def rule_for(self, matter: Matter) -> Rule:
        """The most specific rule for a matter, with the overlays that match laid over it, the most specific on top."""
        matching = [pattern.rule for pattern in self._patterns if pattern.matches(matter)]
        rule = next(rule for rule in matching if not rule.overlay)
        overlays = {rule.key: rule for rule in reversed(matching) if rule.overlay}
        for overlay in overlays.values():
            rule = _laid_over(rule, overlay)
        return _of_item(rule, matter.promised, matter.statutory) if rule.by_item and matter.promised else rule

    def rule(self, key: str) -> Rule:
        """The rule with this key. "complaint+enterprise" is one with an overlay, "help@20 workday/60 workday" one with an item's limits. Raises NotFound."""
        key, _, own = key.partition(ITEM)
        first, *over = (self._by_key(part) for part in key.split(OVERLAY))
        for overlay in over:
            first = _laid_over(first, overlay)
        promised, _, statutory = own.partition("/")
        return _of_item(first, Limit.parse(promised), Limit.parse(statutory) if statutory else None) if promised else first

    def rungs(self, rule: Rule, clock: str) -> tuple[Rung, ...]:
        """The rungs of the rule's ladder that apply to a clock."""
        return tuple(rung for rung in self.ladders[rule.ladder] if clock in rung.clocks)

    def pause(self, reason: str) -> PauseReason:
        """The terms of a pause. Raises Refused for a reason that is not listed."""
        for listed in self.pauses:
            if listed.reason == reason:
                return listed
        raise Refused(f"不能以“{reason}”为由挂起。可用的理由：{'、'.join(p.title for p in self.pauses) or '无'}。", field="reason")

    def triggered(self, facts: Mapping[str, int]) -> list[Trigger]:
        """The rows beside time that these facts set off, gravest first."""
        return triggered(self.triggers, facts)

    @cached_property
    def _patterns(self) -> "tuple[Pattern, ...]":
        found = [pattern for rule in self.rules for pattern in _patterns_of(rule)]
        return tuple(sorted(found, key=lambda pattern: pattern.specificity, reverse=True))

    def _by_key(self, key: str) -> Rule:
        for rule in self.rules:
            if rule.key == key:
                return rule
        raise NotFound(f"没有名为“{key}”的时限规则。", field="rule")

    def __hash__(self) -> int:
        return hash((self.name, len(self.rules)))


@dataclass(frozen=True, slots=True)
class Pattern:
    """One combination of a rule's choices; "" leaves a choice open."""

    rule: Rule
    kind: str
    item: str
    area: str
    urgency: str

    @property
    def specificity(self) -> tuple[int, ...]:
        """See SPECIFICITY."""
        rule = self.rule
        return rule.priority, bool(self.urgency), len(rule.tags), len(self.item), len(self.area), bool(self.kind)

    def matches(self, matter: Matter) -> bool:
        """Whether it is for this matter."""
        return (
            self.kind in ("", matter.kind)
            and self.urgency in ("", matter.urgency)
            and matter.item.startswith(self.item)
            and matter.area.startswith(self.area)
            and self.rule.tags <= matter.tags
        )


def area_prefix(code: str) -> str:
    """An area code without the zeros that only fill it up: the city 990100 covers 990102, the district 990102 covers 990102001."""
    if len(code) > len("990102") and code.endswith("000"):
        code = code[:-3]
    while len(code) <= len("990102") and code.endswith("00"):
        code = code[:-2]
    return code


def _patterns_of(rule: Rule) -> list[Pattern]:
    areas = tuple(area_prefix(area) for area in rule.area)
    choices = (rule.kind or ("",), rule.item or ("",), areas or ("",), rule.urgency or ("",))
    return [Pattern(rule, *choice) for choice in product(*choices)]


def _refuse_twins(rules: Sequence[Rule]) -> None:
    """Equal specificity means equally long codes, so two patterns can only tie when they name the same kind, item, area and urgency."""
    seen: dict[tuple[Any, ...], Rule] = {}
    keys: set[str] = set()
    for rule in rules:
        if rule.key in keys or OVERLAY in rule.key or ITEM in rule.key:
            raise Refused(f"规则名“{rule.key}”重复，或含有“{OVERLAY}”“{ITEM}”。", field="key")
        keys.add(rule.key)
        for p in _patterns_of(rule):
            place = (rule.overlay, rule.priority, len(rule.tags), p.kind, p.item, p.area, p.urgency)
            other = seen.setdefault(place, rule)
            if other is not rule:
                raise Refused(
                    f"规则“{other.title}”（{other.key}）和“{rule.title}”（{rule.key}）会对同样的工单一样贴切，无法决定用哪一条；"
                    "请给其中一条更具体的条件，或写明先后（priority）。",
                    field="rule",
                )


def _catches_all(rule: Rule) -> bool:
    return not rule.overlay and not any(getattr(rule, choice) for choice in CHOICES)


def _laid_over(rule: Rule, overlay: Rule) -> Rule:
    return replace(
        rule,
        key=f"{rule.key}+{overlay.key}",
        title=f"{rule.title}·{overlay.title}",
        limits={**rule.limits, **overlay.limits},
        statutory={**rule.statutory, **overlay.statutory},
        revisit_share=max(rule.revisit_share, overlay.revisit_share),
        by_item=rule.by_item or overlay.by_item,
    )


def _of_item(rule: Rule, promised: Limit, statutory: Limit | None) -> Rule:
    """The rule with the item's limits. The citizen's clock leaves the same room around the answer; where the units differ, it is the promise itself."""
    resolve, citizen = rule.limits.get("resolve"), rule.limits.get("citizen")
    limits = {**rule.limits, "resolve": promised}
    limits.pop("citizen", None)
    if resolve and citizen and resolve.unit == citizen.unit == promised.unit:
        limits["citizen"] = Limit(promised.amount + max(citizen.amount - resolve.amount, Decimal(0)), promised.unit)
    own = f"{promised}/{statutory}" if statutory else str(promised)
    return replace(
        rule,
        key=f"{rule.key}{ITEM}{own}",
        title=f"{rule.title}·按事项承诺时限",
        limits=limits,
        statutory={**rule.statutory, **({"resolve": statutory} if statutory else {})},
    )


def _allows(allowance: Allowance, wanted: Sequence[Limit]) -> bool:
    return len(wanted) <= allowance.count and all(
        limit.unit == allowance.each.unit and limit.amount <= allowance.each.amount for limit in wanted
    )
