"""Calibration 校准: finds the sharpness that makes a probability of 0.8 right eight times in ten, on texts the model had not seen."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from routing.linear import Calibration, Floats, log_odds


def fit(scores: Floats, known: Floats, truth: NDArray[np.int64]) -> Calibration:
    """scores: texts × labels, out of fold; known: known n-grams of each text; truth: its column. Least negative log likelihood."""
    rows = np.arange(len(truth))
    lengths = np.log(np.maximum(known, 1.0))

    def loss(place: Floats) -> float:
        scaled = scores * np.exp(place[0] + place[1] * lengths)[:, None]
        return float(np.mean(logsumexp(scaled, axis=1) - scaled[rows, truth])) + 1e-3 * float(place[1] ** 2)

    base, slope = _least(loss, (-float(np.log(max(scores.std(), 1e-6))), 0.0))
    chances = Calibration(base, slope).soft(scores, known)
    odds, right = log_odds(chances.max(axis=1)), chances.argmax(axis=1) == truth

    def miss(place: Floats) -> float:
        stretched = place[0] * odds + place[1]
        return float(np.mean(np.logaddexp(0.0, np.where(right, -stretched, stretched)))) + 1e-4 * float((place[0] - 1) ** 2)

    tilt, shift = _least(miss, (1.0, 0.0))
    return Calibration(base, slope, max(tilt, 0.05), shift)


def _least(loss: Callable[[Floats], float], start: tuple[float, float]) -> tuple[float, float]:
    # Left to itself the search begins with steps in proportion to the start, and never leaves a 0.
    corners = np.array(start) + np.array([[0.0, 0.0], [0.5, 0.0], [0.0, 0.2]])
    options = {"initial_simplex": corners, "xatol": 1e-3, "fatol": 1e-6, "maxiter": 200}
    found = minimize(loss, corners[0], method="Nelder-Mead", options=options)
    return float(found.x[0]), float(found.x[1])
