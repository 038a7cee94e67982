"""Limits: how people and files write them, and what is refused."""

from decimal import Decimal

import pytest

from hotline.errors import Refused
from sla.limit import CHINESE, LONGEST, Limit


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("5 workday", "5", "workday"),
        ("5 workdays", "5", "workday"),
        ("0.5 workday", "0.5", "workday"),
        (".5 workday", "0.5", "workday"),
        ("5个工作日", "5", "workday"),
        ("5 个 工作日", "5", "workday"),
        ("五个工作日", "5", "workday"),
        ("十五个工作日", "15", "workday"),
        ("六十个工作日", "60", "workday"),
        ("一百八十天", "180", "day"),
        ("一百零五天", "105", "day"),
        ("半个工作日", "0.5", "workday"),
        ("两小时", "2", "hour"),
        ("30分钟", "30", "minute"),
        ("３０分钟", "30", "minute"),
        ("2小时", "2", "hour"),
        ("7天", "7", "day"),
        ("7个自然日", "7", "day"),
        ("1周", "7", "day"),
        ("2 weeks", "14", "day"),
        ("45 SECONDS", "45", "second"),
        ("90工作分钟", "90", "workminute"),
        ("2 工作小时", "120", "workminute"),
        ("当日", "1", "sameday"),
        ("sameday", "1", "sameday"),
        ("+3 day", "3", "day"),
    ],
)
def test_a_limit_is_read_as_people_write_it(text: str, amount: str, unit: str) -> None:
    assert Limit.parse(text) == Limit(Decimal(amount), unit)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5 fortnight", "不认识的时限单位“fortnight”"),
        ("-3 workday", "必须大于零"),
        ("0 workday", "必须大于零"),
        ("零天", "必须大于零"),
        ("", "看不懂"),
        ("abc", "看不懂"),
        ("5", "看不懂"),
        ("workday", "看不懂"),
        ("nan workday", "看不懂"),
        ("inf day", "看不懂"),
        ("1e9 day", "不认识的时限单位|看不懂"),
        ("1 2 day", "看不懂"),
        ("٣ day", "看不懂"),
        ("五半天", "看不懂"),
        ("99999 workday", "时限太长"),
        ("5 workday; drop", "看不懂|不认识"),
    ],
)
def test_nonsense_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason) as refusal:
        Limit.parse(text)
    assert refusal.value.field == "limit"


def test_a_limit_cannot_be_built_wrong_either() -> None:
    for amount in ("NaN", "Infinity", "-1", "0"):
        with pytest.raises(Refused):
            Limit(Decimal(amount), "day")
    with pytest.raises(Refused):
        Limit(Decimal(1), "moon")


@pytest.mark.parametrize("unit", sorted(CHINESE))
def test_the_longest_limit_of_each_unit_is_allowed_and_no_longer_one(unit: str) -> None:
    assert Limit(Decimal(LONGEST[unit]), unit)
    with pytest.raises(Refused, match="时限太长"):
        Limit(Decimal(LONGEST[unit]) + Decimal("0.1"), unit)


@pytest.mark.parametrize("text", ["5 workday", "0.5 workday", "sameday", "90 workminute", "100 day", "1.25 hour"])
def test_a_limit_written_out_is_read_back(text: str) -> None:
    assert str(Limit.parse(text)) == text
    assert Limit.parse(Limit.parse(text).chinese) == Limit.parse(text)


def test_seconds_are_whole_and_a_started_one_counts() -> None:
    assert Limit.parse("0.5 minute").seconds == 30
    assert Limit.parse("0.01 minute").seconds == 1
    assert Limit.parse("1.5 hour").seconds == 5400
    assert Limit.of_seconds(100, "workminute").seconds == 100
    assert Limit.of_seconds(1, "hour").seconds == 1
    assert all(Limit.of_seconds(n, "workminute").seconds == n for n in range(1, 5000, 7))
