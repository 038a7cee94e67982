"""The language of one city: the shipped model's, our own texts' and the city's, weighed into one graph.

The weights were chosen by the perplexity of texts, and the errors in synthetic calls, that are in no training text and in no test.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

import numpy as np

from asr.graph import Graph
from asr.kneser_ney import train
from asr.lm import Ids, Trigrams, pair, shares, triple
from asr.lm_mix import mixed
from asr.lm_names import Names
from asr.lm_text import BREAK, Segmenter

SAYINGS = Path(__file__).with_name("sayings.txt")

OWN_COUNTS = 2  # times that our own texts count: nobody's secrets are in them, so what they say once is kept too
ALONE, WITH_CITY = 0.55, 0.6  # weight of the texts: ours alone, or with the city's
NAMES = 0.05  # weight of the phrases with names
HELD_OUT = 20  # every so many texts is not learnt from, but measured on; by its content, so that it is the same one each time


@dataclass(frozen=True)
class Material:
    """What is learnt from. own: the project's texts; given: the city's; names: what the city calls things."""

    own: Sequence[str] = ()
    given: Sequence[str] = ()
    names: Names = field(default_factory=Names)


@dataclass(frozen=True)
class Built:
    """A graph, not yet tried. held_out: tokens to measure on. words: learnt from. unspeakable: names that the model has no words for."""

    graph: Graph
    held_out: Ids
    words: int
    unspeakable: Sequence[str]


def build(shipped: Graph, material: Material) -> Built:
    """Texts are masked before anything is learnt; a city's trigrams count from the second time on."""
    model = shipped.model
    segmenter = Segmenter(shipped.words, model.words)
    apart = material.given or material.own
    held = [text for text in apart if crc32(text.encode()) % HELD_OUT == 0]
    out = set(held)
    own = np.concatenate([segmenter.tokens((text for text in material.own if text not in out), model.end), said(segmenter, model.end)])
    given = segmenter.tokens((text for text in material.given if text not in out), model.end)
    names = segmenter.tokens(material.names.phrases(), model.end)
    floor = shares(model.words)
    floor /= floor.sum()
    texts = np.concatenate([np.tile(own, OWN_COUNTS), given, [BREAK]])
    parts = [(WITH_CITY if len(given) else ALONE, train(texts, end=model.end, floor=floor))]
    if len(names):
        parts.append((NAMES, train(names, end=model.end, floor=floor, kept=1)))
    parts.append((1 - sum(weight for weight, _ in parts), model))
    unspeakable = [name for name in material.names.every() if not speakable(segmenter, name)]
    return Built(
        Graph(shipped.head, shipped.words, mixed(parts)),
        segmenter.tokens(held, model.end),
        int((given != BREAK).sum() + (own != BREAK).sum()),
        unspeakable,
    )


def said(segmenter: Segmenter, end: int) -> Ids:
    """What everybody says on a hotline, as often as `sayings.txt` says that it counts."""
    parts = [np.tile(segmenter.tokens([text], end), times) for times, text in sayings()]
    return np.concatenate([*parts, [BREAK]])


def sayings() -> Iterator[tuple[int, str]]:
    """The lines of the file, and how often each counts."""
    for line in SAYINGS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            times, _, text = line.partition(" ")
            yield (int(times), text) if times.isdigit() else (1, line)


def speakable(segmenter: Segmenter, name: str) -> bool:
    """Whether the model can write the name at all."""
    return BREAK not in segmenter.words("".join(character for character in name if "\u4e00" <= character <= "\u9fff"))


def perplexity(model: Trigrams, tokens: Ids) -> float:
    """How many words the model wavers between, on average: less is better. NaN for no text."""
    older, old, new = tokens[:-2], tokens[1:-1], tokens[2:]
    counts = (old != BREAK) & (new != BREAK)
    deep = counts & (older != BREAK)
    flat = counts & ~deep
    found = np.concatenate([model.share3(triple(older[deep], old[deep], new[deep])), model.share2(pair(old[flat], new[flat]))])
    return float(np.exp(-np.log(np.maximum(found, 1e-12)).mean())) if len(found) else float("nan")
