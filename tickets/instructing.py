"""批示: a leader's instruction is put on record, and makes the ticket a 批示件. It stops no clock; the ladder and the supervisors' own list hear of it."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from hotline.clock import local
from hotline.errors import Refused
from hotline.outbox import record
from hotline.people import Person
from tickets import access
from tickets.dispatching import required
from tickets.lifecycle import Verb
from tickets.records import Instruction
from tickets.ticket import Ticket

LONGEST_NAME = 60


def instruct(s: Session, ticket: Ticket, *, leader: str, text: str, dated: date | None = None, by: Person, at: datetime) -> Instruction:
    """登记批示: who wrote it, what it says, and the day it bears (default: today)."""
    access.check(ticket, Verb.INSTRUCT, by)
    leader = required(leader, "leader", "请填写批示的领导。")
    if len(leader) > LONGEST_NAME:
        raise Refused(f"批示领导的姓名职务最多 {LONGEST_NAME} 字。", field="leader")
    text = required(text, "text", "请填写批示内容。")
    today = local(at).date()
    if dated is not None and dated > today:
        raise Refused("批示日期不能在今天之后。", field="dated")
    written = Instruction(ticket_id=ticket.id, leader=leader, text=text, dated=dated or today, at=at, by_id=by.id)
    s.add(written)
    ticket.instructed = True
    s.flush()
    record(s, "ticket.instructed", ticket, by=by, at=at, instruction=written.id, leader=leader, text=text, dated=written.dated.isoformat())
    return written
