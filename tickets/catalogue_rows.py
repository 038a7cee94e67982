"""What the database holds now, as rows of the sheets: the same values that a file gives, so that the two can be compared and one written as the other."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.capacity import Membership
from hotline.people import SYSTEM_ID, Department, Person
from tickets.catalogue import Item, Responsibility

Row = dict[str, Any]
ITEM_FIELDS: Final = ("name", "parent_code", "level", "scope", "piece", "mode", "statutory", "promised", "external_code", "valid_from", "valid_to")
"""What an item says, apart from its code: what is kept of it when it is changed."""


def rows(s: Session, sheet: str) -> Iterator[Row]:
    """Every row of a sheet that holds now, in the order of a file."""
    return ROWS[sheet](s)


def item_fields(row: Row) -> Row:
    """A row of the sheet as columns of the table."""
    return {**{name: row[name] for name in ITEM_FIELDS if name in row}, "parent_code": row["parent"] or None, "level": len(row["code"]) // 2}


def responsibility_fields(row: Row) -> Row:
    """The same for the responsibility list."""
    return {
        "item_code": row["item"],
        "area_code": row["area"] or None,
        "lead": row["lead"],
        "co_handlers": row["co"],
        **{name: row[name] for name in ("basis", "valid_from", "valid_to")},
    }


def unit_fields(row: Row) -> Row:
    """The same for units."""
    short = row["short"] or row["name"]
    return {**{name: row[name] for name in ("code", "name", "kind", "duties", "active")}, "short": short, "area_code": row["area"] or None,
            "parent_code": row["parent"] or None}  # fmt: skip


def person_fields(row: Row) -> Row:
    """The same for people; memberships are rows of their own."""
    return {**{name: row[name] for name in ("login", "name", "roles", "active")}, "department_code": row["unit"] or None}


def _items(s: Session) -> Iterator[Row]:
    plain = [name for name in ITEM_FIELDS if name not in ("parent_code", "level")]
    for item in s.execute(select(Item.code, Item.parent_code, *(getattr(Item, name) for name in plain)).order_by(Item.code)):
        yield {"code": item.code, "parent": item.parent_code or "", **{name: getattr(item, name) for name in plain}}


def _responsibility(s: Session) -> Iterator[Row]:
    r = Responsibility
    columns = (r.item_code, r.area_code, r.lead, r.co_handlers, r.basis, r.valid_from, r.valid_to)
    order = (r.item_code, r.area_code.nulls_first(), r.valid_from)
    for item, area, lead, co, basis, first, last in s.execute(select(*columns).where(r.replaced_at.is_(None)).order_by(*order)):
        yield {"item": item, "area": area or "", "lead": lead, "co": co, "basis": basis, "valid_from": first, "valid_to": last}


def _units(s: Session) -> Iterator[Row]:
    d = Department
    columns = (d.code, d.name, d.short, d.kind, d.area_code, d.parent_code, d.duties, d.active)
    for code, name, short, kind, area, parent, duties, active in s.execute(select(*columns).order_by(d.path)):
        yield {"code": code, "name": name, "short": short, "kind": kind, "area": area or "", "parent": parent or "", "duties": duties, "active": active}


def _people(s: Session) -> Iterator[Row]:
    further: dict[int, dict[str, list[str]]] = {}
    for person, unit, roles in s.execute(select(Membership.person_id, Membership.department_code, Membership.roles)):
        further.setdefault(person, {})[unit] = roles
    columns = (Person.id, Person.login, Person.name, Person.roles, Person.department_code, Person.active)
    for number, login, name, roles, of, active in s.execute(select(*columns).where(Person.id != SYSTEM_ID).order_by(Person.id)):
        yield {"login": login, "name": name, "roles": roles, "unit": of or "", "memberships": further.get(number, {}), "active": active}


ROWS: Final[dict[str, Callable[[Session], Iterator[Row]]]] = {"items": _items, "responsibility": _responsibility, "units": _units, "people": _people}
