"""Numbers of tickets (工单编号) and query codes (查询码).

12345-AREA6-YYYYMMDD-NNNNNN-C: a running number per area and day from a database sequence, so that nobody waits for a counter row;
gaps are allowed. C is the ISO 7064 MOD 11,10 check digit over the area, the day and the number: read over the phone, a wrong or
swapped digit is noticed.
"""

import secrets
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from hotline.clock import local

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without 0/O/1/I


def next_number(s: Session, *, area: str, at: datetime) -> str:
    """The next free number for the district of `area` (its first six digits) on the day of `at` in Shanghai."""
    digits = f"{area[:6]}{local(at):%Y%m%d}"
    serial = _next_serial(s, f"ticket_number_{digits[:6]}_{digits[6:]}")
    return f"12345-{digits[:6]}-{digits[6:]}-{serial:06d}-{check_digit(f'{digits}{serial:06d}')}"


def _next_serial(s: Session, sequence: str) -> int:
    take = text(f"SELECT nextval('{sequence}')")
    try:
        with s.begin_nested():
            return int(s.scalar(take))
    except ProgrammingError:  # the first ticket of the area that day
        s.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": sequence})
        s.execute(text(f"CREATE SEQUENCE IF NOT EXISTS {sequence}"))
        return int(s.scalar(take))


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


def new_query_code() -> str:
    """Six characters for the citizen, about 10^9 of them; the unique index refuses the rare repeat."""
    return "".join(secrets.choice(ALPHABET) for _ in range(6))
