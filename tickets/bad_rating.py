"""差评整改: a bad rating is a matter of its own. Verified by telephone within a workday, put right within five, asked about again.

What a verification finds mistaken (误评) or malicious (恶意) is closed by a second person, with the reason told. Source: 国办发〔2019〕51号 (核实、整改、反馈).
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.errors import Conflict, Forbidden, Refused
from hotline.outbox import Event, record
from hotline.people import Person, system
from tickets import access
from tickets.filing import Matter, clean, file
from tickets.lifecycle import Verb
from tickets.ticket import Kind, Ticket

BAD = (2, 1)
"""不满意, 非常不满意."""

VERDICTS = {"valid": "属实，须整改", "mistaken": "误评", "malicious": "恶意评价"}
EVENTS = ("ticket.redone", "ticket.answered")
"""After these there may be a bad rating."""


def open_for(s: Session, event: Event, *, at: datetime) -> Ticket | None:
    """The matter of the bad rating that this event tells of, waiting to be verified; None where the rating is none, or is itself of such a matter."""
    satisfied = event.data.get("satisfied")
    rated = s.get_one(Ticket, event.subject_id)
    if satisfied not in BAD or rated.kind is Kind.BAD_RATING:
        return None
    said = event.data.get("reason") or event.data.get("comment") or ""
    matter = Matter(
        kind=Kind.BAD_RATING, title=f"差评：{rated.title}"[:80],
        body=f"诉求人对工单 {rated.number} 的办理{RATED[satisfied]}。{said}".strip(),
        item=rated.item_code, area=rated.area_code, address=rated.address, caller_name=rated.caller_name or "", phone=rated.phone or "",
        confidentiality=rated.confidentiality, channel=rated.channel, origin=rated.number,
    )  # fmt: skip
    return file(s, matter, by=system(s), at=at, received_at=event.at)


def verify(s: Session, ticket: Ticket, *, verdict: str, note: str, by: Person, at: datetime) -> None:
    """核实: the citizen was telephoned, and the rating is valid, mistaken or malicious. Raises Refused naming the field."""
    access.check(ticket, Verb.TRIAGE, by)
    if ticket.kind is not Kind.BAD_RATING:
        raise Refused("只有差评整改才核实评价。")
    if ticket.lead_code is not None:
        raise Conflict("差评已核实属实并派单，不能再核实。")
    if verdict not in VERDICTS:
        raise Refused(f"核实结果只能是：{'、'.join(VERDICTS.values())}。", field="verdict")
    note = clean(note, "note")
    if not note:
        raise Refused("请写明电话核实的情况。", field="note")
    ticket.track = verdict
    record(s, "ticket.rating_verified", ticket, by=by, at=at, verdict=verdict, note=note)


def check_dispatch(ticket: Ticket) -> None:
    """Only what was verified goes to a department. Raises Refused."""
    if ticket.kind is Kind.BAD_RATING and ticket.track != "valid":
        raise Refused("差评须先电话核实属实，才能派给承办单位整改。")


def check_answer(s: Session, ticket: Ticket, by: Person) -> None:
    """A rating that does not stand is closed by somebody else than who verified it (双人复核). Raises Refused or Forbidden."""
    if ticket.kind is not Kind.BAD_RATING:
        return
    if ticket.track not in ("mistaken", "malicious"):
        raise Refused("差评须先核实；属实的派给承办单位整改，误评或恶意的才能复核后办结。")
    verified = select(Event.by_id).where(Event.subject_kind == "ticket", Event.subject_id == ticket.id, Event.kind == "ticket.rating_verified")
    if s.scalar(verified.order_by(Event.id.desc()).limit(1)) == by.id:
        raise Forbidden("不予整改须由核实人以外的另一人复核。")


RATED = {2: "不满意", 1: "非常不满意"}
