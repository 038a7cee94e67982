"""A time limit 时限: an amount and one of the four ways a hotline counts time (natural time, natural days, workdays, working minutes)."""

import math
import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Final

from hotline.errors import Refused

SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "workminute": 60}
"""Units that are a fixed number of seconds; `day` is so only for its fraction, `workminute` counts in working time."""

CHINESE: Final = {
    "second": "秒",
    "minute": "分钟",
    "hour": "小时",
    "day": "天",
    "workday": "个工作日",
    "workminute": "个工作分钟",
    "sameday": "当日",
}
"""Every unit, and how people write it. `sameday` 当日办结: close of business of the day of receipt."""

SPELLINGS: Final[dict[str, tuple[str, int]]] = {
    **{word: ("second", 1) for word in ("second", "seconds", "秒", "秒钟")},
    **{word: ("minute", 1) for word in ("minute", "minutes", "分", "分钟")},
    **{word: ("hour", 1) for word in ("hour", "hours", "小时", "自然小时")},
    **{word: ("day", 1) for word in ("day", "days", "天", "日", "自然日")},
    **{word: ("day", 7) for word in ("week", "weeks", "周", "星期")},
    **{word: ("workday", 1) for word in ("workday", "workdays", "工作日", "工作天")},
    **{word: ("workminute", 1) for word in ("workminute", "workminutes", "工作分钟")},
    **{word: ("workminute", 60) for word in ("workhour", "workhours", "工作小时")},
}
"""How people and files spell a unit: spelling -> (unit, how many of it)."""

EXACT: Final = 6
"""Decimal places of a second that are told apart."""

SAME_DAY: Final = frozenset({"sameday", "1 sameday", "当日", "当天", "当日办结"})
LONGEST: Final = {"second": 315_360_000, "minute": 5_256_000, "hour": 87_600, "day": 3_650, "workday": 2_500, "workminute": 1_050_000, "sameday": 1}
"""Nothing a hotline promises lasts longer than ten years; a longer limit is a slip of the finger."""

DIGITS: Final = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_SHAPE: Final = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)|[零〇一二两三四五六七八九十百半]+)\s*个?\s*([^\s0-9.]+)")


@dataclass(frozen=True, slots=True)
class Limit:
    """A time limit 时限, such as 5 个工作日.

    amount: more than zero; a workday limit may be a fraction (0.5).
    unit: second, minute, hour, day (自然日), workday (工作日), workminute (工作分钟) or sameday (当日).
    whole, count: whether the amount is a whole number, and its whole part; only whole workdays end at close of business.
    Raises Refused when built with an unknown unit, or an amount that is not positive or beyond ten years.
    """

    amount: Decimal
    unit: str
    whole: bool = field(init=False, repr=False, compare=False)
    count: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.unit not in CHINESE:
            raise Refused(f"不认识的时限单位“{self.unit}”。可用：{'、'.join(CHINESE)}。", field="limit")
        if not self.amount.is_finite() or self.amount <= 0:
            raise Refused(f"时限必须大于零，现在是“{self.amount}”。", field="limit")
        if self.amount > LONGEST[self.unit]:
            raise Refused(f"时限太长：最多 {LONGEST[self.unit]}{CHINESE[self.unit]}。", field="limit")
        object.__setattr__(self, "count", int(self.amount))
        object.__setattr__(self, "whole", self.amount == self.count)

    @classmethod
    @lru_cache(maxsize=1024)  # a policy says the same few again and again
    def parse(cls, text: str) -> "Limit":
        """Reads "5 workday", "0.5 workday", "30分钟", "2小时", "7天", "5个工作日", "半个工作日", "当日". Raises Refused with the reason."""
        plain = unicodedata.normalize("NFKC", text).strip().lower()
        if plain in SAME_DAY:
            return cls(Decimal(1), "sameday")
        shape = _SHAPE.fullmatch(plain)
        if shape is None:
            raise Refused(f"看不懂时限“{text}”。写法如：5 workday、30 minute、5个工作日、2小时、当日。", field="limit")
        number, word = shape.groups()
        if word not in SPELLINGS:
            raise Refused(f"不认识的时限单位“{word}”。可用：{'、'.join(CHINESE)}，或秒、分钟、小时、天、工作日、工作分钟。", field="limit")
        unit, times = SPELLINGS[word]
        return cls(_number(number) * times, unit)

    @property
    def seconds(self) -> int:
        """The limit in whole seconds, a started one counting as one. Raises KeyError for workday and sameday, which are no fixed time."""
        return math.ceil(round(self.amount * SECONDS[self.unit], EXACT))

    @property
    def chinese(self) -> str:
        """As people write it: 5个工作日."""
        return "当日" if self.unit == "sameday" else f"{_plain(self.amount)}{CHINESE[self.unit]}"

    def __str__(self) -> str:
        return "sameday" if self.unit == "sameday" else f"{_plain(self.amount)} {self.unit}"

    @classmethod
    def of_seconds(cls, seconds: int, unit: str) -> "Limit":
        """So many seconds as a limit in a unit of fixed length; exact, since `seconds` rounds a repeating fraction back."""
        return cls(Decimal(seconds) / SECONDS[unit], unit)


def _number(text: str) -> Decimal:
    if text[-1] in "0123456789":
        return Decimal(text)
    if text == "半":
        return Decimal("0.5")
    if "半" in text:
        raise Refused(f"看不懂数目“{text}”。", field="limit")
    return Decimal(_chinese_number(text))


def _chinese_number(text: str) -> int:
    """Up to 999: 五, 十五, 六十, 一百八十."""
    total, digit = 0, 0
    for sign in text:
        if sign in DIGITS:
            digit = DIGITS[sign]
            continue
        total += (digit or 1) * (10 if sign == "十" else 100)
        digit = 0
    return total + digit


def _plain(amount: Decimal) -> str:
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
