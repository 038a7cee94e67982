"""为何是这个时间: the steps behind a deadline, as sentences that a citizen and a clerk can both check on a wall calendar."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from sla.calendar import WEEKDAYS, Calendar, spans_of
from sla.limit import Limit


class Reckoning(NamedTuple):
    """What a deadline was worked out from: calendar, receipt, limit, how the last day ends, whether it was
    moved off a day off, and the outcome."""

    calendar: Calendar
    start: datetime
    limit: Limit
    close_of_business: bool
    rolled: bool
    due: datetime


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days in a row that are treated alike. work: working seconds counted on the last of them; text: the reason."""

    first: date
    last: date
    work: int
    text: str


def explain(reckoning: Reckoning, moves: Sequence[tuple[str, datetime]], provisional: bool) -> list[str]:
    """The sentences, in the order of the calendar; then what moved the deadline, in the order it happened."""
    due = reckoning.due
    unit = reckoning.limit.unit
    lines = [_received(reckoning)]
    if unit == "workday" and reckoning.limit.whole:
        lines += _count_days(reckoning, due)
    elif unit in ("workday", "workminute"):
        lines += _count_minutes(reckoning, due)
    elif unit == "sameday":
        lines += _skipped(reckoning, due)
    else:
        lines.append(f"时限 {reckoning.limit.chinese}，按自然时间连续计算，节假日不停。")
    if reckoning.rolled:
        lines.append("到期日是休息日，顺延到下一个工作日。")
    lines.append(_end(reckoning, due))
    lines += [f"{why}，截止时间移至 {moment(after)}。" for why, after in moves]
    if provisional:
        due = max([due, *(after for _, after in moves)])
        lines.append(_doubt(reckoning, due))
    return lines


def _received(reckoning: Reckoning) -> str:
    tail = "，当日不计入，从下一个工作日起算" if reckoning.limit.unit == "workday" and reckoning.limit.whole else ""
    return f"{moment(reckoning.start)} 起算{tail}。"


def _count_days(reckoning: Reckoning, due: datetime) -> list[str]:
    calendar, last, number, lines = reckoning.calendar, _last_day(reckoning, due), 0, []
    lines.append(f"时限 {reckoning.limit.chinese}，按{_name(calendar)}只数工作日。")
    for stretch in _stretches(calendar, reckoning.start.date() + timedelta(1), last):
        days = (stretch.last - stretch.first).days + 1
        if not stretch.work:
            lines.append(f"{_range(stretch)}{stretch.text}，不计。")
            continue
        number += days
        which = f"第{number}个" if days == 1 else f"第{number - days + 1}至第{number}个"
        lines.append(f"{_range(stretch)}{stretch.text and stretch.text + '，'}是{which}工作日。")
    return lines


def _count_minutes(reckoning: Reckoning, due: datetime) -> list[str]:
    calendar, limit = reckoning.calendar, reckoning.limit
    counted = [
        Stretch(s.first, s.last, s.work, s.text)
        for s in _stretches(calendar, reckoning.start.date(), due.date(), int(reckoning.start.timestamp()), int(due.timestamp()))
    ]
    total = sum(s.work * ((s.last - s.first).days + 1) for s in counted)
    lines = [f"时限 {limit.chinese}，合 {_duration(total)}工作时间，只在{_name(calendar)}的上班时段内累计。"]
    for stretch in counted:
        days = (stretch.last - stretch.first).days + 1
        reason = stretch.text and stretch.text + "，"
        if stretch.work:
            lines.append(f"{_range(stretch)}{reason}{'每天' if days > 1 else ''}计 {_duration(stretch.work)}。")
        elif stretch.text:
            lines.append(f"{_range(stretch)}{stretch.text}，不计。")
    return lines


def _skipped(reckoning: Reckoning, due: datetime) -> list[str]:
    last = _last_day(reckoning, due)
    if last == reckoning.start.date():
        return ["当日办结：当日下班前办完。"]
    return ["当日办结：收到时当日已无工作时间，改在下一个工作日下班前办完。"]


def _end(reckoning: Reckoning, due: datetime) -> str:
    by_day = reckoning.rolled or reckoning.limit.unit == "sameday" or (reckoning.limit.unit == "workday" and reckoning.limit.whole)
    if by_day and due.timetuple()[3:6] == (0, 0, 0):
        return f"截止时间：{_day(due.date() - timedelta(1), True)}24:00。"
    return f"截止时间：{moment(due)}{'（当天下班时）' if by_day else ''}。"


def _doubt(reckoning: Reckoning, due: datetime) -> str:
    calendar = reckoning.calendar
    years = [str(year) for year in range(reckoning.start.year, due.year + 1) if not calendar.is_official(year, year)]
    return f"{'、'.join(years)} 年的放假调休安排尚未公布，暂按法定节假日计算；公布后可能变动。"


def _stretches(calendar: Calendar, first: date, last: date, low: int | None = None, high: int | None = None) -> Iterator[Stretch]:
    """Days first..last joined where reason and counted time are the same. low, high (seconds since 1970) cut the working time of the ends."""

    def work(day: date) -> int:
        spans = spans_of(day, calendar.hours(day), calendar.tz)
        return sum(max(0, min(b, b if high is None else high) - max(a, a if low is None else low)) for a, b in spans)

    days = (first + timedelta(n) for n in range((last - first).days + 1))
    for (seconds, text), group in groupby(days, key=lambda day: (work(day), calendar.reason(day))):
        members = list(group)
        yield Stretch(members[0], members[-1], seconds, text)


def _last_day(reckoning: Reckoning, due: datetime) -> date:
    return due.date() if reckoning.close_of_business and due.timetuple()[3:6] != (0, 0, 0) else due.date() - timedelta(1)


def _name(calendar: Calendar) -> str:
    return f"“{calendar.title or calendar.name}”日历"


def _range(stretch: Stretch) -> str:
    if stretch.first == stretch.last:
        return _day(stretch.first) + " "
    return f"{_day(stretch.first)}至{_day(stretch.last)} "


def _day(day: date, year: bool = False) -> str:
    return f"{f'{day.year}年' if year else ''}{day.month}月{day.day}日（周{WEEKDAYS[day.weekday()]}）"


def moment(at: datetime) -> str:
    """As people read it: 2026年11月20日（周五）17:00."""
    return _day(at.date(), True) + at.strftime("%H:%M:%S" if at.second else "%H:%M")


def _duration(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    parts = ((hours, "小时"), (minutes, "分钟"), (left, "秒"))
    return "".join(f"{amount}{unit}" for amount, unit in parts if amount) or "0分钟"
