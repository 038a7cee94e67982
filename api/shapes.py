"""What the API answers with. Moments are ISO 8601 in Shanghai time; a citizen's name and number are masked."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from hotline.clock import local
from hotline.people import Person
from hotline.privacy import masked_name, masked_phone
from tickets import access, attaching
from tickets.beside import beside
from tickets.call import Call
from tickets.calls import utterances
from tickets.revealing import hidden_from
from tickets.ticket import Leg, Ticket
from tickets.timeline import timeline


@dataclass
class LegOut:
    """承办段: one department's part."""

    id: int
    department: str
    department_name: str
    lead: bool
    round: int
    state: str
    forced: bool
    dispatched_at: str
    signed_at: str | None
    due: str | None
    return_until: str | None
    ended_at: str | None
    outcome: str | None
    wrong_dispatch: bool
    paused: bool
    result: str | None
    reply: str | None


@dataclass
class AttachmentOut:
    """附件: GET /tickets/{number}/attachments/{id} gives its bytes. department: whose it is, None for the centre's and the citizen's."""

    id: int
    name: str
    size: int
    media: str
    sha256: str
    department: str | None
    at: str


@dataclass
class EntryOut:
    """流转记录的一条."""

    at: str
    kind: str
    who: str
    headline: str
    detail: str


@dataclass
class TicketOut:
    """工单. track: simple, special, explain or human (研判); of a bad rating valid, mistaken or malicious.

    version: send it back with a verb, so that a change in between is noticed. moves: what you may do now.
    beside: requests, notices, consultations, instructions, and turns: the units that are still to help, in order.
    """

    number: str
    query_code: str
    version: int
    state: str
    state_label: str
    round: int
    kind: str
    urgent: bool
    channel: str
    title: str
    body: str
    wants: str
    item: str | None
    item_name: str | None
    area: str | None
    area_name: str | None
    address: str
    caller: str
    phone: str
    confidentiality: str
    burden: dict[str, int]
    burden_after: dict[str, int]
    window: str
    application: str
    should: str | None
    obstacle: str | None
    track: str | None
    concerns: str
    origin: str | None
    received_at: str
    department: str | None
    department_name: str | None
    due: str | None
    due_is_provisional: bool
    decided_by: str | None
    confidence: float | None
    suggestion: dict[str, Any] | None
    solved: str | None
    satisfied: int | None
    closed_at: str | None
    instructed: bool
    excluded: bool
    moves: list[str]
    legs: list[LegOut]
    beside: dict[str, Any]
    attachments: list[AttachmentOut]
    timeline: list[EntryOut]


@dataclass
class TicketLine:
    """工单 in a list."""

    number: str
    version: int
    state: str
    kind: str
    urgent: bool
    title: str
    item: str | None
    item_name: str | None
    area_name: str | None
    department: str | None
    department_name: str | None
    received_at: str
    due: str | None


@dataclass
class TicketPage:
    """One page; ask for the next with `after`."""

    tickets: list[TicketLine]
    after: str | None


@dataclass
class CallOut:
    """通话. done, length: seconds transcribed, and in all where the recording says so.

    utterances: speaker, start and end in seconds, text, confidence; heard: before names and numbers were repaired (repairs); unsure: doubtful places.
    """

    id: int
    name: str
    state: str
    problem: str | None
    problem_code: str | None
    received_at: str
    done: float
    length: float | None
    duration: float | None
    utterances: list[dict[str, Any]]
    ticket: str | None


def iso(moment: datetime | None) -> str | None:
    """A moment as people and machines read it."""
    return local(moment).isoformat(timespec="seconds") if moment else None


def moments(said: Any) -> Any:
    """The same with every moment and day as text."""
    if isinstance(said, dict):
        return {name: moments(value) for name, value in said.items()}
    if isinstance(said, list):
        return [moments(value) for value in said]
    if isinstance(said, datetime):
        return iso(said)
    return said.isoformat() if isinstance(said, date) else said


def _iso(moment: datetime) -> str:
    return local(moment).isoformat(timespec="seconds")


def ticket_out(s: Session, ticket: Ticket, me: Person) -> TicketOut:
    """The whole ticket as this person may see it; loaded by access.find."""
    hidden = hidden_from(ticket, me)
    return TicketOut(
        number=ticket.number,
        query_code=ticket.query_code,
        version=ticket.version,
        state=ticket.state.value,
        state_label=ticket.state.label,
        round=ticket.round,
        kind=ticket.kind.value,
        urgent=ticket.urgent,
        channel=ticket.channel,
        title=ticket.title,
        body=ticket.body,
        wants=ticket.wants,
        item=ticket.item_code,
        item_name=ticket.item.name if ticket.item else None,
        area=ticket.area_code,
        area_name=ticket.area.name if ticket.area else None,
        address=ticket.address,
        caller="" if hidden else masked_name(ticket.caller_name),
        phone="" if hidden else masked_phone(ticket.phone),
        confidentiality=ticket.confidentiality,
        burden=ticket.burden,
        burden_after=ticket.burden_after,
        window=ticket.window,
        application=ticket.application,
        should=ticket.should,
        obstacle=ticket.obstacle,
        track=ticket.track,
        concerns=ticket.concerns_name,
        origin=s.scalar(access.visible_to(me).where(Ticket.id == ticket.origin_id).with_only_columns(Ticket.number)) if ticket.origin_id else None,
        received_at=_iso(ticket.received_at),
        department=ticket.lead_code,
        department_name=ticket.lead.name if ticket.lead else None,
        due=iso(ticket.due_at),
        due_is_provisional=ticket.provisional,
        decided_by=ticket.decided_by,
        confidence=ticket.confidence,
        suggestion=ticket.suggestion,
        solved=ticket.solved,
        satisfied=ticket.satisfied,
        closed_at=iso(ticket.closed_at),
        instructed=ticket.instructed,
        excluded=ticket.excluded,
        beside=moments(asdict(beside(s, ticket))),
        attachments=[
            AttachmentOut(one.id, one.name, one.size, one.media, one.sha256, one.department_code, _iso(one.at)) for one in attaching.of_ticket(s, ticket)
        ],
        moves=[move.verb.value for move in access.moves_for(ticket, me)],
        legs=[leg_out(leg) for leg in ticket.legs],
        timeline=[EntryOut(_iso(entry.at), entry.kind, entry.who, entry.headline, entry.detail) for entry in timeline(s, ticket)],
    )


def leg_out(leg: Leg) -> LegOut:
    """One leg."""
    return LegOut(
        id=leg.id,
        department=leg.department_code,
        department_name=leg.department.name,
        lead=leg.lead,
        round=leg.round,
        state=leg.state.value,
        forced=leg.forced,
        dispatched_at=_iso(leg.dispatched_at),
        signed_at=iso(leg.signed_at),
        due=iso(leg.due_at),
        return_until=iso(leg.return_until),
        ended_at=iso(leg.ended_at),
        outcome=leg.outcome,
        wrong_dispatch=leg.wrong_dispatch,
        paused=leg.paused_at is not None and leg.ended_at is None,
        result=leg.result,
        reply=leg.reply,
    )


def ticket_line(ticket: Ticket, *, due: datetime | None = None) -> TicketLine:
    """A ticket in a list; due: the leg's deadline where the list is of legs."""
    return TicketLine(
        number=ticket.number,
        version=ticket.version,
        state=ticket.state.value,
        kind=ticket.kind.value,
        urgent=ticket.urgent,
        title=ticket.title,
        item=ticket.item_code,
        item_name=ticket.item.name if ticket.item else None,
        area_name=ticket.area.name if ticket.area else None,
        department=ticket.lead_code,
        department_name=ticket.lead.name if ticket.lead else None,
        received_at=_iso(ticket.received_at),
        due=iso(due or ticket.due_at),
    )


def call_out(call: Call) -> CallOut:
    """A call with what was heard."""
    return CallOut(
        id=call.id,
        name=call.name,
        state=call.state.value,
        problem=call.problem,
        problem_code=call.problem_code,
        received_at=_iso(call.received_at),
        done=call.done,
        length=call.length,
        duration=call.duration,
        utterances=utterances(call),
        ticket=call.ticket.number if call.ticket else None,
    )

