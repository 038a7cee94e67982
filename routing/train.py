"""Training 训练: examples in, a champion model out, with a report that was measured on texts the model had not seen.

Every example is learnt twice, as written and as a recogniser of telephone speech would have heard its beginning, so that a transcript
is as good as a letter. Folds keep repeats of one text together; calibration and thresholds are learnt out of fold.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routing import calibrate, examples, features, measures, store, thresholds
from routing.disturb import disturb
from routing.examples import Example
from routing.features import Vocabulary
from routing.linear import Calibration, Linear, Weights
from routing.model import Model
from routing.solvers import Branches, Solver
from routing.text import Grams

FOLDS = 4
HEARD = (40, 90)
"""Characters of a long text that its heard copy keeps, from and to: what a caller says before the operator asks."""

MISHEARD = 0.15
"""Share of characters that the heard copy has wrong; small telephone models get 10 to 25 % wrong."""

CELLS = 12_000_000
"""Most weights (n-grams × labels) of a model: a byte each, so that the file stays under 25 MB."""

MOST_GRAMS = 500_000

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Report:
    """What training found, out of fold. unit_accuracy: right unit behind the first suggestion; dispatched: share above its threshold;

    dispatched_right: how many of those were right; kind_accuracy: None without kinds; seconds: wall time.
    """

    version: str
    at: str
    examples: int
    labels: int
    accuracy: float
    macro_f1: float
    top3: float
    ece: float
    coverage_at_97: float
    unit_accuracy: float
    dispatched: float
    dispatched_right: float
    kind_accuracy: float | None
    grams: int
    seconds: float


def train(
    given: Sequence[Example],
    folder: Path,
    *,
    at: datetime,
    units: Mapping[str, str] | None = None,
    scopes: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Trains, writes the model into `folder` and makes it the champion. Raises Refused when the examples do not suffice.

    units: label -> unit that answers for it; thresholds are then about the right unit, not the right item.
    scopes: label -> its name and scope in words, learnt as one more example of it but never measured on.
    """
    began = perf_counter()
    model, found = learn(given, units=units or {}, scopes=scopes or {}, progress=progress or (lambda stage, done: None))
    found |= {"at": at.isoformat(), "seconds": round(perf_counter() - began, 2)}
    version = store.save(folder, model, found)
    return Report(version=version, **found)


def learn(
    given: Sequence[Example], *, units: Mapping[str, str], scopes: Mapping[str, str], progress: Progress
) -> tuple[Model, dict[str, Any]]:
    """The model and what was found about it, nothing written."""
    examples.check(given)
    progress("整理样例", 0.0)
    course = _Course(given, scopes)
    progress("学习事项", 0.2)
    items, out_of_fold = course.learn([one.label for one in given], list(scopes), units, progress)
    progress("学习诉求类型", 0.8)
    kinds, kind_accuracy = course.learn_kinds(given)
    progress("确定门槛", 0.95)
    record, known_units = _record(items.labels, out_of_fold, units)
    limits = thresholds.learn(record, items.labels)
    found = _found(given, out_of_fold, record, limits, kind_accuracy) | {"grams": len(course.vocabulary.keys)}
    model = Model(course.vocabulary, items, kinds, limits, known_units, course.familiar())
    progress("完成", 1.0)
    return model, found


@dataclass(frozen=True)
class _OutOfFold:
    """Probabilities of every example by the model that had not seen it, and the column of its label."""

    probabilities: measures.Shares
    truth: NDArray[np.int64]


class _Course:
    """The texts of one training, read once: the examples, their heard copies, the scopes; in this order."""

    def __init__(self, given: Sequence[Example], scopes: Mapping[str, str]) -> None:
        self.count = len(given)
        chance = random.Random(12345)
        self.grams: list[Grams] = [features.read(one.text)[1] for one in given]
        self.grams += [features.read(_heard(one.text, chance))[1] for one in given]
        self.grams += [features.read(text)[1] for text in scopes.values()]
        labels = {one.label for one in given} | set(scopes)
        self.vocabulary: Vocabulary = features.learn(self.grams, min(MOST_GRAMS, CELLS // len(labels)))
        self.matrix = self.vocabulary.matrix(self.grams)
        self.known = np.maximum(np.diff(self.matrix.indptr), 1).astype(float)
        self.folds = _folds([one.label for one in given], [features.read(one.text)[0].words()[:60] for one in given])
        # A spoken utterance is judged by its heard copy: that is how it will come.
        self.judged = np.array([place + self.count * one.spoken for place, one in enumerate(given)])

    def learn(
        self, said: Sequence[str], scoped: Sequence[str], units: Mapping[str, str], progress: Progress
    ) -> tuple[Linear, _OutOfFold]:
        labels = sorted({*said, *scoped})
        column = {label: place for place, label in enumerate(labels)}
        truth = np.array([column[label] for label in (*said, *said, *scoped)])
        solver = Solver(self.matrix[: len(truth)], truth, Branches.of(labels, units))
        scores = np.zeros((self.count, len(labels)))
        for fold in range(FOLDS):
            weights, bias = solver.fit(self._outside(fold, len(truth)))
            inside = np.flatnonzero(self.folds == fold)
            scores[inside] = self.matrix[self.judged[inside]] @ weights + bias
            progress("学习事项", 0.2 + 0.5 * (fold + 1) / FOLDS)
        calibration = calibrate.fit(scores, self.known[self.judged], truth[: self.count])
        probabilities = calibration.probabilities(scores, self.known[self.judged])
        weights, bias = solver.fit(np.arange(len(truth)))
        return Linear(tuple(labels), Weights.pack(weights, bias), calibration), _OutOfFold(probabilities, truth[: self.count])

    def learn_kinds(self, given: Sequence[Example]) -> tuple[Linear | None, float | None]:
        """The model of kinds 诉求类型 and its accuracy out of fold; None where an example has no kind or all have the same."""
        kinds = [one.kind for one in given if one.kind is not None]
        if len(kinds) < len(given) or len(set(kinds)) < 2:
            return None, None
        linear, found = self.learn(kinds, [], {}, lambda stage, done: None)
        return linear, float((found.probabilities.argmax(axis=1) == found.truth).mean())

    def familiar(self) -> float:
        """Share of known n-grams that nearly every example reaches by what other examples taught; below it a text is strange."""
        seen = np.bincount(self.matrix.indices, minlength=self.matrix.shape[1])
        shares = []
        for place in range(self.count):
            row = self.matrix.indices[self.matrix.indptr[place] : self.matrix.indptr[place + 1]]
            shares.append(np.count_nonzero(seen[row] > features.SEEN_IN + 1) / max(len(np.unique(self.grams[place].keys)), 1))
        return float(np.quantile(shares, 0.01))

    def _outside(self, fold: int, rows: int) -> NDArray[np.int64]:
        outside = np.flatnonzero(self.folds != fold)
        return np.concatenate([outside, outside + self.count, np.arange(2 * self.count, rows)])


def _heard(text: str, chance: random.Random) -> str:
    return disturb(text[: chance.randint(*HEARD)], MISHEARD, chance)


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


def _record(
    labels: Sequence[str], out: _OutOfFold, units: Mapping[str, str]
) -> tuple[thresholds.Record, dict[str, str]]:
    """What the thresholds are learnt from: the unit behind the first suggestion, how sure of it, and whether it was right."""
    unit_of = {label: units.get(label, label) for label in labels}
    names = sorted(set(unit_of.values()))
    column = np.array([names.index(unit_of[label]) for label in labels])
    first = out.probabilities.argmax(axis=1)
    same = column[first][:, None] == column[None, :]
    confidence = (out.probabilities * same).sum(axis=1)
    return thresholds.Record(np.array(labels)[first], confidence, column[first] == column[out.truth]), unit_of


def _found(
    given: Sequence[Example],
    out: _OutOfFold,
    record: thresholds.Record,
    limits: Mapping[str, thresholds.Threshold],
    kind_accuracy: float | None,
) -> dict[str, Any]:
    sure = np.array([limits[label].dispatch for label in record.guesses]) <= record.confidence
    measured = asdict(measures.scores(out.probabilities, out.truth))
    del measured["n"], measured["latency_ms"]
    return {
        "examples": len(given),
        "labels": out.probabilities.shape[1],
        **measured,
        "unit_accuracy": float(record.right.mean()),
        "dispatched": float(sure.mean()),
        "dispatched_right": float(record.right[sure].mean()) if sure.any() else 0.0,
        "kind_accuracy": kind_accuracy,
    }
