"""Pauses 挂起 and extensions 延期: how they move a deadline. Pure; a pause is measured in the unit of the limit, so it gives back what it took and no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sla.explain import moment
from sla.limit import Limit
from sla.worktime import CONSULTS_CALENDAR, Calendar, Deadline, add, elapsed_seconds, ends_between, move_ends

ANSWERED: Final = "answered"
"""The reason of the stretch between an answer and its rejection: a rejected answer resumes where it stopped, with no free time."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch that does not count: waiting for the citizen, a court, or the review of an answer that was then rejected.

    start, end: aware, half-open; end None while it lasts. reason: a code of the policy, or "answered". until: where the cap ends it, None without a cap.
    """

    start: datetime
    end: datetime | None
    reason: str
    until: datetime | None = None

    def closed(self, at: datetime) -> tuple[datetime, datetime]:
        """(start, end) as it counts at `at`: an open pause lasts till then, and none beyond its cap."""
        end = self.end or max(at, self.start)
        return self.start, end if self.until is None else min(end, max(self.until, self.start))


@dataclass(frozen=True, slots=True)
class Extension:
    """A granted extension 延期: `limit` more, from the deadline as it stood at `at`."""

    limit: Limit
    at: datetime


def due_after(
    calendar: Calendar,
    start: datetime,
    limit: Limit,
    *,
    at: datetime,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
    close_of_business: bool = True,
    roll_if_holiday: bool = False,
) -> Deadline:
    """The deadline after everything that has happened to it up to `at`, in the order it happened.

    A pause that begins after the deadline has passed changes nothing: it cannot undo what is overdue.
    """
    deadline = add(calendar, start, limit, close_of_business=close_of_business, roll_if_holiday=roll_if_holiday)
    due, moves = deadline.due, []
    events: list[Pause | Extension] = [*pauses, *extensions]
    for event in sorted(events, key=_when):
        before = due
        if isinstance(event, Extension):
            due = extended(calendar, due, event.limit, close_of_business=close_of_business)
        elif event.start <= due:
            due = paused(calendar, due, limit, event, at=at, close_of_business=close_of_business)
        if due != before:
            moves.append((_why(calendar, event, at), due))
    consulted = limit.unit in CONSULTS_CALENDAR or roll_if_holiday or any(e.limit.unit in CONSULTS_CALENDAR for e in extensions)
    provisional = consulted and not calendar.is_official(deadline.reckoning.start.year, max(due.year, deadline.due.year))
    return deadline._replace(due=due, provisional=deadline.provisional or provisional, moves=tuple(moves))


def _why(calendar: Calendar, event: Pause | Extension, at: datetime) -> str:
    if isinstance(event, Extension):
        return f"{moment(event.at.astimezone(calendar.tz))} 批准延期 {event.limit.chinese}"
    start, end = (m.astimezone(calendar.tz) for m in event.closed(at))
    what = "答复待审（后被退回）" if event.reason == ANSWERED else "挂起"
    return f"{moment(start)} 至 {moment(end)} {what}，期间不计时"


def extended(calendar: Calendar, due: datetime, limit: Limit, *, close_of_business: bool = True) -> datetime:
    """The deadline `limit` later. Whole workdays count from the deadline's own day, so three of them end three closes later."""
    if limit.unit == "workday" and limit.whole and ends_between(calendar, due, due + timedelta(seconds=1), close_of_business=close_of_business):
        return move_ends(calendar, due, limit.count, close_of_business=close_of_business)
    return add(calendar, due, limit, close_of_business=close_of_business).due


def paused(calendar: Calendar, due: datetime, limit: Limit, pause: Pause, *, at: datetime, close_of_business: bool = True) -> datetime:
    """The deadline moved by the pause, measured as the limit is: closes of business that passed, working seconds, or seconds on the wall."""
    start, end = pause.closed(at)
    if limit.unit == "sameday" or (limit.unit == "workday" and limit.whole):
        passed = ends_between(calendar, start, end, close_of_business=close_of_business)
        return move_ends(calendar, due, passed, close_of_business=close_of_business) if passed else due
    if limit.unit in ("workday", "workminute"):
        seconds = elapsed_seconds(calendar, start, end)
        return add(calendar, due, Limit.of_seconds(seconds, "workminute")).due if seconds else due
    return (due + (end - start)).replace(microsecond=0) if end > start else due


def _when(event: Pause | Extension) -> datetime:
    return event.start if isinstance(event, Pause) else event.at
