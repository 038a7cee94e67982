"""The calendars that are shipped, and a calendar as plain data (what is stored, versioned and sent). Source of the holidays: see data/china.json."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

from hotline.errors import NotFound, Refused
from sla.calendar import DAY, FIRST_YEAR, LAST_YEAR, Calendar, Day, Season, five_days, hours_of, hours_text

OFFICE: Final = hours_of("09:00-12:00,13:00-17:00")
SUMMER: Final = hours_of("09:00-12:00,14:30-18:30")
FIXED: Final = {(1, 1): "元旦", (5, 1): "劳动节", (5, 2): "劳动节", (10, 1): "国庆节", (10, 2): "国庆节", (10, 3): "国庆节"}
"""Statutory days with a fixed date (全国年节及纪念日放假办法, 2025 年起): all that can be known of a year beyond the shipped lunar table."""


@cache
def standard() -> Calendar:
    """标准工作日历: Monday to Friday 09:00-12:00, 13:00-17:00, with China's holidays and make-up workdays."""
    return Calendar("standard", five_days(OFFICE), *china(), title="标准")


@cache
def allday() -> Calendar:
    """全天候日历: every second of every day counts; depends on no arrangement."""
    return Calendar("allday", (((0, DAY),),) * 7, title="全天候")


@cache
def summer() -> Calendar:
    """夏季作息日历: as the standard one, but 09:00-12:00, 14:30-18:30 from 1 June to 30 September of every year."""
    season = Season(date(2000, 6, 1), date(2000, 9, 30), SUMMER, "夏季作息", yearly=True)
    days, _, official = china()
    return Calendar("summer", five_days(OFFICE), days, (season,), official, title="夏季作息")


SHIPPED: Final[Mapping[str, Callable[[], Calendar]]] = {"standard": standard, "allday": allday, "summer": summer}


def shipped(name: str) -> Calendar:
    """A shipped calendar by its name. Raises NotFound."""
    if name not in SHIPPED:
        raise NotFound(f"没有名为“{name}”的日历。现有：{'、'.join(SHIPPED)}。", field="calendar")
    return SHIPPED[name]()


@cache
def china() -> tuple[Mapping[date, Day], tuple[Season, ...], frozenset[int]]:
    """(days, no seasons, years with a published arrangement) for mainland China: 2004-2026 as published, later years by their statutory days alone."""
    data = json.loads(files("sla").joinpath("data/china.json").read_text("utf-8"))
    days: dict[date, Day] = {}
    for year, marks in data["official"].items():
        days |= {date.fromisoformat(f"{year}-{day}"): Day("off", f"{name}放假") for day, name in marks["off"].items()}
        days |= {date.fromisoformat(f"{year}-{day}"): Day("work", f"{name}调休上班") for day, name in marks["work"].items()}
    for year, names in data["statutory"].items():
        days |= {date.fromisoformat(f"{year}-{day}"): Day("off", f"{name}法定假日") for day, name in names.items()}
    for year_ in range(max(day.year for day in days) + 1, LAST_YEAR + 1):
        days |= {date(year_, *day): Day("off", f"{name}法定假日") for day, name in FIXED.items()}
    return days, (), frozenset(int(year) for year in data["official"])


def to_data(calendar: Calendar) -> dict[str, Any]:
    """The calendar as JSON-ready data; `from_data` gives it back."""
    return {
        "name": calendar.name,
        "title": calendar.title,
        "zone": calendar.zone,
        "week": [hours_text(hours) for hours in calendar.week],
        "seasons": [
            {"first": s.first.isoformat(), "last": s.last.isoformat(), "hours": hours_text(s.hours), "reason": s.reason, "yearly": s.yearly}
            for s in calendar.seasons
        ],
        "official": None if calendar.official is None else sorted(calendar.official),
        "days": {day.isoformat(): _mark(mark) for day, mark in sorted(calendar.days.items())},
    }


def from_data(data: Any) -> Calendar:
    """A calendar from such data. Raises Refused with what is wrong in it, or when there is no working time."""
    try:
        official = data.get("official")
        return Calendar(
            name=_text(data["name"]),
            week=tuple(hours_of(text) for text in data["week"]),
            days={_date(day): _day(mark) for day, mark in data.get("days", {}).items()},
            seasons=tuple(_season(season) for season in data.get("seasons", ())),
            official=None if official is None else frozenset(int(year) for year in official),
            zone=_text(data.get("zone", "Asia/Shanghai")),
            title=_text(data.get("title", "")),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Refused("这份数据不是工作日历：应有 name、week（七天的时段）和 days（例外的日子）。", field="calendar") from error


def official_for(calendar: Calendar, year: int) -> bool:
    """Whether the arrangement of `year` is in the calendar; pages show a banner when it is not."""
    return FIRST_YEAR <= year <= LAST_YEAR and calendar.is_official(year, year)


def _mark(mark: Day) -> dict[str, str]:
    data = {"kind": mark.kind, "reason": mark.reason, "hours": hours_text(mark.hours)}
    return {key: value for key, value in data.items() if value}


def _day(data: Any) -> Day:
    return Day(data["kind"], _text(data.get("reason", "")), hours_of(data.get("hours", "")))


def _season(data: Any) -> Season:
    return Season(_date(data["first"]), _date(data["last"]), hours_of(data["hours"]), _text(data.get("reason", "")), bool(data.get("yearly", False)))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"看不懂日期“{text}”，应写成 2026-02-14。", field="days") from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value
