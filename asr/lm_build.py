"""The language of one city: the shipped model's, our own texts' and the city's, weighed into one graph.

The weights were chosen by the perplexity of spoken utterances that were not learnt from, every tenth of ours (533; 563 where all texts were counted
together and ours twice, with less of the shipped model; a city's written texts earn 0.03 there), and by the errors in synthetic calls whose scripts are
in no training text and in read sentences. Less of the shipped model is better for the calls, and worse for the sentences.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

import numpy as np

from asr.graph import Graph
from asr.kneser_ney import KEPT, train
from asr.lm import Ids, Trigrams, pair, shares, triple
from asr.lm_mix import mixed
from asr.lm_names import Names
from asr.lm_text import BREAK, Segmenter

SAYINGS = Path(__file__).with_name("sayings.txt")

# What each source weighs: what is spoken weighs more than what is written, and a city's written texts less than ours, for nobody talks as they do.
# The shipped model keeps its share whatever is learnt, or it would no longer hear what no hotline speaks of.
ALONE = {"shipped": 0.50, "own": 0.25, "spoken": 0.20, "names": 0.05}
WITH_CITY = {"shipped": 0.50, "own": 0.22, "spoken": 0.18, "given": 0.06, "names": 0.04}
ONCE = 1  # times that something has to be said in our own texts to be learnt: nobody's secrets are in them
HELD_OUT = 20  # every so many texts is not learnt from, but measured on; by its content, so that it is the same one each time


@dataclass(frozen=True)
class Material:
    """What is learnt from. own: the project's texts; given: the city's; names: what the city calls things; spoken: those of our own that are as spoken."""

    own: Sequence[str] = ()
    given: Sequence[str] = ()
    names: Names = field(default_factory=Names)
    spoken: Sequence[str] = ()


@dataclass(frozen=True)
class Built:
    """A graph, not yet tried. held_out: tokens to measure on. words: learnt from. unspeakable: names that the model has no words for."""

    graph: Graph
    held_out: Ids
    words: int
    unspeakable: Sequence[str]


def build(shipped: Graph, material: Material) -> Built:
    """Texts are masked before anything is learnt; a city's trigrams count from the second time on."""
    model, end = shipped.model, shipped.model.end
    segmenter = Segmenter(shipped.words, model.words)
    held = {text for text in material.given or (*material.own, *material.spoken) if crc32(text.encode()) % HELD_OUT == 0}

    def tokens(texts: Iterable[str]) -> Ids:
        return segmenter.tokens((text for text in texts if text not in held), end)

    spoken = np.concatenate([tokens(material.spoken), said(segmenter, end)])
    given = tokens(material.given)
    texts = {
        "own": (np.concatenate([spoken, tokens(material.own), [BREAK]]), ONCE),
        "spoken": (spoken, ONCE),
        "given": (given, KEPT),
        "names": (tokens(material.names.phrases()), ONCE),
    }
    floor = shares(model.words)
    floor /= floor.sum()
    weights = WITH_CITY if len(given) else ALONE
    parts = [
        (weights[name], train(part, end=end, floor=floor, kept=kept))
        for name, (part, kept) in texts.items()
        if name in weights and len(part)
    ]
    parts.append((1 - sum(weight for weight, _ in parts), model))
    return Built(
        Graph(shipped.head, shipped.words, mixed(parts)),
        segmenter.tokens(sorted(held), end),
        int(sum((part != BREAK).sum() for part in (texts["own"][0], given))),
        [name for name in material.names.every() if not speakable(segmenter, name)],
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
