"""顺序协办: who helps after whom. A co-handler whose turn has not come holds nothing yet; it is only awaited."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from hotline.errors import Refused
from hotline.people import Person
from sla.limit import Limit
from tickets.records import Planned
from tickets.ticket import Leg, Ticket


def plan(s: Session, ticket: Ticket, units: Sequence[str], *, limits: Mapping[str, Limit], basis: str, by: Person, at: datetime) -> list[Planned]:
    """Puts these units into the queue, in this order, after those that wait already."""
    rows = [
        Planned(
            ticket_id=ticket.id, round=ticket.round, department_code=unit, limit=str(limits[unit]) if unit in limits else "", basis=basis, at=at, by_id=by.id
        )
        for unit in units
    ]  # fmt: skip
    s.add_all(rows)
    s.flush()
    return rows


def waiting(s: Session, ticket: Ticket) -> list[Planned]:
    """Those whose turn is still to come, the next one first."""
    awaited = select(Planned).where(Planned.ticket_id == ticket.id, Planned.leg_id.is_(None), Planned.dropped_at.is_(None))
    return list(s.scalars(awaited.options(joinedload(Planned.department)).order_by(Planned.id)))


def began(s: Session, ticket: Ticket, leg: Leg) -> None:
    """A unit that waited for its turn has the ticket now, whichever way it came to it."""
    for planned in waiting(s, ticket):
        if planned.department_code == leg.department_code:
            planned.leg_id = leg.id


def drop(s: Session, ticket: Ticket, *, at: datetime) -> None:
    """Their turn will not come: there is no lead to help any more, or it answered without them."""
    awaited = update(Planned).where(Planned.ticket_id == ticket.id, Planned.leg_id.is_(None), Planned.dropped_at.is_(None))
    s.execute(awaited.values(dropped_at=at))


def limits_of(given: Mapping[str, str], units: Sequence[str]) -> dict[str, Limit]:
    """The co-handlers' own limits as they were typed. Raises Refused for one that cannot be read, or is for a unit that does not help."""
    if strangers := [unit for unit, text in given.items() if text.strip() and unit not in units]:
        raise Refused(f"给“{strangers[0]}”写了时限，但它不在协办单位里。", field="limits")
    return {unit: Limit.parse(text) for unit, text in given.items() if text.strip()}
