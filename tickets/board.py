"""督办数: how every department stands, and how many tickets stand in each state.

Counting reads an index entry for each open leg. A city with a hundred thousand of them counts for tens of milliseconds, so the beat counts every
few seconds and keeps the figures in one row with their moment (数据截至); a page reads that row. Where nobody counts, the page does.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, joinedload, mapped_column

from hotline.db import Base
from hotline.people import Department, Person
from tickets import access
from tickets.desks import DONE, LISTED, PAGE
from tickets.discipline_case import CaseState, DisciplineCase
from tickets.lifecycle import State
from tickets.ticket import Leg, Ticket

NEAR: Final = timedelta(days=1)
EVERY: Final = timedelta(seconds=5)
GOOD_FOR: Final = timedelta(seconds=30)
MOST: Final = 200
"""Departments on the board: the most overdue. Of tens of thousands of units nobody reads the rest; a search finds them."""


class Figures(Base):
    """The figures as they were counted last: one row. data: the fields of Counted, without the moment."""

    __tablename__ = "figures"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]


@dataclass(frozen=True)
class Standing:
    """How a department stands. overdue: legs past their time; near: due within 24 hours; paused: 挂起, neither."""

    department: str
    open: int
    unsigned: int
    near: int
    overdue: int
    paused: int = 0


@dataclass(frozen=True)
class Counted:
    """at: the moment of which all of it is true. totals: open tickets by state; overdue: legs, in all."""

    at: datetime
    totals: dict[str, int]
    overdue: int
    standings: tuple[Standing, ...]


@dataclass(frozen=True)
class Row:
    """One department on the board. cases: open discipline cases."""

    name: str
    standing: Standing
    cases: int


def counted(s: Session, person: Person | None = None, *, at: datetime) -> Counted:
    """The figures of the last half minute, or new ones. Whoever a ticket is about has their own, without it: they learn of it from no number."""
    if person is not None and (hidden := access.about(s, person)):
        return count(s, at=at, but=hidden)
    kept = s.get(Figures, 1)
    if kept is None or not kept.at <= at <= kept.at + GOOD_FOR:
        return count(s, at=at)
    data = kept.data
    return Counted(kept.at, data["totals"], data["overdue"], tuple(Standing(**standing) for standing in data["standings"]))


def keep(s: Session, *, at: datetime) -> int:
    """Counts and keeps the figures, unless somebody did a moment ago. Returns whether it did; any number of beats may try."""
    kept = s.scalar(select(Figures.at).where(Figures.id == 1))
    if kept is not None and kept > at - EVERY:
        return 0
    data = asdict(count(s, at=at))
    del data["at"]
    new = insert(Figures).values(id=1, at=at, data=data)
    s.execute(new.on_conflict_do_update(index_elements=["id"], set_={"at": at, "data": data}, where=Figures.at < at))
    return 1


def count(s: Session, *, at: datetime, but: Sequence[int] = ()) -> Counted:
    """Counts now: from the entries of two partial indexes, whatever lies in the tables. but: tickets that are left out."""
    paused = _paused(s, at, but)
    still_late = sum(due <= at for dues in paused.values() for due in dues)
    return Counted(at, _totals(s, but), _overdue(s, at, but) - still_late, tuple(_eased(standing, paused, at) for standing in _standings(s, at, but)))


def rows(s: Session, found: Counted, person: Person | None = None) -> list[Row]:
    """The departments of the board with their names and discipline cases, the most overdue first; no case that is about this person."""
    cases = _cases(s, access.about(s, person) if person else ())
    standings = {standing.department: standing for standing in found.standings}
    codes = [*standings, *(code for code in cases if code not in standings)]
    names: dict[str, str] = {code: name for code, name in s.execute(select(Department.code, Department.name).where(Department.code.in_(codes)))}
    return [Row(names[code], standings.get(code) or Standing(code, 0, 0, 0, 0), cases.get(code, 0)) for code in codes]


def overdue(s: Session, person: Person, *, at: datetime, limit: int = PAGE) -> list[Leg]:
    """The legs past their time, the longest first; none of a ticket about this person."""
    late = select(Leg).join(Ticket, Ticket.id == Leg.ticket_id).where(Leg.ended_at.is_(None), Leg.state != State.RESOLVED, Leg.due_at <= at)
    late = late.where(~standing_still(at))
    seen = late.where(access.about_others(person)).options(joinedload(Leg.ticket).options(*LISTED), joinedload(Leg.department))
    return list(s.scalars(seen.order_by(Leg.due_at, Leg.id).limit(limit)))


def _totals(s: Session, but: Sequence[int]) -> dict[str, int]:
    open_ = select(Ticket.state, func.count()).where(Ticket.state.not_in(DONE), *_without(Ticket.id, but))
    found = {state: number for state, number in s.execute(open_.group_by(Ticket.state))}
    return {state.value: found.get(state, 0) for state in State if state not in DONE}


def _overdue(s: Session, at: datetime, but: Sequence[int]) -> int:
    late = select(func.count()).select_from(Leg).where(Leg.ended_at.is_(None), Leg.state != State.RESOLVED, Leg.due_at <= at)
    return s.scalar(late.where(*_without(Leg.ticket_id, but))) or 0


def _without(ticket: InstrumentedAttribute[int], but: Sequence[int]) -> list[ColumnElement[bool]]:
    return [ticket.not_in(but)] if but else []


def _standings(s: Session, at: datetime, but: Sequence[int]) -> tuple[Standing, ...]:
    late = func.count().filter(Leg.due_at <= at)
    soon = func.count().filter(and_(Leg.due_at > at, Leg.due_at <= at + NEAR))
    found = s.execute(
        select(Leg.department_code, func.count(), func.count().filter(Leg.state == State.DISPATCHED), soon, late)
        .where(Leg.ended_at.is_(None), Leg.state != State.RESOLVED, *_without(Leg.ticket_id, but))
        .group_by(Leg.department_code)
        .order_by(late.desc(), soon.desc(), Leg.department_code)
        .limit(MOST)
    )
    return tuple(Standing(*row) for row in found)


def _paused(s: Session, at: datetime, but: Sequence[int]) -> dict[str, list[datetime]]:
    """The deadlines of the legs whose clock stands still, by department: a few, from an index of their own."""
    found: dict[str, list[datetime]] = {}
    open_ = select(Leg.department_code, Leg.due_at).where(Leg.ended_at.is_(None), Leg.state != State.RESOLVED, standing_still(at))
    open_ = open_.where(*_without(Leg.ticket_id, but))
    for department, due in s.execute(open_.where(Leg.due_at.is_not(None))):
        found.setdefault(department, []).append(due)  # type: ignore[arg-type]
    return found


def standing_still(at: datetime) -> ColumnElement[bool]:
    """挂起 in time, and not over by its cap: such a leg is not late."""
    return and_(Leg.paused_at.is_not(None), Leg.paused_at <= Leg.due_at, or_(Leg.paused_until.is_(None), Leg.paused_until > at))


def _eased(standing: Standing, paused: dict[str, list[datetime]], at: datetime) -> Standing:
    dues = paused.get(standing.department, [])
    late, soon = sum(due <= at for due in dues), sum(at < due <= at + NEAR for due in dues)
    return replace(standing, overdue=standing.overdue - late, near=standing.near - soon, paused=len(dues))


def _cases(s: Session, but: Sequence[int]) -> dict[str, int]:
    ended = (CaseState.WITHDRAWN, CaseState.CONCLUDED)
    open_ = select(DisciplineCase.department_code, func.count()).where(DisciplineCase.state.not_in(ended), *_without(DisciplineCase.ticket_id, but))
    return {code: number for code, number in s.execute(open_.group_by(DisciplineCase.department_code))}
