"""Training 训练: examples in, a champion model out, with a report that was measured on texts the model had not seen.

Calibration and thresholds are learnt from the same: out of fold.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from routing import examples, measures, store, thresholds
from routing.course import Course, OutOfFold, Progress
from routing.examples import Example
from routing.model import Model


@dataclass(frozen=True)
class Report:
    """What training found, out of fold.

    unit_accuracy: right unit behind the first suggestion; dispatched: share above its threshold; dispatched_right: how many of those were
    right; kind_accuracy: None without kinds; grams: n-grams known; seconds: wall time. The others: measures.Scores.
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
    # On a busy machine the threads of linear algebra wait for each other three times as long as they work.
    with threadpool_limits(limits=1):
        model, found = learn(given, units=units or {}, scopes=scopes or {}, progress=progress or (lambda stage, done: None))
    found |= {"at": at.isoformat(), "seconds": round(perf_counter() - began, 2)}
    version = store.save(folder, model, found | {"distribution": distribution(given)})
    return Report(version=version, **found)


def distribution(given: Sequence[Example]) -> dict[str, int]:
    """How many examples of each label a model was trained on: what drift 漂移 is measured against."""
    return dict(sorted(Counter(one.label for one in given).items()))


def learn(
    given: Sequence[Example], *, units: Mapping[str, str], scopes: Mapping[str, str], progress: Progress
) -> tuple[Model, dict[str, Any]]:
    """The model and what was found about it, nothing written."""
    examples.check(given)
    progress("读入样例", 0.0)
    course = Course(given, scopes)
    progress("学习事项", 0.2)
    items, out_of_fold = course.learn([one.label for one in given], list(scopes), units, progress)
    progress("学习诉求类型", 0.8)
    kinds, kind_accuracy = course.learn_kinds(given)
    progress("确定门槛", 0.95)
    record, known_units = _record(items.labels, out_of_fold, units)
    limits = thresholds.learn(record, items.labels)
    found = _found(given, out_of_fold, record, limits, kind_accuracy) | {"grams": len(course.vocabulary.keys)}
    model = Model(course.vocabulary, items, kinds, limits, known_units, course.familiar(given))
    progress("完成", 1.0)
    return model, found


def _record(labels: Sequence[str], out: OutOfFold, units: Mapping[str, str]) -> tuple[thresholds.Record, dict[str, str]]:
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
    out: OutOfFold,
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
