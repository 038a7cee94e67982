"""Evaluation 评测: how a trained model does on labelled texts that it has not seen."""

from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from hotline.errors import Refused
from routing import examples, features, measures, store
from routing.examples import Example
from routing.model import Model
from routing.protocol import Classifier

TIMED = 200
"""Texts whose suggestions are timed."""


@dataclass(frozen=True)
class Evaluation(measures.Scores):
    """The scores, and which model got them."""

    model: str = ""

    def as_json(self) -> dict[str, Any]:
        """As `./run evaluate --json` prints it."""
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}


def evaluate(folder: Path, csv: Path) -> Evaluation:
    """Scores the champion of `folder` on a CSV like those for training. Raises NotFound, Refused."""
    given = examples.read(csv)
    model, entry = store.load_model(folder)
    strange = next((one for one in given if one.label not in model.items.labels), None)
    if not given:
        raise Refused(f"{csv.name} 里没有样例。", field="csv")
    if strange is not None:
        raise Refused(f"{strange.where}的“{strange.label}”是模型没有学过的类别。", field="label")
    found = score(model, given)
    return Evaluation(**vars(found) | {"latency_ms": latency(store.load(folder), given), "model": entry.version})


def score(model: Model, given: list[Example]) -> measures.Scores:
    """Scores a model on examples whose labels it knows."""
    column = {label: place for place, label in enumerate(model.items.labels)}
    chances = np.stack([model.items.probabilities(model.vocabulary.vector(features.read(one.text)[1])) for one in given])
    return measures.scores(chances, np.array([column[one.label] for one in given]))


def latency(classifier: Classifier, given: list[Example]) -> float:
    """Processor time of a suggestion with area, alarms and reasons, in ms, mean over the first TIMED texts."""
    timed = given[:TIMED]
    classifier.suggest(timed[0].text)
    began = process_time()
    for one in timed:
        classifier.suggest(one.text)
    return (process_time() - began) / len(timed) * 1000
