"""终止 with a final answer (最终答复): a department asks with evidence, a reviewer and then a supervisor approve; later calls are told the same answer."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from hotline.errors import Refused
from hotline.outbox import record
from hotline.people import Person
from hotline.privacy import fingerprint, phone_number
from tickets import access, applying, deadlines
from tickets.application import Application, Ask, Judged
from tickets.dispatching import end_leg, required
from tickets.lifecycle import State, Verb, after
from tickets.ticket import Leg, Ticket

RESULT = "terminated"
SHOWN = 5


def ask_termination(s: Session, ticket: Ticket, *, reason: str, evidence: str, reply: str, by: Person, at: datetime) -> Application:
    """申请终止 by the lead, with the evidence and the final answer as the citizen is to read it; nobody changes its words afterwards."""
    _, leg = access.check_leg(ticket, Verb.ASK_TERMINATION, by)
    if not leg.lead:
        raise Refused("终止办理须由主办单位申请。")
    said = {
        "reason": required(reason, "reason", "请写明终止办理的理由。"),
        "evidence": required(evidence, "evidence", "请写明依据：文件、文号、调查经过。"),
        "reply": required(reply, "reply", "请填写给诉求人的最终答复。"),
    }
    return applying.ask(s, ticket, leg, Ask.TERMINATION, by=by, at=at, **said)


def approve_termination(s: Session, ticket: Ticket, *, application: int | None = None, by: Person, at: datetime) -> Application:
    """初审同意终止, by a reviewer."""
    access.check(ticket, Verb.APPROVE_TERMINATION, by)
    return applying.approve_first(s, ticket, Ask.TERMINATION, application=application, by=by, at=at)


def terminate(s: Session, ticket: Ticket, *, application: int | None = None, by: Person, at: datetime) -> Application:
    """批准终止, by a supervisor: the final answer stands, every leg and clock ends."""
    access.check(ticket, Verb.TERMINATE, by)
    request = applying.approve_second(ticket, Ask.TERMINATION, application=application, by=by, at=at)
    lead = next(leg for leg in ticket.current_legs if leg.id == request.leg_id)
    lead.result, lead.reply, lead.resolved_at = RESULT, request.reply, at
    for leg in ticket.current_legs:
        end_leg(s, ticket, leg, outcome=_outcome(leg, lead), at=at)
    ticket.state = after(ticket.state, Verb.TERMINATE)
    ticket.closed_at, ticket.due_at = at, None
    deadlines.closed(s, ticket, at=at)
    record(s, "ticket.terminated", ticket, by=by, at=at, application=request.id, leg=lead.id, department=lead.department_code, reply=request.reply)
    return request


def final_answers(s: Session, *, by: Person, phone: str | None, item: str | None = None) -> Sequence[Application]:
    """The final answers that a caller has had, the latest first: to be read out rather than filed anew. item: about this matter only."""
    try:
        number = phone_number(phone or "")
    except Refused:
        return ()
    return _of_caller(s, by, fingerprint(number), item) if number else ()


def earlier_answers(s: Session, ticket: Ticket, *, by: Person) -> Sequence[Application]:
    """The final answers that this ticket's citizen had about the same item before."""
    return [one for one in _of_caller(s, by, ticket.phone_hash, ticket.item_code) if one.ticket_id != ticket.id] if ticket.phone_hash else ()


def _of_caller(s: Session, by: Person, phone_hash: str, item: str | None) -> Sequence[Application]:
    own = access.visible_to(by).with_only_columns(Ticket.id).where(Ticket.phone_hash == phone_hash)
    own = own.where(Ticket.item_code == item) if item else own
    granted = select(Application).where(Application.kind == Ask.TERMINATION, Application.state == Judged.GRANTED, Application.ticket_id.in_(own))
    latest = granted.options(joinedload(Application.ticket).joinedload(Ticket.item), joinedload(Application.department))
    return s.scalars(latest.order_by(Application.id.desc()).limit(SHOWN)).all()


def _outcome(leg: Leg, lead: Leg) -> str:
    if leg is lead:
        return "terminated"
    return "resolved" if leg.state is State.RESOLVED else "recalled"
