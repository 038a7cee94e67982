"""Calendars: the shipped ones, what is refused, and files in and out."""

import json
from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.clock import SHANGHAI
from hotline.errors import NotFound, Refused
from sla.calendar import Calendar, Day, Season, five_days, hours_of, hours_text, spans_of
from sla.calendar_files import read, write
from sla.calendars import OFFICE, allday, from_data, official_for, shipped, standard, summer, to_data


@pytest.mark.parametrize(
    ("day", "works", "reason"),
    [
        ("2026-01-04", True, "元旦调休上班"),
        ("2026-02-14", True, "春节调休上班"),
        ("2026-02-17", False, "春节放假"),
        ("2026-09-19", False, "周末"),
        ("2026-09-20", True, "国庆节调休上班"),
        ("2026-11-20", True, ""),
        ("2025-10-11", True, "国庆节调休上班"),
        ("2027-02-05", False, "春节法定假日"),
        ("2027-06-09", False, "端午法定假日"),
        ("2027-02-20", False, "周末"),
        ("2040-10-01", False, "国庆节法定假日"),
        ("2120-05-01", False, "劳动节法定假日"),
        ("2004-01-17", True, "春节调休上班"),
    ],
)
def test_the_shipped_calendar_knows_china_s_days(day: str, works: bool, reason: str) -> None:
    assert standard().is_workday(date.fromisoformat(day)) is works
    assert standard().reason(date.fromisoformat(day)) == reason


@pytest.mark.parametrize(
    ("year", "workdays"), [(2004, 252), (2015, 249), (2020, 249), (2024, 251), (2025, 248), (2026, 248)]
)
def test_a_year_has_the_workdays_it_had(year: int, workdays: int) -> None:
    days = (date(year, 1, 1) + timedelta(n) for n in range(366))
    assert sum(standard().is_workday(day) for day in days if day.year == year) == workdays


def test_a_year_that_is_not_published_yet_says_so() -> None:
    assert official_for(standard(), 2026)
    assert official_for(standard(), 2004)
    assert not official_for(standard(), 2027)
    assert not official_for(standard(), 2003)
    assert official_for(allday(), 2050)


def test_a_shipped_calendar_is_found_by_name() -> None:
    assert shipped("summer") is summer()
    with pytest.raises(NotFound, match="没有名为“winter”的日历"):
        shipped("winter")


def test_a_half_day_keeps_the_half_that_is_worked() -> None:
    day = date(2026, 11, 20)
    assert hours_text(standard().with_days({day: Day("half_am")}).hours(day)) == "09:00-12:00"
    assert hours_text(standard().with_days({day: Day("half_pm")}).hours(day)) == "13:00-17:00"
    through = Calendar("x", five_days(hours_of("08:00-16:00")), {day: Day("half_am")})
    assert hours_text(through.hours(day)) == "08:00-12:00"
    assert standard().with_days({day: Day("half_pm")}).reason(day) == "下午上班"
    assert standard().with_days({day: Day("hours", "", hours_of("10:00-11:00"))}).hours(day) == hours_of("10:00-11:00")


def test_a_make_up_workday_keeps_the_hours_of_an_ordinary_one_also_in_summer() -> None:
    calendar = summer().with_days({date(2026, 7, 4): Day("work", "调休")})
    assert hours_text(calendar.hours(date(2026, 7, 4))) == "09:00-12:00,14:30-18:30"
    assert hours_text(calendar.hours(date(2026, 2, 14))) == "09:00-12:00,13:00-17:00"
    assert calendar.reason(date(2026, 7, 6)) == "夏季作息"


def test_a_season_may_cross_the_new_year_and_never_opens_a_day_off() -> None:
    winter = Season(date(2000, 11, 15), date(2000, 3, 15), hours_of("09:30-16:30"), "冬季", yearly=True)
    once = Season(date(2026, 4, 1), date(2026, 4, 2), hours_of("10:00-11:00"), "演练")
    calendar = Calendar("w", five_days(OFFICE), seasons=(winter, once))
    assert hours_text(calendar.hours(date(2026, 1, 5))) == "09:30-16:30"
    assert hours_text(calendar.hours(date(2026, 12, 1))) == "09:30-16:30"
    assert hours_text(calendar.hours(date(2026, 3, 16))) == "09:00-12:00,13:00-17:00"
    assert hours_text(calendar.hours(date(2026, 4, 2))) == "10:00-11:00"
    assert hours_text(calendar.hours(date(2027, 4, 2))) == "09:00-12:00,13:00-17:00"
    assert calendar.hours(date(2026, 1, 4)) == ()


def test_a_calendar_without_working_time_cannot_be_built() -> None:
    with pytest.raises(Refused, match="没有任何工作时间"):
        Calendar("never", ((),) * 7)
    with pytest.raises(Refused, match="没有一个工作日"):
        standard().with_days({date(2028, 1, 1) + timedelta(n): Day("off") for n in range(366)})
    with pytest.raises(Refused, match="七天"):
        Calendar("short", (OFFICE,) * 6)
    with pytest.raises(Refused, match="时区"):
        Calendar("moon", five_days(OFFICE), zone="Moon/Crater")
    with pytest.raises(Refused, match="时区"):
        Calendar("up", five_days(OFFICE), zone="../etc/passwd")


@pytest.mark.parametrize("text", ["9-12", "09:00", "12:00-09:00", "09:00-12:00,11:00-13:00", "09:00-24:01", "09:60-10:00", "a-b", "09:00-09:00"])
def test_hours_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        hours_of(text)
    assert refusal.value.field == "hours"


def test_hours_are_written_as_they_are_read() -> None:
    for text in ("09:00-12:00,13:00-17:00", "00:00-24:00", "", "08:30:15-09:00"):
        assert hours_text(hours_of(text)) == text
    assert hours_of("09:00—12:00，13:00-17:00") == OFFICE


@pytest.mark.parametrize(
    ("kind", "hours"), [("sleep", ""), ("hours", ""), ("work", "09:00-10:00")]
)
def test_a_day_says_its_hours_when_and_only_when_they_are_its_own(kind: str, hours: str) -> None:
    with pytest.raises(Refused):
        Day(kind, "试", hours_of(hours))  # type: ignore[arg-type]


def test_a_season_has_hours_and_an_end_after_its_start() -> None:
    with pytest.raises(Refused, match="时段"):
        Season(date(2026, 1, 1), date(2026, 1, 2), ())
    with pytest.raises(Refused, match="早于"):
        Season(date(2026, 1, 2), date(2026, 1, 1), OFFICE)


def test_the_hour_that_summer_time_skipped_is_worked_by_nobody() -> None:
    day = date(1986, 5, 4)  # 02:00 became 03:00.
    assert [b - a for a, b in spans_of(day, hours_of("01:00-04:00"), SHANGHAI)] == [3600, 3600]
    assert spans_of(day, hours_of("02:00-03:00"), SHANGHAI) == []
    gone = Calendar("gone", five_days(OFFICE), {day: Day("hours", "", hours_of("02:00-03:00"))})
    assert gone.index(1986, 1986).days.count(day.toordinal()) == 0


# Files.


@pytest.mark.parametrize("form", ["json", "csv"])
@pytest.mark.parametrize("calendar", [standard(), summer(), allday()], ids=lambda c: c.name)
def test_a_calendar_written_out_is_read_back_whole(calendar: Calendar, form: str) -> None:
    base = Calendar(calendar.name, five_days(OFFICE), official=frozenset({*()}) if calendar.official is not None else None, title=calendar.title)
    assert read(write(calendar, form), form, base) == calendar


def test_the_single_dates_survive_ics() -> None:
    base = Calendar("standard", five_days(OFFICE), official=frozenset(), title="标准")
    calendar = standard().with_days({date(2026, 11, 20): Day("half_am", "演练"), date(2026, 11, 23): Day("hours", "检修", hours_of("10:00-15:00"))})
    back = read(write(calendar, "ics"), "ics", base)
    assert back.days == calendar.days
    assert back.official == calendar.official


def event(start: str, end: str, summary: str, more: str = "") -> str:
    return f"BEGIN:VEVENT\r\nUID:{start}{summary}\r\nDTSTART;VALUE=DATE:{start}\r\nDTEND;VALUE=DATE:{end}\r\nSUMMARY:{summary}\r\n{more}END:VEVENT\r\n"


def ics(*events: str) -> str:
    return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" + "".join(events) + "END:VCALENDAR\r\n"


@pytest.mark.parametrize("summary", ["班", "补班", "(班)", "（班）国庆", "国庆节（班）", "补班 国庆", "国庆节 班", "国庆调休上班"])
def test_a_make_up_workday_in_an_ics_is_known_by_its_summary(summary: str) -> None:
    calendar = read(ics(event("20271001", "20271008", "国庆节 休"), event("20271009", "20271010", summary)), "ics", standard())
    assert calendar.is_workday(date(2027, 10, 9))
    assert not calendar.is_workday(date(2027, 10, 7))
    assert calendar.is_workday(date(2027, 10, 8))
    assert official_for(calendar, 2027)
    assert not official_for(standard(), 2027)


def test_a_make_up_workday_in_an_ics_is_known_by_its_category() -> None:
    calendar = read(ics(event("20271009", "20271010", "国庆", "CATEGORIES:holiday,X-WORKDAY\r\n")), "ics", standard())
    assert calendar.is_workday(date(2027, 10, 9))
    assert not official_for(calendar, 2027)


def test_festivals_that_are_not_marked_as_days_off_stay_workdays() -> None:
    calendar = read(ics(event("20270101", "20270102", "元旦（休）"), event("20270106", "20270107", "腊八节")), "ics", standard())
    assert calendar.is_workday(date(2027, 1, 6))
    plain = read(ics(event("20270106", "20270107", "停电检修")), "ics", standard())
    assert not plain.is_workday(date(2027, 1, 6))


def test_an_ics_event_may_have_a_duration_or_no_end() -> None:
    long = "BEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20270301\r\nDURATION:P3D\r\nSUMMARY:台风\r\nEND:VEVENT\r\n"
    bare = "BEGIN:VEVENT\r\nUID:2\r\nDTSTART;VALUE=DATE:20270308\r\nSUMMARY:台风\r\nEND:VEVENT\r\n"
    calendar = read(ics(long, bare).encode(), "ics", standard())
    assert [calendar.is_workday(date(2027, 3, n)) for n in (1, 2, 3, 4, 8, 9)] == [False, False, False, True, False, True]


@pytest.mark.parametrize(
    ("text", "form", "reason"),
    [
        ("", "ics", "ICS"),
        ("hello", "ics", "ICS"),
        ("<html></html>", "ics", "ICS"),
        ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", "ics", "全天事件"),
        (ics("BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20270301T090000Z\r\nSUMMARY:会\r\nEND:VEVENT\r\n"), "ics", "全天事件"),
        (ics(event("20270101", "20280101", "休")), "ics", "不像一次放假"),
        (ics(event("20270101", "20270101", "休")), "ics", "不像一次放假"),
        (ics(event("20270101", "20270102", "休", "RRULE:FREQ=YEARLY\r\n")), "ics", "RRULE"),
        ("{", "json", "不是 JSON"),
        ("[]", "json", "不是工作日历"),
        ('{"name": "x"}', "json", "不是工作日历"),
        ('{"name": "x", "week": ["", "", "", "", "", "", ""]}', "json", "没有任何工作时间"),
        ('{"name": "x", "week": ["09:00-10:00", "", "", "", "", "", ""], "days": {"soon": {"kind": "off"}}}', "json", "看不懂日期"),
        ('{"name": 5, "week": ["09:00-10:00", "", "", "", "", "", ""]}', "json", "不是工作日历"),
        ("", "csv", "第一行"),
        ("a,b\n1,2\n", "csv", "第一行"),
        ("date,kind\nsoon,off\n", "csv", "第 2 行"),
        ("date,kind\n2027-01-01,sleep\n", "csv", "第 2 行"),
        ("date,kind,hours\n" + "".join(f"周{d},off,\n" for d in "一二三四五六日"), "csv", "没有任何工作时间"),
        ("x", "xls", "不认识的日历格式"),
    ],
)
def test_a_file_that_is_no_calendar_is_refused_with_the_reason(text: str, form: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        read(text, form, standard())


def test_a_file_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(Refused, match="UTF-8"):
        read("date,kind\n2027-01-01,放假\n".encode("gb18030"), "csv", standard())


def test_a_csv_may_begin_with_a_byte_order_mark_and_take_a_new_name() -> None:
    calendar = read("\ufeffdate,kind,reason\n2027-03-01,off,台风\n".encode(), "csv", standard(), name="typhoon")
    assert calendar.name == "typhoon"
    assert calendar.reason(date(2027, 3, 1)) == "台风"


def test_an_unknown_format_is_not_written() -> None:
    with pytest.raises(Refused):
        write(standard(), "xls")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_no_text_whatever_breaks_the_readers(text: str) -> None:
    for form in ("ics", "csv", "json"):
        with suppress(Refused):
            assert isinstance(read(text, form, standard()), Calendar)


def test_a_calendar_as_data_is_plain_json() -> None:
    data = json.loads(json.dumps(to_data(summer())))
    assert from_data(data) == summer()
    assert hash(from_data(data)) == hash(summer())
