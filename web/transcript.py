"""A transcript as it is shown: each utterance in pieces, so that what was repaired, and what was not heard well, can be seen where it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from asr.words import DOUBTFUL
from tickets.call import Call
from tickets.eliciting import Elements

SPEAKERS = {"operator": "话务员", "citizen": "市民", "mono": "通话"}
ASKED = {"who": "何人", "when": "何时", "where": "何地", "what": "何事", "wants": "何求"}


@dataclass(frozen=True)
class Piece:
    """Some of the text. mark: name or number (repaired; heard: what was recognised), unsure, or '' for plain text."""

    text: str
    mark: str = ""
    heard: str = ""


@dataclass(frozen=True)
class Line:
    """一句. position: in the transcript. doubtful: all of it was heard badly. corrected: by a person, from `heard`."""

    position: int
    speaker: str
    speaker_name: str
    start: float
    end: float
    text: str
    pieces: tuple[Piece, ...]
    doubtful: bool
    corrected: bool
    heard: str


@dataclass(frozen=True)
class Progress:
    """How far the transcription is. share: of a hundred, None where the recording does not say how long it is."""

    done: float
    length: float | None

    @property
    def share(self) -> int | None:
        """Per cent."""
        return min(99, int(100 * self.done / self.length)) if self.length else None


def lines(rows: Sequence[Mapping[str, Any]]) -> list[Line]:
    """The utterances of calls.utterances, each as it is shown; who speaks is said where it changes."""
    return [_line(place, row, rows[place - 1]["speaker"] if place else "") for place, row in enumerate(rows)]


def line(rows: Sequence[Mapping[str, Any]], position: int) -> Line:
    """One of them."""
    return lines(rows)[position]


def progress(call: Call) -> Progress:
    """Of a call that waits."""
    return Progress(call.done, call.length)


def elements(found: Elements) -> dict[str, str]:
    """五要素 under their names, without what nothing was said of."""
    return {name: said for field, name in ASKED.items() if (said := getattr(found, field))}


def _line(place: int, row: Mapping[str, Any], before: str) -> Line:
    speaker = row["speaker"]
    return Line(
        position=place,
        speaker=speaker,
        speaker_name=SPEAKERS.get(speaker, speaker) if speaker != before else "",
        start=row["start"],
        end=row["end"],
        text=row["text"],
        pieces=tuple(_pieces(row)),
        doubtful=row["confidence"] < DOUBTFUL and not row.get("corrected", False),
        corrected=row.get("corrected", False),
        heard=row.get("heard", row["text"]),
    )


def _pieces(row: Mapping[str, Any]) -> list[Piece]:
    text: str = row["text"]
    marks = [(mark["start"], mark["end"], mark["why"], mark["heard"]) for mark in row.get("repairs", ())]
    marks += [(start, end, "unsure", "") for start, end in row.get("unsure", ())]
    pieces, at = [], 0
    for start, end, why, heard in sorted(marks):
        if start > at:
            pieces.append(Piece(text[at:start]))
        pieces.append(Piece(text[start:end], why, heard))
        at = end
    return [*pieces, Piece(text[at:])] if at < len(text) else pieces
