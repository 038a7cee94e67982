"""The course 课程 of one training: the texts read once, and whatever is said of them learnt from the same matrix.

Letters are learnt as written and as a recogniser of telephone speech would have heard their beginning, so that a transcript is as good as a
letter; our own corpus, which is half spoken already, gains nothing by it. Where every label has plenty of texts, n-grams are weighed by how
much they tell, and a model is judged on whole topics that it was not taught; otherwise folds keep repeats of one text together.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hotline.errors import Refused
from routing import calibrate, features
from routing.disturb import disturb
from routing.examples import Example
from routing.linear import Linear, Weights
from routing.measures import Shares
from routing.solvers import Branches, Solver, exact
from routing.telling import telling, weighed
from routing.text import plain
from routing.topics import spread, topics

FOLDS = 4

PLENTY = 200
"""Texts of a label, on average, from which on there is enough to count what tells, and to hold out whole topics."""

HEARD = (20, 90)
"""Characters of a letter that a heard copy keeps, from and to: what a caller says before the operator asks."""

MISHEARD = 0.15
"""Share of characters that a heard copy has wrong; small telephone models get 10 to 25 % wrong."""

COPIES = 4
"""Heard copies of each letter where there is plenty, each cut and misheard otherwise; one where there is not."""

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
    """The texts of one training, read once: the examples, their heard copies where there are any, the scopes, what is only judged."""

    def __init__(self, given: Sequence[Example], scopes: Mapping[str, str]) -> None:
        """Raises Refused where the texts have nothing in common to learn from."""
        self.count = len(given)
        labels = sorted({one.label for one in given} | set(scopes))
        letters = not exact(len(given) + len(scopes), len(labels))
        plenty = letters and len(given) >= PLENTY * len(labels)
        heard = COPIES if plenty else 1 if letters else 0
        self.copies = 1 + heard
        chance = random.Random(12345)
        texts = [one.text for one in given]
        taught = [*texts, *(_heard(text, chance) for _ in range(heard) for text in texts), *scopes.values()]
        aside = [] if letters else [_heard(one.text, chance) for one in given if one.spoken]
        vocabulary = features.learn([*texts, *scopes.values()] if plenty else taught, min(MOST_GRAMS, CELLS // len(labels)))
        if not len(vocabulary.keys):
            raise Refused(f"{given[0].where or '样例'} 起的文字里没有可学的字词：至少要在两条样例里出现，又不能条条都有。", field="text")
        self.matrix = vocabulary.matrix([*taught, *aside])
        # A spoken utterance is judged by a heard copy: that is how it will come. Probabilities have to be right for heard letters, too.
        every, spoken = np.arange(self.count), np.array([one.spoken for one in given])
        if letters:
            self.judged = np.concatenate([every + self.count * spoken, every + self.count])
        else:
            self.judged = np.where(spoken, len(taught) - 1 + np.cumsum(spoken), every)
        self.known = np.diff(self.matrix.indptr)[self.judged].astype(float)
        self.folds = spread(topics(self.matrix[: self.count]), FOLDS) if plenty else _folds([one.label for one in given], texts)
        if len(set(self.folds.tolist())) == 1:
            raise Refused(f"{given[0].where or '样例'} 起的文字开头全都一样，学不到东西。", field="text")
        column = {label: place for place, label in enumerate(labels)}
        self._labels = len(labels)
        self._truth = np.array([column[label] for label in (*([one.label for one in given] * self.copies), *scopes)]) if plenty else None
        self._told = self._telling(np.arange(len(taught)))
        self.vocabulary = vocabulary if self._told is None else replace(vocabulary, telling=self._told)

    def learn(self, said: Sequence[str], scoped: Sequence[str], units: Mapping[str, str], progress: Progress) -> tuple[Linear, OutOfFold]:
        """Learns what was said of each example. Progress from 0.2 to 0.7."""
        labels = sorted({*said, *scoped})
        column = {label: place for place, label in enumerate(labels)}
        truth = np.array([column[label] for label in (*(list(said) * self.copies), *scoped)])
        weight = np.array([1.0 / self.copies] * (self.count * self.copies) + [SCOPE] * len(scoped), dtype=np.float32)
        solver = Solver(self.matrix, truth, weight, Branches.of(labels, units))
        scores = np.zeros((len(self.judged), len(labels)))
        fold_of = np.resize(self.folds, len(scores))
        for fold in range(FOLDS):
            outside, inside = self._outside(fold, len(truth)), np.flatnonzero(fold_of == fold)
            told = self._telling(outside)
            weights, bias = solver.fit(outside, told)
            scores[inside] = weighed(self.matrix[self.judged[inside]], told) @ weights + bias
            progress("学习事项", 0.2 + 0.5 * (fold + 1) / FOLDS)
        calibration = calibrate.fit(scores, self.known, truth[: len(scores)])
        weights, bias = solver.fit(np.arange(len(truth)), self._told)
        out_of_fold = calibration.probabilities(scores, self.known)[: self.count]
        return Linear(tuple(labels), Weights.pack(weights, bias), calibration), OutOfFold(out_of_fold, truth[: self.count])

    def learn_kinds(self, given: Sequence[Example]) -> tuple[Linear | None, float | None]:
        """The model of kinds 诉求类型 and its accuracy out of fold; None where an example has no kind or all have the same."""
        kinds = [one.kind for one in given if one.kind is not None]
        if len(kinds) < len(given) or len(set(kinds)) < 2:
            return None, None
        linear, found = self.learn(kinds, [], {}, lambda stage, done: None)
        return linear, float((found.probabilities.argmax(axis=1) == found.truth).mean())

    def familiar(self, given: Sequence[Example]) -> float:
        """Share of known n-grams that nearly every example reaches by what other examples taught; below it a text is strange."""
        seen = np.bincount(self.matrix.indices[: self.matrix.indptr[self.count]], minlength=self.matrix.shape[1])
        shares = []
        for place in range(0, self.count, max(self.count // SAMPLE, 1)):
            mine = self.matrix.indices[self.matrix.indptr[place] : self.matrix.indptr[place + 1]]
            every = len(np.unique(features.read(given[place].text)[1].keys))
            shares.append(np.count_nonzero(seen[mine] > features.SEEN_IN) / max(every, 1))
        return FAMILIAR * float(np.quantile(shares, 0.01))

    def _telling(self, rows: NDArray[np.int64]) -> NDArray[np.float32] | None:
        """By the labels of these rows alone; None where there is not plenty to count."""
        return None if self._truth is None else telling(self.matrix, rows, self._truth, self._labels)

    def _outside(self, fold: int, rows: int) -> NDArray[np.int64]:
        outside = np.flatnonzero(self.folds != fold)
        copies = [outside + self.count * copy for copy in range(self.copies)]
        return np.concatenate([*copies, np.arange(self.copies * self.count, rows)])


def _heard(text: str, chance: random.Random) -> str:
    """What a recogniser makes of it; of a letter only the beginning, as long as a caller talks."""
    said = text[: chance.randint(*HEARD)] if len(text) >= features.LETTER else text
    return disturb(said, MISHEARD, chance)


def _folds(labels: Sequence[str], texts: Sequence[str]) -> NDArray[np.int64]:
    """A fold for each example: every label spread over the folds, repeats of a text, by their beginning, together."""
    texts = [plain(text)[:60] for text in texts]
    chance = random.Random(2479)
    order = list(range(len(labels)))
    chance.shuffle(order)
    order.sort(key=lambda place: labels[place])
    taken: dict[str, int] = {}
    for place in order:
        taken.setdefault(texts[place], len(taken) % FOLDS)
    return np.array([taken[text] for text in texts])
