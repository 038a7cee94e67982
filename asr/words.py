"""From what was recognised to what people read: numbers as digits, names repaired, personal numbers hidden, doubtful words marked.

What was heard stays beside what is written, change by change: nothing is put right silently.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from asr.edits import Edit, Span, applied, moved, places
from asr.names import Names
from asr.numbers import in_digits
from asr.protocol import Utterance, Word
from asr.spoken import joined, masks

DOUBTFUL = 0.6  # confidence of a word below which it is marked
PAUSE = 0.6  # seconds between two words at which an utterance is parted
LONGEST = 14.0  # seconds; Vosk lets an utterance run to twenty when nobody takes breath: it is parted at its longest pauses
SHORT_PAUSE = 0.15  # seconds; not even a long utterance is parted at less
APART = 20.0  # seconds of silence after which a number does not go on


@dataclass(frozen=True)
class Repair:
    """One change that a reader must be able to see. start, end: in the written text. heard: what stood there. why: number or name."""

    start: int
    end: int
    heard: str
    why: str


@dataclass(frozen=True)
class Line:
    """一句 as it is read. channel, start, end, confidence: as in Utterance. heard: before the repairs, personal numbers hidden.

    unsure: places in `text` of words that were not heard well.
    """

    channel: int
    start: float
    end: float
    confidence: float
    heard: str
    text: str
    repairs: tuple[Repair, ...]
    unsure: tuple[Span, ...]


def readable(utterances: Sequence[Utterance], names: Names) -> list[Line]:
    """The utterances as they are read, in the order of time. names: of the city's places, units and items."""
    return lines(sorted((part for utterance in utterances for part in parted(utterance)), key=lambda part: (part.start, part.channel)), names)


def lines(parts: Sequence[Utterance], names: Names) -> list[Line]:
    """Each of these, which stand in the order of time, as one line: numbers that go on from one to the next are hidden in both."""
    hidden: dict[int, list[Edit]] = {}
    for channel in {part.channel for part in parts}:
        own = [place for place, part in enumerate(parts) if part.channel == channel]
        gaps = [place > 0 and parts[own[place]].start - parts[own[place - 1]].end > APART for place in range(len(own))]
        hidden |= zip(own, masks([parts[place].text for place in own], gaps), strict=True)
    return [_line(part, hidden[place], names) for place, part in enumerate(parts)]


def parted(utterance: Utterance) -> list[Utterance]:
    """The utterance, in two or more where its speaker paused."""
    words = utterance.words
    if len(words) < 2:
        return [utterance]
    gaps = [after.start - before.end for before, after in pairwise(words)]
    at = max(range(len(gaps)), key=lambda place: gaps[place])
    if gaps[at] < (SHORT_PAUSE if utterance.end - utterance.start > LONGEST else PAUSE):
        return [utterance]
    first, second = (Utterance.of(utterance.channel, half) for half in (words[: at + 1], words[at + 1 :]))
    return parted(first) + parted(second)


def _line(part: Utterance, hidden: list[Edit], names: Names) -> Line:
    spans = _places(part.words, part.text)
    heard = applied(part.text, hidden)
    doubtful = moved((span for span, word in zip(spans, part.words, strict=False) if word.confidence < DOUBTFUL), hidden)
    borders = {edge for span in moved(spans, hidden) for edge in span} if spans else None
    repairs, kept = names.met(heard, borders)
    edits = sorted(repairs + _outside(kept, in_digits(heard)), key=lambda edit: edit.start)
    marks = tuple(Repair(*place, heard[edit.start : edit.end], edit.why) for place, edit in zip(places(edits), edits, strict=True))
    return Line(part.channel, part.start, part.end, part.confidence, heard, applied(heard, edits), marks, tuple(_merged(moved(doubtful, edits))))


def _places(words: Sequence[Word], text: str) -> list[Span]:
    """Where each word stands in the text that they make; nothing where they do not make it."""
    if joined([word.text for word in words]) != text:
        return []
    spans, at = [], 0
    for word in words:
        at = text.index(word.text, at)
        spans.append((at, at + len(word.text)))
        at += len(word.text)
    return spans


def _outside(kept: Sequence[Span], edits: Sequence[Edit]) -> list[Edit]:
    """The changes that touch no name: 五一路 is no number."""
    starts = [start for start, _ in kept]
    free = []
    for edit in edits:
        before = bisect_right(starts, edit.end - 1) - 1
        if before < 0 or kept[before][1] <= edit.start:
            free.append(edit)
    return free


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Neighbours as one."""
    merged: list[Span] = []
    for start, end in spans:
        if merged and merged[-1][1] == start:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged
