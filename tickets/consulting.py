"""会商: a dispatcher asks several units, each gives its opinion, the dispatcher concludes. Nobody's clock stops for it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from hotline.errors import Conflict, Forbidden, NotFound, Refused
from hotline.outbox import record
from hotline.people import Department, Person
from tickets import access
from tickets.consultation import Consultation, Opinion, asked_of, open_consultation
from tickets.dispatching import NOT_ANSWERING, required, touch
from tickets.lifecycle import Verb
from tickets.ticket import Ticket


def consult(s: Session, ticket: Ticket, *, units: Sequence[str], text: str, meets_at: datetime | None = None, by: Person, at: datetime) -> Consultation:
    """发起会商: these units may read the ticket from now on and say what they think. meets_at: when they meet. Raises Conflict while another is open."""
    access.check(ticket, Verb.CONSULT, by)
    if open_consultation(ticket) is not None:
        raise Conflict("已有一次会商没有结论，请先作出结论。")
    question = required(text, "text", "请写明会商的问题。")
    if meets_at is not None and meets_at < at:
        raise Refused("会商时间应在现在之后。", field="meets_at")
    invited = list(dict.fromkeys(units))
    if not invited:
        raise Refused("请至少选择一个会商单位。", field="units")
    for code in invited:
        unit = s.get(Department, code)
        if unit is None or unit.kind in NOT_ANSWERING or not unit.active:
            raise NotFound(f"没有编码为“{code}”的单位。", field="units")
    opened = Consultation(
        ticket=ticket, question=question, meets_at=meets_at, at=at, by_id=by.id,
        opinions=[Opinion(ticket_id=ticket.id, department_code=code) for code in invited],
    )  # fmt: skip
    s.add(opened)
    touch(ticket)
    s.flush()
    meeting = meets_at.isoformat() if meets_at else None
    record(s, "ticket.consulted", ticket, by=by, at=at, consultation=opened.id, units=invited, text=question, meets_at=meeting)
    return opened


def opine(s: Session, ticket: Ticket, *, text: str, by: Person, at: datetime) -> Opinion:
    """会商意见 of an invited unit; said again, the later one stands, and the record keeps both. Raises Forbidden for a unit that was not asked."""
    access.check(ticket, Verb.OPINE, by)
    asked = asked_of(ticket, by)
    if asked is None:
        raise Forbidden("贵单位没有被邀请参加会商，或会商已有结论。")
    asked.text, asked.at, asked.by_id = required(text, "text", "请填写会商意见。"), at, by.id
    touch(ticket)
    record(s, "ticket.opined", ticket, by=by, at=at, consultation=asked.consultation_id, department=asked.department_code, text=asked.text)
    return asked


def conclude_consult(s: Session, ticket: Ticket, *, text: str, by: Person, at: datetime) -> Consultation:
    """会商结论: what was decided. Raises Conflict when none is open."""
    access.check(ticket, Verb.CONCLUDE_CONSULT, by)
    concluded = open_consultation(ticket)
    if concluded is None:
        raise Conflict("没有等待结论的会商。")
    concluded.conclusion = required(text, "text", "请写明会商结论。")
    concluded.concluded_at, concluded.concluded_by_id = at, by.id
    touch(ticket)
    record(s, "ticket.consult_concluded", ticket, by=by, at=at, consultation=concluded.id, text=concluded.conclusion)
    return concluded

