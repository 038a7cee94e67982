"""Accounts (账号): made, reset and closed by `hotline user`. Passwords are random and shown once."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hotline.errors import NotFound, Refused
from hotline.people import SYSTEM_ID, Department, Person, SignIn, new_password, set_password
from hotline.roles import Role

NEEDS_DEPARTMENT = (Role.CLERK, Role.CHIEF)


def add(s: Session, *, login: str, name: str, roles: Sequence[str], department: str | None) -> dict[str, Any]:
    """A new account with a random password. Raises Refused naming the field."""
    if not re.fullmatch(r"[a-z][a-z0-9_.-]{1,39}", login):
        raise Refused("账号须以小写字母开头，由 2 到 40 个小写字母、数字、点、横线组成。", field="login")
    if s.scalar(select(Person.id).where(Person.login == login)):
        raise Refused(f"账号“{login}”已存在。", field="login")
    unknown = [role for role in roles if role not in set(Role) - {Role.SYSTEM}]
    if unknown or not roles:
        posts = "、".join(f"{role.value}（{role.label}）" for role in Role if role is not Role.SYSTEM)
        raise Refused(f"没有岗位“{'、'.join(unknown)}”。可用：{posts}。", field="roles")
    if department is not None and s.get(Department, department) is None:
        raise NotFound(f"没有编码为“{department}”的单位。", field="department")
    if department is None and any(role in NEEDS_DEPARTMENT for role in roles):
        raise Refused("承办人和承办单位领导须写明所在单位（--department）。", field="department")
    person = Person(login=login, name=name.strip() or login, roles=list(dict.fromkeys(roles)), department_code=department)
    s.add(person)
    return _with_new_password(person)


def reset(s: Session, *, login: str) -> dict[str, Any]:
    """A new random password; every open sign-in of the account ends."""
    person = _find(s, login)
    _end_sign_ins(s, person)
    person.active = True
    return _with_new_password(person)


def close(s: Session, *, login: str) -> dict[str, Any]:
    """The account can no longer sign in; what it did stays under its name."""
    person = _find(s, login)
    _end_sign_ins(s, person)
    person.active = False
    return {"login": person.login, "active": False}


def _find(s: Session, login: str) -> Person:
    person = s.scalar(select(Person).where(Person.login == login, Person.id != SYSTEM_ID))
    if person is None:
        raise NotFound(f"没有账号“{login}”。", field="login")
    return person


def _end_sign_ins(s: Session, person: Person) -> None:
    s.execute(delete(SignIn).where(SignIn.person_id == person.id))


def _with_new_password(person: Person) -> dict[str, Any]:
    password = new_password()
    set_password(person, password)
    return {"login": person.login, "name": person.name, "roles": person.roles, "department": person.department_code, "password": password}
