"""The course 课程 of one training: the texts read once, and whatever is said of them learnt from the same matrix.

Letters are learnt twice, as written and as a recogniser of telephone speech would have heard their beginning, so that a transcript is as
good as a letter; our own corpus, which is half spoken already, gains nothing by it. Folds keep repeats of one text together.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing import calibrate, features
from routing.disturb import disturb
from routing.examples import Example
from routing.linear import Linear, Weights
from routing.measures import Shares
from routing.solvers import Branches, Solver, exact
from routing.text import plain

FOLDS = 4
HEARD = (40, 90)
"""Characters of a letter that its heard copy keeps, from and to: what a caller says before the operator asks."""

MISHEARD = 0.15
"""Share of characters that the heard copy has wrong; small telephone models get 10 to 25 % wrong."""

CELLS = 12_000_000
"""Most weights (n-grams × labels) of a model: a byte each, so that the file stays under 25 MB."""

MOST_GRAMS = 400_000

SAMPLE = 1000
"""Examples from which familiarity is measured."""

FAMILIAR = 0.8
"""Share of the least familiar example that a text must still reach."""

SCOPE = 3.0
"""How many examples the description of a label counts for."""


Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class OutOfFold:
    """Probabilities of every example by the model that had not seen it, and the column of its label."""

    probabilities: Shares
    truth: NDArray[np.int64]


class Course:
    """The texts of one training, read once: the examples, their heard copies where there are any, the scopes; in this order."""

    def __init__(self, given: Sequence[Example], scopes: Mapping[str, str]) -> None:
        self.count = len(given)
        labels = {one.label for one in given} | set(scopes)
        self.copies = 1 if exact(len(given) + len(scopes), len(labels)) else 2
        chance = random.Random(12345)
        texts = [one.text for one in given]
        heard = [_heard(one.text, chance) if self.copies == 2 or one.spoken else one.text for one in given]
        taught = [*texts, *(heard if self.copies == 2 else ()), *scopes.values()]
        self.vocabulary = features.learn(taught, min(MOST_GRAMS, CELLS // len(labels)))
        self.matrix = self.vocabulary.matrix(taught)
        # A spoken utterance is judged by its heard copy: that is how it will come.
        self.judged = self.vocabulary.matrix(heard[place] if one.spoken else one.text for place, one in enumerate(given))
        self.known = np.diff(self.judged.indptr).astype(float)
        self.folds = _folds([one.label for one in given], [plain(text)[:60] for text in texts])

    def learn(self, said: Sequence[str], scoped: Sequence[str], units: Mapping[str, str], progress: Progress) -> tuple[Linear, OutOfFold]:
        """Learns what was said of each example. Progress from 0.2 to 0.7."""
        labels = sorted({*said, *scoped})
        column = {label: place for place, label in enumerate(labels)}
        truth = np.array([column[label] for label in (*(list(said) * self.copies), *scoped)])
        weight = np.array([1.0] * (self.count * self.copies) + [SCOPE] * len(scoped), dtype=np.float32)
        solver = Solver(self.matrix[: len(truth)], truth, weight, Branches.of(labels, units))
        scores = np.zeros((self.count, len(labels)))
        for fold in range(FOLDS):
            weights, bias = solver.fit(self._outside(fold, len(truth)))
            inside = np.flatnonzero(self.folds == fold)
            scores[inside] = self.judged[inside] @ weights + bias
            progress("学习事项", 0.2 + 0.5 * (fold + 1) / FOLDS)
        truth = truth[: self.count]
        calibration = calibrate.fit(scores, self.known, truth)
        weights, bias = solver.fit(np.arange(len(weight)))
        return Linear(tuple(labels), Weights.pack(weights, bias), calibration), OutOfFold(
            calibration.probabilities(scores, self.known), truth
        )

    def learn_kinds(self, given: Sequence[Example]) -> tuple[Linear | None, float | None]:
        """The model of kinds 诉求类型 and its accuracy out of fold; None where an example has no kind or all have the same."""
        kinds = [one.kind for one in given if one.kind is not None]
        if len(kinds) < len(given) or len(set(kinds)) < 2:
            return None, None
        linear, found = self.learn(kinds, [], {}, lambda stage, done: None)
        return linear, float((found.probabilities.argmax(axis=1) == found.truth).mean())

    def familiar(self, given: Sequence[Example]) -> float:
        """Share of known n-grams that nearly every example reaches by what other examples taught; below it a text is strange."""
        seen = np.bincount(self.matrix.indices, minlength=self.matrix.shape[1])
        shares = []
        for place in range(0, self.count, max(self.count // SAMPLE, 1)):
            mine = self.matrix.indices[self.matrix.indptr[place] : self.matrix.indptr[place + 1]]
            every = len(np.unique(features.read(given[place].text)[1].keys))
            shares.append(np.count_nonzero(seen[mine] > features.SEEN_IN) / max(every, 1))
        return FAMILIAR * float(np.quantile(shares, 0.01))

    def _outside(self, fold: int, rows: int) -> NDArray[np.int64]:
        outside = np.flatnonzero(self.folds != fold)
        copies = [outside + self.count * copy for copy in range(self.copies)]
        return np.concatenate([*copies, np.arange(self.copies * self.count, rows)])


def _heard(text: str, chance: random.Random) -> str:
    """What a recogniser makes of it; of a letter only the beginning, as long as a caller talks."""
    said = text[: chance.randint(*HEARD)] if len(text) >= features.LETTER else text
    return disturb(said, MISHEARD, chance)


def _folds(labels: Sequence[str], texts: Sequence[str]) -> NDArray[np.int64]:
    """A fold for each example: every label spread over the folds, repeats of a text together."""
    chance = random.Random(2479)
    order = list(range(len(labels)))
    chance.shuffle(order)
    order.sort(key=lambda place: labels[place])
    taken: dict[str, int] = {}
    for turn, place in enumerate(order):
        taken.setdefault(texts[place], turn % FOLDS)
    return np.array([taken[text] for text in texts])
