"""The challenge 擂台: a model trained with the city's own tickets against the one in use, on tickets that neither has seen.

The challenger that was measured is the one that is promoted, not another trained on more: nothing routes that has not been measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from hotline.errors import NotFound
from routing import features, measures, store
from routing.course import Progress
from routing.examples import Example
from routing.model import Model
from routing.train import distribution, learn

SURE = 0.05
"""A challenger is better when it would do so well by chance at most so often."""


@dataclass(frozen=True)
class Outcome:
    """How it went. n: tickets held out; champion_right, challenger_right: of them, the first suggestion was right; only_new, only_old: that
    just one of the two got right; chance: see measures.by_chance. champion: its version, None where there was none; version: the challenger's,
    None where it was not promoted. reason: in Chinese. report: what training found, out of fold.
    """

    promoted: bool
    reason: str
    champion: str | None
    version: str | None
    n: int
    champion_right: int
    challenger_right: int
    only_new: int
    only_old: int
    chance: float
    report: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """As `./run train --from-tickets --json` prints it; shares beside their counts, cut to four places."""
        shares = {"champion_accuracy": self.champion_right / self.n, "challenger_accuracy": self.challenger_right / self.n}
        return _cut(asdict(self)) | {name: int(share * 10_000) / 10_000 for name, share in shares.items()}


def challenge(
    given: Sequence[Example],
    held_out: Sequence[Example],
    folder: Path,
    *,
    at: datetime,
    units: Mapping[str, str],
    scopes: Mapping[str, str],
    kept: Mapping[str, Any],
    progress: Progress,
) -> Outcome:
    """Trains on `given`, compares on `held_out`, and makes the challenger the champion of `folder` only if it is better.

    kept: what is to be remembered with a promoted model, beside its report. Raises Refused when the examples do not suffice.
    """
    began = perf_counter()
    with threadpool_limits(limits=1):  # see train.train
        challenger, found = learn(given, units=units, scopes=scopes, progress=progress)
    new = right(challenger, held_out)
    try:
        model, entry = store.load_model(folder)
        champion, old = entry.version, right(model, held_out)
    except NotFound:
        champion, old = None, np.zeros(len(held_out), dtype=bool)
    only_new, only_old = int((new & ~old).sum()), int((old & ~new).sum())
    chance = measures.by_chance(only_new, only_old)
    better = champion is None or chance <= SURE
    report = found | {"at": at.isoformat(), "seconds": round(perf_counter() - began, 2)}
    outcome = Outcome(
        better, _reason(champion, better, only_new, only_old), champion, None, len(held_out), int(old.sum()), int(new.sum()), only_new, only_old, chance, report
    )
    if not better:
        return outcome
    compared = {name: value for name, value in outcome.as_json().items() if name not in ("report", "version", "promoted")}
    version = store.save(folder, challenger, report | {"distribution": distribution(given), "compared": compared} | dict(kept))
    return Outcome(**vars(outcome) | {"version": version})


def right(model: Model, given: Sequence[Example]) -> measures.Flags:
    """Whether the model's first suggestion is right, text by text. A label that it was never taught it gets wrong."""
    labels = model.items.labels
    guessed = (labels[int(model.items.probabilities(model.vocabulary.vector(features.read(one.text)[1])).argmax())] for one in given)
    return np.array([guess == one.label for guess, one in zip(guessed, given, strict=True)], dtype=bool)


def _reason(champion: str | None, better: bool, only_new: int, only_old: int) -> str:
    if champion is None:
        return "此前没有可用的模型，已启用新模型。"
    told = f"只有新模型判对的 {only_new} 件，只有现任判对的 {only_old} 件"
    return f"{told}，新模型显著更好，已启用；现任保留为前任，./run train --back 可退回。" if better else f"{told}，看不出新模型更好，现任继续使用。"


def _cut(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _cut(value) if isinstance(value, dict) else round(value, 4) if isinstance(value, float) else value for name, value in found.items()}
