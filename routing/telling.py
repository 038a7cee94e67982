"""Telling 区分度: how much an n-gram says about the label, whichever label that is.

Rare n-grams are not yet telling ones: the name of a street is as rare as the name of an illness. Weighed by this, a model of many letters
does better on topics that it has never met. With a dozen examples a label there is too little to count; such models do without.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

DOUBT = 10.0
"""Texts that every label is granted beforehand, spread like all texts: what was seen a few times may be chance."""

STRENGTH = 0.5
"""How much it counts, 0 for not at all; chosen, like DOUBT, with whole topics held out."""

LEAST = 0.14
"""Below it an n-gram is left out: a third of all that stands in the texts, and nothing is missed."""


def telling(matrix: sparse.csr_matrix, rows: NDArray[np.int64], truth: NDArray[np.int64], labels: int) -> NDArray[np.float32]:
    """0 to 1 for every n-gram: 0 where it occurs in the same share of every label's texts, 1 where in one label's only.

    matrix: texts × n-grams; rows: those that count; truth: column of each text's label.
    """
    texts = np.bincount(truth[rows], minlength=labels).astype(float)
    met = np.zeros((matrix.shape[1], labels))
    for label in range(labels):
        met[:, label] = np.bincount(matrix[rows[truth[rows] == label]].indices, minlength=matrix.shape[1])
    met = (met + DOUBT * texts / texts.sum()) / (texts + DOUBT)
    met /= np.maximum(met.sum(axis=1, keepdims=True), 1e-12)
    evenness = -(met * np.log(np.maximum(met, 1e-12))).sum(axis=1) / np.log(labels)
    told = (np.clip(1 - evenness, 0, 1) ** STRENGTH).astype(np.float32)
    return np.where(told < LEAST, np.float32(0), told)


def weighed(matrix: sparse.csr_matrix, told: NDArray[np.float32] | None) -> sparse.csr_matrix:
    """The same texts, n-grams weighed by how much they tell, each text of length one again. None for as they are."""
    if told is None:
        return matrix
    data = told[matrix.indices]
    kept = data > 0
    ends = np.concatenate([[0], np.cumsum(kept, dtype=np.int32)])[matrix.indptr]
    texts = sparse.csr_matrix((data[kept] * matrix.data[kept], matrix.indices[kept], ends), shape=matrix.shape)
    length = np.sqrt(texts.power(2).sum(axis=1)).A1.astype(np.float32)
    texts.data /= np.repeat(np.maximum(length, 1e-6), np.diff(ends))
    return texts
