"""Words to find a name by (检索词): its characters and every two that stand side by side, so that an index answers any piece of it."""

import unicodedata
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, cast
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute

LONGEST = 40  # characters of a search that count


def plain(text: str) -> str:
    """One spelling of it: half-width, lower-case, without blanks."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def words_of(*texts: str) -> list[str]:
    """What the index holds of these texts."""
    found = {piece for text in texts for piece in _pieces(plain(text))}
    return sorted(found)


def found_by(words: InstrumentedAttribute[list[str]], text: str) -> ColumnElement[bool]:
    """Rows whose names hold every two characters of the search that stand side by side, and each of its parts between blanks."""
    asked = sorted({piece for part in text[:LONGEST].split() for piece in _asked(plain(part))})
    return and_(words.contains(cast(asked, ARRAY(Text))))


def _pieces(text: str) -> Iterable[str]:
    yield from text
    yield from _pairs(text)


def _asked(text: str) -> Iterable[str]:
    return _pairs(text) if len(text) > 1 else text


def _pairs(text: str) -> Iterable[str]:
    return (text[i : i + 2] for i in range(len(text) - 1))


def default(*names: str) -> Any:
    """A column default that reads these columns of the row being written."""

    def words(context: Any) -> list[str]:
        row = context.get_current_parameters()
        return words_of(*(row.get(name) or "" for name in names))

    return words
