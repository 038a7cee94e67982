"""Changes to a text as a list, so that what was heard stays beside what is written and every mark keeps its place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Span = tuple[int, int]


@dataclass(frozen=True)
class Edit:
    """One change. start, end: in the text before it. written: what stands there afterwards. why: number, name or mask."""

    start: int
    end: int
    written: str
    why: str


def applied(text: str, edits: Sequence[Edit]) -> str:
    """The text with the changes made. edits: from left to right, none overlapping another."""
    pieces, at = [], 0
    for edit in edits:
        pieces += [text[at : edit.start], edit.written]
        at = edit.end
    return "".join(pieces) + text[at:]


def moved(spans: Iterable[Span], edits: Sequence[Edit]) -> list[Span]:
    """Where these spans stand afterwards; what a change has touched is gone."""
    kept = [span for span in spans if not any(edit.start < span[1] and span[0] < edit.end for edit in edits)]
    return [(start + _shift(start, edits), end + _shift(start, edits)) for start, end in kept]


def places(edits: Sequence[Edit]) -> list[Span]:
    """Where what the changes wrote stands afterwards."""
    return [(edit.start + _shift(edit.start, edits), edit.start + _shift(edit.start, edits) + len(edit.written)) for edit in edits]


def _shift(at: int, edits: Sequence[Edit]) -> int:
    return sum(len(edit.written) - (edit.end - edit.start) for edit in edits if edit.end <= at and edit.start < at)
