"""身份: in which unit a person acts, and for whom. One at a time, chosen for the sign-in: their own, another unit's (兼任), or a deputy's (代理).

The person that a request works with is the person *as they act now*: with the roles and the unit of that capacity. So nothing further down
asks in which of them somebody stands; only the event notes on whose behalf it was done.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, ForeignKey, Index, and_, or_, select, text
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column
from sqlalchemy.orm.attributes import set_committed_value

from hotline.clock import local
from hotline.db import Base
from hotline.errors import Refused
from hotline.people import Department, Person, SignIn, sign_in_of
from hotline.roles import Role

WITH_UNIT: Final = (joinedload(Person.department),)
NOT_LENT: Final = (Role.ADMIN, Role.AUDITOR, Role.SYSTEM)
"""三员分立: these duties are nobody else's for a day."""


class Membership(Base):
    """兼任: a further unit in which a person works, and their posts there."""

    __tablename__ = "membership"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    department_code: Mapped[str] = mapped_column(ForeignKey("department.code"), primary_key=True, index=True)
    roles: Mapped[list[str]]


class Deputy(Base):
    """代理: from one day to another, the last included, `deputy_id` may act for `person_id` with that person's posts in that person's unit."""

    __tablename__ = "deputy"
    __table_args__ = (
        Index("ix_deputy_of", "deputy_id", "last_day", postgresql_where=text("ended_at is null")),
        Index("ix_deputy_for", "person_id", "last_day", postgresql_where=text("ended_at is null")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    deputy_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    reason: Mapped[str]
    ended_at: Mapped[datetime | None]


class Leave(Base):
    """请假: days on which a person is away, the last included; what would be theirs goes to their deputy."""

    __tablename__ = "leave"
    __table_args__ = (Index("ix_leave_of", "person_id", "last_day", postgresql_where=text("ended_at is null")),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    reason: Mapped[str]
    ended_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Capacity:
    """One way in which somebody may act. key: what a form sends back; behalf: the person acted for, None for oneself."""

    key: str
    name: str
    roles: tuple[str, ...]
    department: Department | None
    behalf: int | None = None


def signed_in(s: Session, token: str, *, at: datetime) -> Person | None:
    """The person behind a token that is still good, as they act now, with their department."""
    sign_in = sign_in_of(s, token, at=at)
    return None if sign_in is None else _acting(s, sign_in, at=at)


def capacities(s: Session, person: int, *, at: datetime) -> list[Capacity]:
    """Every capacity that is open to this person today: their own first."""
    own = s.scalars(select(Person).where(Person.id == person).options(*WITH_UNIT).execution_options(populate_existing=True)).one()
    found = [Capacity("", _named(own.department), tuple(own.roles), own.department)]
    for membership, unit in s.execute(
        select(Membership, Department).join(Department, Department.code == Membership.department_code)
        .where(Membership.person_id == person).order_by(Membership.department_code)
    ):  # fmt: skip
        found.append(Capacity(f"unit:{unit.code}", _named(unit), tuple(membership.roles), unit))
    principals = (
        select(Person).join(Deputy, Deputy.person_id == Person.id)
        .where(Deputy.deputy_id == person, running(Deputy, local(at).date()), Person.active)
        .options(*WITH_UNIT).order_by(Person.id)
    )  # fmt: skip
    for principal in s.scalars(principals).unique():
        lent = tuple(role for role in principal.roles if role not in NOT_LENT)
        found.append(Capacity(f"for:{principal.id}", f"代{principal.name}（{_named(principal.department)}）", lent, principal.department, principal.id))
    return found


def choose(s: Session, token: str, key: str, *, at: datetime) -> Capacity:
    """切换身份: this sign-in acts in another capacity from now on. Raises Refused for one that is not open."""
    sign_in = sign_in_of(s, token, at=at)
    if sign_in is None:
        raise Refused("登录已失效，请重新登录。")
    chosen = next((one for one in capacities(s, sign_in.person_id, at=at) if one.key == key), None)
    if chosen is None:
        raise Refused("没有这个身份，或代理期已过。", field="capacity")
    sign_in.capacity = key
    return chosen


def act_in(person: Person, capacity: Capacity) -> Person:
    """The person as they act in this capacity. Not written back: it lasts as long as the request."""
    set_committed_value(person, "roles", list(capacity.roles))
    set_committed_value(person, "department_code", capacity.department.code if capacity.department else None)
    set_committed_value(person, "department", capacity.department)
    person.on_behalf_of = capacity.behalf
    return person


def works_in(department: str) -> ColumnElement[bool]:
    """Persons of a unit: it is their own, or one of their further ones."""
    return or_(Person.department_code == department, Person.id.in_(select(Membership.person_id).where(Membership.department_code == department)))


def deputy_of(s: Session, person: int, *, on: date) -> Person | None:
    """Who acts for this person on that day, and is not away themselves; the latest named."""
    away = select(Leave.person_id).where(running(Leave, on))
    named = select(Person).join(Deputy, Deputy.deputy_id == Person.id).where(Deputy.person_id == person, running(Deputy, on), Person.active)
    return s.scalar(named.where(Person.id.not_in(away)).order_by(Deputy.id.desc()).limit(1))


def leave_of(s: Session, person: int, *, on: date) -> Leave | None:
    """The leave on which this person is that day, the one that ends last."""
    return s.scalar(select(Leave).where(Leave.person_id == person, running(Leave, on)).order_by(Leave.last_day.desc()).limit(1))


def running(kind: type[Deputy] | type[Leave], on: date) -> ColumnElement[bool]:
    """Rows that hold on that day."""
    return and_(kind.first_day <= on, kind.last_day >= on, kind.ended_at.is_(None))


def _acting(s: Session, sign_in: SignIn, *, at: datetime) -> Person | None:
    person = s.scalar(select(Person).where(Person.id == sign_in.person_id, Person.active).options(*WITH_UNIT))
    if person is None or not sign_in.capacity:
        return person
    chosen = next((one for one in capacities(s, person.id, at=at) if one.key == sign_in.capacity), None)
    return act_in(person, chosen) if chosen else person


def _named(unit: Department | None) -> str:
    return unit.short if unit else "未定单位"
