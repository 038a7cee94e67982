"""延期 and 挂起: what moves the lead leg's deadline. A supervisor grants it, within what the policy allows; the original deadline stays readable."""

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.errors import Conflict
from hotline.outbox import record
from hotline.people import Person
from sla.limit import Limit
from tickets import access, deadlines
from tickets.dispatching import required, touch
from tickets.lifecycle import Verb
from tickets.ticket import Leg, Ticket


def extend(s: Session, ticket: Ticket, *, limit: str, reason: str, by: Person, at: datetime) -> Leg:
    """延期 by `limit` (`3 workday`), before the deadline and at most as often and as long as the rule allows. Raises Refused, Conflict."""
    access.check(ticket, Verb.EXTEND, by)
    reason = required(reason, "reason", "请写明延期理由。")
    leg, more = _lead(ticket), Limit.parse(limit)
    before = leg.due_at
    deadlines.extended(s, ticket, leg, more, at=at)
    _recorded(s, "ticket.extended", ticket, leg, by=by, at=at, limit=str(more), reason=reason, before=before.isoformat() if before else None)
    return leg


def pause(s: Session, ticket: Ticket, *, reason: str, text: str, by: Person, at: datetime) -> Leg:
    """挂起 for a listed reason, at most for its cap: then the clock runs on by itself. Raises Refused for another reason, Conflict when it stands."""
    access.check(ticket, Verb.PAUSE, by)
    text = required(text, "text", "请写明挂起的依据。")
    leg = _lead(ticket)
    deadlines.paused(s, ticket, leg, reason, at=at)
    _recorded(s, "ticket.paused", ticket, leg, by=by, at=at, reason=reason, text=text)
    return leg


def resume(s: Session, ticket: Ticket, *, text: str, by: Person, at: datetime) -> Leg:
    """恢复: the clock runs on; the pause is given back in the unit of the limit."""
    access.check(ticket, Verb.RESUME, by)
    text = required(text, "text", "请写明恢复的原因。")
    leg = _lead(ticket)
    deadlines.resumed(s, ticket, leg, at=at)
    _recorded(s, "ticket.resumed", ticket, leg, by=by, at=at, text=text)
    return leg


def _lead(ticket: Ticket) -> Leg:
    leg = ticket.lead_leg
    if leg is None:
        raise Conflict("工单当前没有主办单位。")
    return leg


def _recorded(s: Session, kind: str, ticket: Ticket, leg: Leg, *, by: Person, at: datetime, **data: object) -> None:
    touch(ticket)
    record(s, kind, ticket, by=by, at=at, leg=leg.id, department=leg.department_code, due=leg.due_at.isoformat() if leg.due_at else None, **data)
