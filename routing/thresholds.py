"""Two thresholds for each item 两道门槛: above the higher a ticket is dispatched without a person, below the lower it is not even suggested.

Learnt from texts that the model had not seen (out of fold), with the Wilson bound: the lowest confidence above which the promised share
was right, allowing for how few texts that is known from. An item with too few texts borrows from its branch, then from all of them,
unless its own few texts speak against it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from routing.measures import Flags, Shares, last_of_equals, wilson

NEVER = 2.0
"""No confidence is that high."""

DISPATCH_RIGHT = 0.93
SHOW_RIGHT = 0.40
SURENESS = 0.84
"""Standard deviations of the Wilson bound: four times out of five the true share is no lower."""

ENOUGH: Final[Mapping[str, int]] = {"item": 40, "branch": 120, "all": 1}
"""Suggestions that must be on record before a threshold of their own is learnt: from a handful the bound only shows how few they are."""

AGAINST = 0.8
"""An item whose own texts above a borrowed threshold were right less often than this share of the promise is never dispatched by itself."""

Source = Literal["item", "branch", "all"]


@dataclass(frozen=True)
class Threshold:
    """Confidence, 0 to 1, from which on to dispatch, and from which on to show. source: whose texts the first was learnt from."""

    dispatch: float
    show: float
    source: Source


@dataclass(frozen=True)
class Record:
    """What happened out of fold: the label suggested for each text, how sure the model was, and whether it was right."""

    guesses: np.typing.NDArray[np.str_]
    confidence: Shares
    right: Flags

    def of(self, chosen: Flags) -> "Record":
        """The part of it that is chosen."""
        return Record(self.guesses[chosen], self.confidence[chosen], self.right[chosen])

    def lowest(self, promised: float) -> float | None:
        """The lowest confidence above which the promised share is right by the Wilson bound; None where no confidence is enough."""
        if not len(self.confidence):
            return None
        order = np.argsort(-self.confidence, kind="stable")
        bound = wilson(np.cumsum(self.right[order]), np.arange(1, len(order) + 1), SURENESS)
        kept = np.flatnonzero((bound >= promised) & last_of_equals(self.confidence[order]))
        return float(self.confidence[order[kept[-1]]]) if len(kept) else None


def learn(record: Record, labels: Sequence[str]) -> dict[str, Threshold]:
    """Both thresholds for every label."""
    show = record.lowest(SHOW_RIGHT)
    learnt: dict[tuple[Source, str], float | None] = {}
    result = {}
    for label in labels:
        own = record.of(record.guesses == label)
        dispatch, source = _borrowed(record, label, learnt)
        if source != "item" and _speaks_against(own, dispatch):
            dispatch = NEVER
        result[label] = Threshold(dispatch, min(NEVER if show is None else show, dispatch), source)
    return result


def _borrowed(record: Record, label: str, learnt: dict[tuple[Source, str], float | None]) -> tuple[float, Source]:
    for source, branch in _upwards(label):
        if (source, branch) not in learnt:
            mine = record.of(record.guesses == label if source == "item" else np.char.startswith(record.guesses, branch))
            learnt[source, branch] = mine.lowest(DISPATCH_RIGHT) if len(mine.right) >= ENOUGH[source] else None
        found = learnt[source, branch]
        if found is not None:
            return found, source
    return NEVER, "all"


def _upwards(label: str) -> Iterator[tuple[Source, str]]:
    yield "item", label
    if len(label) == 6 and label.isdigit():
        yield "branch", label[:4]
        yield "branch", label[:2]
    yield "all", ""


def _speaks_against(own: Record, threshold: float) -> bool:
    above = own.right[own.confidence >= threshold]
    return len(above) >= 4 and float(above.mean()) < AGAINST * DISPATCH_RIGHT
