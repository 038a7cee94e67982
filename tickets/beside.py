"""What is recorded beside a ticket, with the names that people read: requests, notices, consultations, instructions, and whose turn is still to come."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload, selectinload

from sla.limit import Limit
from tickets import deadlines, excluding, turns
from tickets.application import Application, Ask
from tickets.consultation import Consultation, Opinion
from tickets.records import Instruction, Notice
from tickets.ticket import Ticket

R = TypeVar("R", Application, Notice, Consultation, Instruction)


@dataclass(frozen=True)
class Request:
    """申请. reason, limit: in words; first_by, decided_by: who approved or refused."""

    id: int
    leg: int
    kind: str
    label: str
    state: str
    state_label: str
    waiting: bool
    department: str
    reason: str
    evidence: str
    limit: str
    reply: str
    asked_by: str
    asked_at: datetime
    first_by: str
    first_at: datetime | None
    decided_by: str
    decided_at: datetime | None
    decision: str


@dataclass(frozen=True)
class Told:
    """一次性告知."""

    id: int
    leg: int
    department: str
    missing: list[str]
    text: str
    violation: bool
    by: str
    at: datetime


@dataclass(frozen=True)
class Said:
    """会商意见 of one unit; text is empty while it has said nothing."""

    department: str
    text: str
    by: str
    at: datetime | None


@dataclass(frozen=True)
class Consulted:
    """会商."""

    id: int
    question: str
    meets_at: datetime | None
    by: str
    at: datetime
    opinions: list[Said]
    conclusion: str
    concluded_at: datetime | None


@dataclass(frozen=True)
class Instructed:
    """批示."""

    leader: str
    text: str
    dated: date
    by: str
    at: datetime


@dataclass(frozen=True)
class Beside:
    """All of it, each kind oldest first. turns: units that are to help in this order."""

    requests: list[Request]
    notices: list[Told]
    consultations: list[Consulted]
    instructions: list[Instructed]
    turns: list[str]

    @property
    def open_requests(self) -> list[Request]:
        """Those that nobody has judged to the end."""
        return [request for request in self.requests if request.waiting]

    def of_kind(self, kind: str) -> list[Request]:
        """Those of one kind that wait."""
        return [request for request in self.open_requests if request.kind == kind]


def beside(s: Session, ticket: Ticket) -> Beside:
    """Reads it all; of the same ticket that access.find gave."""
    return Beside(
        requests=requests_of(s, ticket),
        notices=[told(notice) for notice in s.scalars(_of(Notice, ticket).options(joinedload(Notice.department), joinedload(Notice.by)))],
        consultations=_consultations(s, ticket) if ticket.consultations else [],
        instructions=[
            Instructed(written.leader, written.text, written.dated, written.by.name, written.at)
            for written in s.scalars(_of(Instruction, ticket).options(joinedload(Instruction.by)))
        ]
        if ticket.instructed
        else [],
        turns=[planned.department.short for planned in turns.waiting(s, ticket)],
    )


def requests_of(s: Session, ticket: Ticket) -> list[Request]:
    """The requests of this ticket, in words."""
    if not ticket.requests:
        return []
    pauses = {pause.reason: pause.title for pause in deadlines.policy_of(s, ticket).pauses}
    return [in_words(request, pauses) for request in s.scalars(_of(Application, ticket).options(*NAMED))]


def in_words(request: Application, pauses: dict[str, str]) -> Request:
    """One request, its department and people loaded. pauses: what the reasons of a pause are called."""
    reasons = {Ask.PAUSE: pauses, Ask.EXCLUSION: excluding.REASONS}.get(request.kind, {})
    return Request(
        id=request.id,
        leg=request.leg_id,
        kind=request.kind.value,
        label=request.kind.label,
        state=request.state.value,
        state_label=request.state.label,
        waiting=request.waiting,
        department=request.department.name,
        reason=reasons.get(request.reason, request.reason),
        evidence=request.evidence,
        limit=Limit.parse(request.limit).chinese if request.limit else "",
        reply=request.reply or "",
        asked_by=request.asked_by.name,
        asked_at=request.asked_at,
        first_by=request.first_by.name if request.first_by else "",
        first_at=request.first_at,
        decided_by=request.decided_by.name if request.decided_by else "",
        decided_at=request.decided_at,
        decision=request.decision,
    )


def told(notice: Notice) -> Told:
    """One notice; its department and author are loaded."""
    return Told(notice.id, notice.leg_id, notice.department.name, notice.missing, notice.text, notice.violation, notice.by.name, notice.at)


def _consultations(s: Session, ticket: Ticket) -> list[Consulted]:
    said = selectinload(Consultation.opinions).options(joinedload(Opinion.department), joinedload(Opinion.by))
    return [
        Consulted(
            id=one.id,
            question=one.question,
            meets_at=one.meets_at,
            by=one.by.name,
            at=one.at,
            opinions=[Said(each.department.name, each.text or "", each.by.name if each.by else "", each.at) for each in one.opinions],
            conclusion=one.conclusion or "",
            concluded_at=one.concluded_at,
        )
        for one in s.scalars(_of(Consultation, ticket).options(joinedload(Consultation.by), said))
    ]


def _of(kind: type[R], ticket: Ticket) -> Select[R]:
    return select(kind).where(kind.ticket_id == ticket.id).order_by(kind.id)


NAMED = (
    joinedload(Application.department),
    joinedload(Application.asked_by),
    joinedload(Application.first_by),
    joinedload(Application.decided_by),
)
