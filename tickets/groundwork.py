"""What filing stands on, asked of the database in one statement: the next numbers, the item and the area, the versions of the rules that hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from hotline.clock import local
from sla import versions
from sla.versions import Latest
from tickets.catalogue import Item, area_named, item_as_of, item_named
from tickets.numbers import Series, query_code

CITY: Final = "990100"
OF_ITEM: Final = ("code", "name", "mode", "statutory", "promised")
ASKED: Final = f"""SELECT json_build_array(
    nextval('ticket_id_seq'), nextval(to_regclass(%s)), nextval('timer_id_seq'), nextval('timer_id_seq'), {versions.LATEST},
    (SELECT to_json(named) FROM (SELECT {", ".join(OF_ITEM)}, valid_to, entered_at FROM item WHERE code = %s) named),
    EXISTS (SELECT FROM area WHERE code = %s))"""


@dataclass(frozen=True, slots=True)
class Groundwork:
    """id, number, query_code: who the new ticket is. clocks: the ids of its first clocks. item: as it holds at the moment, None where none was named."""

    id: int
    number: str
    query_code: str
    clocks: Sequence[int]
    latest: Latest
    item: Item | None


def laid(s: Session, *, item: str | None, area: str | None, at: datetime) -> Groundwork:
    """For a ticket about this item in this area. Raises NotFound or Refused, naming the field."""
    series = Series.of(area if area and area.isalnum() else CITY, at)  # what is no code at all is no name of a counter either
    asked = (series.sequence, item or None, area or None)
    id_, serial, *clocks, latest, named, known = s.connection().exec_driver_sql(ASKED, asked).scalar_one()
    held = _held(s, named, item, at) if item else None
    if area and not known:
        area_named(s, area)
    number = series.number(serial or series.begin(s))
    return Groundwork(id_, number, query_code(id_), clocks, versions.latest_from(latest), held)


def _held(s: Session, named: Mapping[str, Any] | None, code: str, at: datetime) -> Item:
    """The item that was found, where it is in force and reads as it did at that moment; else the catalogue says how it was, or why it cannot be."""
    today = local(at).date()
    if named is None or (named["valid_to"] and date.fromisoformat(named["valid_to"]) <= today):
        return item_named(s, code, on=today)
    if named["entered_at"] and datetime.fromisoformat(named["entered_at"]) > at:
        return item_as_of(s, code, at)
    return Item(**{name: named[name] for name in OF_ITEM})
