"""一次性告知: what is missing is listed once, and whole. A second list on the same leg is taken, for the citizen needs it, and is a violation."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.errors import Refused
from hotline.outbox import record
from hotline.people import Person
from tickets import access
from tickets.dispatching import required, touch
from tickets.filing import clean
from tickets.lifecycle import Verb
from tickets.records import Notice
from tickets.ticket import Ticket

MOST = 30


def notify(s: Session, ticket: Ticket, *, missing: Sequence[str], text: str = "", by: Person, at: datetime) -> Notice:
    """Tells the citizen what is missing, one thing a line; text: how it was told, and what to do with it. It stops no clock.

    Raises Refused for an empty list. The notice says whether it is a violation: something had been listed on this leg before.
    """
    _, leg = access.check_leg(ticket, Verb.NOTIFY, by)
    things = list(dict.fromkeys(kept for thing in missing if (kept := clean(thing, "missing"))))
    required("".join(things), "missing", "请逐行列出缺少的材料或信息，一次列全。")
    if len(things) > MOST:
        raise Refused(f"一次最多列 {MOST} 项。", field="missing")
    before = s.scalar(select(func.count()).select_from(Notice).where(Notice.leg_id == leg.id)) or 0
    notice = Notice(
        ticket_id=ticket.id, leg_id=leg.id, department_code=leg.department_code, missing=things, text=clean(text, "text"), violation=before > 0, at=at,
        by_id=by.id,
    )  # fmt: skip
    s.add(notice)
    touch(ticket)
    s.flush()
    record(
        s, "ticket.notified", ticket, by=by, at=at, notice=notice.id, leg=leg.id, department=leg.department_code, missing=things, violation=notice.violation
    )  # fmt: skip
    return notice
