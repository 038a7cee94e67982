"""查看来电人: a citizen's name and number are masked until somebody who needs them says why; every look is kept."""

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.errors import Forbidden
from hotline.outbox import record
from hotline.people import Person
from tickets import access
from tickets.dispatching import required
from tickets.ticket import Ticket


def hidden_from(ticket: Ticket, person: Person) -> bool:
    """Whether the caller stays hidden from this person whatever the reason.

    Departments never learn who asked for confidence (保密); a unit that was only asked for its opinion (会商) need not know who called.
    """
    if person.has(*access.SEES_ALL):
        return False
    only_asked = person.has(*access.DEPARTMENT) and not any(access.oversees(person, leg) for leg in ticket.legs)
    return ticket.confidentiality != "open" or only_asked


def reveal(s: Session, ticket: Ticket, *, reason: str, by: Person, at: datetime) -> tuple[str, str]:
    """The caller's (name, phone). Records who looked, when and why. Raises Forbidden for a confidential ticket's department."""
    if hidden_from(ticket, by):
        confidential = ticket.confidentiality != "open"
        raise Forbidden("诉求人要求保密，承办单位不能查看其身份，请通过热线中心联系。" if confidential else "贵单位只参加会商，不能查看诉求人身份。")
    record(s, "ticket.revealed", ticket, by=by, at=at, reason=required(reason, "reason", "请写明查看原因。"))
    return ticket.caller_name or "", ticket.phone or ""
