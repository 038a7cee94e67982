"""Topics 话题: texts that speak of much the same, found without their labels.

Tomorrow's letters are about what nobody has written of yet. A model that is judged on topics it was taught thinks too well of itself; so
whole topics are held out together.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.utils.extmath import randomized_svd

MANY = 200
"""Topics at most, whatever the number of texts: so many that a topic has neighbours left to learn from when it is held out."""

COMMON, AXES, ROUNDS = 30_000, 50, 10
"""Topics only have to be rough: n-grams looked at, directions that the texts are compared in, and how often the topics are drawn anew."""


def topics(matrix: sparse.csr_matrix) -> NDArray[np.int64]:
    """The number of each text's topic. matrix: texts × n-grams."""
    met = np.bincount(matrix.indices, minlength=matrix.shape[1])
    common = matrix[:, np.sort(np.argsort(-met, kind="stable")[:COMMON])]
    left, scale, _ = randomized_svd(common, min(AXES, *common.shape), n_iter=2, random_state=0)
    rough = left * scale
    rough = (rough / np.maximum(np.linalg.norm(rough, axis=1, keepdims=True), 1e-9)).round(6)
    many = min(MANY, len(np.unique(rough, axis=0)))
    found: NDArray[np.int64] = KMeans(many, n_init=1, max_iter=ROUNDS, random_state=0).fit_predict(rough).astype(np.int64)
    return found


def spread(groups: NDArray[np.int64], folds: int) -> NDArray[np.int64]:
    """A fold for each text, whole groups together, the folds about as large as each other: the largest group first, into the emptiest fold."""
    sizes = np.bincount(groups)
    fold, load = np.zeros(len(sizes), np.int64), np.zeros(folds)
    for group in np.argsort(-sizes, kind="stable"):
        fold[group] = load.argmin()
        load[fold[group]] += sizes[group]
    return fold[groups]
