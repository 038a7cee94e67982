"""The demo city (演示城市): loads a city's areas, departments, items, responsibilities and people from CSV files."""

import csv
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from hotline.db import Base
from hotline.people import SYSTEM_ID, Department, Person, new_password, set_password
from sla import policies, versions
from tickets.article import Article
from tickets.catalogue import Area, Item, Responsibility
from tickets.organisation import repath

DEMO = Path(__file__).parent / "demo"
VALID_FROM = date(2024, 1, 1)
LATER = ("piece", "mode", "statutory", "promised")
"""Columns of an item that the first demo cities did not have."""

SHIPPED_BY = "system"

FILES: tuple[tuple[type[Base], str, Callable[[dict[str, str]], dict[str, Any]]], ...] = (
    (
        Area,
        "areas",
        lambda row: {"code": row["code"], "name": row["name"], "parent_code": row["parent"] or None, "level": row["level"], "aliases": _list(row["aliases"])},
    ),
    (
        Department,
        "units",
        lambda row: {
            **{name: row[name] for name in ("code", "name", "short", "kind", "duties")},
            "area_code": row["area"] or None,
            "parent_code": row["parent"] or None,
        },
    ),
    (
        Item,
        "items",
        lambda row: {
            **{name: row[name] for name in ("code", "name", "scope", "piece", "mode", "statutory", "promised")},
            "parent_code": row["parent"] or None,
            "level": int(row["level"]),
        },
    ),
    (
        Responsibility,
        "responsibility",
        lambda row: {
            "item_code": row["item"],
            "area_code": row["area"] or None,
            "lead": row["lead"],
            "co_handlers": _list(row["co"]),
            "basis": row["basis"],
            "valid_from": VALID_FROM,
        },
    ),
    (
        Article,
        "articles",
        lambda row: {**{name: row[name] for name in ("title", "keywords", "body")}, "item_code": row["item"] or None, "owner_code": row["owner"] or None},
    ),
    (
        Person,
        "people",
        lambda row: {"login": row["login"], "name": row["name"], "roles": _list(row["roles"]), "department_code": row["unit"] or None},
    ),
)


def is_empty(s: Session) -> bool:
    """Whether nobody and nothing has been set up yet."""
    return not s.scalar(select(func.count()).select_from(Area)) and not s.scalar(select(func.count()).where(Person.id != SYSTEM_ID))


def load(s: Session, folder: Path = DEMO) -> None:
    """Loads a city into an empty database: a file is one statement, so that the order of its rows does not matter."""
    for table, name, row_of in FILES:
        s.execute(insert(table), [row_of(row) for row in _rows(folder / f"{name}.csv")])
    repath(s)


def complete(s: Session, *, at: datetime, folder: Path = DEMO) -> None:
    """补齐: gives a demo city that an earlier version of the system loaded what has come since: articles, the items' own limits, the shipped rules.

    What people wrote, imported or withdrew is never touched, and any other city is left as it is. Once there is nothing to add it changes nothing.
    """
    if not _is_demo(s, folder):
        return
    if not s.scalar(select(func.count()).select_from(Article)):
        row_of = next(row_of for table, _, row_of in FILES if table is Article)
        rows = [row_of(row) for row in _rows(folder / "articles.csv")]
        known = {code for of in (Item, Department) for code in s.scalars(select(of.code))}
        s.execute(insert(Article), [row for row in rows if {row["item_code"], row["owner_code"]} - {None} <= known])
    limits = {row["code"]: {name: row[name] for name in LATER} for row in _rows(folder / "items.csv") if any(row[name] for name in LATER)}
    blank = [getattr(Item, name) == "" for name in LATER]
    for item in s.scalars(select(Item).where(Item.code.in_(limits), Item.entered_at.is_(None), *blank)):
        for name, value in limits[item.code].items():
            setattr(item, name, value)
    if versions.history(s, versions.PolicyVersion, versions.SHIPPED_POLICY)[0][2] == SHIPPED_BY:
        versions.save_policy(s, policies.load(versions.SHIPPED_POLICY), at=at, by=SHIPPED_BY)


def _is_demo(s: Session, folder: Path) -> bool:
    """Whether this city is the one in the folder: its areas have these names, and its first people these logins."""
    areas = {row["code"]: row["name"] for row in _rows(folder / "areas.csv")}
    logins = [row["login"] for row in _rows(folder / "people.csv")]
    found: dict[str, str] = {code: name for code, name in s.execute(select(Area.code, Area.name).where(Area.code.in_(areas)))}
    return found == areas and s.scalar(select(func.count()).where(Person.login.in_(logins))) == len(logins)


def hand_out_passwords(s: Session) -> list[tuple[str, str, str]]:
    """Gives one person of each post, and one department, a random password: (post, login, password) to be shown once.

    The others get theirs from `hotline user reset`.
    """
    given = []
    taken: set[str] = set()
    for person in s.scalars(select(Person).where(Person.id != SYSTEM_ID).order_by(Person.id)):
        first = person.roles[0]
        if first not in taken:
            taken.add(first)
            password = new_password()
            set_password(person, password)
            given.append((first, person.login, password))
    return given


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _list(text: str) -> list[str]:
    return [part for part in text.split(";") if part]
