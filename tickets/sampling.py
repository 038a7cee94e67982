"""回访抽样: where not every citizen is asked, chance decides who, and anybody can check that it did.

A number is drawn from the ticket's number, its round and the month's seed, and compared with the share that the ticket's rule asks for. The seed
is made when the month's first answer is drawn for, before anybody knows whose tickets will follow; the event keeps seed, share and draw.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import String, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.clock import local
from hotline.db import Base
from tickets.ticket import Ticket


class RevisitSeed(Base):
    """The seed of one month (Shanghai), `2026-11`: random, made once, never changed."""

    __tablename__ = "revisit_seed"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    seed: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]


@dataclass(frozen=True)
class Draw:
    """One draw. value: from 0 up to 1; below the share the citizen is asked."""

    share: Decimal
    seed: str
    value: float

    @property
    def asked(self) -> bool:
        """Whether the citizen is asked."""
        return self.value < self.share

    def as_data(self) -> dict[str, Any]:
        """For the event."""
        return {"share": str(self.share), "seed": self.seed, "draw": self.value, "asked": self.asked}


def draw(s: Session, ticket: Ticket, share: Decimal, *, at: datetime) -> Draw | None:
    """The draw for this round of the ticket; None where everybody is asked."""
    if share >= 1:
        return None
    seed = seed_of(s, at)
    return Draw(share, seed, value_of(seed, ticket.number, ticket.round))


def value_of(seed: str, number: str, round: int) -> float:
    """The number drawn for one round of one ticket: the first 52 bits of a SHA-256, as a fraction. The same for everybody who computes it."""
    return int(hashlib.sha256(f"{seed}:{number}:{round}".encode()).hexdigest()[:13], 16) / 16**13


def seed_of(s: Session, at: datetime) -> str:
    """The seed of the month in which `at` lies."""
    month = local(at).strftime("%Y-%m")
    s.execute(insert(RevisitSeed).values(month=month, seed=secrets.token_hex(16), at=at).on_conflict_do_nothing())
    return s.scalars(select(RevisitSeed.seed).where(RevisitSeed.month == month)).one()
