"""What filing stands on, asked of the database in one statement: the next numbers, the item and the area, the versions of the rules that hold."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from hotline.clock import local
from sla import versions
from sla.versions import Latest
from tickets.catalogue import Item, area_named, item_as_of, item_named
from tickets.numbers import Series, query_code

CITY: Final = "990100"
OF_ITEM: Final = ("code", "name", "mode", "statutory", "promised", "valid_to", "entered_at")
ASKED: Final = f"""
SELECT nextval('ticket_id_seq'), nextval(to_regclass(%s)), nextval('timer_id_seq'), nextval('timer_id_seq'), {versions.LATEST},
       EXISTS (SELECT FROM area WHERE code = %s), {", ".join(f"item.{name}" for name in OF_ITEM)}
FROM (SELECT) one LEFT JOIN item ON item.code = %s
"""


@dataclass(frozen=True, slots=True)
class Groundwork:
    """id, number, query_code: who the new ticket is. clocks: the ids of its first clocks. item: as it holds at the moment, None where none was named."""

    id: int
    number: str
    query_code: str
    clocks: tuple[int, int]
    latest: Latest
    item: Item | None


def laid(s: Session, *, item: str | None, area: str | None, at: datetime) -> Groundwork:
    """For a ticket about this item in this area. Raises NotFound or Refused, naming the field."""
    series = Series.of(area or CITY, at)
    id_, serial, first, second, latest, known, *about = s.connection().exec_driver_sql(ASKED, (series.sequence, area or None, item or None)).one()
    held = _holding(s, Item(**dict(zip(OF_ITEM, about, strict=True))), item, at) if item else None
    if area and not known:
        area_named(s, area)
    if serial is None:
        serial = series.begin(s)
    return Groundwork(id_, series.number(serial), query_code(id_), (first, second), versions.latest_from(latest), held)


def _holding(s: Session, item: Item, code: str, at: datetime) -> Item:
    """The item, where it is there and in force and has been as it is; else the catalogue says how it was, or why not."""
    today = local(at).date()
    if item.code is None or (item.valid_to is not None and item.valid_to <= today):
        item_named(s, code, on=today)
    return item_as_of(s, code, at) if item.entered_at is not None and item.entered_at > at else item
