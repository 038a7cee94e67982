"""Calendars as files: ICS, CSV and JSON in, and the same three out. What is read is laid over a base, whose weekly hours it keeps.

iCalendar has no working Saturday: category X-WORKDAY, or 班 / 补班 / （班） at either end of a summary, marks one; both are accepted.
"""

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from icalendar import Calendar as Ics
from icalendar import Event

from hotline.errors import Refused
from sla.calendar import WEEKDAYS, Calendar, Day, Hours, Season, hours_of, hours_text
from sla.calendars import from_data, to_data

WORKDAY, HOLIDAY, HALF_AM, HALF_PM, HOURS = "X-WORKDAY", "X-HOLIDAY", "X-HALF-AM", "X-HALF-PM", "X-HOURS"
CATEGORIES: Final = {WORKDAY: "work", HOLIDAY: "off", HALF_AM: "half_am", HALF_PM: "half_pm", HOURS: "hours"}
_SHIFT: Final = re.compile(r"^[(（\[【]?\s*(?:补班|上班|班)|(?:补班|上班|班)\s*[)）\]】]?$")
_REST: Final = re.compile(r"^[(（\[【]?\s*休|休(?:息|假)?\s*[)）\]】]?$|放假|假期")
LONGEST_EVENT: Final = 60
NATIONAL_DAY: Final = (10, 1)
COLUMNS: Final = ("date", "kind", "hours", "reason")


def read(text: str | bytes, form: str, base: Calendar, *, name: str | None = None) -> Calendar:
    """A calendar from a file. form: ics, csv or json; JSON holds a whole calendar, ICS and CSV are laid over `base`.

    A year counts as officially arranged once the file settles its 1 October and names a make-up workday, as every yearly notice does.
    Raises Refused for a file that is none of its kind.
    """
    if form not in READERS:
        raise Refused(f"不认识的日历格式“{form}”。可用：{'、'.join(READERS)}。", field="format")
    try:
        plain = text if isinstance(text, str) else text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("日历文件应是 UTF-8 编码。", field="file") from error
    calendar = READERS[form](plain.removeprefix("\ufeff"), base)
    return replace(calendar, name=name) if name else calendar


def write(calendar: Calendar, form: str) -> str:
    """A calendar as a file. CSV and JSON hold all of it; ICS its single dates, without the weekly pattern."""
    if form not in WRITERS:
        raise Refused(f"不认识的日历格式“{form}”。可用：{'、'.join(WRITERS)}。", field="format")
    return WRITERS[form](calendar)


def laid_over(base: Calendar, days: Mapping[date, Day]) -> Calendar:
    """The base with these dates, and the years they settle marked as official."""
    settled = {day.year for day in days if (day.month, day.day) == NATIONAL_DAY}
    settled &= {day.year for day, mark in days.items() if mark.kind == "work"}
    official = None if base.official is None else base.official | settled
    return replace(base, days={**base.days, **days}, official=official)


def _read_json(text: str, base: Calendar) -> Calendar:
    try:
        return from_data(json.loads(text))
    except json.JSONDecodeError as error:
        raise Refused(f"这不是 JSON：第 {error.lineno} 行看不懂。", field="file") from error


def _read_ics(text: str, base: Calendar) -> Calendar:
    try:
        ics = Ics.from_ical(text)
    except (ValueError, IndexError, KeyError) as error:
        raise Refused("这不是 iCalendar（ICS）文件。", field="file") from error
    events = [event for event in ics.walk("VEVENT") if isinstance(event, Event) and _first_day(event)]
    if ics.name != "VCALENDAR" or not events:
        raise Refused("这个 ICS 文件里没有全天事件，读不出任何放假或上班的日子。", field="file")
    marked = [(event, _kind(event)) for event in events]
    # Where some events say 休, those that say nothing are festivals and not days off.
    says_off = any(kind == "off" for _, kind in marked)
    days: dict[date, Day] = {}
    for event, kind in marked:
        if kind or not says_off:
            days |= _days_of(event, kind or "off")
    return laid_over(base, days)


def _first_day(event: Event) -> date | None:
    start: Any = event.get("DTSTART")
    value = start.dt if start is not None else None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def _kind(event: Event) -> str | None:
    for category in _categories(event):
        if category in CATEGORIES:
            return CATEGORIES[category]
    summary = str(event.get("SUMMARY", "")).strip()
    if _SHIFT.search(summary):
        return "work"
    return "off" if _REST.search(summary) else None


def _categories(event: Event) -> list[str]:
    found: Any = event.get("CATEGORIES", [])
    lists = found if isinstance(found, list) else [found]
    return [str(category).strip().upper() for one in lists for category in getattr(one, "cats", [one])]


def _days_of(event: Event, kind: str) -> dict[date, Day]:
    first = _first_day(event)
    assert first is not None
    if event.get("RRULE") is not None:
        raise Refused("ICS 里有重复事件（RRULE），请逐年写明日期。", field="file")
    end: Any = event.get("DTEND")
    duration: Any = event.get("DURATION")
    length = 1
    if end is not None and _is_date(end.dt):
        length = (end.dt - first).days
    elif duration is not None:
        length = duration.dt.days
    if not 1 <= length <= LONGEST_EVENT:
        raise Refused(f"ICS 里 {first} 的事件长 {length} 天，不像一次放假。", field="file")
    hours = hours_of(str(event.get("DESCRIPTION", ""))) if kind == "hours" else ()
    mark = Day(kind, str(event.get("SUMMARY", "")).strip(), hours)  # type: ignore[arg-type]
    return {first + timedelta(n): mark for n in range(length)}


def _is_date(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _read_csv(text: str, base: Calendar) -> Calendar:
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise Refused("这不是 CSV 文件。", field="file") from error
    if not rows or not {"date", "kind"} <= set(rows[0]):
        raise Refused(f"CSV 第一行应是 {','.join(COLUMNS)}，其后每行一个日子。", field="file")
    week, replaced = list(base.week), False
    days: dict[date, Day] = {}
    seasons: list[Season] = []
    for number, row in enumerate(rows, 2):
        try:
            key, kind, hours, reason = ((row.get(column) or "").strip() for column in COLUMNS)
            if key in ALL_WEEK:
                week[ALL_WEEK.index(key)] = hours_of(hours)
            elif kind == "season":
                seasons, replaced = [*seasons, _season(key, hours, reason)], True
            else:
                days[date.fromisoformat(key)] = Day(kind, reason, hours_of(hours))  # type: ignore[arg-type]
        except (ValueError, TypeError) as error:
            raise Refused(f"CSV 第 {number} 行看不懂：日期应写成 2026-02-14。", field="file") from error
        except Refused as refusal:
            raise Refused(f"CSV 第 {number} 行：{refusal.sentence}", field="file") from refusal
    calendar = replace(base, week=tuple(week), seasons=tuple(seasons) if replaced else base.seasons)
    return laid_over(calendar, days)


def _season(key: str, hours: str, reason: str) -> Season:
    first, last = key.split("/")
    yearly = len(first) == len("06-01")
    prefix = "2000-" if yearly else ""
    return Season(date.fromisoformat(prefix + first), date.fromisoformat(prefix + last), hours_of(hours), reason, yearly)


def _write_csv(calendar: Calendar) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([name, "hours" if hours else "off", hours_text(hours), ""] for name, hours in zip(ALL_WEEK, calendar.week, strict=True))
    for s in calendar.seasons:
        ends = (d.isoformat()[5:] if s.yearly else d.isoformat() for d in (s.first, s.last))
        writer.writerow(["/".join(ends), "season", hours_text(s.hours), s.reason])
    writer.writerows([day.isoformat(), mark.kind, hours_text(mark.hours), mark.reason] for day, mark in sorted(calendar.days.items()))
    return out.getvalue()


def _write_json(calendar: Calendar) -> str:
    return json.dumps(to_data(calendar), ensure_ascii=False, indent=1) + "\n"


def _write_ics(calendar: Calendar) -> str:
    ics = Ics()
    ics.add("PRODID", "-//hotline12345//calendar//ZH")
    ics.add("VERSION", "2.0")
    ics.add("X-WR-CALNAME", calendar.title or calendar.name)
    category = {kind: name for name, kind in CATEGORIES.items()}
    for day, mark in sorted(calendar.days.items()):
        event = Event()
        event.add("UID", f"{calendar.name}-{day:%Y%m%d}@hotline12345")
        event.add("DTSTAMP", datetime(day.year, day.month, day.day, tzinfo=calendar.tz))
        event.add("DTSTART", day)
        event.add("DTEND", day + timedelta(1))
        event.add("SUMMARY", mark.reason or calendar.reason(day))
        event.add("CATEGORIES", [category[mark.kind]])
        if mark.hours:
            event.add("DESCRIPTION", hours_text(mark.hours))
        ics.add_component(event)
    return bytes(ics.to_ical()).decode()


ALL_WEEK: Final = tuple(f"周{day}" for day in WEEKDAYS)
READERS: Final = {"ics": _read_ics, "csv": _read_csv, "json": _read_json}
WRITERS: Final = {"ics": _write_ics, "csv": _write_csv, "json": _write_json}

__all__ = ["Hours", "laid_over", "read", "write"]
