"""签收: the department takes the ticket, with one named owner. It stops the sign clock and nothing else."""

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.errors import Refused
from hotline.outbox import record
from hotline.people import Person
from tickets import access, deadlines
from tickets.dispatching import touch
from tickets.lifecycle import Verb, after
from tickets.standing_in import owner_in
from tickets.ticket import Leg, Ticket


def sign(s: Session, ticket: Ticket, *, by: Person, at: datetime, owner: int | None = None) -> Leg:
    """Signs the department's leg; `owner` (a colleague's id, default: oneself) answers for it, or their deputy while they are away (代理).

    Raises Forbidden, Conflict, Refused.
    """
    _, leg = access.check_leg(ticket, Verb.SIGN, by)
    who = owner_in(s, leg.department_code, by.id if owner is None else owner, by=by, at=at)
    if access.is_about(ticket, who):
        raise Refused("不能由被反映人承办，请另定承办人。", field="owner")
    leg.state = after(leg.state, Verb.SIGN)
    leg.signed_at, leg.owner_id = at, who.id
    if leg.lead:
        ticket.state = leg.state
    else:
        touch(ticket)
    deadlines.signed(s, leg, at=at)
    record(s, "ticket.signed", ticket, by=by, at=at, leg=leg.id, department=leg.department_code, owner=who.id)
    return leg
