"""Accounts (账号): made, changed, reset and closed by the administrator, on the page or by `./run user`. Passwords are random and shown once."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hotline.capacity import Membership
from hotline.errors import Forbidden, NotFound, Refused
from hotline.outbox import record
from hotline.people import SYSTEM_ID, Department, Person, SignIn, new_password, set_password
from hotline.roles import Role
from hotline.words import words_of

NEEDS_DEPARTMENT = (Role.CLERK, Role.CHIEF)
KEEPERS = (Role.ADMIN, Role.SYSTEM)


def add(s: Session, *, login: str, name: str, roles: Sequence[str], department: str | None, by: Person, at: datetime) -> dict[str, Any]:
    """A new account with a random password. Raises Forbidden, or Refused naming the field."""
    keeper(by)
    if not re.fullmatch(r"[a-z][a-z0-9_.-]{1,39}", login):
        raise Refused("账号须以小写字母开头，由 2 到 40 个小写字母、数字、点、横线组成。", field="login")
    if s.scalar(select(Person.id).where(Person.login == login)):
        raise Refused(f"账号“{login}”已存在。", field="login")
    _check(s, roles, department)
    person = Person(login=login, name=name.strip() or login, roles=list(dict.fromkeys(roles)), department_code=department)
    s.add(person)
    given = _with_new_password(person)
    record(s, "person.added", person, by=by, at=at, login=login, roles=person.roles, department=department)
    return given


def change(
    s: Session, *, login: str, name: str, roles: Sequence[str], department: str | None, memberships: Mapping[str, Sequence[str]], by: Person, at: datetime
) -> None:
    """Another name, other posts, another unit; memberships: the further units (兼任) with the posts there, all of them. Raises Refused naming the field."""
    keeper(by)
    person = find(s, login)
    _check(s, roles, department)
    for unit, posts in memberships.items():
        if unit == department:
            raise Refused("兼任的单位不能就是所在单位。", field="memberships")
        _check(s, posts, unit, field="memberships")
    if person.id == by.id and not set(roles) & set(KEEPERS):
        raise Refused("不能取消您自己的系统管理员岗位，请由另一位管理员来改。", field="roles")
    person.name, person.roles, person.department_code = name.strip() or login, list(dict.fromkeys(roles)), department
    person.words = words_of(login, person.name)
    s.execute(delete(Membership).where(Membership.person_id == person.id))
    s.add_all(Membership(person_id=person.id, department_code=unit, roles=list(dict.fromkeys(posts))) for unit, posts in memberships.items())
    kept = {unit: list(posts) for unit, posts in memberships.items()}
    record(s, "person.changed", person, by=by, at=at, login=login, roles=person.roles, department=department, memberships=kept)


def reset(s: Session, *, login: str, by: Person, at: datetime) -> dict[str, Any]:
    """A new random password; every open sign-in of the account ends, and a closed account is open again."""
    keeper(by)
    person = find(s, login)
    _end_sign_ins(s, person)
    person.active = True
    given = _with_new_password(person)
    record(s, "person.reset", person, by=by, at=at, login=login)
    return given


def close(s: Session, *, login: str, by: Person, at: datetime) -> dict[str, Any]:
    """The account can no longer sign in; what it did stays under its name."""
    keeper(by)
    person = find(s, login)
    if person.id == by.id:
        raise Refused("不能停用您自己的账号，请由另一位管理员来停用。")
    _end_sign_ins(s, person)
    person.active = False
    record(s, "person.closed", person, by=by, at=at, login=login)
    return {"login": person.login, "active": False}


def find(s: Session, login: str) -> Person:
    """The person with this login. Raises NotFound."""
    person = s.scalar(select(Person).where(Person.login == login, Person.id != SYSTEM_ID))
    if person is None:
        raise NotFound(f"没有账号“{login}”。", field="login")
    return person


def keeper(by: Person) -> None:
    """Raises Forbidden unless `by` keeps accounts and units."""
    if not by.has(*KEEPERS):
        raise Forbidden("账号和机构由系统管理员维护。")


def _check(s: Session, roles: Sequence[str], department: str | None, field: str = "") -> None:
    unknown = [role for role in roles if role not in set(Role) - {Role.SYSTEM}]
    if unknown or not roles:
        posts = "、".join(f"{role.value}（{role.label}）" for role in Role if role is not Role.SYSTEM)
        raise Refused(f"没有岗位“{'、'.join(unknown)}”。可用：{posts}。", field=field or "roles")
    if department is not None and s.get(Department, department) is None:
        raise NotFound(f"没有编码为“{department}”的单位。", field=field or "department")
    if department is None and any(role in NEEDS_DEPARTMENT for role in roles):
        raise Refused("承办人和承办单位领导须写明所在单位（--department）。", field=field or "department")


def _end_sign_ins(s: Session, person: Person) -> None:
    s.execute(delete(SignIn).where(SignIn.person_id == person.id))


def _with_new_password(person: Person) -> dict[str, Any]:
    password = new_password()
    set_password(person, password)
    return {"login": person.login, "name": person.name, "roles": person.roles, "department": person.department_code, "password": password}
