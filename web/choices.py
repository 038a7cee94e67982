"""What the selects of a form offer: departments, items, areas, colleagues; and who should have a ticket by the responsibility list."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.clock import local
from hotline.errors import Refused
from hotline.people import Department, Person
from tickets.catalogue import Area, Item, responsible
from tickets.dispatching import NOT_ANSWERING
from tickets.ticket import Ticket

UNIT_KINDS = {"department": "市直部门", "district": "区县", "utility": "公用事业单位", "centre": "热线中心"}


@dataclass(frozen=True)
class Choice:
    """One option: its code and its name."""

    code: str
    name: str


@dataclass(frozen=True)
class Group:
    """Options under one heading."""

    name: str
    choices: tuple[Choice, ...]


def departments(s: Session) -> list[Group]:
    """Every department that can answer a ticket, by its kind."""
    rows = s.execute(select(Department.kind, Department.code, Department.name).where(Department.kind.not_in(NOT_ANSWERING)).order_by(Department.name)).all()
    kinds = [*UNIT_KINDS, *sorted({kind for kind, _, _ in rows} - UNIT_KINDS.keys())]
    groups = [Group(UNIT_KINDS.get(kind, kind), tuple(Choice(code, name) for of, code, name in rows if of == kind)) for kind in kinds]
    return [group for group in groups if group.choices]


def areas(s: Session) -> list[Group]:
    """Districts, each with its streets."""
    rows = s.execute(select(Area.code, Area.name, Area.parent_code, Area.level).order_by(Area.code)).all()
    return [
        Group(name, (Choice(code, f"{name}（不分街道）"), *(Choice(under, street) for under, street, parent, _ in rows if parent == code)))
        for code, name, _, level in rows
        if level == "district"
    ]


def items(s: Session) -> list[Choice]:
    """Items of the last level, to be searched in."""
    rows = s.execute(select(Item.code, Item.name, Item.level).order_by(Item.code)).all()
    branches: dict[str, str] = {code: name for code, name, level in rows if level == 2}
    return [Choice(code, f"{name}（{branches.get(code[:4], '')}）") for code, name, level in rows if level == 3]


def item_code(s: Session, text: str) -> str | None:
    """The item that was typed or picked: “050101 停水…”, a code, or a name that only one item has. None for nothing; raises Refused."""
    if not text:
        return None
    if code := re.match(r"\d{2,6}\b", text):
        return code[0]
    found = s.scalars(select(Item.code).where(Item.name == text, Item.level == 3).limit(2)).all()
    if len(found) != 1:
        raise Refused(f"没有找到事项“{text[:30]}”，请从列表中选择。", field="item")
    return found[0]


def colleagues(s: Session, person: Person) -> list[Choice]:
    """Who of one's own department may answer for a ticket."""
    rows = s.execute(select(Person.id, Person.name).where(Person.department_code == person.department_code, Person.active).order_by(Person.id))
    return [Choice(str(number), name) for number, name in rows]


@dataclass(frozen=True)
class Proposal:
    """Who should have a ticket: by the item it has, or the first that the classifier suggests."""

    item: str | None
    item_name: str
    department: str | None
    department_name: str
    co_handlers: Sequence[str]
    co_names: Sequence[str]
    basis: str
    confidence: float | None
    because: Sequence[str]


def proposal(s: Session, ticket: Ticket, at: datetime) -> Proposal:
    """The row of the responsibility list for this ticket, with what the classifier said of it."""
    first = _first(ticket)
    item = ticket.item_code or first.get("item")
    row = responsible(s, item=item, area=ticket.area_code, on=local(at).date()) if item else None
    same = first if first.get("item") == item else {}
    named = _names(s, [row.lead, *row.co_handlers] if row else [])
    return Proposal(
        item=item,
        item_name=s.scalar(select(Item.name).where(Item.code == item)) or "" if item else "",
        department=row.lead if row else None,
        department_name=named.get(row.lead, "") if row else "",
        co_handlers=row.co_handlers if row else (),
        co_names=[named[code] for code in row.co_handlers if code in named] if row else (),
        basis=row.basis if row else "",
        confidence=same.get("confidence"),
        because=same.get("because", ()),
    )


def _first(ticket: Ticket) -> Mapping[str, Any]:
    suggestions = (ticket.suggestion or {}).get("suggestions") or [{}]
    return suggestions[0]  # type: ignore[no-any-return]


def _names(s: Session, codes: Sequence[str]) -> dict[str, str]:
    return {code: short for code, short in s.execute(select(Department.code, Department.short).where(Department.code.in_(codes)))}
