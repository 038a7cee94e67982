"""Working time: the golden vectors, a slow oracle, and what must hold for every calendar."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline.clock import SHANGHAI
from hotline.errors import Refused
from sla.calendars import allday, standard, summer
from sla.worktime import (
    Calendar,
    Day,
    Limit,
    Season,
    add,
    elapsed,
    elapsed_seconds,
    ends_between,
    five_days,
    hours_of,
    move_ends,
    next_open,
    part_way,
    subtract,
)
from tests.sla import oracle

When = Callable[[str], datetime]
OFFICE = hours_of("09:00-12:00,13:00-17:00")


def limit(text: str) -> Limit:
    return Limit.parse(text)


@pytest.mark.parametrize(
    ("received", "days", "due"),
    [
        ("2026-02-13 16:00", 1, "2026-02-14 17:00"),
        ("2026-02-13 16:00", 5, "2026-02-27 17:00"),
        ("2026-02-14 10:00", 3, "2026-02-26 17:00"),
        ("2026-02-15 10:00", 1, "2026-02-24 17:00"),
        ("2026-09-18 15:00", 1, "2026-09-20 17:00"),
        ("2026-09-30 16:59", 5, "2026-10-13 17:00"),
        ("2026-10-01 08:00", 1, "2026-10-08 17:00"),
        ("2026-04-30 18:30", 2, "2026-05-07 17:00"),
        ("2026-01-02 09:00", 1, "2026-01-04 17:00"),
        ("2026-02-27 23:59", 1, "2026-02-28 17:00"),
        ("2025-01-24 17:30", 1, "2025-01-26 17:00"),
        ("2025-09-26 10:00", 7, "2025-10-13 17:00"),
        ("2026-06-18 12:30", 15, "2026-07-10 17:00"),
    ],
)
def test_a_limit_in_workdays_ends_at_the_close_of_its_last_workday(moment: When, received: str, days: int, due: str) -> None:
    assert add(standard(), moment(received), Limit(Decimal(days), "workday")).due == moment(due)


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-02-13 16:00", 420, "2026-02-14 16:00"),
        ("2026-02-13 16:30", 60, "2026-02-14 09:30"),
        ("2026-02-14 16:30", 60, "2026-02-24 09:30"),
        ("2026-09-19 10:00", 60, "2026-09-20 10:00"),
        ("2026-11-20 11:45", 30, "2026-11-20 13:15"),
        ("2026-11-20 16:50", 20, "2026-11-23 09:10"),
        ("2026-10-07 12:00", 210, "2026-10-08 13:30"),
        ("2026-10-10 09:00", 840, "2026-10-12 17:00"),
        ("2026-05-08 17:00", 1, "2026-05-09 09:01"),
        ("2026-05-09 12:00", 420, "2026-05-11 12:00"),
    ],
)
def test_working_minutes_add_up_inside_office_hours_only(moment: When, start: str, minutes: int, end: str) -> None:
    assert add(standard(), moment(start), Limit(Decimal(minutes), "workminute")).due == moment(end)
    assert elapsed(standard(), moment(start), moment(end)) == minutes


@pytest.mark.parametrize(
    ("a", "b", "minutes"),
    [
        ("2026-02-13 16:00", "2026-02-24 10:00", 540),
        ("2026-09-30 09:00", "2026-10-10 17:00", 1680),
        ("2026-11-20 16:00", "2026-11-23 09:30", 90),
        ("2026-10-03 00:00", "2026-10-05 00:00", 0),
    ],
)
def test_elapsed_counts_working_minutes_in_both_directions(moment: When, a: str, b: str, minutes: int) -> None:
    assert elapsed(standard(), moment(a), moment(b)) == minutes
    assert elapsed(standard(), moment(b), moment(a)) == -minutes


def test_elapsed_drops_the_started_minute(moment: When) -> None:
    a = moment("2026-11-20 10:00")
    assert elapsed(standard(), a, a + timedelta(seconds=119)) == 1
    assert elapsed(standard(), a + timedelta(seconds=119), a) == -1
    assert elapsed_seconds(standard(), a, a + timedelta(seconds=119)) == 119
    assert elapsed(standard(), a, a + timedelta(seconds=59)) == elapsed(standard(), a, a) == 0


def test_half_a_workday_is_half_its_minutes_from_receipt(moment: When) -> None:
    half = limit("0.5 workday")
    assert add(standard(), moment("2026-10-07 12:00"), half).due == moment("2026-10-08 13:30")
    assert add(standard(), moment("2026-11-20 09:00"), half).due == moment("2026-11-20 13:30")
    assert add(standard(), moment("2026-11-20 16:00"), half).due == moment("2026-11-23 11:30")
    short = standard().with_days({date(2026, 11, 23): Day("half_am", "半天")})
    assert add(short, moment("2026-11-21 10:00"), half).due == moment("2026-11-23 10:30")
    assert add(standard(), moment("2026-11-20 09:00"), limit("1.5 workday")).due == moment("2026-11-23 12:00") + timedelta(minutes=90)


def test_a_deadline_may_end_at_midnight_instead(moment: When) -> None:
    deadline = add(standard(), moment("2026-02-13 16:00"), limit("5 workday"), close_of_business=False)
    assert deadline.due == moment("2026-02-28 00:00")
    assert deadline.steps[-1] == "截止时间：2026年2月27日（周五）24:00。"


def test_a_day_that_never_closes_ends_at_midnight(moment: When) -> None:
    deadline = add(allday(), moment("2026-11-20 10:00"), limit("1 workday"))
    assert deadline.due == moment("2026-11-22 00:00")
    assert deadline.steps[-1] == "截止时间：2026年11月21日（周六）24:00。"
    assert add(allday(), moment("2026-11-20 10:00"), limit("当日")).steps[-1] == "截止时间：2026年11月20日（周五）24:00。"


def test_natural_time_runs_through_nights_and_holidays(moment: When) -> None:
    start = moment("2026-02-13 16:00")
    assert add(standard(), start, limit("30 minute")).due == moment("2026-02-13 16:30")
    assert add(standard(), start, limit("2 hour")).due == moment("2026-02-13 18:00")
    assert add(standard(), start, limit("7 day")).due == moment("2026-02-20 16:00")
    assert add(standard(), start, limit("0.5 day")).due == moment("2026-02-14 04:00")
    assert add(standard(), start, limit("45 second")).due == start + timedelta(seconds=45)


def test_a_natural_deadline_on_a_day_off_rolls_only_when_told_to(moment: When) -> None:
    start = moment("2026-02-13 16:00")
    assert add(standard(), start, limit("7 day"), roll_if_holiday=True).due == moment("2026-02-24 17:00")
    assert add(standard(), start, limit("7 day"), roll_if_holiday=True, close_of_business=False).due == moment("2026-02-25 00:00")
    assert add(standard(), moment("2026-11-16 10:00"), limit("2 day"), roll_if_holiday=True).due == moment("2026-11-18 10:00")
    assert add(standard(), start, limit("5 workday"), roll_if_holiday=True).due == moment("2026-02-27 17:00")


def test_what_is_promised_for_today_ends_when_the_office_closes(moment: When) -> None:
    today = limit("当日")
    assert add(standard(), moment("2026-11-20 10:00"), today).due == moment("2026-11-20 17:00")
    assert add(standard(), moment("2026-11-20 16:59:59"), today).due == moment("2026-11-20 17:00")
    assert add(standard(), moment("2026-11-20 17:00"), today).due == moment("2026-11-23 17:00")
    assert add(standard(), moment("2026-11-20 10:00"), today, close_of_business=False).due == moment("2026-11-21 00:00")
    assert add(standard(), moment("2026-12-31 18:00"), today).due == moment("2027-01-04 17:00")


def test_parts_of_a_second_are_dropped(moment: When) -> None:
    start = moment("2026-11-20 10:00") + timedelta(microseconds=999_999)
    assert add(standard(), start, limit("1 workminute")).due == moment("2026-11-20 10:01")


def test_a_moment_needs_a_zone_and_any_zone_will_do(moment: When) -> None:
    with pytest.raises(Refused, match=r"^时间必须带时区。$") as refusal:
        add(standard(), datetime(2026, 11, 20, 10), limit("1 workday"))  # noqa: DTZ001
    assert refusal.value.field == "at"
    utc = datetime(2026, 2, 13, 8, 0, tzinfo=UTC)
    assert add(standard(), utc, limit("5 workday")).due == moment("2026-02-27 17:00")
    assert add(standard(), datetime(2026, 2, 13, 16, 30, tzinfo=UTC), limit("1 workday")).due == moment("2026-02-24 17:00")


@pytest.mark.parametrize("year", [1850, 2300])
def test_dates_no_calendar_covers_are_refused_and_nothing_loops(year: int) -> None:
    start = datetime(year, 6, 1, 10, tzinfo=SHANGHAI)
    with pytest.raises(Refused, match=r"^日期超出可计算的范围") as refusal:
        add(standard(), start, limit("5 workday"))
    assert refusal.value.field == "at"
    with pytest.raises(Refused, match="范围"):
        subtract(standard(), start, limit("5 workday"))


def test_the_end_of_all_calendars_is_an_answer_and_not_a_loop() -> None:
    last = datetime(2199, 12, 31, 18, tzinfo=SHANGHAI)
    assert add(standard(), datetime(2199, 12, 30, 10, tzinfo=SHANGHAI), limit("1 workday")).due == datetime(2199, 12, 31, 17, tzinfo=SHANGHAI)
    for text in ("1 workday", "1 workminute", "0.5 workday", "当日"):
        with pytest.raises(Refused, match="范围"):
            add(standard(), last, limit(text))
    with pytest.raises(Refused, match="范围"):
        next_open(standard(), last)
    first = datetime(1901, 1, 1, 8, tzinfo=SHANGHAI)
    for text in ("1 workday", "1 workminute", "0.5 workday", "当日"):
        with pytest.raises(Refused, match="范围"):
            subtract(standard(), first, limit(text))
    with pytest.raises(Refused, match="范围"):
        add(standard(), datetime(2199, 6, 1, 8, tzinfo=SHANGHAI), limit("400 day"), roll_if_holiday=True)


def test_a_year_without_official_data_makes_a_deadline_provisional(moment: When) -> None:
    deadline = add(standard(), moment("2026-12-30 16:30"), limit("5 workday"))
    assert deadline.due == moment("2027-01-07 17:00")
    assert deadline.provisional
    assert deadline.steps[-1] == "2027 年的放假调休安排尚未公布，暂按法定节假日计算；公布后可能变动。"
    assert not add(standard(), moment("2026-12-30 16:30"), limit("1 workday")).provisional
    assert not add(standard(), moment("2026-12-30 16:30"), limit("1 workday"), close_of_business=False).provisional
    assert not add(standard(), moment("2026-12-30 16:30"), limit("5 day")).provisional
    assert add(standard(), moment("2026-12-30 16:30"), limit("5 day"), roll_if_holiday=True).provisional
    assert add(standard(), moment("2003-12-31 10:00"), limit("1 workday")).provisional
    assert not add(allday(), moment("2026-12-30 16:30"), limit("5 workday")).provisional
    assert add(standard(), moment("2027-03-01 10:00"), limit("1 workminute")).provisional
    assert add(standard(), moment("2026-12-31 10:00"), limit("2 workday"), close_of_business=False).provisional


def test_the_steps_say_why_the_deadline_is_when_it_is(moment: When) -> None:
    assert add(standard(), moment("2026-02-13 16:00"), limit("5 workday")).steps == [
        "2026年2月13日（周五）16:00 起算，当日不计入，从下一个工作日起算。",
        "时限 5个工作日，按“标准”日历只数工作日。",
        "2月14日（周六） 春节调休上班，是第1个工作日。",
        "2月15日（周日）至2月23日（周一） 春节放假，不计。",
        "2月24日（周二）至2月27日（周五） 是第2至第5个工作日。",
        "截止时间：2026年2月27日（周五）17:00（当天下班时）。",
    ]
    assert add(standard(), moment("2026-10-07 12:00"), limit("0.5 workday")).steps == [
        "2026年10月7日（周三）12:00 起算。",
        "时限 0.5个工作日，合 3小时30分钟工作时间，只在“标准”日历的上班时段内累计。",
        "10月7日（周三） 国庆节放假，不计。",
        "10月8日（周四） 计 3小时30分钟。",
        "截止时间：2026年10月8日（周四）13:30。",
    ]
    assert add(standard(), moment("2026-02-18 16:30"), limit("1 day"), roll_if_holiday=True).steps == [
        "2026年2月18日（周三）16:30 起算。",
        "时限 1天，按自然时间连续计算，节假日不停。",
        "到期日是休息日，顺延到下一个工作日。",
        "截止时间：2026年2月24日（周二）17:00（当天下班时）。",
    ]
    assert add(standard(), moment("2026-11-20 10:00:05"), limit("20 second")).steps[-1] == "截止时间：2026年11月20日（周五）10:00:25。"
    assert "改在下一个工作日下班前办完" in add(standard(), moment("2026-11-20 18:00"), limit("当日")).steps[1]
    assert "当日下班前办完" in add(standard(), moment("2026-11-20 10:00"), limit("当日")).steps[1]
    assert "每天计 7小时" in "".join(add(standard(), moment("2026-11-20 10:00"), limit("2400 workminute")).steps)


def test_a_reminder_waits_for_the_office_to_open(moment: When) -> None:
    assert next_open(standard(), moment("2026-11-20 10:00")) == moment("2026-11-20 10:00")
    assert next_open(standard(), moment("2026-11-20 12:00")) == moment("2026-11-20 13:00")
    assert next_open(standard(), moment("2026-11-20 17:00")) == moment("2026-11-23 09:00")
    assert next_open(standard(), moment("2026-11-20 09:00")) == moment("2026-11-20 09:00")
    assert next_open(standard(), moment("2026-12-31 20:00")) == moment("2027-01-04 09:00")
    assert next_open(allday(), moment("2026-11-21 03:00")) == moment("2026-11-21 03:00")


def test_every_minute_of_the_day_counts_where_the_clock_never_sleeps(moment: When) -> None:
    assert elapsed(allday(), moment("2026-11-20 00:00"), moment("2026-11-22 00:00")) == 2880
    assert add(allday(), moment("2026-11-20 23:59"), limit("2 workminute")).due == moment("2026-11-21 00:01")


def test_summer_hours_hold_between_their_dates_every_year(moment: When) -> None:
    assert add(summer(), moment("2026-05-29 10:00"), limit("1 workday")).due == moment("2026-06-01 18:30")
    assert add(summer(), moment("2031-09-29 10:00"), limit("1 workday")).due == moment("2031-09-30 18:30")
    assert add(summer(), moment("2026-09-29 10:00"), limit("2 workday")).due == moment("2026-10-08 17:00")


def test_a_typhoon_can_close_the_office_today(moment: When) -> None:
    closed = standard().with_days({date(2026, 11, 23): Day("off", "台风停工")})
    deadline = add(closed, moment("2026-11-20 10:00"), limit("1 workday"))
    assert deadline.due == moment("2026-11-24 17:00")
    assert "11月23日（周一） 台风停工，不计。" in deadline.steps
    assert add(standard(), moment("2026-11-20 10:00"), limit("1 workday")).due == moment("2026-11-23 17:00")


def test_a_pause_is_measured_in_the_workdays_that_ended_during_it(moment: When) -> None:
    cal = standard()
    assert ends_between(cal, moment("2026-11-17 10:00"), moment("2026-11-19 15:00")) == 2
    assert ends_between(cal, moment("2026-11-17 18:00"), moment("2026-11-18 08:00")) == 0
    assert ends_between(cal, moment("2026-11-17 17:00"), moment("2026-11-18 17:00")) == 1
    assert ends_between(cal, moment("2026-11-17 18:00"), moment("2026-11-18 08:00"), close_of_business=False) == 1
    assert ends_between(cal, moment("2026-12-31 12:00"), moment("2027-01-01 00:00"), close_of_business=False) == 0
    assert ends_between(cal, moment("2026-12-31 12:00"), moment("2027-01-01 00:01"), close_of_business=False) == 1
    assert move_ends(cal, moment("2026-11-20 17:00"), 1) == moment("2026-11-23 17:00")
    assert move_ends(cal, moment("2026-11-20 17:00"), -1) == moment("2026-11-19 17:00")
    assert move_ends(cal, moment("2026-11-20 12:00"), 0) == moment("2026-11-20 17:00")
    assert move_ends(cal, moment("2026-11-21 00:00"), 1, close_of_business=False) == moment("2026-11-24 00:00")
    assert oracle.add_days(cal, move_ends(cal, moment("2026-01-04 17:00"), -300), 300) == moment("2026-01-04 17:00")
    assert move_ends(cal, moment("2026-11-20 17:00"), 600).year == 2029


def test_part_of_the_way_leaves_pauses_out(moment: When) -> None:
    cal, half = standard(), Fraction(1, 2)
    start, due = moment("2026-11-16 09:00"), moment("2026-11-17 17:00")
    assert part_way(cal, start, due, half, working=True) == moment("2026-11-16 17:00")
    assert part_way(cal, start, due, half, working=False) == moment("2026-11-17 01:00")
    assert part_way(cal, start, due, Fraction(0), working=True) == start
    pause = (moment("2026-11-16 11:00"), moment("2026-11-17 11:00"))
    assert part_way(cal, start, due, half, working=True, without=[pause]) == moment("2026-11-17 12:00") + timedelta(minutes=90)
    assert part_way(cal, start, due, half, working=False, without=[pause]) == moment("2026-11-17 13:00")
    late = (moment("2026-11-18 11:00"), moment("2026-11-19 11:00"))
    early = (moment("2026-11-13 11:00"), moment("2026-11-16 09:00"))
    assert part_way(cal, start, due, half, working=True, without=[late, early]) == moment("2026-11-16 17:00")
    two = [(moment("2026-11-17 10:00"), moment("2026-11-17 11:00")), (moment("2026-11-16 11:00"), moment("2026-11-16 12:00"))]
    assert part_way(cal, start, due, half, working=True, without=two) == moment("2026-11-16 17:00")


# What must hold for every calendar.

segments = st.lists(st.integers(0, 96), min_size=2, max_size=6, unique=True).map(
    lambda marks: tuple((a * 900, b * 900) for a, b in zip(sorted(marks)[::2], sorted(marks)[1::2], strict=False))
)
closed: st.SearchStrategy[tuple[tuple[int, int], ...]] = st.just(())
days = st.one_of(
    st.builds(Day, st.sampled_from(["work", "off", "half_am", "half_pm"]), st.just("试")),
    segments.map(lambda hours: Day("hours", "试", hours)),
)


@st.composite
def calendars(draw: st.DrawFn, first: date = date(2026, 1, 1)) -> Calendar:
    week = draw(st.lists(st.one_of(segments, closed), min_size=7, max_size=7))
    week[draw(st.integers(0, 6))] = draw(segments)
    exceptions = draw(st.dictionaries(st.integers(0, 60).map(lambda n: first + timedelta(n)), days, max_size=12))
    seasons = draw(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 20), segments), max_size=2))
    ranges = tuple(Season(first + timedelta(a), first + timedelta(a + n), hours, "试") for a, n, hours in seasons)
    return Calendar("any", tuple(week), exceptions, ranges)


def moments(first: datetime, days: int = 30) -> st.SearchStrategy[datetime]:
    return st.integers(0, days * 1440).map(lambda n: datetime.fromtimestamp(first.timestamp() + n * 60, SHANGHAI))


NEW_YEAR = datetime(2026, 1, 1, tzinfo=SHANGHAI)
SUMMER_TIME = datetime(1986, 5, 1, tzinfo=SHANGHAI)
AUTUMN = datetime(1991, 9, 10, tzinfo=SHANGHAI)
slowly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@slowly
@given(calendars(), moments(NEW_YEAR), st.integers(1, 1500))
def test_adding_minutes_agrees_with_the_oracle_and_with_elapsed(calendar: Calendar, start: datetime, minutes: int) -> None:
    due = add(calendar, start, Limit(Decimal(minutes), "workminute")).due
    assert due == oracle.add_minutes(calendar, start, minutes)
    assert elapsed(calendar, start, due) == minutes


@slowly
@given(calendars(), moments(NEW_YEAR), moments(NEW_YEAR))
def test_elapsed_agrees_with_the_oracle(calendar: Calendar, a: datetime, b: datetime) -> None:
    a, b = min(a, b), max(a, b)
    assert elapsed(calendar, a, b) == oracle.elapsed(calendar, a, b)


@slowly
@given(calendars(), moments(NEW_YEAR), st.integers(1, 30), st.booleans())
def test_adding_workdays_agrees_with_the_oracle(calendar: Calendar, start: datetime, count: int, close: bool) -> None:
    deadline = add(calendar, start, Limit(Decimal(count), "workday"), close_of_business=close)
    assert deadline.due == oracle.add_days(calendar, start, count, close_of_business=close)
    assert all(line.endswith("。") for line in deadline.steps)


@slowly
@given(
    calendars(date(1986, 5, 1)), st.one_of(moments(SUMMER_TIME, 5), moments(AUTUMN, 6)), st.integers(1, 2000), st.integers(1, 6)
)
def test_summer_time_of_1986_to_1991_neither_loses_nor_gains_a_minute(calendar: Calendar, start: datetime, minutes: int, count: int) -> None:
    assert add(calendar, start, Limit(Decimal(minutes), "workminute")).due == oracle.add_minutes(calendar, start, minutes)
    assert add(calendar, start, Limit(Decimal(count), "workday")).due == oracle.add_days(calendar, start, count)


@pytest.mark.parametrize(("a", "b", "hours"), [("1986-05-03 00:00", "1986-05-06 00:00", 71), ("1986-09-13 00:00", "1986-09-16 00:00", 73)])
def test_a_day_on_which_the_clocks_change_has_the_hours_it_really_had(moment: When, a: str, b: str, hours: int) -> None:
    assert elapsed(allday(), moment(a), moment(b)) == hours * 60
    assert add(allday(), moment(a), Limit(Decimal(hours), "hour")).due == moment(b)
    assert add(allday(), moment(a), limit("3 day")).due == moment(b)


@slowly
@given(calendars(), moments(NEW_YEAR), st.integers(0, 3000), st.integers(1, 30), st.sampled_from(["workday", "workminute", "hour", "day", "sameday"]))
def test_who_comes_later_is_never_due_earlier(calendar: Calendar, start: datetime, later: int, count: int, unit: str) -> None:
    wanted = Limit(Decimal(1 if unit == "sameday" else count), unit)
    assert add(calendar, start, wanted).due <= add(calendar, start + timedelta(minutes=later), wanted).due


@slowly
@given(calendars(), moments(NEW_YEAR), st.integers(1, 30), st.sampled_from(["workday", "workminute", "minute", "hour"]))
def test_more_time_is_never_due_earlier(calendar: Calendar, start: datetime, count: int, unit: str) -> None:
    assert add(calendar, start, Limit(Decimal(count), unit)).due < add(calendar, start, Limit(Decimal(count + 1), unit)).due


@slowly
@given(
    calendars(), moments(NEW_YEAR), st.integers(1, 30), st.sampled_from(["workday", "workminute", "second", "hour", "day", "sameday"]), st.booleans()
)
def test_subtract_gives_the_latest_receipt_that_still_keeps_the_limit(calendar: Calendar, due: datetime, count: int, unit: str, close: bool) -> None:
    wanted = Limit(Decimal(1 if unit == "sameday" else count), unit)
    start = subtract(calendar, due, wanted, close_of_business=close)
    assert add(calendar, start, wanted, close_of_business=close).due <= due
    assert add(calendar, start + timedelta(seconds=1), wanted, close_of_business=close).due > due


def test_what_is_promised_for_today_must_be_received_before_the_office_closes(moment: When) -> None:
    today = limit("当日")
    assert subtract(standard(), moment("2026-11-20 17:00"), today) == moment("2026-11-20 16:59:59")
    assert subtract(standard(), moment("2026-11-20 16:59"), today) == moment("2026-11-19 16:59:59")
    assert subtract(standard(), moment("2026-01-02 10:00"), today) == moment("2025-12-31 16:59:59")
    assert subtract(standard(), moment("2026-11-20 18:00"), today, close_of_business=False) == moment("2026-11-19 16:59:59")
    assert subtract(standard(), moment("2026-11-21 00:00"), today, close_of_business=False) == moment("2026-11-20 16:59:59")


def test_counting_back_workdays_goes_by_closes_or_by_midnights(moment: When) -> None:
    one = limit("1 workday")
    assert subtract(standard(), moment("2026-11-20 18:00"), one) == moment("2026-11-19 23:59:59")
    assert subtract(standard(), moment("2026-11-20 18:00"), one, close_of_business=False) == moment("2026-11-18 23:59:59")
    assert subtract(standard(), moment("2026-02-27 17:00"), limit("5 workday")) == moment("2026-02-13 23:59:59")


def fresh() -> Calendar:
    """The standard calendar before anybody has asked it anything: its prefix sums have still to be laid out, year by year."""
    return replace(standard())


def test_a_calendar_reaches_into_other_years_by_itself(moment: When) -> None:
    eve, half = moment("2026-12-31 18:00"), limit("0.5 workday")
    assert add(fresh(), eve, half).due == moment("2027-01-04 13:30")
    assert add(fresh(), eve, limit("1 workminute")).due == moment("2027-01-04 09:01")
    assert add(fresh(), eve, limit("1 workday")).due == moment("2027-01-04 17:00")
    assert add(fresh(), eve, limit("当日")).due == moment("2027-01-04 17:00")
    assert next_open(fresh(), eve) == moment("2027-01-04 09:00")
    assert move_ends(fresh(), moment("2026-12-31 17:00"), 700) == add(fresh(), eve, limit("700 workday")).due
    assert oracle.add_days(fresh(), move_ends(fresh(), moment("2026-01-04 17:00"), -700), 700) == moment("2026-01-04 17:00")
    start = moment("2026-01-01 08:00")
    assert subtract(fresh(), start, half) == moment("2025-12-31 13:30")
    assert subtract(fresh(), start, limit("1 workminute")) == moment("2025-12-31 16:59")
    assert subtract(fresh(), start, limit("1 workday")) == moment("2025-12-30 23:59:59")
    assert ends_between(fresh(), moment("2025-12-31 12:00"), start) == 1
    assert ends_between(fresh(), start, moment("2026-01-05 08:00")) == 1
    assert elapsed(fresh(), moment("2025-12-31 16:00"), moment("2026-01-04 10:00")) == 120


def test_a_fraction_counted_back_goes_by_the_hours_of_the_day_it_ends_on(moment: When) -> None:
    calendar = standard().with_days({date(2026, 11, 19): Day("half_am"), date(2026, 11, 23): Day("hours", "检修", hours_of("09:00-11:00"))})
    half = limit("0.5 workday")
    assert subtract(calendar, moment("2026-11-19 18:00"), half) == moment("2026-11-19 10:30")
    assert subtract(calendar, moment("2026-11-20 11:30"), half) == moment("2026-11-19 11:00")
    assert subtract(calendar, moment("2026-11-22 10:00"), half) == moment("2026-11-20 13:30")
    assert subtract(calendar, moment("2026-11-23 10:30"), half) == moment("2026-11-23 09:30")
    assert subtract(calendar, moment("2026-11-24 09:30"), half) == moment("2026-11-20 16:00")


def test_whatever_comes_back_is_a_whole_second(moment: When) -> None:
    odd = moment("2026-11-20 10:00") + timedelta(microseconds=1)
    assert next_open(standard(), odd) == moment("2026-11-20 10:00")
    assert part_way(standard(), odd, moment("2026-11-20 17:00"), Fraction(0), working=True) == moment("2026-11-20 10:00")
    assert subtract(standard(), moment("2026-11-20 10:01") + timedelta(microseconds=5), limit("1 workminute")) == moment("2026-11-20 10:00")


def test_subtract_half_a_workday(moment: When) -> None:
    assert subtract(standard(), moment("2026-11-20 13:30"), limit("0.5 workday")) == moment("2026-11-20 09:00")
    assert subtract(standard(), moment("2026-11-22 10:00"), limit("0.5 workday")) == moment("2026-11-20 13:00") + timedelta(minutes=30)
    assert subtract(standard(), moment("2026-01-01 10:00"), limit("0.5 workday")) == moment("2025-12-31 13:30")
    assert subtract(standard(), moment("2026-01-01 00:00"), limit("1 workday"), close_of_business=False) == moment("2025-12-30 23:59:59")


def test_another_zone_works_by_its_own_wall() -> None:
    calendar = Calendar("kashgar", five_days(OFFICE), zone="Asia/Urumqi")
    start = datetime(2026, 11, 20, 10, tzinfo=SHANGHAI)
    assert add(calendar, start, limit("1 workday")).due == datetime(2026, 11, 23, 17, tzinfo=ZoneInfo("Asia/Urumqi"))
