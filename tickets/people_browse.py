"""Looking at people: of a unit, or by a piece of their name or login."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, joinedload

from hotline.capacity import Membership, works_in
from hotline.people import SYSTEM_ID, Department, Person
from hotline.roles import Role
from hotline.words import found_by, plain
from tickets.standing_in import absences

PAGE = 50


@dataclass(frozen=True)
class PersonRow:
    """A colleague in a list. absence: until when they are away, and who stands in; '' while they are here."""

    login: str
    name: str
    posts: str
    unit: str
    active: bool
    can_sign_in: bool
    absence: str


def of_unit(s: Session, department: str, *, at: datetime, after: str = "") -> tuple[list[PersonRow], str | None]:
    """Who works in this unit, here or as a further post, by login; and the key of the next page."""
    return _page(s, works_in(department), at, after)


def search(s: Session, words: str, *, at: datetime, after: str = "") -> tuple[list[PersonRow], str | None]:
    """People by a piece of their name or login."""
    return _page(s, found_by(Person.words, words), at, after) if plain(words) else ([], None)


def further(s: Session, person: Person) -> list[tuple[Department, list[str]]]:
    """兼任: the further units and the posts there."""
    rows = select(Department, Membership.roles).join(Membership, Membership.department_code == Department.code).where(Membership.person_id == person.id)
    return [(unit, roles) for unit, roles in s.execute(rows.order_by(Department.code))]


def posts(roles: list[str]) -> str:
    """话务员、派单员."""
    return "、".join(Role(role).label for role in roles)


def _page(s: Session, which: ColumnElement[bool], at: datetime, after: str) -> tuple[list[PersonRow], str | None]:
    found = select(Person).where(which, Person.id != SYSTEM_ID, Person.login > after).options(joinedload(Person.department))
    people = list(s.scalars(found.order_by(Person.login).limit(PAGE + 1)))
    away = absences(s, [person.id for person in people], at=at)
    rows = [
        PersonRow(one.login, one.name, posts(one.roles), one.department.short if one.department else "", one.active, one.password_hash is not None,
                  away[one.id].words if one.id in away else "")
        for one in people[:PAGE]
    ]  # fmt: skip
    return rows, rows[-1].login if len(people) > PAGE else None
