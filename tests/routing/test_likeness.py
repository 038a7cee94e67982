"""Likeness as people would judge it: one matter in other words, misheard, in traditional characters; and what only sounds official is not alike."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import likeness
from routing.corpus import Utterance
from routing.disturb import disturb
from routing.likeness import keys, read, shared_words

TEXT = st.text(alphabet=st.sampled_from("翠湖花园小区停水三天了物业和供水集团都没人管路灯坏晚上看不见，。！ a1"), max_size=80)


def like(one: str, other: str) -> float:
    return likeness.likeness(read(one), read(other))


@settings(max_examples=60, deadline=None)
@given(TEXT, TEXT)
def test_likeness_is_between_nothing_and_all_and_the_same_both_ways(one: str, other: str) -> None:
    assert 0 <= like(one, other) <= 1
    assert like(one, other) == pytest.approx(like(other, one))


@settings(max_examples=60, deadline=None)
@given(TEXT)
def test_a_text_is_like_itself_with_other_punctuation_and_has_the_same_keys(text: str) -> None:
    other = text.replace("，", " ").replace("。", "！")
    assert keys(read(text)) == keys(read(other))
    assert not len(read(text).keys) or like(text, other) == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(TEXT, TEXT)
def test_shared_words_stand_in_both(one: str, other: str) -> None:
    plain = other.replace("，", "").replace("。", "").replace("！", "").replace(" ", "").lower()
    for word in shared_words(one, [other]):
        assert word in one
        assert "".join(char for char in word.lower() if char.isalnum()) in plain


def test_traditional_and_full_width_characters_are_the_same(utterances: list[Utterance]) -> None:
    assert like("小区的自来水停了三天，电话打不通", "小區的自來水停了三天，電話打不通") == pytest.approx(1)
    assert keys(read("ＡＢＣ小区１２号楼停水")) == keys(read("abc小区34号楼停水"))


def test_what_was_misheard_is_still_much_the_same_and_is_found_by_its_keys(utterances: list[Utterance]) -> None:
    chance = Random(1)
    for one in utterances[::60]:
        heard = disturb(one.text, 0.15, chance)
        assert like(one.text, heard) > 0.4
        assert set(keys(read(one.text))) & set(keys(read(heard)))


def test_two_matters_of_one_item_are_hardly_ever_alike(utterances: list[Utterance]) -> None:
    prints: dict[str, list[likeness.Print]] = {}
    for one in utterances:
        prints.setdefault(one.item, []).append(read(one.text))
    pairs = [likeness.likeness(a, b) for same in list(prints.values())[::5] for place, a in enumerate(same) for b in same[place + 1 :]]
    assert sum(share >= 0.25 for share in pairs) <= 0.001 * len(pairs)
    assert sum(share >= 0.16 for share in pairs) <= 0.005 * len(pairs)


def test_what_every_caller_says_makes_nobody_alike() -> None:
    one, other = "您好，我要投诉，{}，希望有关部门尽快处理一下，谢谢。", ("楼上的邻居半夜装修", "公交车等了一个钟头没来")
    assert like(*(one.format(what) for what in other)) < 0.05


@pytest.mark.parametrize("text", ["", "水", "😀😀", "。，！", "\ud83d", "1" * 100_000, "停水" * 50_000])
def test_every_text_has_a_print_and_at_most_sixteen_keys(text: str) -> None:
    found = keys(read(text))
    assert len(found) <= likeness.KEYS and all(-(2**63) <= key < 2**63 for key in found)
