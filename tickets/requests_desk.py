"""待批申请 and what supervisors keep an eye on beside it: 批示件, 再次告知, 剔除公示, 派单准确率. Lists by keyset, each from an index of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text
from sqlalchemy.orm import Session, joinedload

from hotline.errors import Forbidden
from hotline.people import Person
from hotline.roles import Role
from tickets import access, deadlines
from tickets.application import OPEN, TWO_APPROVALS, Application, Ask, Judged
from tickets.beside import NAMED, Request, in_words
from tickets.consultation import Consultation, Opinion
from tickets.desks import LISTED, PAGE, Page
from tickets.lifecycle import OUT, State
from tickets.records import Instruction, Notice
from tickets.ticket import Leg, Ticket

T = TypeVar("T")
R = TypeVar("R", Application, Ticket)
JUDGES = (Role.SUPERVISOR, Role.REVIEWER)
INSIDE = (*access.SEES_ALL, *access.DEPARTMENT, Role.DISCIPLINE)
"""Who may read what is public inside the system: all but administrators and auditors (三员分立)."""


@dataclass(frozen=True)
class Waiting:
    """A request that waits for this person, with its ticket."""

    request: Request
    ticket: Ticket


@dataclass(frozen=True)
class Excluded:
    """剔除公示: no word of the citizen's, only what was excluded, why, and by whom."""

    number: str
    item: str
    request: Request


def to_judge(s: Session, person: Person, *, after: int | None = None, limit: int = PAGE) -> Page[Waiting]:
    """待批申请: what this person may judge now, the longest waiting first."""
    rows = _keyset(s, _for(person).options(joinedload(Application.ticket).options(*LISTED), *NAMED), Application, after, limit)
    return _page([Waiting(in_words(row, _pauses(s, row)), row.ticket) for row in rows], [row.id for row in rows], limit)


def to_judge_count(s: Session, person: Person) -> int:
    """How many wait for this person; 0 for everybody who judges none."""
    return s.scalar(select(func.count()).select_from(_for(person).with_only_columns(Application.id).subquery())) or 0 if person.has(*JUDGES) else 0


def excluded(s: Session, person: Person, *, after: int | None = None, limit: int = PAGE) -> Page[Excluded]:
    """剔除公示, the latest first. Raises Forbidden for administrators and auditors."""
    _inside(person)
    granted = select(Application).where(Application.kind == Ask.EXCLUSION, text("application.state = 'granted'"))
    granted = granted.options(joinedload(Application.ticket).joinedload(Ticket.item), *NAMED)
    rows = _keyset(s, granted, Application, after, limit, newest=True)
    found = [Excluded(row.ticket.number, row.ticket.item.name if row.ticket.item else "", in_words(row, {})) for row in rows]
    return _page(found, [row.id for row in rows], limit)


def instructed(s: Session, person: Person, *, after: int | None = None, limit: int = PAGE) -> Page[tuple[Ticket, Instruction | None]]:
    """批示件, the latest ticket first, each with its last instruction."""
    wanted = access.visible_to(person).where(Ticket.instructed).options(*LISTED)
    rows = _keyset(s, wanted, Ticket, after, limit, newest=True)
    written = select(Instruction).where(Instruction.ticket_id.in_([row.id for row in rows])).order_by(Instruction.id)
    last = {instruction.ticket_id: instruction for instruction in s.scalars(written)}
    return _page([(row, last.get(row.id)) for row in rows], [row.id for row in rows], limit)


def violations(s: Session, person: Person, *, after: int | None = None, limit: int = PAGE) -> Page[tuple[Ticket, Notice]]:
    """再次告知, the latest first: units that did not list everything at once."""
    wanted = (
        select(Notice, Ticket).join(Ticket, Ticket.id == Notice.ticket_id)
        .where(Notice.violation, access.about_others(person)).options(*LISTED, joinedload(Notice.department), joinedload(Notice.by))
    )  # fmt: skip
    wanted = wanted.where(Notice.id < after) if after else wanted
    rows = s.execute(wanted.order_by(Notice.id.desc()).limit(limit + 1)).all()
    return _page([(ticket, notice) for notice, ticket in rows], [notice.id for notice, _ in rows], limit)


def consulted(s: Session, person: Person, *, limit: int = PAGE) -> list[tuple[Ticket, Consultation, Opinion]]:
    """会商邀请: what this person's unit was asked about and has not been concluded, the longest waiting first."""
    asked = (
        select(Ticket, Consultation, Opinion)
        .join(Consultation, Consultation.ticket_id == Ticket.id).join(Opinion, Opinion.consultation_id == Consultation.id)
        .where(Opinion.department_code == person.department_code, Consultation.concluded_at.is_(None), access.about_others(person))
        .where(Ticket.state.in_(sorted(OUT | {State.FILED})))
    )  # fmt: skip
    return [(ticket, one, own) for ticket, one, own in s.execute(asked.options(*LISTED).order_by(Opinion.id).limit(limit))]


def violations_count(s: Session, person: Person, *, since: datetime) -> int:
    """How many second notices there have been since then, of tickets that are not about this person."""
    seen = select(func.count()).select_from(Notice).join(Ticket, Ticket.id == Notice.ticket_id).where(Notice.violation, Notice.at >= since)
    return s.scalar(seen.where(access.about_others(person))) or 0


def dispatch_accuracy(s: Session, *, since: datetime, until: datetime) -> tuple[int, int]:
    """派单准确率: (right ones, all) of the lead legs dispatched in the period; one that was returned as wrongly dispatched is wrong."""
    sent = select(func.count(), func.count().filter(Leg.wrong_dispatch)).where(Leg.lead, Leg.dispatched_at >= since, Leg.dispatched_at < until)
    whole, wrong = s.execute(sent).one()
    return whole - wrong, whole


def _for(person: Person) -> Select[Application]:
    """What is this person's to judge. A reviewer gives the first approval, a supervisor the second, or the only one."""
    two = Application.kind.in_(TWO_APPROVALS)
    theirs: list[ColumnElement[bool]] = []
    if person.has(Role.REVIEWER):
        theirs.append(and_(two, Application.state == Judged.ASKED))
    if person.has(Role.SUPERVISOR):
        theirs.append(and_(~two, Application.state == Judged.ASKED))
        theirs.append(and_(Application.state == Judged.FIRST_APPROVED, Application.first_by_id != person.id))
    if not theirs:
        raise Forbidden("待批申请由审核员和督办员办理。")
    return (
        select(Application).join(Ticket, Ticket.id == Application.ticket_id)
        .where(text(f"application.{OPEN}"), or_(*theirs), access.about_others(person))  # in the words of the index
    )  # fmt: skip


def _pauses(s: Session, request: Application) -> dict[str, str]:
    if request.kind is not Ask.PAUSE:
        return {}
    return {pause.reason: pause.title for pause in deadlines.policy_of(s, request.ticket).pauses}


def _inside(person: Person) -> None:
    if not person.has(*INSIDE):
        raise Forbidden("系统管理员和安全审计员不查看工单内容。")


def _keyset(s: Session, rows: Select[R], kind: type[R], after: int | None, limit: int, *, newest: bool = False) -> list[R]:
    if after is not None:
        rows = rows.where(kind.id < after if newest else kind.id > after)
    return list(s.scalars(rows.order_by(kind.id.desc() if newest else kind.id).limit(limit + 1)))


def _page(rows: Sequence[T], ids: Sequence[int], limit: int) -> Page[T]:
    return Page(tuple(rows[:limit]), str(ids[limit - 1]) if len(ids) > limit else None)

