"""The ladder 督办阶梯 L1-L7: which step is taken when, against a deadline. Rows are data; here they become moments."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from hotline.errors import Refused
from sla.limit import Limit
from sla.worktime import Calendar, add, ends_between, move_ends, next_open, part_way, subtract

LEVELS: Final = range(1, 8)
WARN: Final = 2
REMINDERS: Final = frozenset({1, 2})
"""Levels that only remind: they wait for office hours, since nobody is helped by a message at midnight."""
CONFIRMED: Final = "confirmed"
_WHEN: Final = re.compile(r"(due|confirmed)|(used|left) ([0-9]{1,2})%|(before|after) (.+)")


@dataclass(frozen=True, slots=True)
class Rung:
    """One row of a ladder.

    level: 1-7. action: what the wiring does (remind, warn, overdue, supervise, interview, propose_transfer, transfer). title: 中文.
    when: any of "used 50%", "left 20%", "before 1 workday", "due", "after 5 workday"; the earliest that makes sense holds. "confirmed": never by
    time alone, a person confirms. clocks: the clocks it applies to. to: who is told (owner, unit_lead, supervisor, discipline).
    """

    level: int
    action: str
    title: str
    when: tuple[str, ...]
    clocks: frozenset[str]
    to: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise Refused(f"督办级别应是 1 到 7，现在是 {self.level}。", field="level")
        if not self.when:
            raise Refused(f"督办第 {self.level} 级没有写明何时触发。", field="when")
        for text in self.when:
            moment_shape(text)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Rung":
        """A row of the file."""
        when = data["when"]
        return cls(
            level=data["level"],
            action=data["action"],
            title=data["title"],
            when=(when,) if isinstance(when, str) else tuple(when),
            clocks=frozenset(data["clocks"]),
            to=tuple(data.get("to", ())),
        )

    def to_data(self) -> dict[str, Any]:
        """The row as JSON-ready data."""
        data = {"level": self.level, "action": self.action, "title": self.title, "when": list(self.when)}
        return data | {"clocks": sorted(self.clocks), "to": list(self.to)}

    @property
    def timed(self) -> bool:
        """Whether time alone can reach this rung."""
        return CONFIRMED not in self.when


@dataclass(frozen=True, slots=True)
class Step:
    """A rung of one timer: `at` is the moment it truly falls due, whenever a sweep notices."""

    level: int
    at: datetime
    action: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """What a ladder stands against: a limit running from start to due on a calendar, with pauses as (start, end)."""

    calendar: Calendar
    limit: Limit
    start: datetime
    due: datetime
    close_of_business: bool = True
    pauses: tuple[tuple[datetime, datetime], ...] = ()

    @property
    def working(self) -> bool:
        """Whether the limit counts in working time."""
        return self.limit.unit in ("workday", "workminute", "sameday")


def steps(rungs: Sequence[Rung], span: Span, *, quiet_hours: bool = True) -> list[Step]:
    """The timed steps in order; a lower level never comes after a higher one.

    quiet_hours: reminders wait for the office to open, though not beyond the due moment.
    """
    found = [(rung, moment_of(rung, span)) for rung in sorted(rungs, key=lambda r: r.level) if rung.timed]
    result: list[Step] = []
    latest: datetime | None = None
    for rung, at in reversed(found):
        moment = at if latest is None else min(at, latest)
        latest = moment
        # A reminder due while the clock stands still is due when it runs on.
        moment = next((min(end, span.due) for begin, end in span.pauses if rung.level in REMINDERS and begin <= moment < end), moment)
        if quiet_hours and rung.level in REMINDERS:
            moment = max(moment, min(next_open(span.calendar, moment), span.due))
        result.append(Step(rung.level, moment, rung.action))
    return sorted(result, key=lambda step: (step.at, step.level))


def warn_at(rungs: Sequence[Rung], span: Span) -> datetime:
    """When the light turns amber: the moment of the warning rung, whatever the hour; the due moment when there is none."""
    moments = [moment_of(rung, span) for rung in rungs if rung.timed and rung.level == WARN]
    return min([*moments, span.due])


def moment_of(rung: Rung, span: Span) -> datetime:
    """The earliest of the rung's moments that make sense, never before the start."""
    moments = [_moment(text, span) for text in rung.when if _makes_sense(text, span)]
    return max(min(moments, default=span.due), span.start)


def _makes_sense(text: str, span: Span) -> bool:
    """"before 1 workday" means nothing for a limit that is no longer than that: it would warn of everything at once."""
    word, amount = moment_shape(text)
    return word != "before" or not isinstance(amount, Limit) or add(span.calendar, span.start, amount).due < span.due


@lru_cache(maxsize=1024)  # the rungs of a policy, asked for each of its clocks
def moment_shape(text: str) -> tuple[str, Fraction | Limit | None]:
    """("due" | "confirmed" | "used" | "before" | "after", share or limit). Raises Refused."""
    shape = _WHEN.fullmatch(text)
    if shape is None:
        raise Refused(f"看不懂触发时间“{text}”。写法如：used 50%、left 20%、before 1 workday、due、after 5 workday。", field="when")
    word, side, percent, way, limit = shape.groups()
    if word:
        return word, None
    if side:
        share = Fraction(int(percent), 100)
        return "used", share if side == "used" else 1 - share
    return way, Limit.parse(limit)


def _moment(text: str, span: Span) -> datetime:
    word, amount = moment_shape(text)
    if isinstance(amount, Fraction):
        return part_way(span.calendar, span.start, span.due, amount, working=span.working, without=span.pauses)
    if amount is None:
        return span.due
    return _before(span, amount) if word == "before" else _after(span, amount)


def _before(span: Span, limit: Limit) -> datetime:
    """So much before due; whole workdays are counted in closes, so that one workday before Friday's close is Thursday's."""
    if limit.unit == "workday" and limit.whole:
        return move_ends(span.calendar, span.due, -limit.count, close_of_business=span.close_of_business)
    return subtract(span.calendar, span.due, limit)


def _after(span: Span, limit: Limit) -> datetime:
    """So much after due; whole workdays are counted in closes when the deadline is one."""
    second = add(span.calendar, span.due, ONE_SECOND).due
    if limit.unit == "workday" and limit.whole and ends_between(span.calendar, span.due, second, close_of_business=span.close_of_business):
        return move_ends(span.calendar, span.due, limit.count, close_of_business=span.close_of_business)
    return add(span.calendar, span.due, limit, close_of_business=span.close_of_business).due


ONE_SECOND: Final = Limit.parse("1 second")
