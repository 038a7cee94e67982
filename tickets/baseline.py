"""起点: tickets from before events told their changes get one event that tells all of their state, so that they are replayed from there."""

from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, exists, select
from sqlalchemy.orm import Session

from hotline.changes import columns_of, name_of, plain
from hotline.outbox import Event, record_all
from hotline.people import SYSTEM_ID
from tickets.replay import BATCH, rows_of
from tickets.ticket import Ticket


def write(s: Session, *, at: datetime) -> int:
    """Writes the event for every ticket that has none which tells its beginning; returns how many. Nothing to do is found at once."""
    last, written = 0, 0
    while tickets := list(s.scalars(_untold(s).where(Ticket.id > last).order_by(Ticket.id).limit(BATCH))):
        rows = rows_of(s, tickets)
        record_all(s, [
            Event(
                kind="ticket.baselined", subject_kind="ticket", subject_id=ticket.id, at=at, by_id=SYSTEM_ID, data={}, version=ticket.version,
                changes={name_of(row): _whole(row) for row in rows[ticket.id].values()},
            )
            for ticket in tickets
        ])  # fmt: skip
        last, written = tickets[-1].id, written + len(tickets)
        s.expunge_all()
    return written


def _untold(s: Session) -> Any:
    """Tickets older than the first whose filing was told."""
    first = s.scalar(select(Event.subject_id).where(Event.kind == "ticket.filed", Event.changes.is_not(None)).order_by(Event.id).limit(1))
    row = Event.changes["ticket:" + cast(Ticket.id, String)]
    told = exists().where(Event.subject_kind == "ticket", Event.subject_id == Ticket.id, row.has_key("number"))
    tickets = select(Ticket).where(~told)
    return tickets.where(Ticket.id < first) if first is not None else tickets


def _whole(row: Any) -> dict[str, Any]:
    return {name: plain(value) for name in columns_of(type(row)) if (value := getattr(row, name)) is not None}
