"""Policies as plain data: what a file holds, what is stored, and what is shown. Reading checks every word."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from hotline.errors import NotFound, Refused
from sla.ladder import Rung
from sla.limit import Limit
from sla.policy import CHOICES, CLOCKS, Allowance, PauseReason, Policy, Rule
from sla.triggers import Trigger

RULE_FIELDS: Final = {
    *CHOICES,
    *("key", "title", "priority", "overlay", "calendar", "limits", "statutory", "extensions", "revisit_share"),
    *("ladder", "ends_at", "roll_if_holiday", "source", "by_item"),
}
POLICY_FIELDS: Final = {"name", "title", "defaults", "rule", "ladder", "trigger", "pause"}
NONE: Final = "none"
"""Instead of a limit: this rule has no such clock, whatever the defaults say (不可退)."""


@cache
def load(name: str | Path) -> Policy:
    """A policy from a TOML file: a shipped one by name (policies, play) or any by its path. Raises NotFound, or Refused with what is wrong in it."""
    path = files("sla").joinpath(f"data/{name}.toml") if isinstance(name, str) and not name.endswith(".toml") else Path(name)
    try:
        return policy_from(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError as error:
        raise NotFound(f"没有时限规则文件“{name}”。", field="policy") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"时限规则文件“{name}”不是有效的 TOML：{error}", field="policy") from error


def policy_from(data: Any) -> Policy:
    """A policy from its data. Raises Refused with the place and the reason."""
    if not isinstance(data, dict):
        raise Refused("时限规则应是一张表。", field="policy")
    _only(data, POLICY_FIELDS, "时限规则")
    defaults = data.get("defaults", {})
    try:
        return Policy(
            name=data["name"],
            title=data.get("title") or data["name"],
            rules=tuple(_rule(row, defaults) for row in data["rule"]),
            ladders={name: tuple(Rung.from_data(row) for row in rows) for name, rows in data["ladder"].items()},
            triggers=tuple(Trigger.from_data(row) for row in data.get("trigger", ())),
            pauses=tuple(_pause(row) for row in data.get("pause", ())),
        )
    except (KeyError, TypeError, AttributeError, ValueError, InvalidOperation) as error:
        raise Refused(f"时限规则缺少内容或写法不对：{error}。", field="policy") from error


def policy_to(policy: Policy) -> dict[str, Any]:
    """The same as data; `policy_from` gives it back."""
    return {
        "name": policy.name,
        "title": policy.title,
        "rule": [_rule_data(rule) for rule in policy.rules],
        "ladder": {name: [rung.to_data() for rung in rungs] for name, rungs in policy.ladders.items()},
        "trigger": [trigger.to_data() for trigger in policy.triggers],
        "pause": [_pause_data(pause) for pause in policy.pauses],
    }


def _rule(row: dict[str, Any], defaults: dict[str, Any]) -> Rule:
    where = f"规则“{row.get('title', row.get('key', '？'))}”"
    _only(row, RULE_FIELDS, where)
    overlay = row.get("overlay", False)
    given = row if overlay else {**defaults, **row}
    limits = {**({} if overlay else defaults.get("limits", {})), **row.get("limits", {})}
    share = Decimal(str(given.get("revisit_share", 0 if overlay else 1)))
    if not 0 <= share <= 1:
        raise Refused(f"{where}的回访比例应在 0 到 1 之间。", field="revisit_share")
    if given.get("ends_at", "close") not in ("close", "24:00"):
        raise Refused(f"{where}的 ends_at 只能是 close 或 24:00。", field="ends_at")
    return Rule(
        key=row["key"],
        title=row["title"],
        **{choice: _words(row.get(choice, ())) for choice in CHOICES if choice != "tags"},
        tags=frozenset(_words(row.get("tags", ()))),
        priority=int(row.get("priority", 0)),
        overlay=overlay,
        calendar=given.get("calendar", "standard"),
        limits=_limits(limits, where),
        statutory=_limits(row.get("statutory", {}), where),
        extensions=tuple(Allowance(int(e["count"]), Limit.parse(e["each"])) for e in given.get("extensions", ())),
        revisit_share=share,
        ladder=given.get("ladder", "standard"),
        ends_at=given.get("ends_at", "close"),
        roll_if_holiday=given.get("roll_if_holiday", False),
        source=row.get("source", ""),
        by_item=row.get("by_item", False),
    )


def _rule_data(rule: Rule) -> dict[str, Any]:
    choices = {choice: sorted(getattr(rule, choice)) for choice in CHOICES if getattr(rule, choice)}
    return {
        "key": rule.key,
        "title": rule.title,
        **choices,
        "priority": rule.priority,
        "overlay": rule.overlay,
        "calendar": rule.calendar,
        "limits": {clock: str(limit) for clock, limit in rule.limits.items()},
        "statutory": {clock: str(limit) for clock, limit in rule.statutory.items()},
        "extensions": [{"count": a.count, "each": str(a.each)} for a in rule.extensions],
        "revisit_share": str(rule.revisit_share),
        "ladder": rule.ladder,
        "ends_at": rule.ends_at,
        "roll_if_holiday": rule.roll_if_holiday,
        "source": rule.source,
        "by_item": rule.by_item,
    }


def _limits(data: Mapping[str, str], where: str) -> dict[str, Limit]:
    _only(data, CLOCKS, f"{where}的时限")
    return {clock: Limit.parse(text) for clock, text in data.items() if text != NONE}


def _pause(row: dict[str, Any]) -> PauseReason:
    _only(row, ("reason", "title", "approver", "cap"), "挂起理由")
    return PauseReason(row["reason"], row["title"], row["approver"], Limit.parse(row["cap"]) if row.get("cap") else None)


def _pause_data(pause: PauseReason) -> dict[str, Any]:
    return {"reason": pause.reason, "title": pause.title, "approver": pause.approver, "cap": str(pause.cap) if pause.cap else ""}


def _words(value: Any) -> tuple[str, ...]:
    words = (value,) if isinstance(value, str) else tuple(sorted(value))
    if not all(isinstance(word, str) and word for word in words):
        raise TypeError(f"应是文字：{value!r}")
    return words


def _only(data: Mapping[str, Any], known: Any, where: str) -> None:
    unknown = [name for name in data if name not in known]
    if unknown:
        raise Refused(f"{where}里有不认识的项：{'、'.join(unknown)}。可用：{'、'.join(sorted(known))}。", field="policy")
