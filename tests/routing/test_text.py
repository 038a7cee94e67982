"""Folding: a text in whatever script, width and noise is one text to the classifier."""

import numpy as np
import pytest

from routing.courtesy import without
from routing.text import LONGEST, fold, grams, plain, toneless


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("我們小區的自來水停了", "我们小区的自来水停了"),
        ("辦理營業執照", "办理营业执照"),
        ("ＡＢＣ１２３", "abc123"),
        ("停 水　三\n天", "停水三天"),
        ("停水！？……（三天）", "停水三天"),
        ("停水😀三天🚒", "停水三天"),
    ],
)
def test_script_width_and_noise_do_not_matter(written: str, same: str) -> None:
    assert plain(written) == same
    assert np.array_equal(grams(fold(written)).keys, grams(fold(same)).keys)


def test_every_folded_character_knows_where_it_stood() -> None:
    text = "您好，我們 小區！停水"
    folded = fold(text)
    assert [text[place] for place in folded.at] == list("您好我們小區停水")
    assert folded.words() == "您好我们小区停水"


@pytest.mark.parametrize("text", ["", "   ", "😀🚒", "，。！", "\x00\x07", "\ud800", "𠮷"])
def test_what_holds_nothing_folds_to_nothing(text: str) -> None:
    assert fold(text).words() == ""
    assert len(grams(fold(text)).keys) == 0


def test_only_the_beginning_of_an_endless_text_is_read() -> None:
    assert len(fold("停水" * 50_000).codes) == LONGEST


def test_homophones_share_their_pinyin_and_no_characters() -> None:
    right, misheard = grams(fold("小区停水")), grams(fold("晓渠亭谁"))
    shared = set(right.keys.tolist()) & set(misheard.keys.tolist())
    assert len(shared) == len("小区停水") + len("小区停水") - 1


def test_digits_are_the_same_to_the_model_but_not_to_a_gazetteer() -> None:
    assert np.array_equal(grams(fold("28路公交")).keys, grams(fold("37路公交")).keys)
    assert plain("28路") != plain("37路")


@pytest.mark.parametrize(("syllable", "bare"), [("nǚ", "nv"), ("líng", "ling"), ("lüè", "lve"), ("a", "a")])
def test_tones_go_and_the_umlaut_is_a_v(syllable: str, bare: str) -> None:
    assert toneless(syllable) == bare


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("您好，安和市一二三四五热线，请问有什么可以帮您？喂，我家停水了", "喂我家停水了"),
        ("您好，请讲。你好，我要投诉", "你好我要投诉"),
        ("我要表扬12345热线的话务员小李", "我要表扬12345热线的话务员小李"),
        ("我家停水了", "我家停水了"),
    ],
)
def test_what_an_operator_says_to_everybody_is_not_the_matter(said: str, left: str) -> None:
    assert without(fold(said)).words() == left
