"""Likeness 相似: how far two texts speak of one matter, and the keys by which texts that do are found again without comparing all with all.

Two callers seldom use the same words for one burst pipe, but they share its rare ones: the compound's name, the road, what broke. So pairs of
characters and of toneless syllables are weighed by how rare they are in our own corpus, and the keys of a text are a weighted MinHash of them
(the KEYS smallest of an exponential race): texts that share a fifth of their weight share a key nearly always, whatever else each says.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from routing import corpus, features
from routing.text import Folded, grams

KEYS = 16
"""Keys of one text; two texts that share a share J of their weight share none with probability (1 - J) ** KEYS."""

PAIRS = 2
"""Characters or syllables of one n-gram: single ones are in every text."""

COMMON = 0.05
"""An n-gram of more than this share of the corpus (请问, 希望有关部门) tells no matter from another and is no key."""

PLEAS = (
    "(我|市民|来电人|诉求人)?(现在|今天)?(要|想|来电)?(投诉|反映|举报|咨询|反应)(一下)?(的是)?",
    "(您好|你好|喂|麻烦(您|你|你们)?(了)?|谢谢(您|你|你们)?|感谢|辛苦(了)?|拜托(了)?)",
    "(希望|请|恳请|请求|要求|盼)(有关|相关|政府|主管)?(部门|单位|领导)?(能)?(尽快|及时|早日|马上|立即)?(核实|调查|重视|介入)?(处理|解决|回复|答复|处置)(一下)?",
    "(给|予以|给予)(一个|个)?(答复|回复|说法|处理|解决)",
)
"""What every caller says of his wish and none of his matter, over the folded text: without it two of them would be alike for asking alike."""

MOST_GRAMS = 300_000
WORDS = 8


_PLEAS = re.compile("|".join(PLEAS))


@dataclass(frozen=True)
class Print:
    """What a text is compared by. keys: its distinct pairs, ascending; value: their weights, length one; rare: how rare each is."""

    keys: NDArray[np.uint64]
    value: NDArray[np.float64]
    rare: NDArray[np.float64]


def read(text: str) -> Print:
    """The print of a text; empty where there is nothing to read. Reads as much of it as every classifier does (text.LONGEST)."""
    found = grams(_without_pleas(features.read(text)[0]))
    keys, counts = np.unique(found.keys[found.size == PAIRS], return_counts=True)
    rare = _rarity(keys)
    value = (1.0 + np.log(counts)) * rare
    length = float(np.sqrt(value @ value))
    return Print(keys, value / length if length else value, rare)


def keys(one: Print) -> list[int]:
    """At most KEYS whole numbers of 64 bits with a sign, as a database keeps them: texts alike have some in common."""
    telling = one.rare > 1 - np.log(COMMON)
    race = -np.log(_chance(one.keys[telling])) / one.rare[telling]
    first = np.argsort(race, kind="stable")[:KEYS]
    return [int(key) for key in one.keys[telling][first].view(np.int64)]


def likeness(one: Print, other: Print) -> float:
    """0 to 1. On our corpus: two different matters of one item 0.02, hardly ever 0.2; one matter in two callers' words 0.2 to 0.3; misheard 0.7."""
    _, mine, others = np.intersect1d(one.keys, other.keys, assume_unique=True, return_indices=True)
    return min(float(one.value[mine] @ other.value[others]), 1.0)


def shared_words(text: str, others: Sequence[str]) -> tuple[str, ...]:
    """The words of `text` that one of the others has too, as they stand in it, the longest first: what a person looks for to tell whether."""
    folded = _without_pleas(features.read(text)[0])
    mine, theirs = folded.words(), [_without_pleas(features.read(other)[0]).words() for other in others]
    spans = _runs(mine, theirs)
    words = dict.fromkeys(_as_it_stands(folded, start, end) for start, end in sorted(spans, key=lambda span: span[0] - span[1]))
    return tuple(words)[:WORDS]


def _runs(mine: str, theirs: Sequence[str]) -> list[tuple[int, int]]:
    """Stretches of `mine`, as long as can be and at least PAIRS, that stand in one of the others too."""
    spans, start = [], 0
    while start + PAIRS <= len(mine):
        end = start + PAIRS - 1
        while end < len(mine) and any(mine[start : end + 1] in other for other in theirs):
            end += 1
        if end - start >= PAIRS:
            spans.append((start, end))
            start = end
        else:
            start += 1
    return spans


def _as_it_stands(folded: Folded, start: int, end: int) -> str:
    return folded.text[folded.at[start] : folded.at[end - 1] + 1]


def _without_pleas(folded: Folded) -> Folded:
    spans = [match.span() for match in _PLEAS.finditer(folded.words())]
    return folded.dropping(spans) if spans else folded


def _rarity(names: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Of an n-gram that the corpus has not, or only once, the utmost: it is a name, most often."""
    vocabulary, texts = _known()
    at = vocabulary.find(names)
    return np.where(at >= 0, vocabulary.idf[np.maximum(at, 0)], np.log(1 + texts) + 1).astype(np.float64)


def _chance(names: NDArray[np.uint64]) -> NDArray[np.float64]:
    """A number in (0, 1] that depends on the name alone."""
    mixed = names ^ (names >> np.uint64(30))
    mixed = mixed * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed = mixed * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return ((mixed >> np.uint64(11)).astype(np.float64) + 1.0) / 2.0**53


@lru_cache(maxsize=1)
def _known() -> tuple[features.Vocabulary, int]:
    """How rare every n-gram of our corpus is, and over how many texts that was counted."""
    texts = [one.text for one in corpus.read()]
    return features.learn(texts, MOST_GRAMS), len(texts)


__all__ = ["Print", "keys", "likeness", "read", "shared_words"]
