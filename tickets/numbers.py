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
TAKE: Final = text("SELECT nextval('ticket_id_seq'), nextval(to_regclass(:serial))")
"""Both in one statement; NULL for a sequence that does not exist yet."""


@dataclass(frozen=True)
class Identity:
    """Who a new ticket is: its row, its number, and the code by which the citizen asks after it."""

    id: int
    number: str
    query_code: str


def new_identity(s: Session, *, area: str, at: datetime) -> Identity:
    """The next free one for the district of `area` (its first six digits) on the day of `at` in Shanghai."""
    digits = f"{area[:6]}{local(at):%Y%m%d}"
    taken = {"serial": f"ticket_number_{digits[:6]}_{digits[6:]}"}
    id_, serial = s.execute(TAKE, taken).one()
    if serial is None:  # the first ticket of the area that day
        s.execute(text("SELECT pg_advisory_xact_lock(hashtext(:serial))"), taken)
        s.execute(text(f"CREATE SEQUENCE IF NOT EXISTS {taken['serial']}"))
        id_, serial = s.execute(TAKE, taken).one()
    number = f"12345-{digits[:6]}-{digits[6:]}-{serial:06d}-{check_digit(f'{digits}{serial:06d}')}"
    return Identity(id_, number, query_code(id_))


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
