"""A ticket as one row of a list."""

from dataclasses import dataclass
from datetime import datetime

from tickets.ticket import Leg, Ticket
from web.due import Due, due


@dataclass(frozen=True)
class Row:
    """What a list shows of a ticket, or of one leg of it."""

    number: str
    version: int
    title: str
    kind: str
    urgent: bool
    state: str
    round: int
    item: str
    area: str
    department: str
    received_at: datetime
    due: Due | None
    instructed: bool


def ticket_row(ticket: Ticket, at: datetime) -> Row:
    """A ticket with its own deadline."""
    return _row(ticket, ticket.state.label, ticket.lead.short if ticket.lead else "", due(ticket, at))


def leg_row(leg: Leg, at: datetime) -> Row:
    """A ticket with the deadline of this leg."""
    ticket = leg.ticket
    return _row(ticket, leg.state.label, ticket.lead.short if ticket.lead else "", due(leg, at))


def _row(ticket: Ticket, state: str, department: str, when: Due | None) -> Row:
    return Row(
        number=ticket.number,
        version=ticket.version,
        title=ticket.title,
        kind=ticket.kind.label,
        urgent=ticket.urgent,
        state=state,
        round=ticket.round,
        item=ticket.item.name if ticket.item else "",
        area=ticket.area.name if ticket.area else "",
        department=department,
        received_at=ticket.received_at,
        due=when,
        instructed=ticket.instructed,
    )
