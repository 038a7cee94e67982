"""Figures that are compared must be right: each against a value worked out by hand or by scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from routing import calibrate, measures
from routing.linear import Calibration


def test_the_wilson_bound_is_the_textbook_one() -> None:
    bound = measures.wilson(np.array([95, 10, 0]), np.array([100, 10, 5]), 1.96)
    assert bound.tolist() == pytest.approx([0.8882, 0.7225, 0.0], abs=1e-4)


def test_macro_f1_is_the_usual_one_over_the_labels_that_occur() -> None:
    chance = np.random.default_rng(1)
    truth, guess = chance.integers(0, 6, 300), chance.integers(0, 6, 300)
    assert measures.macro_f1(truth, guess, 6) == pytest.approx(f1_score(truth, guess, average="macro"))
    assert measures.macro_f1(np.array([0, 1]), np.array([0, 1]), 50) == 1.0


def test_calibration_error_is_the_gap_between_promise_and_truth() -> None:
    confidence = np.array([0.9] * 10 + [0.6] * 10)
    right = np.array([True] * 9 + [False] + [True] * 3 + [False] * 7)
    assert measures.calibration_error(confidence, right) == pytest.approx(0.5 * 0.0 + 0.5 * 0.3)


def test_coverage_is_the_largest_share_that_keeps_the_precision() -> None:
    confidence = np.arange(10, 0, -1) / 10
    right = np.array([True, True, False, True, True, True, True, True, True, False])
    assert measures.coverage_at(0.85, confidence, right) == 0.9
    assert measures.coverage_at(0.97, confidence, right) == 0.2
    assert measures.coverage_at(0.97, confidence, ~right) == 0.0


def test_mcnemar_asks_only_the_texts_on_which_the_two_differ() -> None:
    assert measures.mcnemar(10, 10) == 0.0
    assert measures.mcnemar(0, 0) == 0.0
    assert measures.mcnemar(5, 30) == 0.0
    assert measures.mcnemar(30, 5) == pytest.approx(24 / np.sqrt(35))


def test_calibration_makes_confidence_mean_what_it_says() -> None:
    chance = np.random.default_rng(3)
    truth = chance.integers(0, 5, 3000)
    scores = chance.normal(0, 1, (3000, 5)) + 1.5 * np.eye(5)[truth]
    known = chance.integers(20, 200, 3000).astype(float)
    wild = Calibration(3.0, 0.0).probabilities(scores, known)
    calm = calibrate.fit(scores, known, truth).probabilities(scores, known)
    assert measures.scores(wild, truth).ece > 0.15
    assert measures.scores(calm, truth).ece < 0.03
    assert np.array_equal(wild.argmax(axis=1), calm.argmax(axis=1))


def test_probabilities_are_probabilities_whatever_the_stretch() -> None:
    scores = np.array([[3.0, 1.0, 0.5, -1.0], [0.0, 0.0, 0.0, 0.0], [900.0, -900.0, 0.0, 1.0]])
    for tilt, shift in ((1.0, 0.0), (0.2, -3.0), (3.0, 5.0)):
        chances = Calibration(0.0, 0.1, tilt, shift).probabilities(scores, np.array([1.0, 50.0, 0.0]))
        assert chances.sum(axis=1) == pytest.approx([1.0, 1.0, 1.0])
        assert (chances >= 0).all()
        assert chances[0].argmax() == 0
        assert chances[2].argmax() == 0


@pytest.mark.parametrize(("new", "old", "chance"), [(0, 0, 1.0), (5, 0, 1 / 32), (4, 1, 6 / 32), (1, 4, 31 / 32), (0, 3, 1.0), (24, 0, 2**-24)])
def test_a_few_that_just_one_got_right_are_counted_out(new: int, old: int, chance: float) -> None:
    assert measures.by_chance(new, old) == pytest.approx(chance)


def test_many_are_looked_up_and_agree_with_counting_out() -> None:
    from math import comb

    exact = sum(comb(60, hits) for hits in range(40, 61)) / 2**60
    assert measures.by_chance(40, 20) == pytest.approx(exact, rel=0.1)
    assert measures.by_chance(20, 40) > 0.99


def test_a_shift_is_nothing_for_the_same_shares_and_marked_for_others() -> None:
    before = np.array([100.0, 50.0, 50.0])
    assert measures.shift(before, before) == pytest.approx(0)
    assert measures.shift(before, before / 2) < 0.01
    assert measures.shift(before, np.array([10.0, 10.0, 180.0])) > 0.25
