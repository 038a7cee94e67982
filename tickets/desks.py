"""What each workplace (工作台) shows: lists in the order in which the work should be done, each by keyset and from an index."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, and_, case, or_, select, tuple_
from sqlalchemy.orm import Session, joinedload

from hotline.errors import Refused
from hotline.people import Department, Person
from hotline.roles import Role
from tickets import access
from tickets.call import Call, CallState
from tickets.discipline_case import CaseState, DisciplineCase
from tickets.lifecycle import ENDED, State
from tickets.ticket import Leg, Revisit, Ticket

PAGE = 50
LISTED = (joinedload(Ticket.item), joinedload(Ticket.area), joinedload(Ticket.lead))
DONE = (*sorted(ENDED), State.ARCHIVED)
T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list. after: the key to ask for the next one with, None on the last."""

    rows: tuple[T, ...]
    after: str | None


def calls_to_file(s: Session, *, after: int | None = None, limit: int = PAGE) -> Page[Call]:
    """话务台: calls that no ticket has come of yet, the newest first."""
    calls = select(Call).where(Call.state != CallState.FILED).order_by(Call.id.desc())
    if after is not None:
        calls = calls.where(Call.id < after)
    return _page(list(s.scalars(calls.limit(limit + 1))), limit)


def recent_calls(s: Session, person: Person, *, limit: int = PAGE) -> list[Call]:
    """话务台: the latest calls whatever became of them, with their tickets; none of which a ticket about this person came."""
    found = select(Call).outerjoin(Ticket, Ticket.id == Call.ticket_id).where(or_(Call.ticket_id.is_(None), access.about_others(person)))
    return list(s.scalars(found.options(joinedload(Call.ticket)).order_by(Call.id.desc()).limit(limit)))


def to_dispatch(s: Session, person: Person, *, after: str | None = None, limit: int = PAGE) -> Page[Ticket]:
    """派单台: tickets waiting for a department, urgent ones first, then the oldest."""
    return _by_due(s, access.visible_to(person).where(Ticket.state == State.FILED), after, limit)


def to_rule_on(s: Session, person: Person, *, limit: int = PAGE) -> list[Leg]:
    """派单台: returns that departments ask for, by deadline; the clock of each is running."""
    return list(
        s.scalars(
            select(Leg)
            .join(Ticket, Ticket.id == Leg.ticket_id)
            .where(access.about_others(person), Leg.state == State.RETURNING, Leg.ended_at.is_(None))
            .options(joinedload(Leg.ticket).options(*LISTED), joinedload(Leg.department))
            .order_by(Leg.due_at, Leg.id)
            .limit(limit)
        )
    )


def inbox(
    s: Session, person: Person, *, state: State | None = None, below: bool = False, after: str | None = None, limit: int = PAGE
) -> Page[Leg]:
    """部门工作台: the legs that the person's department holds, by deadline; nothing that is about the person themselves.

    state: only those. below: of a chief, the legs of the units below instead (下属单位).
    """
    legs = (
        held(select(Leg), person, below=below)
        .options(joinedload(Leg.ticket).options(*LISTED), joinedload(Leg.owner), joinedload(Leg.department))
        .order_by(Leg.due_at, Leg.id)
    )
    if state is not None:
        legs = legs.where(Leg.state == state)
    if after is not None:
        due, last = _key(after)
        legs = legs.where(tuple_(Leg.due_at, Leg.id) > (due, last))
    rows = list(s.scalars(legs.limit(limit + 1)))
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(tuple(rows), f"{rows[-1].due_at.isoformat()}~{rows[-1].id}" if more and rows[-1].due_at else None)


def held(legs: Select[Any], person: Person, *, below: bool = False) -> Select[Any]:
    """What of these the person's department is at, or with `below` the units under its chief."""
    own = Leg.department_code == person.department_code
    whose = and_(access.held_below(person, Leg.department_code, gathered=True), ~own) if below else own
    return legs.join(Ticket, Ticket.id == Leg.ticket_id).where(access.about_others(person), whose, Leg.ended_at.is_(None), Leg.state != State.RESOLVED)


def to_review(s: Session, person: Person, *, after: str | None = None, limit: int = PAGE) -> Page[Ticket]:
    """审核台: answers waiting for review, by deadline."""
    return _by_due(s, access.visible_to(person).where(Ticket.state == State.RESOLVED), after, limit)


def to_revisit(s: Session, person: Person, *, after: str | None = None, limit: int = PAGE) -> Page[Ticket]:
    """回访台: citizens to be asked, by deadline; never those whose ticket this person filed (blind rule)."""
    return _by_due(s, access.visible_to(person).where(Ticket.state == State.REVISITING, Ticket.filed_by_id != person.id), after, limit)


def revisits(s: Session, ticket: Ticket) -> list[Revisit]:
    """The attempts to reach this citizen, oldest first."""
    return list(s.scalars(select(Revisit).where(Revisit.ticket_id == ticket.id).order_by(Revisit.id)))


def discipline_queue(s: Session, person: Person, *, limit: int = PAGE) -> list[tuple[DisciplineCase, Ticket, Department]]:
    """纪检台: what a supervisor has to confirm first, or what was transferred to discipline inspection, or one's own department's."""
    cases = (
        select(DisciplineCase, Ticket, Department)
        .join(Ticket, Ticket.id == DisciplineCase.ticket_id)
        .join(Department, Department.code == DisciplineCase.department_code)
    )
    cases = cases.where(access.about_others(person))
    if person.has(Role.SUPERVISOR):
        pass
    elif person.has(Role.DISCIPLINE):
        cases = cases.where(DisciplineCase.transferred_at.is_not(None))
    else:
        cases = cases.where(DisciplineCase.department_code == person.department_code)
    ended = DisciplineCase.state.in_([CaseState.WITHDRAWN, CaseState.CONCLUDED])
    rows = s.execute(cases.options(*LISTED).order_by(case((ended, 1), else_=0), DisciplineCase.id.desc()).limit(limit))
    return [(found, ticket, department) for found, ticket, department in rows]


def _by_due(s: Session, tickets: Select[Ticket], after: str | None, limit: int) -> Page[Ticket]:
    """Keyset by (due, id); a ticket always has a deadline of its own while it is open."""
    if after is not None:
        tickets = tickets.where(tuple_(Ticket.due_at, Ticket.id) > _key(after))
    rows = list(s.scalars(tickets.options(*LISTED).order_by(Ticket.due_at, Ticket.id).limit(limit + 1)))
    more, rows = len(rows) > limit, rows[:limit]
    return Page(tuple(rows), f"{rows[-1].due_at.isoformat()}~{rows[-1].id}" if more and rows[-1].due_at else None)


def _key(after: str) -> tuple[datetime, int]:
    try:
        due, last = after.rsplit("~", 1)
        return datetime.fromisoformat(due), int(last)
    except ValueError:
        raise Refused("翻页位置无效，请从第一页重新打开。", field="after") from None


def _page(rows: list[Any], limit: int) -> Page[Any]:
    more, rows = len(rows) > limit, rows[:limit]
    return Page(tuple(rows), str(rows[-1].id) if more else None)
