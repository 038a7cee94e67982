"""A working calendar 工作日历: which seconds of which day are working time. Immutable, pure, and never without working time."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hotline.errors import Refused

Hours = tuple[tuple[int, int], ...]
"""Half-open segments [from, to) of a day, in seconds after midnight on the wall clock; 24:00 is 86400."""
Kind = Literal["work", "off", "half_am", "half_pm", "hours"]

DAY: Final = 86400
NOON: Final = 43200
FIRST_YEAR: Final = 1901
LAST_YEAR: Final = 2199
WEEKEND: Final = 5
EPOCH: Final = date(1970, 1, 1).toordinal()
MOST_OFF: Final = 50
WEEKDAYS: Final = "一二三四五六日"


@dataclass(frozen=True, slots=True)
class Day:
    """What one date is, against the weekly pattern.

    kind: work (上班, with the ordinary hours of a workday), off (放假), half_am / half_pm (只上上午 / 只上下午), hours (另定时间, see `hours`).
    reason: why, in Chinese: 春节, 调休, 台风.
    """

    kind: Kind
    reason: str = ""
    hours: Hours = ()

    def __post_init__(self) -> None:
        if self.kind not in ("work", "off", "half_am", "half_pm", "hours"):
            raise Refused(f"不认识的日子类型“{self.kind}”。可用：work、off、half_am、half_pm、hours。", field="days")
        if (self.kind == "hours") != bool(self.hours):
            raise Refused("另定时间的日子（hours）必须写明时段，其他日子不得写时段。", field="days")
        _check(self.hours)


@dataclass(frozen=True, slots=True)
class Season:
    """Other hours for a range of dates, such as summer hours 夏季作息; days off stay off.

    first, last: both included. yearly: only month and day count, every year; the range may cross the new year.
    """

    first: date
    last: date
    hours: Hours
    reason: str = ""
    yearly: bool = False

    def __post_init__(self) -> None:
        _check(self.hours)
        if not self.hours:
            raise Refused("换季作息必须写明时段；整段放假请逐日标为 off。", field="seasons")
        if not self.yearly and self.last < self.first:
            raise Refused("换季作息的结束日期早于开始日期。", field="seasons")

    def covers(self, day: date) -> bool:
        """Whether the season's hours hold on `day`."""
        if not self.yearly:
            return self.first <= day <= self.last
        first, last, this = ((d.month, d.day) for d in (self.first, self.last, day))
        return first <= this <= last if first <= last else this >= first or this <= last


@dataclass(frozen=True)
class Calendar:
    """A named calendar 工作日历.

    week: seven Hours, Monday first. days: single dates that differ (holidays, make-up workdays 调休, closures). seasons: the first that covers a day holds.
    official: years whose arrangement has been published; None when the calendar does not depend on it (24×7). zone: IANA name.
    Raises Refused when there is no working time in the week, or when hours overlap or leave the day.
    """

    name: str
    week: tuple[Hours, ...]
    days: Mapping[date, Day] = field(default_factory=dict)
    seasons: tuple[Season, ...] = ()
    official: frozenset[int] | None = None
    zone: str = "Asia/Shanghai"
    title: str = ""
    tz: ZoneInfo = field(init=False, repr=False, compare=False)
    ordinary: Hours = field(init=False, repr=False, compare=False)
    _index: "list[Index]" = field(init=False, repr=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        if len(self.week) != len(WEEKDAYS):
            raise Refused("日历要写明一周七天，休息日写空。", field="week")
        for hours in self.week:
            _check(hours)
        working = [hours for hours in self.week if hours]
        if not working:
            raise Refused(f"日历“{self.name}”没有任何工作时间，不能使用。", field="week")
        _refuse_idle_year(self)
        try:
            zone = ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise Refused(f"不认识的时区“{self.zone}”。", field="zone") from error
        object.__setattr__(self, "tz", zone)
        object.__setattr__(self, "ordinary", working[0])
        object.__setattr__(self, "days", MappingProxyType(dict(self.days)))

    def __hash__(self) -> int:
        return hash((self.name, self.week, self.zone, len(self.days)))

    def hours(self, day: date) -> Hours:
        """The working segments of `day`; empty on a day off."""
        usual = self.week[day.weekday()]
        mark = self.days.get(day)
        if mark is None:
            return self._seasonal(day, usual) if usual else ()
        if mark.kind == "off":
            return ()
        if mark.kind == "hours":
            return mark.hours
        # A make-up workday is a Saturday or Sunday that keeps the hours of an ordinary workday.
        full = self._seasonal(day, usual or self.ordinary)
        if mark.kind == "work":
            return full
        low, high = (0, NOON) if mark.kind == "half_am" else (NOON, DAY)
        return tuple((max(a, low), min(b, high)) for a, b in full if max(a, low) < min(b, high))

    def reason(self, day: date) -> str:
        """Why the day is as it is: a holiday's name, 调休, 周末; empty on an ordinary workday."""
        mark = self.days.get(day)
        if mark is not None:
            return mark.reason or {"work": "上班", "off": "放假", "half_am": "上午上班", "half_pm": "下午上班", "hours": "另定时间"}[mark.kind]
        if self.week[day.weekday()]:
            return next((season.reason for season in self.seasons if season.covers(day)), "")
        return "周末" if day.weekday() >= WEEKEND else "休息"

    def is_workday(self, day: date) -> bool:
        """Whether there is any working time on `day`."""
        return bool(self.hours(day))

    def is_official(self, first: int, last: int) -> bool:
        """Whether the arrangement of every year from `first` to `last` has been published."""
        official = self.official
        return official is None or (first in official and (first >= last or official.issuperset(range(first, last + 1))))

    def with_days(self, days: Mapping[date, Day]) -> "Calendar":
        """The same calendar with these dates marked otherwise, such as a typhoon closure decided today."""
        return replace(self, days={**self.days, **days})

    def index(self, first: int, last: int) -> "Index":
        """The prefix sums that cover the years first..last, built once and kept. Raises Refused outside 1901-2199."""
        kept = self._index[0] if self._index else None
        if kept is not None and kept.first <= first and last <= kept.last:
            return kept
        if first < FIRST_YEAR or last > LAST_YEAR:
            raise Refused(f"日期超出可计算的范围（{FIRST_YEAR} 至 {LAST_YEAR} 年）。", field="at")
        if kept is not None:
            first, last = min(first, kept.first), max(last, kept.last)
        built = Index(self, first, last)
        self._index[:] = [built]  # One assignment: another thread sees the old index or the new one, both right.
        return built

    def _seasonal(self, day: date, usual: Hours) -> Hours:
        return next((season.hours for season in self.seasons if season.covers(day)), usual)


class Index:
    """Working time of the years first..last, laid out for bisection.

    starts, ends: every segment in seconds since 1970 (UTC). done: working seconds up to and including each segment.
    days: ordinals of the workdays. closes, midnights: close of business and 24:00 of each. lengths: its working seconds.
    """

    __slots__ = ("closes", "days", "done", "ends", "first", "last", "lengths", "midnights", "starts")

    def __init__(self, calendar: Calendar, first: int, last: int) -> None:
        self.first, self.last = first, last
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.done: list[int] = []
        self.days: list[int] = []
        self.closes: list[datetime] = []
        self.midnights: list[datetime] = []
        self.lengths: list[int] = []
        for ordinal in range(date(first, 1, 1).toordinal(), date(last, 12, 31).toordinal() + 1):
            day = date.fromordinal(ordinal)
            if hours := calendar.hours(day):
                self._append(day, hours, calendar.tz)

    def worked(self, moment: int) -> int:
        """Working seconds from the start of the index to `moment` (seconds since 1970)."""
        i = bisect_right(self.starts, moment) - 1
        return 0 if i < 0 else self.done[i] - max(0, self.ends[i] - moment)

    def earliest(self, worked: int) -> int | None:
        """The first moment by which `worked` seconds have been worked; None beyond the index."""
        i = bisect_left(self.done, worked)
        return None if i == len(self.done) else self.ends[i] - (self.done[i] - worked)

    def latest(self, worked: int) -> int | None:
        """The last moment at which no more than `worked` seconds have been worked; None beyond the index."""
        i = bisect_right(self.done, worked)
        return None if i == len(self.done) or worked < 0 else self.ends[i] - (self.done[i] - worked)

    def _append(self, day: date, hours: Hours, tz: ZoneInfo) -> None:
        spans = spans_of(day, hours, tz)
        if not spans:  # All its hours fell into the one the clocks skipped.
            return
        total = self.done[-1] if self.done else 0
        self.days.append(day.toordinal())
        self.lengths.append(sum(b - a for a, b in spans))
        for start, end in spans:
            total += end - start
            self.starts.append(start)
            self.ends.append(end)
            self.done.append(total)
        self.closes.append(datetime.fromtimestamp(spans[-1][1], tz))
        self.midnights.append(datetime.combine(day + timedelta(1), datetime.min.time(), tz))


def spans_of(day: date, hours: Hours, tz: ZoneInfo) -> list[tuple[int, int]]:
    """The segments of a day in seconds since 1970. On a day the clocks change, the hour that is skipped or repeated counts as it really passes."""
    midnight = (day.toordinal() - EPOCH) * DAY
    before, after = _offset(midnight, tz), _offset(midnight + DAY, tz)
    if before == after:
        return [(midnight + a - before, midnight + b - before) for a, b in hours]
    change = _change(midnight - before, midnight + DAY - after, before, tz)
    pieces = ((midnight - before, change, before), (change, midnight + DAY - after, after))
    cut = (
        (max(low, midnight + a - offset), min(high, midnight + b - offset))
        for low, high, offset in pieces
        for a, b in hours
    )
    return [(a, b) for a, b in cut if a < b]


def hours_of(text: str) -> Hours:
    """Reads "09:00-12:00,13:00-17:00"; "" is none. Raises Refused when it is no such list."""
    parts = [part.strip() for part in text.replace("，", ",").replace("—", "-").replace("–", "-").split(",") if part.strip()]
    try:
        hours = tuple((_clock(a), _clock(b)) for a, b in (part.split("-") for part in parts))
    except ValueError as error:
        raise Refused(f"看不懂时段“{text}”。写法如：09:00-12:00,13:00-17:00。", field="hours") from error
    _check(hours)
    return hours


def hours_text(hours: Hours) -> str:
    """The segments as people write them: 09:00-12:00,13:00-17:00."""
    return ",".join(f"{_hhmm(a)}-{_hhmm(b)}" for a, b in hours)


def five_days(hours: Hours) -> tuple[Hours, ...]:
    """The weekly pattern Monday to Friday with these hours."""
    return (hours,) * WEEKEND + ((),) * (len(WEEKDAYS) - WEEKEND)


def _refuse_idle_year(calendar: Calendar) -> None:
    """A year in which every single day is marked off is a mistake in a file, not a calendar."""
    marked = Counter(day.year for day, mark in calendar.days.items() if mark.kind == "off")
    for year in (year for year, off in marked.items() if off > MOST_OFF):
        whole = (date(year, 1, 1) + timedelta(n) for n in range(366))
        if not any(calendar.hours(day) for day in whole if day.year == year):
            raise Refused(f"日历“{calendar.name}”的 {year} 年没有一个工作日，不能使用。", field="days")


@lru_cache(maxsize=4096)
def _offset(wall: int, tz: ZoneInfo) -> int:
    """UTC offset in seconds at a wall-clock moment counted as if it were UTC."""
    moment = datetime.fromtimestamp(wall, UTC).replace(tzinfo=tz)
    offset = moment.utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def _change(low: int, high: int, before: int, tz: ZoneInfo) -> int:
    """The second at which the offset stops being `before`, between two moments (seconds since 1970) of one day."""
    offset = timedelta(seconds=before)
    return low + bisect_left(range(low, high), True, key=lambda moment: datetime.fromtimestamp(moment, tz).utcoffset() != offset)


def _check(hours: Sequence[tuple[int, int]] | Iterable[tuple[int, int]]) -> None:
    last = 0
    for start, end in hours:
        if not last <= start < end <= DAY:
            raise Refused(f"时段 {_hhmm(start)}-{_hhmm(end)} 不对：应在 00:00 到 24:00 之间，从早到晚，互不重叠。", field="hours")
        last = end


def _clock(text: str) -> int:
    hours, minutes, *rest = (int(part) for part in text.strip().split(":"))
    seconds = rest[0] if rest else 0
    if not (0 <= minutes < 60 and 0 <= seconds < 60 and 0 <= hours <= 24) or len(rest) > 1:
        raise ValueError(text)
    return hours * 3600 + minutes * 60 + seconds


def _hhmm(second: int) -> str:
    hours, rest = divmod(second, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours:02}:{minutes:02}" + (f":{seconds:02}" if seconds else "")
