"""Reasons 依据: the words of the text that decided for a label."""

import numpy as np
from numpy.typing import NDArray

from routing.features import Vocabulary
from routing.linear import Weights
from routing.text import Folded, Grams

WORDS = 4
LONGEST = 8
WORTH = 0.25
"""A character or word is named when it weighs at least this share of the weightiest."""

EMPTY = frozenset(
    "的了吗呢吧啊呀嘛哦嗯呃么是在我你他她它们这那个就都也还又很把被给跟和与及或到去来有没不要想能会让说着过得地之其请您好后前上下里中为以从对向等一"
)
"""Characters that no word of a reason begins or ends with."""


class Reasons:
    """For one text: prepared once, asked for each label."""

    def __init__(self, folded: Folded, grams: Grams, vocabulary: Vocabulary, weights: Weights) -> None:
        self._folded = folded
        at = vocabulary.find(grams.keys)
        met = at >= 0
        index, self._start, self._size = at[met], grams.start[met], grams.size[met]
        self._steps = weights.steps[index]
        self._worth = weights.scale[index] * vocabulary.worth[index] / self._size
        self._average = self._steps.mean(axis=1)

    def words(self, label: int) -> tuple[str, ...]:
        """The weightiest first, as they stand in the text; empty when nothing stands out."""
        pull = self._pull(label)
        spans = sorted(self._spans(pull), key=lambda span: -span[2])
        chosen = dict.fromkeys(
            self._folded.text[self._folded.at[start] : self._folded.at[end - 1] + 1]
            for start, end, weight in spans
            if weight >= WORTH * spans[0][2]
        )
        return tuple(chosen)[:WORDS]

    def _pull(self, label: int) -> NDArray[np.float64]:
        """How much each character pulls towards the label, away from the average label: its share of every n-gram that it is in."""
        lean = (self._steps[:, label] - self._average) * self._worth
        pull = np.zeros(len(self._folded.codes))
        for step in range(int(self._size.max(initial=0))):
            reached = self._size > step
            pull += np.bincount(self._start[reached] + step, lean[reached], minlength=len(pull))
        return pull

    def _spans(self, pull: NDArray[np.float64]) -> list[tuple[int, int, float]]:
        """Runs of at least two characters that pull, without empty characters at their ends: (start, end, weight)."""
        if not len(pull) or pull.max() <= 0:
            return []
        spans = []
        for start, end in _runs(pull > WORTH * pull.max(), self._folded.at):
            while end - start > 1 and chr(self._folded.codes[start]) in EMPTY:
                start += 1
            while end - start > 1 and chr(self._folded.codes[end - 1]) in EMPTY:
                end -= 1
            if end - start >= 2:
                spans.append((start, end, float(pull[start:end].sum())))
        return spans


def _runs(strong: NDArray[np.bool_], at: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Stretches of strong characters that also stand together in the text, at most LONGEST long."""
    runs: list[tuple[int, int]] = []
    for place in map(int, np.flatnonzero(strong)):
        follows = runs and runs[-1][1] == place and at[place] == at[place - 1] + 1
        if follows and place - runs[-1][0] < LONGEST:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return runs
