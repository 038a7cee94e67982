"""Working time 工作时间 that nobody can argue with: add a limit to a moment, subtract it, measure between two moments. Pure and exact to the second.

Rules: the day of receipt does not count and a deadline in workdays ends at close of business (民法典 201, 203 条); a fraction of a workday is that
part of the receipt day's working minutes (the next workday's, when received on a day off), counted from receipt; working minutes count inside
office segments only; natural minutes and hours are the clock on the wall, natural days keep the time of day.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final, NamedTuple

from hotline.errors import Refused
from sla.calendar import DAY, LAST_YEAR, Calendar, Day, Hours, Index, Season, five_days, hours_of
from sla.explain import Reckoning, explain
from sla.limit import Limit

__all__ = ["Calendar", "Day", "Deadline", "Hours", "Limit", "Season", "add", "elapsed", "elapsed_seconds", "ends_between", "five_days",
           "hours_of", "move_ends", "next_open", "part_way", "subtract"]

CONSULTS_CALENDAR: Final = frozenset({"workday", "workminute", "sameday"})


class Deadline(NamedTuple):
    """A due moment 截止时间 and why.

    due: aware, in the calendar's zone. provisional: it rests on a year whose holiday arrangement is not published yet 暂定.
    moves: what has moved it since, as (why, due after it); `original` is the due moment before the first of them.
    """

    due: datetime
    provisional: bool
    reckoning: Reckoning
    moves: tuple[tuple[str, datetime], ...] = ()

    @property
    def original(self) -> datetime:
        """The due moment before any pause or extension."""
        return self.reckoning.due

    @property
    def steps(self) -> list[str]:
        """为何是这个时间: sentences in plain Chinese, worked out only when asked for."""
        return explain(self.reckoning, self.moves, self.provisional)


def add(calendar: Calendar, start: datetime, limit: Limit, *, close_of_business: bool = True, roll_if_holiday: bool = False) -> Deadline:
    """When `limit`, received at `start`, runs out.

    start: aware; parts of a second are dropped. close_of_business: a workday deadline ends when the office closes, else at 24:00.
    roll_if_holiday: a natural deadline that falls on a day off moves to the close of the next workday (民法典 203 条).
    Raises Refused for a start without a zone or dates outside 1901-2199.
    """
    local = _local(calendar, start)
    unit = limit.unit
    if unit == "workday" and limit.whole:
        due = _workdays_later(calendar, local, limit.count, close_of_business)
    elif unit in ("workday", "workminute"):
        due = _later(calendar, local, _working_seconds(calendar, local, limit))
    elif unit == "sameday":
        due = _same_day(calendar, local, close_of_business)
    else:
        due = _natural(local, limit, 1)
    consulted, rolled = unit in CONSULTS_CALENDAR, False
    if roll_if_holiday and not consulted:
        consulted, rolled = True, not calendar.is_workday(due.date())
        due = _workdays_later(calendar, due, 1, close_of_business) if rolled else due
    provisional = consulted and not calendar.is_official(local.year, _last_year(due))
    return Deadline(due, provisional, Reckoning(calendar, local, limit, close_of_business, rolled, due))


def subtract(calendar: Calendar, due: datetime, limit: Limit, *, close_of_business: bool = True) -> datetime:
    """The latest moment of receipt whose deadline is no later than `due` 倒排: what must be handed over by when. Exact to the second."""
    local = _local(calendar, due)
    unit = limit.unit
    if unit == "workday" and limit.whole:
        return _workdays_earlier(calendar, local, limit.count, close_of_business)
    if unit in ("workday", "workminute"):
        return _earlier(calendar, local, _working_seconds(calendar, local, limit, back=True))
    if unit == "sameday":
        return _same_day_earlier(calendar, local, close_of_business)
    return _natural(local, limit, -1)


def elapsed(calendar: Calendar, a: datetime, b: datetime) -> int:
    """Working minutes 工作分钟 from a to b, whole ones; negative when b is before a."""
    seconds = elapsed_seconds(calendar, a, b)
    return seconds // 60 if seconds >= 0 else -(-seconds // 60)


def elapsed_seconds(calendar: Calendar, a: datetime, b: datetime) -> int:
    """Working seconds from a to b; negative when b is before a."""
    first, last = _local(calendar, a), _local(calendar, b)
    index = calendar.index(min(first.year, last.year), max(first.year, last.year))
    return index.worked(_seconds(last)) - index.worked(_seconds(first))


def next_open(calendar: Calendar, moment: datetime) -> datetime:
    """The moment itself when the office is open then, else the next opening: reminders wait for it."""
    local = _local(calendar, moment)
    years = 0
    while True:
        index = _reach(calendar, local, years)
        at = _seconds(local)
        i = bisect_right(index.ends, at)
        if i < len(index.ends):
            return local if index.starts[i] <= at else datetime.fromtimestamp(index.starts[i], calendar.tz)
        years = _further(years)


def part_way(
    calendar: Calendar, start: datetime, due: datetime, share: Fraction, *, working: bool, without: Sequence[tuple[datetime, datetime]] = ()
) -> datetime:
    """The moment by which `share` of the time from start to due is used up, the pauses in `without` not counting.

    working: in working time, else as the clock on the wall runs. without: (start, end) of each pause, not overlapping.
    """
    begin, end = _local(calendar, start), _local(calendar, due)
    breaks = [(max(a, begin), min(b, end)) for a, b in sorted(without) if a < end and b > begin]

    def lasted(a: datetime, b: datetime) -> int:
        return elapsed_seconds(calendar, a, b) if working else int((b - a).total_seconds())

    def onward(moment: datetime, seconds: int) -> datetime:
        return (_later(calendar, moment, seconds) if working else _really(moment, seconds)) if seconds > 0 else moment

    moment = onward(begin, int((lasted(begin, end) - sum(lasted(a, b) for a, b in breaks)) * share))
    for a, b in breaks:
        if a < moment:
            moment = onward(moment, lasted(a, b))
    return moment


def ends_between(calendar: Calendar, a: datetime, b: datetime, *, close_of_business: bool = True) -> int:
    """How many workdays end in [a, b): at close of business, or at 24:00. The measure of a pause 挂起 of a limit in workdays."""
    first, last = _local(calendar, a), _local(calendar, b)
    index = calendar.index(min(first.year, last.year) - 1, max(first.year, last.year))
    ends = index.closes if close_of_business else index.midnights
    return bisect_left(ends, last) - bisect_left(ends, first)


def move_ends(calendar: Calendar, due: datetime, count: int, *, close_of_business: bool = True) -> datetime:
    """The workday's end `count` workdays after (or before) the one at or next after `due`."""
    local, years = _local(calendar, due), 1
    while True:
        index = calendar.index(local.year - years, local.year + years)
        ends = index.closes if close_of_business else index.midnights
        i = bisect_left(ends, local) + count
        if 0 <= i < len(ends):
            return ends[i]
        years = _further(years)


def _workdays_later(calendar: Calendar, local: datetime, count: int, close_of_business: bool) -> datetime:
    today, years = local.toordinal(), 0
    while True:
        index = _reach(calendar, local, years)
        i = bisect_right(index.days, today) + count - 1
        if i < len(index.days):
            return index.closes[i] if close_of_business else index.midnights[i]
        years = _further(years)


def _workdays_earlier(calendar: Calendar, local: datetime, count: int, close_of_business: bool) -> datetime:
    years = 0
    while True:
        index = _reach(calendar, local, -years)
        ends = index.closes if close_of_business else index.midnights
        i = bisect_right(ends, local) - count
        if i >= 0:
            return datetime.combine(datetime.fromordinal(index.days[i]), datetime.min.time(), calendar.tz) - timedelta(seconds=1)
        years = _further(years)


def _later(calendar: Calendar, local: datetime, seconds: int) -> datetime:
    years = 0
    while True:
        index = _reach(calendar, local, years)
        due = index.earliest(index.worked(_seconds(local)) + seconds)
        if due is not None:
            return datetime.fromtimestamp(due, calendar.tz)
        years = _further(years)


def _earlier(calendar: Calendar, local: datetime, seconds: int) -> datetime:
    years = 0
    while True:
        index = _reach(calendar, local, -years)
        start = index.latest(index.worked(_seconds(local)) - seconds)
        if start is not None:
            return datetime.fromtimestamp(start, calendar.tz)
        years = _further(years)


def _working_seconds(calendar: Calendar, local: datetime, limit: Limit, back: bool = False) -> int:
    """A limit in working seconds; a fraction of a workday goes by the hours of the receipt day, or of the workday nearest to it."""
    if limit.unit == "workminute":
        return limit.seconds
    years = 0
    while True:
        index = _reach(calendar, local, -years if back else years)
        i = bisect_right(index.days, local.toordinal()) - 1 if back else bisect_left(index.days, local.toordinal())
        if 0 <= i < len(index.days):
            return int(limit.amount * index.lengths[i])
        years = _further(years)


def _same_day(calendar: Calendar, local: datetime, close_of_business: bool) -> datetime:
    """Close of business of the day of receipt, or of the next workday when the office has closed by then."""
    years = 0
    while True:
        index = _reach(calendar, local, years)
        i = bisect_right(index.closes, local)
        if i < len(index.closes):
            return index.closes[i] if close_of_business else index.midnights[i]
        years = _further(years)


def _same_day_earlier(calendar: Calendar, local: datetime, close_of_business: bool) -> datetime:
    years = 0
    while True:
        index = _reach(calendar, local, -years)
        i = bisect_right(index.closes if close_of_business else index.midnights, local) - 1
        if i >= 0:
            return index.closes[i] - timedelta(seconds=1)
        years = _further(years)


def _natural(local: datetime, limit: Limit, sign: int) -> datetime:
    """Minutes and hours as they really pass; whole days keep the time of day on the wall, also across summer time."""
    if limit.unit == "day":
        days = int(limit.amount)
        rest = int((limit.amount - days) * DAY)
        return _really(local + timedelta(days=sign * days), sign * rest)
    return _really(local, sign * limit.seconds)


def _really(local: datetime, seconds: int) -> datetime:
    return datetime.fromtimestamp(_seconds(local) + seconds, local.tzinfo)


def _further(years: int) -> int:
    return 2 * years + 1


def _reach(calendar: Calendar, local: datetime, years: int) -> Index:
    """The index around a moment, `years` further on (or back when negative). Stops, with Refused, where calendars end: nothing loops for ever."""
    year = local.year
    if years < 0:
        return calendar.index(year + years, year)
    return calendar.index(year, year + years)


def _last_year(due: datetime) -> int:
    """The year of the last day that was consulted: 24:00 of 31 December belongs to the old year."""
    # Asked of every deadline, and nearly always answered by the month.
    return due.year - 1 if due.month == 1 and due.timetuple()[2:6] == (1, 0, 0, 0) else due.year


def _local(calendar: Calendar, moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise Refused("时间必须带时区。", field="at")
    local = moment if moment.tzinfo is calendar.tz else moment.astimezone(calendar.tz)
    if local.year > LAST_YEAR:
        raise Refused(f"日期超出可计算的范围（{LAST_YEAR} 年以前）。", field="at")
    return local.replace(microsecond=0) if local.microsecond else local


def _seconds(local: datetime) -> int:
    return int(local.timestamp())
