"""A learnt language model is a probability, whatever the text; what a citizen said once is not kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asr.kneser_ney import train
from asr.lm import START, Trigrams, pair, triple
from asr.lm_mix import mixed
from asr.lm_text import BREAK

SIZE = 8  # words 1 to 6, and the end
END = 7
FLOOR = np.array([0, 1, 1, 1, 1, 1, 1, 1]) / 7

texts = st.lists(st.lists(st.integers(1, 6) | st.just(BREAK), min_size=1, max_size=8), min_size=1, max_size=20)


def tokens(sentences: list[list[int]]) -> np.ndarray:
    """As the segmenter gives them."""
    return np.array([token for one in sentences for token in (BREAK, START, *one, END)])


def sums(model: Trigrams) -> list[float]:
    """What all words together have after each context, seen or not."""
    words = np.arange(1, SIZE)
    shallow = [model.share2(pair(np.full(SIZE - 1, old), words)).sum() for old in range(SIZE - 1)]
    deep = [
        model.share3(triple(np.full(SIZE - 1, older), np.full(SIZE - 1, old), words)).sum()
        for older in range(SIZE - 1)
        for old in range(1, SIZE - 1)
    ]
    return [model.share1(words).sum(), *shallow, *deep]


@settings(max_examples=60, deadline=None)
@given(texts, st.integers(1, 3))
def test_probabilities_add_up_to_one_after_every_context(sentences: list[list[int]], kept: int) -> None:
    assert sums(train(tokens(sentences), end=END, floor=FLOOR, kept=kept)) == pytest.approx([1] * 50, abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(texts, texts, st.floats(0.1, 0.9))
def test_a_mixture_is_the_weighed_mean_where_either_has_seen_something(one: list[list[int]], other: list[list[int]], weight: float) -> None:
    first, second = (train(tokens(text), end=END, floor=FLOOR, kept=1) for text in (one, other))
    both = mixed([(weight, first), (1 - weight, second)])
    keys = both.three.keys
    assert both.share3(keys) == pytest.approx(weight * first.share3(keys) + (1 - weight) * second.share3(keys), rel=1e-3)
    assert sums(both) == pytest.approx([1] * 50, abs=1e-3)


def test_what_was_said_once_is_not_kept() -> None:
    text = tokens([[1, 2, 3], [1, 2, 3], [4, 5, 6]])
    model = train(text, end=END, floor=FLOOR)
    assert model.three.has(np.array([triple(*np.array([1, 2, 3]))]))[0]
    assert not model.three.has(np.array([triple(*np.array([4, 5, 6]))]))[0]


def test_a_word_that_follows_many_is_expected_more_than_one_that_follows_one() -> None:
    model = train(tokens([[1, 6], [2, 6], [3, 6], [4, 5], [4, 5], [4, 5]]), end=END, floor=FLOOR)
    assert model.share1(np.array([6]))[0] > model.share1(np.array([5]))[0]
