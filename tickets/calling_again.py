"""再次来电: the same citizen about the same open matter is an urge on the ticket that there is, not a second ticket."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload, selectinload

from hotline.errors import Refusal
from hotline.people import Person
from hotline.privacy import fingerprint, phone_number
from tickets import access, likeness, reception, urging
from tickets.call import Call, CallState
from tickets.lifecycle import OPEN
from tickets.openings import ANSWERED
from tickets.reception import Reception
from tickets.suggesting import Advice
from tickets.ticket import Ticket

SHOWN = 5
LONGEST = 1500
"""Characters of what was said that go into the urge; the recording and the reception keep the rest."""


@dataclass(frozen=True)
class Known:
    """A ticket of this caller. open: it can be urged; otherwise reply is what was answered, to be read back."""

    ticket: Ticket
    open: bool
    reply: str


def tickets_of(s: Session, phone: str | None, *, by: Person) -> list[Known]:
    """The caller's latest tickets that `by` may see, those still open first; none for a number that is none."""
    try:
        number = phone_number(phone or "")
    except Refusal:
        return []
    if number is None:
        return []
    theirs = access.visible_to(by).where(Ticket.phone_hash == fingerprint(number)).order_by(Ticket.id.desc()).limit(SHOWN * 2)
    found = s.scalars(theirs.options(selectinload(Ticket.legs), joinedload(Ticket.lead))).all()
    known = [Known(ticket, ticket.state in OPEN, _reply(ticket)) for ticket in found]
    return sorted(known, key=lambda one: not one.open)[:SHOWN]


def open_matter(s: Session, call: Call, said: str, advice: Advice, item: str | None, *, at: datetime) -> Ticket | None:
    """The open ticket that this call asks after. A call that speaks of danger is none, unless its ticket is urgent already."""
    found = likeness.open_matter_of_caller(s, phone=call.phone, text=said, item=item, area=advice.area, at=at)
    return None if found is None or (advice.alarms and not found.urgent) else s.scalar(_whole().where(Ticket.id == found.id).with_for_update(of=Ticket))


def urge(s: Session, ticket: Ticket, *, said: str, phone: str = "", call: Call | None = None, by: Person, at: datetime) -> Reception:
    """催办 of the ticket in the citizen's words, and the contact kept with it. The call, if there was one, is dealt with."""
    urging.urge(s, ticket, text=f"诉求人再次来电：{said.strip()[:LONGEST]}" if said.strip() else "诉求人再次来电催办。", by=by, at=at)
    return kept(s, "urge", ticket=ticket, phone=phone, call=call, by=by, at=at)


def kept(
    s: Session, result: str, *, channel: str = "", note: str = "", ticket: Ticket | None = None, phone: str = "", call: Call | None = None, by: Person,
    at: datetime,
) -> Reception:  # fmt: skip
    """Keeps what became of a contact, and of its call, where there was one."""
    contact = reception.receive(
        s, result=result, channel=channel, note=note, phone=phone or (call.phone or "" if call else ""), ticket=ticket,
        call=call.id if call else None, by=by, at=at,
    )  # fmt: skip
    if call is not None:
        call.state = CallState.FILED
    return contact


def _whole() -> Select[Ticket]:
    return select(Ticket).options(*access.FULL).execution_options(populate_existing=True)


def _reply(ticket: Ticket) -> str:
    return next((leg.reply for leg in sorted(ticket.legs, key=lambda leg: -leg.id) if leg.lead and leg.reply and leg.outcome in ANSWERED), "")
