"""What a ticket says, kept for searching (检索文本): its words in one spelling, and every two characters that stand side by side.

The index is cut into slices of 16,384 tickets in the order of filing: a key is (slice, two characters). A page of the newest tickets with a
common word is then found in the newest slice, however many there are before it; filing touches only that slice's part of the index.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Index, and_, bindparam, cast, literal
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.orm import Mapped, mapped_column

from hotline import folding
from hotline.db import Base
from hotline.errors import Refused
from tickets.ticket import Ticket

SLICE_BITS: Final = 14
PAIR_BITS: Final = 32
MOST_WORDS, LONGEST_WORD = 8, 60


class TicketText(Base):
    """One ticket's words. folded: title, body, wants and address, a blank between them; keys: its pairs of characters, with their slice."""

    __tablename__ = "ticket_text"
    __table_args__ = (
        # Without a list of pending entries: what was filed a moment ago is found as fast as the rest.
        Index("ix_ticket_text_keys", "keys", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
    )

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    folded: Mapped[str]
    keys: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


def text_of(ticket: Ticket) -> TicketText:
    """The row for a ticket that has its id."""
    return TicketText(**text_row(ticket))


def text_row(ticket: Any) -> dict[str, Any]:
    """What that row holds, for anything with the id and the texts of a ticket."""
    parts = [folding.codes(text) for text in (ticket.title, ticket.body, ticket.wants, ticket.address) if text]
    pairs = np.unique(np.concatenate([_pairs(part) for part in parts]))
    keys = pairs + ((ticket.id >> SLICE_BITS) << PAIR_BITS)
    return {"ticket_id": ticket.id, "folded": " ".join(folding.spelt(part) for part in parts), "keys": keys.tolist()}


def words_in(text: str) -> list[str]:
    """The words that were typed, in one spelling. Raises Refused for one of a single character: every ticket has it."""
    words = [folding.spelt(folding.codes(part)) for part in text.split()]
    words = list(dict.fromkeys(word[:LONGEST_WORD] for word in words if word))[:MOST_WORDS]
    if any(len(word) < 2 for word in words):
        raise Refused("每个搜索词至少要两个字；请把单字和相邻的字写在一起。", field="q")
    return words


def says(words: Sequence[str], slice_: ColumnElement[int]) -> ColumnElement[bool]:
    """Tickets of one slice that say all these words: found by their pairs, made sure of by the text itself."""
    pairs = sorted({int(pair) for word in words for pair in _pairs(folding.codes(word))})
    start = slice_.op("<<")(literal(PAIR_BITS))
    keys = array([cast(start + bindparam(None, pair, BigInteger), BigInteger) for pair in pairs])
    return and_(TicketText.keys.contains(keys), *(TicketText.folded.contains(word) for word in words))


def _pairs(codes: folding.Codes) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    wide = codes.astype(np.int64)
    return (wide[:-1] << 16) + wide[1:]
