"""A linear model 线性模型: one weight for every n-gram and label, and probabilities that mean what they say."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, softmax

from routing.features import Vector

STEPS = 127.0
TINY = 1e-9

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Weights:
    """Weights as signed bytes: a model of 217 items takes a quarter of the space, and its suggestions do not change.

    steps: n-grams × labels; scale: what one step is worth in each n-gram's row; bias: one for each label.
    """

    steps: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]

    @classmethod
    def pack(cls, full: NDArray[np.float32], bias: NDArray[np.float32]) -> "Weights":
        """From full weights, n-grams × labels."""
        scale = np.maximum(np.abs(full).max(axis=1), 1e-12) / STEPS
        return cls(np.rint(full / scale[:, None]).astype(np.int8), scale.astype(np.float32), bias.astype(np.float32))

    def scores(self, grams: NDArray[np.int64], value: Floats) -> Floats:
        """One for each label of a text with these n-grams. In single precision throughout: a mixed product takes thirty times as long."""
        weight = value.astype(np.float32) * self.scale[grams]
        result: Floats = (weight @ self.steps[grams].astype(np.float32) + self.bias).astype(np.float64)
        return result


@dataclass(frozen=True)
class Calibration:
    """Scores to probabilities, in two steps.

    Softmax of the scores times exp(base + slope * log(known n-grams)): a long text is weighed on more evidence than a short one.
    Then the first label's log odds are stretched by `tilt` and moved by `shift`; the others share what remains as before.
    """

    base: float
    slope: float
    tilt: float = 1.0
    shift: float = 0.0

    def probabilities(self, scores: Floats, known: Floats) -> Floats:
        """scores: texts × labels; known: how many known n-grams each text has. Never changes which label is first."""
        chances = self.soft(scores, known)
        first = chances.max(axis=1)
        others = np.where(np.arange(chances.shape[1]) == chances.argmax(axis=1)[:, None], 0.0, chances)
        share = others / np.maximum(others.sum(axis=1), TINY)[:, None]
        wanted = expit(self.tilt * log_odds(first) + self.shift)
        second = share.max(axis=1)
        wanted = np.maximum(wanted, second / (1 + second) + TINY)
        result: Floats = share * (1 - wanted)[:, None]
        result[np.arange(len(result)), chances.argmax(axis=1)] = wanted
        result /= result.sum(axis=1, keepdims=True)
        return result

    def soft(self, scores: Floats, known: Floats) -> Floats:
        """The first step alone."""
        sharpness = np.exp(self.base + self.slope * np.log(np.maximum(known, 1.0)))
        result: Floats = softmax(scores * sharpness[:, None], axis=1)
        return result


def log_odds(chance: Floats) -> Floats:
    """Of a probability; kept finite."""
    result: Floats = logit(np.clip(chance, 1e-6, 1 - 1e-6))
    return result


@dataclass(frozen=True)
class Linear:
    """A trained model: labels in the order of the columns of the weights."""

    labels: tuple[str, ...]
    weights: Weights
    calibration: Calibration

    def probabilities(self, vector: Vector) -> NDArray[np.float64]:
        """One for each label; they sum to 1."""
        scores = self.weights.scores(vector.grams, vector.value)
        result: Floats = self.calibration.probabilities(scores[None, :], np.array([float(len(vector.grams))]))[0]
        return result
