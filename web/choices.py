"""What a form offers: departments, items, areas, colleagues; and who should have a ticket by the responsibility list."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, or_, select
from sqlalchemy.orm import Session, aliased

from hotline.capacity import works_in
from hotline.clock import local, now
from hotline.errors import Refused
from hotline.people import Department, Person
from tickets import concerning, organisation
from tickets.catalogue import Area, Item, holding, responsible_then
from tickets.standing_in import absences
from tickets.ticket import Ticket

LEAF = 3  # the level of the directory at which a ticket is filed


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


def departments(s: Session, *codes: str | None) -> list[Group]:
    """The names of units that a form already has; all others are searched for as they are typed. Nobody loads sixty thousand into a select."""
    rows = s.execute(select(Department.code, Department.name).where(Department.code.in_({code for code in codes if code})).order_by(Department.code)).all()
    return [Group("", tuple(Choice(code, name) for code, name in rows))] if rows else []


def unit_code(s: Session, typed: str, field: str = "department") -> str:
    """The code of the unit that was picked or typed, '' for nothing. Raises Refused with those it could be."""
    return organisation.unit_named(s, typed, field=field).code if typed.strip() else ""


def areas(s: Session, *codes: str | None) -> list[Group]:
    """The names of areas that a form already has; all others are searched for as they are typed."""
    found = _areas(s, Area.code.in_({code for code in codes if code}), len(codes))
    return [Group("", tuple(found))] if found else []


def areas_like(s: Session, typed: str, limit: int = organisation.FEW) -> list[Choice]:
    """Areas by a piece of their code, their name, or of a landmark's in them; districts before their streets. The districts while nothing is typed."""
    typed = typed.strip()
    names = (Area.name, cast(Area.aliases, Text))
    like = or_(Area.code.startswith(typed, autoescape=True), *(name.contains(typed, autoescape=True) for name in names))
    return _areas(s, like if typed else Area.level == "district", limit)


def area_code(s: Session, typed: str) -> str | None:
    """The area that was picked (`990102001 湖滨街道（临湖区）`) or typed: its code, or a name that only one has. None for nothing; raises Refused."""
    typed = typed.strip()
    if not typed:
        return None
    if code := re.match(r"\d{6,12}\b", typed):
        return code[0]
    exact = list(s.scalars(select(Area.code).where(Area.name == typed).limit(2)))
    found = areas_like(s, typed, 8)
    if len(exact) == 1 or len(found) == 1:
        return exact[0] if len(exact) == 1 else found[0].code
    if not found:
        raise Refused(f"没有找到区划“{typed[:30]}”，请从列表中选择。", field="area")
    raise Refused(f"区划“{typed[:30]}”可能是：{'、'.join(f'{one.code} {one.name}' for one in found)}。请写明编码或全名。", field="area")


def _areas(s: Session, so: ColumnElement[bool], limit: int) -> list[Choice]:
    above = aliased(Area)
    found = select(Area.code, Area.name, above.name, above.level).outerjoin(above, above.code == Area.parent_code).where(so)
    rows = s.execute(found.order_by(func.length(Area.code), Area.code).limit(limit))
    return [Choice(code, f"{name}（{upper}）" if level == "district" else name) for code, name, upper, level in rows]


def items(s: Session, typed: str = "", limit: int = organisation.FEW) -> list[Choice]:
    """Items of the last level that still hold, by a piece of their code or name."""
    typed, today = typed.strip(), local(now()).date()
    branch = aliased(Item)
    found = select(Item.code, Item.name, branch.name).outerjoin(branch, branch.code == func.left(Item.code, 4)).where(Item.level >= LEAF, holding(today))
    if typed:
        found = found.where(Item.code.startswith(typed, autoescape=True) | Item.name.contains(typed, autoescape=True))
    return [Choice(code, f"{name}（{above or ''}）") for code, name, above in s.execute(found.order_by(Item.code).limit(limit))]


def item_code(s: Session, text: str) -> str | None:
    """The item that was typed or picked: “050101 停水…”, a code, or words that only one item has. None for nothing; raises Refused."""
    if not text:
        return None
    if code := re.match(r"\d{2,12}\b", text):
        return code[0]
    exact = list(s.scalars(select(Item.code).where(Item.name == text, Item.level >= LEAF, holding(local(now()).date())).limit(2)))
    found = exact if len(exact) == 1 else [choice.code for choice in items(s, text, 8)]
    if not found:
        raise Refused(f"没有找到事项“{text[:30]}”，请从列表中选择。", field="item")
    if len(found) > 1:
        named = "、".join(f"{choice.code} {choice.name}" for choice in items(s, text, 8))
        raise Refused(f"事项“{text[:30]}”可能是：{named}。请写明编码。", field="item")
    return found[0]


def colleagues(s: Session, ticket: Ticket, person: Person, at: datetime) -> list[Choice]:
    """Who of one's own department may answer for a ticket: nobody whom it is about. Who is away is named with their deputy."""
    rows = s.execute(select(Person.id, Person.name).where(works_in(person.department_code or ""), Person.active).order_by(Person.id))
    about = (ticket.concerns_id, ticket.concerns_name if ticket.concerns_id is None else "")
    named = [(number, name) for number, name in rows if number != about[0] and name != about[1]]
    if all(number != person.id for number, _ in named) and person.id != about[0] and person.name != about[1]:  # a deputy from elsewhere may take it, too
        named.insert(0, (person.id, person.name))
    away = absences(s, [number for number, _ in named], at=at)
    return [Choice(str(number), f"{name}（{away[number].words}）" if number in away else name) for number, name in named]


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
    row = responsible_then(s, item=item, area=ticket.area_code, filed_at=ticket.filed_at, at=at) if item else None
    unit = concerning.unit_of(s, ticket)
    same = first if first.get("item") == item else {}
    named = _names(s, [row.lead, *row.co_handlers] if row else [])
    return Proposal(
        item=item,
        item_name=s.scalar(select(Item.name).where(Item.code == item)) or "" if item else "",
        department=unit.code if unit else row.lead if row else None,
        department_name=unit.short if unit else named.get(row.lead, "") if row else "",
        co_handlers=row.co_handlers if row and not unit else (),
        co_names=[named[code] for code in row.co_handlers if code in named] if row and not unit else (),
        basis="转被反映、被评价的单位查证" if unit else row.basis if row else "",
        confidence=same.get("confidence"),
        because=same.get("because", ()),
    )


def _first(ticket: Ticket) -> Mapping[str, Any]:
    suggestions = (ticket.suggestion or {}).get("suggestions") or [{}]
    return suggestions[0]  # type: ignore[no-any-return]


def _names(s: Session, codes: Sequence[str]) -> dict[str, str]:
    return {code: short for code, short in s.execute(select(Department.code, Department.short).where(Department.code.in_(codes)))}
