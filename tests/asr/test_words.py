"""From recognition to reading: nothing is put right silently, nothing personal is left, every mark stands where it should."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.edits import Edit, applied, moved, places
from asr.names import Names
from asr.protocol import Utterance, Word
from asr.spoken import MASK, masks
from asr.words import Line, parted, readable

NAMES = Names(["翠湖花园", "五一路小学", "长兴路"])


def said(text: str, start: float = 0.0, channel: int = 0, pauses: float = 0.0) -> Utterance:
    """Words parted by blanks; one that ends in ? was heard badly; | is a pause of a second."""
    words, at = [], start
    for word in text.split():
        if word == "|":
            at += 1.0
            continue
        words.append(Word(word.rstrip("?"), round(at, 2), round(at + 0.3, 2), 0.2 if word.endswith("?") else 1.0))
        at += 0.3 + pauses
    return Utterance.of(channel, words)


def texts(*utterances: Utterance) -> list[str]:
    return [line.text for line in readable(utterances, NAMES)]


def test_what_was_heard_stays_beside_what_is_written() -> None:
    (line,) = readable([said("我 住 脆胡 话园 三 栋")], NAMES)
    assert (line.heard, line.text) == ("我住脆胡话园三栋", "我住翠湖花园3栋")
    shown = [(line.text[repair.start : repair.end], repair.heard, repair.why) for repair in line.repairs]
    assert shown == [("翠湖花园", "脆胡话园", "name"), ("3", "三", "number")]


def test_a_number_in_a_name_is_no_number() -> None:
    assert texts(said("五一 路 小学 二十 米")) == ["五一路小学20米"]


def test_doubtful_words_are_marked_where_they_stand_after_the_repairs() -> None:
    (line,) = readable([said("停水 两 天 物业? 不? 管 了")], NAMES)
    assert [line.text[start:end] for start, end in line.unsure] == ["物业不"]


@pytest.mark.parametrize(
    "spoken",
    [
        [said("电话 一三八 零零"), said("零零 一二三四", 2)],
        [said("电话 一三八 零零 |  零零 一二三四")],
        [said("电话 一三八"), said("嗯", 2), said("零零零零", 3), said("对 一二三四", 4)],
        [said("电话 一三八"), said("好的 您 说", 2, channel=1), said("零零零零", 3), said("一二三四", 5)],
    ],
)
def test_a_number_cut_by_pauses_or_by_the_other_voice_is_hidden(spoken: list[Utterance]) -> None:
    lines = readable(spoken, NAMES)
    assert not any(digit in line.text + line.heard for line in lines for digit in "零一二三四八0123456789")
    assert lines[0].text.startswith("电话" + MASK) and all(line.text for line in lines)


def test_numbers_with_a_long_silence_between_them_are_two() -> None:
    assert texts(said("三 号楼 五零二"), said("一零三 室", 60)) == ["3号楼502", "103室"]


def test_an_utterance_is_parted_at_pauses_and_a_long_one_at_its_longest() -> None:
    assert [part.text for part in parted(said("路灯 坏 了 | 没人 管"))] == ["路灯坏了", "没人管"]
    assert len(parted(said("路灯 坏 了 没人 管"))) == 1
    long = parted(said(" ".join(["停水"] * 40), pauses=0.2))
    assert len(long) > 1 and all(part.end - part.start <= 14 for part in long) and "".join(part.text for part in long) == "停水" * 40


def test_a_transcript_without_words_is_read_too() -> None:
    (line,) = readable([Utterance(0, 0.0, 1.0, "脆胡话园停水两天", 0.9, ())], NAMES)
    assert isinstance(line, Line) and line.text == "翠湖花园停水2天" and line.unsure == ()


def test_marks_follow_the_changes_before_them() -> None:
    edits = [Edit(1, 3, "X", "number"), Edit(4, 5, "YYY", "name")]
    assert applied("abcdefg", edits) == "aXdYYYfg"
    assert moved([(0, 1), (3, 4), (2, 4), (5, 7)], edits) == [(0, 1), (2, 3), (6, 8)]
    assert [applied("abcdefg", edits)[start:end] for start, end in places(edits)] == ["X", "YYY"]


@given(st.lists(st.tuples(st.sampled_from(["", "嗯", "对 ", "然后"]), st.text("零一二三四五六七八九幺两0123456789", min_size=1, max_size=9)), max_size=6))
def test_whatever_is_dictated_no_long_run_of_digits_is_left(dictated: list[tuple[str, str]]) -> None:
    lines = [filler + digits for filler, digits in dictated]
    shown = [applied(text, edits) for text, edits in zip(lines, masks(lines, [False] * len(lines)), strict=True)]
    left = "".join(char for text in shown for char in text if char not in " 嗯对然后")
    assert MASK in left or len(left) < 7
    assert not any(char in "零一二三四五六七八九幺两0123456789" for char in left) or MASK not in left
