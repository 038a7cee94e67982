"""What moves a ticket up the ladder beside time 非时限触发: returns, repeats, reworks, bad ratings, a refusal that was a person's doing. Rows are data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hotline.errors import Refused
from sla.ladder import LEVELS

FACTS: Final = {
    "returns": "退单次数",
    "returning_units": "退过单的单位数",
    "extensions": "延期次数",
    "reworks": "重办次数",
    "repeats": "同一事项重复投诉次数",
    "urges": "催办次数",
    "bad_ratings": "差评次数",
    "unsatisfied": "最近一次回访不满意",
    "human_refusal": "人为不给办",
    "leader_instruction": "领导批示",
    "second_notices": "同一段再次告知次数",
    "leak": "诉求人信息泄露",
    "false_busy": "虚假示忙或擅自离席",
    "supervised": "督办次数",
    "overdue": "已超期",
    "overdue_workdays": "超期工作日数",
    "bottom_months": "单位连续排名末位月数",
}
"""What can be counted about a ticket or a unit; a yes is 1. The wiring counts, the rows compare."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One row: when every fact of `when` has reached its number, `action` is due at `level`.

    key: stable, so that a trigger fires once. level 0 informs only. source: where the rule comes from. enabled: rows are switched off, not deleted.
    """

    key: str
    level: int
    action: str
    title: str
    when: Mapping[str, int]
    source: str = ""
    enabled: bool = True

    def __post_init__(self) -> None:
        unknown = sorted(set(self.when) - set(FACTS))
        if unknown:
            raise Refused(f"触发规则“{self.title}”用了不认识的事实：{'、'.join(unknown)}。可用：{'、'.join(FACTS)}。", field="when")
        if not self.when or any(isinstance(number, bool) or not isinstance(number, int) or number < 1 for number in self.when.values()):
            raise Refused(f"触发规则“{self.title}”要写明至少一个条件，数目为 1 以上的整数。", field="when")
        if self.level != 0 and self.level not in LEVELS:
            raise Refused(f"触发规则“{self.title}”的级别应是 0 到 7。", field="level")

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Trigger":
        """A row of the file."""
        return cls(
            key=data["key"],
            level=data["level"],
            action=data["action"],
            title=data["title"],
            when=dict(data["when"]),
            source=data.get("source", ""),
            enabled=data.get("enabled", True),
        )

    def to_data(self) -> dict[str, Any]:
        """The row as JSON-ready data."""
        data = {"key": self.key, "level": self.level, "action": self.action, "title": self.title, "when": dict(self.when)}
        return data | {"source": self.source, "enabled": self.enabled}

    def met_by(self, facts: Mapping[str, int]) -> bool:
        """Whether these facts set it off; a fact that is not given is 0."""
        return self.enabled and all(facts.get(name, 0) >= number for name, number in self.when.items())


def triggered(triggers: Sequence[Trigger], facts: Mapping[str, int]) -> list[Trigger]:
    """The rows these facts set off, gravest first, in the order of the file within a level. Raises Refused for a fact nobody knows."""
    unknown = sorted(set(facts) - set(FACTS))
    if unknown:
        raise Refused(f"不认识的事实：{'、'.join(unknown)}。", field="facts")
    return sorted((trigger for trigger in triggers if trigger.met_by(facts)), key=lambda trigger: -trigger.level)
