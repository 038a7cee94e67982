"""Features 特征: which n-grams a model knows, and what a text weighs in each of them (sublinear TF-IDF, length one)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from routing.courtesy import without
from routing.text import Folded, Grams, fold, grams

SEEN_IN = 2
"""An n-gram of one single text teaches that text, not its item."""

AT_ONCE = 500
"""Texts counted at a time, to bound the memory."""

COMMON = 0.6
"""An n-gram of more than this share of the texts says nothing."""


LETTER, SUBJECT, STRESS = 100, 20, 3.0
"""A text of at least LETTER characters opens with its subject, as letters do: n-grams that start in its first SUBJECT count STRESS times."""


class Vector(NamedTuple):
    """One text. grams, value: its known n-grams and their weights; known: share of its distinct n-grams that the model has met."""

    grams: NDArray[np.int64]
    value: NDArray[np.float64]
    known: float


@dataclass(frozen=True)
class Vocabulary:
    """keys: names of n-grams (text.grams), ascending; idf: how rare each is; telling: how much each says about a label, see routing.telling."""

    keys: NDArray[np.uint64]
    idf: NDArray[np.float32]
    telling: NDArray[np.float32]

    @cached_property
    def worth(self) -> NDArray[np.float32]:
        """What each counts in a text."""
        return self.idf * self.telling

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Position of each name, -1 where it is not known."""
        if not len(self.keys):
            return np.full(len(keys), -1)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[at] == keys, at, -1)

    def vector(self, found: Grams) -> Vector:
        """The text as the model sees it; empty when it knows none of it."""
        keys, place = np.unique(found.keys, return_inverse=True)
        at = self.find(keys)
        met = at >= 0
        index = at[met]
        value = (1.0 + np.log(np.bincount(place, _stress(found), minlength=len(keys))[met])) * self.worth[index]
        length = float(np.sqrt(value @ value))
        return Vector(index, value / length if length else value, len(index) / len(keys) if len(keys) else 0.0)

    def matrix(self, texts: Iterable[str]) -> sparse.csr_matrix:
        """One row for each text."""
        index, value, ends = [np.empty(0, np.int32)], [np.empty(0, np.float32)], [0]
        for text in texts:
            row = self.vector(read(text)[1])
            index.append(row.grams.astype(np.int32))
            value.append(row.value.astype(np.float32))
            ends.append(ends[-1] + len(row.grams))
        return sparse.csr_matrix((np.concatenate(value), np.concatenate(index), ends), shape=(len(ends) - 1, len(self.keys)))


def _stress(found: Grams) -> NDArray[np.float64]:
    letter = len(found.start) and found.start.max() >= LETTER - 1
    return np.where(letter & (found.start < SUBJECT), STRESS, 1.0)


def learn(texts: Sequence[str], most: int) -> Vocabulary:
    """The n-grams worth knowing, at most `most`: those of most texts, since the others are seen twice and never again."""
    keys, counts = np.empty(0, np.uint64), np.empty(0, np.int64)
    for start in range(0, len(texts), AT_ONCE):
        new = np.concatenate([np.unique(read(text)[1].keys) for text in texts[start : start + AT_ONCE]])
        keys, place = np.unique(np.concatenate([keys, new]), return_inverse=True)
        counts = np.bincount(place, np.concatenate([counts, np.ones(len(new))]), minlength=len(keys)).astype(np.int64)
    worth = (counts >= SEEN_IN) & (counts <= max(SEEN_IN, COMMON * len(texts)))
    keys, counts = keys[worth], counts[worth]
    if len(keys) > most:
        kept = np.sort(np.argsort(-counts, kind="stable")[:most])
        keys, counts = keys[kept], counts[kept]
    return Vocabulary(keys, (np.log((1 + len(texts)) / (1 + counts)) + 1).astype(np.float32), np.ones(len(keys), np.float32))


def read(text: str) -> tuple[Folded, Grams]:
    """A text folded, without courtesies, and cut into n-grams: what every model of one classifier shares."""
    folded = without(fold(text))
    return folded, grams(folded)
