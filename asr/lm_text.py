"""From written text to what a speaker says, as the numbers of the speech model's own words.

What the model has no word for parts the text: nothing is learnt across it.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from asr.lm import START, Costs, Ids
from asr.spoken import MASK, masked

BREAK = -1  # between two sentences, and where something was left out
HAN = re.compile(r"[\u4e00-\u9fff]+")
STOPS = re.compile(r"[。！？；!?;\n\r]+")
PAUSES = re.compile(r"[\s，、,：:“”‘’\"'（）()《》<>【】\[\]·…—~-]+")
SHORTEST = 2  # characters; less than that says nothing about language

DIGITS = "零一二三四五六七八九"
PLACES = ("", "十", "百", "千")
TENS_OF_THOUSANDS = ("", "万", "亿")
COUNTED = "个位次天年家户人名间条层楼块栋辆百千万亿点"
NUMBER = re.compile(
    r"(?P<year>(?<!\d)(?:19|20)\d\d(?=年))|(?P<hour>(?<!\d)\d{1,2}):(?P<minute>[0-5]\d)(?!\d)"
    r"|(?P<percent>\d+(?:\.\d+)?)%|(?P<whole>\d+)(?:\.(?P<part>\d+))?"
)


def sentences(texts: Iterable[str]) -> Iterator[list[str]]:
    """Each sentence once, as its runs of Chinese characters. Long numbers (电话、身份证) are masked before anything is looked at."""
    seen: set[str] = set()
    for text in texts:
        plain = unicodedata.normalize("NFKC", masked(text)).replace(unicodedata.normalize("NFKC", MASK), " Q ")
        for sentence in STOPS.split(spoken_numbers(plain)):
            runs = HAN.findall(PAUSES.sub("", sentence))
            whole = "|".join(runs)
            if len(whole) >= SHORTEST and whole not in seen:
                seen.add(whole)
                yield runs


def spoken_numbers(text: str) -> str:
    """Written numbers as they are said: years and long numbers digit by digit, amounts by value."""
    return NUMBER.sub(_said, text)


def _said(number: re.Match[str]) -> str:
    if year := number["year"]:
        return _each(year)
    if number["hour"]:
        minute = int(number["minute"])
        return reading(number["hour"]) + "点" + ((("零" if minute < 10 else "") + reading(number["minute"]) + "分") if minute else "")
    if percent := number["percent"]:
        return "百分之" + _decimal(*percent.partition(".")[::2])
    after = number.string[number.end() : number.end() + 1]
    if number["whole"] == "2" and not number["part"] and after and after in COUNTED:
        return "两"
    return _decimal(number["whole"], number["part"] or "")


def _decimal(whole: str, part: str) -> str:
    said = _each(whole) if len(whole) > 5 or (len(whole) > 1 and whole[0] == "0") else reading(whole)
    return said + ("点" + _each(part) if part else "")


def _each(digits: str) -> str:
    return "".join(DIGITS[int(digit)] for digit in digits)


def reading(digits: str) -> str:
    """A whole number by value, up to twelve digits: 1208 is 一千二百零八."""
    groups = [digits[max(0, end - 4) : end] for end in range(len(digits), 0, -4)]
    said = ""
    for rank in range(len(groups) - 1, -1, -1):
        value = int(groups[rank])
        if not value:
            continue
        if said and (value < 1000 or said.endswith("零")):
            said += "零"
        said += _group(value) + TENS_OF_THOUSANDS[rank % len(TENS_OF_THOUSANDS)]
    said = said or "零"
    return said[1:] if said.startswith("一十") else said


def _group(value: int) -> str:
    said, gap = "", False
    for place in (3, 2, 1, 0):
        digit = value // 10**place % 10
        if not digit:
            gap = bool(said)
            continue
        said += ("零" if gap else "") + DIGITS[digit] + PLACES[place]
        gap = False
    return said


class Segmenter:
    """Parts Chinese text into the model's words: the likeliest parting by how often each word is used."""

    def __init__(self, words: Mapping[str, int], costs: Costs) -> None:
        self._costs = {
            text: (float(costs[number]), number)
            for text, number in words.items()
            if HAN.fullmatch(text) and math.isfinite(float(costs[number]))
        }
        self._longest: dict[str, int] = {}
        for text in self._costs:
            self._longest[text[0]] = max(len(text), self._longest.get(text[0], 0))

    def tokens(self, texts: Iterable[str], end: int) -> Ids:
        """All sentences one after the other, each as BREAK, START, its words, end."""
        return np.fromiter((number for runs in sentences(texts) for number in self._sentence(runs, end)), np.int64)

    def _sentence(self, runs: list[str], end: int) -> Iterator[int]:
        yield BREAK
        yield START
        for place, run in enumerate(runs):
            if place:
                yield BREAK
            yield from self.words(run)
        yield end

    def words(self, run: str) -> list[int]:
        """Numbers of the run's words; BREAK for a character that the model cannot write."""
        length = len(run)
        best = [0.0] + [math.inf] * length
        came: list[tuple[int, int]] = [(0, BREAK)] * (length + 1)
        costs, longest = self._costs, self._longest
        for at in range(length):
            here = best[at]
            # A character without a word of its own costs more than any words do.
            if here + 1000.0 < best[at + 1]:
                best[at + 1], came[at + 1] = here + 1000.0, (at, BREAK)
            for to in range(at + 1, min(length, at + longest.get(run[at], 0)) + 1):
                found = costs.get(run[at:to])
                if found is not None and here + found[0] < best[to]:
                    best[to], came[to] = here + found[0], (at, found[1])
        numbers = []
        at = length
        while at:
            at, number = came[at]
            numbers.append(number)
        return numbers[::-1]
