"""Numbers of tickets (工单编号) and query codes (查询码).

12345-AREA6-YYYYMMDD-NNNNNN-C: a running number per area and day from a database sequence, so that nobody waits for a counter row;
gaps are allowed. C is the ISO 7064 MOD 11,10 check digit over the area, the day and the number: read over the phone, a wrong or
swapped digit is noticed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.clock import local
from hotline.privacy import keyed

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without 0/O/1/I
HALF: Final = 15
MASK: Final = (1 << HALF) - 1


@dataclass(frozen=True)
class Series:
    """The tickets of one district (six digits) on one day (YYYYMMDD): they count from 1."""

    district: str
    day: str

    @classmethod
    def of(cls, area: str, at: datetime) -> "Series":
        """That of an area, on the day of `at` in Shanghai."""
        return cls(area[:6], f"{local(at):%Y%m%d}")

    @property
    def sequence(self) -> str:
        """The database's counter."""
        return f"ticket_number_{self.district}_{self.day}"

    def begin(self, s: Session) -> int:
        """The counter is made with the first ticket, which gets its first number; of several first ones, each gets its own."""
        s.execute(text("SELECT pg_advisory_xact_lock(hashtext(:sequence))"), {"sequence": self.sequence})
        s.execute(text(f"CREATE SEQUENCE IF NOT EXISTS {self.sequence}"))
        return int(s.execute(text("SELECT nextval(:sequence)"), {"sequence": self.sequence}).scalar_one())

    def number(self, serial: int) -> str:
        """The number of its ticket `serial`."""
        digits = f"{self.district}{self.day}{serial:06d}"
        return f"12345-{self.district}-{self.day}-{serial:06d}-{check_digit(digits)}"


def check_digit(digits: str) -> int:
    """ISO 7064 MOD 11,10 over a string of decimal digits."""
    product = 10
    for digit in digits:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10


def is_number(number: str) -> bool:
    """Whether it has the form of a ticket number and its check digit is right."""
    parts = number.split("-")
    if [len(part) for part in parts[:3]] != [5, 6, 8] or len(parts) != 5 or parts[0] != "12345":
        return False
    digits = "".join(parts[1:4])
    return digits.isascii() and digits.isdigit() and parts[4] == str(check_digit(digits))


def query_code(id_: int) -> str:
    """Six characters for the citizen: the ticket's id shuffled under our key, so that no two tickets share one and nobody counts on to the next.

    Four rounds of a Feistel network over thirty bits: 10^9 ids have each a code of their own.
    """
    left, right = id_ >> HALF & MASK, id_ & MASK
    for round_ in range(4):
        left, right = right, left ^ int(keyed("query code", f"{round_}:{right}")[:8], 16) & MASK
    mixed = left << HALF | right
    return "".join(ALPHABET[mixed >> place & 31] for place in range(25, -1, -5))
