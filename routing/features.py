"""Features 特征: which n-grams a model knows, and what a text weighs in each of them (sublinear TF-IDF, length one)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from routing.text import Folded, Grams, fold, grams

SEEN_IN = 2
"""An n-gram of one single text teaches that text, not its item."""

COMMON = 0.6
"""An n-gram of more than this share of the texts says nothing."""


class Vector(NamedTuple):
    """One text. index, value: its known n-grams and their weights; known: share of its distinct n-grams that the model has met."""

    index: NDArray[np.int64]
    value: NDArray[np.float64]
    known: float


@dataclass(frozen=True)
class Vocabulary:
    """keys: names of n-grams (text.grams), ascending; idf: how rare each is."""

    keys: NDArray[np.uint64]
    idf: NDArray[np.float32]

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Position of each name, -1 where it is not known."""
        if not len(self.keys):
            return np.full(len(keys), -1)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[at] == keys, at, -1)

    def vector(self, found: Grams) -> Vector:
        """The text as the model sees it; empty when it knows none of it."""
        keys, counts = np.unique(found.keys, return_counts=True)
        at = self.find(keys)
        met = at >= 0
        index = at[met]
        value = (1.0 + np.log(counts[met])) * self.idf[index]
        length = float(np.sqrt(value @ value))
        return Vector(index, value / length if length else value, len(index) / len(keys) if len(keys) else 0.0)

    def matrix(self, texts: Iterable[Grams]) -> sparse.csr_matrix:
        """One row for each text."""
        rows = [self.vector(found) for found in texts]
        ends = np.cumsum([0] + [len(row.index) for row in rows])
        index = np.concatenate([row.index for row in rows]) if rows else np.empty(0, np.int64)
        value = np.concatenate([row.value for row in rows]) if rows else np.empty(0)
        return sparse.csr_matrix((value, index.astype(np.int32), ends), shape=(len(rows), len(self.keys)))


def learn(texts: Sequence[Grams], most: int) -> Vocabulary:
    """The n-grams worth knowing, at most `most`: the ones of most texts are kept, since the rest are seen twice and never again."""
    keys, counts = np.unique(np.concatenate([np.unique(found.keys) for found in texts]), return_counts=True)
    worth = (counts >= SEEN_IN) & (counts <= max(SEEN_IN, COMMON * len(texts)))
    keys, counts = keys[worth], counts[worth]
    if len(keys) > most:
        kept = np.sort(np.argsort(-counts, kind="stable")[:most])
        keys, counts = keys[kept], counts[kept]
    return Vocabulary(keys, (np.log((1 + len(texts)) / (1 + counts)) + 1).astype(np.float32))


def read(text: str) -> tuple[Folded, Grams]:
    """A text folded and cut into n-grams: what every model of one classifier shares."""
    folded = fold(text)
    return folded, grams(folded)
