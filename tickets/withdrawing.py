"""撤单: the citizen takes the matter back. Whoever asks is checked; the record stays."""

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.errors import Refused
from hotline.outbox import record
from hotline.people import Person
from tickets import access, deadlines
from tickets.dispatching import end_leg, required
from tickets.lifecycle import Verb, after
from tickets.ticket import Ticket

TAIL = 4


def withdraw(s: Session, ticket: Ticket, *, checked: str, reason: str, by: Person, at: datetime) -> None:
    """Ends the ticket at the citizen's wish.

    checked: what the citizen said to show that it is theirs: the query code (查询码), or the last four digits of the number on the
    ticket. Kept is only which of the two it was. Raises Refused naming the field when it does not fit.
    """
    move = access.check(ticket, Verb.WITHDRAW, by)
    reason = required(reason, "reason", "请写明撤单原因。")
    how = _checked(ticket, checked.strip())
    for leg in ticket.current_legs:
        end_leg(s, ticket, leg, outcome="withdrawn", at=at)
    ticket.state, ticket.lead_code, ticket.closed_at, ticket.due_at = after(ticket.state, move.verb), None, at, None
    deadlines.closed(s, ticket, at=at)
    record(s, "ticket.withdrawn", ticket, by=by, at=at, reason=reason, checked=how)


def _checked(ticket: Ticket, said: str) -> str:
    if said.upper() == ticket.query_code:
        return "query_code"
    if ticket.phone and len(said) == TAIL and ticket.phone.endswith(said):
        return "phone"
    raise Refused("与工单不符：请诉求人报查询码，或登记电话的后四位。", field="checked")
