"""Names that were misheard are found by their sound; what is no name is left alone."""

import pytest

from asr.edits import applied
from asr.names import Names, sounds

NAMES = Names(["翠湖花园", "湖滨街道", "供水集团", "长兴路", "长兴", "交警支队", "市体育局", "停水", "环城路"])


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("我住脆胡话园三栋", "我住翠湖花园三栋"),
        ("护滨接道没人管", "湖滨街道没人管"),
        ("投诉公水集团", "投诉供水集团"),
        ("常行路路灯坏了", "长兴路路灯坏了"),  # 行 may be read xing
        ("找交井子队", "找交警支队"),  # zh and z count as one
    ],
)
def test_a_name_of_three_syllables_and_more_is_repaired(heard: str, written: str) -> None:
    edits, spans = NAMES.met(heard)
    assert applied(heard, edits) == written and len(spans) == 1
    assert heard[edits[0].start : edits[0].end] != edits[0].written and edits[0].why == "name"


@pytest.mark.parametrize("text", ["翠湖花园停水", "常行的人", "挺水", "这是体育局", "", "园", "hello", "12345"])
def test_what_is_right_too_short_or_another_word_stays(text: str) -> None:
    assert NAMES.met(text)[0] == []


def test_a_name_begins_and_ends_where_words_do() -> None:
    assert NAMES.met("换城路", {0, 1, 3})[0] and not NAMES.met("换城路", {0, 1, 2})[0]


def test_a_readable_name_is_found_wherever_it_stands() -> None:
    assert NAMES.met("长兴路供水集团", set()) == ([], [(0, 3), (3, 7)])


def test_sounds_are_toneless_and_of_every_reading() -> None:
    assert sounds("行") >= {"xing", "hang"} and sounds("绿") >= {"lü"} and sounds("山") == sounds("三") and sounds("a") == frozenset()
