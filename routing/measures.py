"""What is counted about a classifier, each with its definition: nothing is compared before it is defined."""

from dataclasses import dataclass
from math import comb, erfc, sqrt

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Shares = NDArray[np.float64]


def wilson(hits: NDArray[np.int64], tries: NDArray[np.int64], z: float) -> Shares:
    """Lower end of the Wilson interval for hits out of tries, at z standard deviations: what can be promised after so few tries."""
    share = hits / tries
    square = z * z / tries
    middle = share + square / 2
    spread = z * np.sqrt(share * (1 - share) / tries + square / (4 * tries))
    result: Shares = (middle - spread) / (1 + square)
    return result


def macro_f1(truth: NDArray[np.int64], guess: NDArray[np.int64], labels: int) -> float:
    """Mean over the labels that occur in the truth of the harmonic mean of precision and recall."""
    met = np.bincount(truth, minlength=labels)
    said = np.bincount(guess, minlength=labels)
    right = np.bincount(truth[truth == guess], minlength=labels)
    return float(np.mean((2 * right / np.maximum(met + said, 1))[met > 0]))


def calibration_error(confidence: Shares, right: Flags, bins: int = 15) -> float:
    """ECE: mean gap between confidence and accuracy over bins of equal width, weighted by the texts in each."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.abs(np.bincount(place, confidence, bins) - np.bincount(place, right.astype(float), bins))
    return float(gaps.sum() / max(len(confidence), 1))


def coverage_at(precision: float, confidence: Shares, right: Flags) -> float:
    """The largest share of texts, the surest first, of which at least `precision` are right."""
    order = np.argsort(-confidence, kind="stable")
    reached = np.cumsum(right[order]) / np.arange(1, len(order) + 1) >= precision
    kept = np.flatnonzero(reached & last_of_equals(confidence[order]))
    return float((kept[-1] + 1) / len(order)) if len(kept) else 0.0


def last_of_equals(ranked: Shares) -> Flags:
    """Where a threshold can lie among confidences in falling order: texts of equal confidence are taken all or none."""
    return np.append(ranked[1:] < ranked[:-1], True)


@dataclass(frozen=True)
class Scores:
    """What one model got on n texts.

    macro_f1, accuracy: of the first suggestion; top3: the right one is among three; ece: see calibration_error; coverage_at_97: share that
    could be dispatched with 97 % right; latency_ms: processor time of one suggestion, mean.
    """

    n: int
    macro_f1: float
    accuracy: float
    top3: float
    ece: float
    coverage_at_97: float
    latency_ms: float | None = None


def scores(probabilities: Shares, truth: NDArray[np.int64], latency_ms: float | None = None) -> Scores:
    """probabilities: texts × labels; truth: column of each text's label."""
    ranked = np.argsort(-probabilities, axis=1, kind="stable")
    first, confidence = ranked[:, 0], probabilities.max(axis=1)
    right = first == truth
    return Scores(
        n=len(truth),
        macro_f1=macro_f1(truth, first, probabilities.shape[1]),
        accuracy=float(right.mean()),
        top3=float((ranked[:, :3] == truth[:, None]).any(axis=1).mean()),
        ece=calibration_error(confidence, right),
        coverage_at_97=coverage_at(0.97, confidence, right),
        latency_ms=latency_ms,
    )


def mcnemar(only_new: int, only_old: int) -> float:
    """z of McNemar's test with continuity correction: how surely the new one is better, from the texts that just one got right."""
    apart = only_new + only_old
    return (only_new - only_old - 1) / sqrt(apart) if apart and only_new > only_old else 0.0


FEW = 25
"""Texts that just one of two models got right, below which the chance is counted out instead of looked up on the normal curve."""


def by_chance(only_new: int, only_old: int) -> float:
    """How likely the new model would do so well, or better, if it were no better: McNemar's test, one-sided; exact binomial when FEW."""
    apart = only_new + only_old
    if not apart:
        return 1.0
    if apart < FEW:
        return float(sum(comb(apart, hits) for hits in range(only_new, apart + 1)) / 2**apart)
    return 0.5 * erfc((only_new - only_old - 1) / sqrt(apart) / sqrt(2))


def shift(before: NDArray[np.float64], now: NDArray[np.float64]) -> float:
    """PSI 群体稳定性指数 of two counts over the same classes: 0 for the same shares, over 0.25 for a marked shift. Empty classes count a half."""
    p, q = (counts + 0.5 for counts in (before, now))
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())
