"""联系诉求人: the department tells when it first spoke with the citizen; the first-contact clock stops there, the leg's own goes on."""

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.outbox import record
from hotline.people import Person
from tickets import access, deadlines
from tickets.dispatching import required, touch
from tickets.lifecycle import Verb
from tickets.ticket import Leg, Ticket


def contact(s: Session, ticket: Ticket, *, text: str, by: Person, at: datetime) -> Leg:
    """Writes down that the citizen was contacted, and what was said. Raises Forbidden, Conflict, Refused."""
    _, leg = access.check_leg(ticket, Verb.CONTACT, by)
    said = required(text, "text", "请写明联系的方式和情况。")
    leg.contacted_at = leg.contacted_at or at
    touch(ticket)
    deadlines.contacted(s, leg, at=at)
    record(s, "ticket.contacted", ticket, by=by, at=at, leg=leg.id, department=leg.department_code, text=said)
    return leg
