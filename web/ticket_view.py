"""The whole ticket as its page shows it: read in one transaction, nothing left to ask for while it is rendered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.people import Person
from hotline.privacy import masked_name, masked_phone
from hotline.roles import Role
from tickets import access, attaching, co_handling, deadlines, desks, merging, terminating
from tickets.attachment import Attachment
from tickets.bad_rating import VERDICTS
from tickets.beside import Beside, beside
from tickets.call import Call
from tickets.catalogue import item_as_of
from tickets.filing import BURDEN, CHANNELS, CONFIDENTIALITY
from tickets.lifecycle import State, Verb
from tickets.resolving import EVERY_RESULT
from tickets.returning import REASONS
from tickets.revealing import hidden_from
from tickets.revisiting import SATISFIED, SOLVED
from tickets.standing_in import owner_words
from tickets.ticket import Kind, Leg, Ticket
from tickets.timeline import Entry, timeline
from tickets.tracks import OBSTACLES, SHOULD, TRACK_LABELS, Track
from web.due import Due, due
from web.recording import MAY_HEAR

OUTCOMES = {"resolved": "已答复", "returned": "已退单", "recalled": "已收回", "merged": "已并单", "withdrawn": "已撤单",
            "absent": "未参与", "terminated": "已终止"}  # fmt: skip
UNASKED = {"unreached": "未联系上", "unsampled": "未抽中回访"}


@dataclass(frozen=True)
class LegView:
    """One leg (承办段). asks: why it wants to return it, while that is not ruled on; explained: the steps behind its deadline."""

    id: int
    department: str
    department_code: str
    lead: bool
    round: int
    current: bool
    state: str
    forced: bool
    dispatched_at: datetime
    signed_at: datetime | None
    owner: str
    due: Due | None
    explained: list[str]
    return_until: datetime | None
    asks: str
    asks_basis: str
    asks_suggests: str | None
    result: str
    reply: str
    contacted_at: datetime | None
    resolved_at: datetime | None
    ended_at: datetime | None
    wrong_dispatch: bool


@dataclass(frozen=True)
class TicketView:
    """The ticket as this person may see it."""

    number: str
    query_code: str
    version: int
    state: str
    state_label: str
    round: int
    kind: str
    kind_label: str
    urgent: bool
    alarms: list[str]
    channel: str
    title: str
    body: str
    wants: str
    item: str
    item_code: str | None
    area: str
    area_code: str | None
    address: str
    caller: str
    phone: str
    hidden: bool
    confidentiality: str
    open_name: bool
    burden: list[tuple[str, int | None, int | None]]
    window: str
    application: str
    should: str | None
    obstacle: str | None
    triaged: str
    concerns: str
    origin: str
    received_at: datetime
    filed_at: datetime
    filed_by: str
    department: str
    due: Due | None
    explained: list[str]
    returns: int
    decided_by: str | None
    suggestion: Mapping[str, Any] | None
    solved: str
    satisfied: str
    closed_at: datetime | None
    call: int | None
    case: int | None
    master: str
    followers: list[str]
    legs: list[LegView]
    hops: list[LegView]
    awaited: list[str]
    own_legs: list[int]
    instructed: bool
    excluded: bool
    beside: Beside
    final_answers: list[tuple[str, str, datetime | None]]
    attachments: list[Attachment]
    earlier: list[Attachment]
    timeline: list[Entry]
    verbs: list[Verb]

    @property
    def url(self) -> str:
        """Where its page is."""
        return f"/tickets/{self.number}"

    def leads(self, department: str | None) -> bool:
        """Whether this unit leads it now."""
        return any(leg.current and leg.lead and leg.department_code == department for leg in self.legs)

    @property
    def asking(self) -> list[LegView]:
        """The legs whose return waits for a ruling."""
        return [leg for leg in self.legs if leg.current and leg.asks]

    @property
    def legs_in_order(self) -> list[LegView]:
        """Those that have not ended first, the lead before its co-handlers; then the earlier ones, the latest first."""
        return sorted(self.legs, key=lambda leg: (leg.current, leg.lead, leg.id), reverse=True)


def ticket_view(s: Session, ticket: Ticket, me: Person, at: datetime) -> TicketView:
    """Reads everything; the ticket comes from access.find."""
    hidden = hidden_from(ticket, me)
    legs = [leg_view(s, leg, at) for leg in ticket.legs]
    return TicketView(
        number=ticket.number,
        query_code=ticket.query_code,
        version=ticket.version,
        state=ticket.state.value,
        state_label=ticket.state.label,
        round=ticket.round,
        kind=ticket.kind.value,
        kind_label=ticket.kind.label,
        urgent=ticket.urgent,
        alarms=ticket.alarms,
        channel=CHANNELS.get(ticket.channel, ticket.channel),
        title=ticket.title,
        body=ticket.body,
        wants=ticket.wants,
        item=item_as_of(s, ticket.item.code, ticket.filed_at).name if ticket.item else "",
        item_code=ticket.item_code,
        area=ticket.area.name if ticket.area else "",
        area_code=ticket.area_code,
        address=ticket.address,
        caller="" if hidden else masked_name(ticket.caller_name),
        phone="" if hidden else masked_phone(ticket.phone),
        hidden=hidden,
        confidentiality=CONFIDENTIALITY[ticket.confidentiality],
        open_name=ticket.confidentiality == "open",
        burden=[
            (question, ticket.burden.get(name), ticket.burden_after.get(name))
            for name, question in BURDEN.items()
            if name in ticket.burden or name in ticket.burden_after
        ],
        window=ticket.window,
        application=ticket.application,
        should=ticket.should,
        obstacle=ticket.obstacle,
        triaged=_triaged(ticket),
        concerns=ticket.concerns_name,
        origin=_origin(s, ticket, me),
        received_at=ticket.received_at,
        filed_at=ticket.filed_at,
        filed_by=ticket.filed_by.name,
        department=ticket.lead.name if ticket.lead else "",
        due=due(ticket, at),
        explained=deadlines.explained(s, ticket, at=at) if ticket.due_at and not ticket.lead_leg else [],
        returns=ticket.returns,
        decided_by=ticket.decided_by,
        suggestion=ticket.suggestion,
        solved=(SOLVED | UNASKED).get(ticket.solved or "", ""),
        satisfied=SATISFIED.get(ticket.satisfied or 0, ""),
        closed_at=ticket.closed_at,
        call=_call(s, ticket, me),
        case=_case(s, ticket, me),
        master=master.number if (master := merging.master_of(s, ticket)) else "",
        followers=[follower.number for follower in merging.followers(s, ticket, me)],
        legs=legs,
        hops=[leg for leg in legs if leg.lead and leg.round == ticket.round],
        awaited=co_handling.awaited(s, ticket) if ticket.out else [],
        own_legs=[leg.id for leg in ticket.legs if leg.department_code == me.department_code],
        instructed=ticket.instructed,
        excluded=ticket.excluded,
        beside=beside(s, ticket),
        final_answers=_final_answers(s, ticket, me),
        attachments=attaching.of_ticket(s, ticket),
        earlier=attaching.earlier(s, ticket, by=me),
        timeline=timeline(s, ticket),
        verbs=[move.verb for move in access.moves_for(ticket, me)],
    )


def _triaged(ticket: Ticket) -> str:
    """研判 in words: the two answers and the track."""
    if ticket.kind is Kind.BAD_RATING:
        return VERDICTS.get(ticket.track or "", "待电话核实")
    if ticket.kind is not Kind.STUCK:
        return ""
    if not ticket.should or not ticket.obstacle:
        return "待研判"
    track = TRACK_LABELS[Track(ticket.track)] if ticket.track else "待研判"
    return f"{track}（{SHOULD[ticket.should]}，障碍：{OBSTACLES[ticket.obstacle]}）"


def _origin(s: Session, ticket: Ticket, me: Person) -> str:
    """Number of the ticket that this one came of, if this person may see it."""
    if ticket.origin_id is None:
        return ""
    return s.scalar(access.visible_to(me).where(Ticket.id == ticket.origin_id).with_only_columns(Ticket.number)) or ""


def leg_view(s: Session, leg: Leg, at: datetime) -> LegView:
    """One leg of it; its department and owner are loaded."""
    return LegView(
        id=leg.id,
        department=leg.department.name,
        department_code=leg.department_code,
        lead=leg.lead,
        round=leg.round,
        current=leg.ended_at is None,
        state=leg.state.label if leg.ended_at is None else OUTCOMES.get(leg.outcome or "", ""),
        forced=leg.forced,
        dispatched_at=leg.dispatched_at,
        signed_at=leg.signed_at,
        owner=owner_words(s, leg, at=at),
        due=due(leg, at),
        explained=deadlines.explained(s, leg, at=at),
        return_until=leg.return_until,
        asks=REASONS.get(leg.return_reason or "", "") if leg.state is State.RETURNING else "",
        asks_basis=leg.return_basis or "",
        asks_suggests=leg.return_suggests,
        result=(EVERY_RESULT | {terminating.RESULT: "最终答复"}).get(leg.result or "", ""),
        reply=leg.reply or "",
        contacted_at=leg.contacted_at,
        resolved_at=leg.resolved_at,
        ended_at=leg.ended_at,
        wrong_dispatch=leg.wrong_dispatch,
    )


def _final_answers(s: Session, ticket: Ticket, me: Person) -> list[tuple[str, str, datetime | None]]:
    """最终答复 that this citizen had about the same item: (number, what was answered, when). For those who speak with citizens."""
    if not me.has(*access.SEES_ALL):
        return []
    return [(one.ticket.number, one.reply or "", one.decided_at) for one in terminating.earlier_answers(s, ticket, by=me)]


def _call(s: Session, ticket: Ticket, me: Person) -> int | None:
    return s.scalar(select(Call.id).where(Call.ticket_id == ticket.id)) if me.has(*MAY_HEAR) else None


def _case(s: Session, ticket: Ticket, me: Person) -> int | None:
    if not me.has(Role.SUPERVISOR, Role.DISCIPLINE, *access.DEPARTMENT):
        return None
    return next((case.id for case, of, _ in desks.discipline_queue(s, me) if of.id == ticket.id), None)


__all__ = ["LegView", "TicketView", "leg_view", "ticket_view"]
