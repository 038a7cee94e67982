"""How values read on a page: moments on the wall clock of Shanghai, durations in words, the deciding words of a text marked."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from hotline.clock import local
from hotline.kept import in_words
from tickets.suggesting import Suggested

WEEKDAYS = "一二三四五六日"
SHOWN, FAINT = 3, 0.01


def when(moment: datetime | None) -> str:
    """11-20 10:00: in a list."""
    return f"{local(moment):%m-%d %H:%M}" if moment else ""


def moment(moment: datetime | None) -> str:
    """2026-11-20（周五）10:00: where a date has to be beyond doubt."""
    if moment is None:
        return ""
    wall = local(moment)
    return f"{wall:%Y-%m-%d}（周{WEEKDAYS[wall.weekday()]}）{wall:%H:%M}"


def for_input(moment: datetime | None) -> str:
    """2026-11-20T10:00: the value of a datetime-local field."""
    return f"{local(moment):%Y-%m-%dT%H:%M}" if moment else ""


def iso(moment: datetime | None) -> str:
    """For a `datetime` attribute, with the zone."""
    return local(moment).isoformat(timespec="seconds") if moment else ""


def clock(seconds: float | None) -> str:
    """1:05: a place in a recording."""
    return "" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def percent(share: float | None) -> str:
    """A confidence of 0.8149 as 81%: cut, never rounded up."""
    return "" if share is None else f"{int(share * 100)}%"


def marked(text: str, words: Iterable[str]) -> Markup:
    """The text, with these words marked."""
    wanted = sorted({word for word in words if word}, key=len, reverse=True)
    if not wanted:
        return escape(text)
    pieces = re.split(f"({'|'.join(map(re.escape, wanted))})", text)
    return Markup("").join(Markup("<mark>{}</mark>").format(piece) if piece in wanted else escape(piece) for piece in pieces)


def worth_showing(suggestions: Sequence[Suggested], chosen: str) -> list[Suggested]:
    """Three suggestions at most, without those that are next to nothing; the first, and the one chosen, in any case."""
    first = suggestions[:1]
    return [*first, *(one for one in suggestions[1:] if one.item == chosen or (one.confidence >= FAINT and one in suggestions[:SHOWN]))]


FILTERS: dict[str, Callable[..., Any]] = {
    "when": when, "moment": moment, "for_input": for_input, "iso": iso, "clock": clock, "percent": percent, "marked": marked,
    "size": in_words,
}  # fmt: skip
