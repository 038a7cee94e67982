"""Written text becomes what a speaker says, in the model's own words, and nobody's number is learnt."""

import numpy as np
import pytest

from asr.lm import START
from asr.lm_text import BREAK, Segmenter, reading, sentences, spoken_numbers

WORDS = {"<eps>": 0, "占": 1, "道": 2, "经营": 3, "占道": 4, "停": 5, "水": 6, "停水": 7, "了": 8, "三天": 9, "三": 10, "天": 11}
END = 12


@pytest.fixture
def segmenter() -> Segmenter:
    """Of a model with a dozen words, the longer ones not much rarer."""
    return Segmenter(WORDS, np.array([np.inf, 8, 8, 6, 7, 6, 6, 7, 2, 6, 4, 5, np.inf], np.float32))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1208号", "一千二百零八号"),
        ("2024年3月15日", "二零二四年三月十五日"),
        ("15:30到16:05", "十五点三十分到十六点零五分"),
        ("8:00", "八点"),
        ("涨了3.5%", "涨了百分之三点五"),
        ("2个月", "两个月"),
        ("12号楼2单元", "十二号楼二单元"),
        ("0.5元", "零点五元"),
        ("20300元", "二万零三百元"),
        ("110000", "一一零零零零"),
        ("007", "零零七"),
    ],
)
def test_numbers_are_read_out(written: str, said: str) -> None:
    assert spoken_numbers(written) == said


@pytest.mark.parametrize(
    ("digits", "said"),
    [
        ("0", "零"),
        ("10", "十"),
        ("15", "十五"),
        ("110", "一百一十"),
        ("1005", "一千零五"),
        ("10000", "一万"),
        ("100010001", "一亿零一万零一"),
    ],
)
def test_whole_numbers_by_value(digits: str, said: str) -> None:
    assert reading(digits) == said


def test_telephone_numbers_are_masked_before_anything_is_learnt() -> None:
    runs = list(sentences(["请打我电话１３８００１３８０００谢谢", "身份证三四零一零一一九九零零一零一一二三四的"]))
    assert runs == [["请打我电话", "谢谢"], ["身份证", "的"]]


def test_a_sentence_that_stands_twice_is_learnt_once() -> None:
    assert list(sentences(["小区停水了。小区停水了！没人管", "小区停水了"])) == [["小区停水了"], ["没人管"]]


def test_the_likeliest_parting_wins(segmenter: Segmenter) -> None:
    assert segmenter.words("占道经营") == [WORDS["占道"], WORDS["经营"]]
    assert segmenter.words("停水三天了") == [WORDS["停水"], WORDS["三天"], WORDS["了"]]


def test_nothing_is_learnt_across_a_character_without_a_word(segmenter: Segmenter) -> None:
    assert segmenter.words("停水甬三天") == [WORDS["停水"], BREAK, WORDS["三天"]]
    assert segmenter.tokens(["停水，三天了A区停水"], END).tolist() == [BREAK, START, 7, 9, 8, BREAK, BREAK, 7, END]
