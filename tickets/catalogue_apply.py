"""Writing what was planned. Items and responsibilities keep what they said before, for the tickets that were filed under it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import and_, delete, insert, select, update
from sqlalchemy.orm import Session

from hotline.capacity import Membership
from hotline.people import Department, Person, SignIn
from hotline.words import words_of
from tickets.catalogue import Item, ItemPast, Responsibility
from tickets.catalogue_difference import Plan, SheetPlan
from tickets.catalogue_rows import ITEM_FIELDS, Row, item_fields, person_fields, responsibility_fields, unit_fields
from tickets.organisation import repath


def apply(s: Session, plan: Plan, *, at: datetime, today: date) -> None:
    """Writes all sheets of the plan."""
    for sheet in plan.sheets:
        APPLY[sheet.sheet.key](s, sheet, at, today)


def _items(s: Session, plan: SheetPlan, at: datetime, today: date) -> None:
    new = sorted((row for _, row in plan.added), key=lambda row: len(row["code"]))
    _insert(s, Item, [{"code": row["code"], "entered_at": at, **item_fields(row)} for row in new])
    for row in [*(change.new for change in plan.changed), *({**row, "valid_to": today} for row in plan.ended)]:
        item = s.get_one(Item, row["code"], populate_existing=True)
        then = {name: value.isoformat() if isinstance(value := getattr(item, name), date) else value for name in ITEM_FIELDS}
        s.add(ItemPast(code=item.code, body=then, entered_at=item.entered_at, replaced_at=at))
        for name, value in {**item_fields(row), "entered_at": at}.items():
            setattr(item, name, value)
    s.flush()


def _responsibility(s: Session, plan: SheetPlan, at: datetime, today: date) -> None:
    for row in [*(change.old for change in plan.changed), *plan.ended]:
        place = and_(
            Responsibility.item_code == row["item"],
            Responsibility.area_code.is_not_distinct_from(row["area"] or None),
            Responsibility.valid_from == row["valid_from"],
            Responsibility.replaced_at.is_(None),
        )
        s.execute(update(Responsibility).where(place).values(replaced_at=at))
    ended = [{**row, "valid_to": today} for row in plan.ended if row["valid_from"] < today]
    new = [*(row for _, row in plan.added), *(change.new for change in plan.changed), *ended]
    _insert(s, Responsibility, [{**responsibility_fields(row), "entered_at": at} for row in new])


def _units(s: Session, plan: SheetPlan, at: datetime, today: date) -> None:
    _insert(s, Department, [unit_fields(row) for row in _parents_first([row for _, row in plan.added])])
    for row in [*(change.new for change in plan.changed), *({**row, "active": False} for row in plan.ended)]:
        fields = unit_fields(row)
        words = words_of(fields["code"], fields["name"], fields["short"])
        s.execute(update(Department).where(Department.code == row["code"]).values(**fields, words=words))
    repath(s)


def _people(s: Session, plan: SheetPlan, at: datetime, today: date) -> None:
    _insert(s, Person, [person_fields(row) for _, row in plan.added])
    changed = [*(change.new for change in plan.changed), *({**row, "active": False} for row in plan.ended)]
    for row in changed:
        s.execute(update(Person).where(Person.login == row["login"]).values(**person_fields(row), words=words_of(row["login"], row["name"])))
    _members(s, [row for _, row in plan.added if row["memberships"]] + changed)
    closed = select(Person.id).where(Person.login.in_([row["login"] for row in changed if not row["active"]]))
    s.execute(delete(SignIn).where(SignIn.person_id.in_(closed)))


def _members(s: Session, people: Sequence[Row]) -> None:
    ids = {login: number for login, number in s.execute(select(Person.login, Person.id).where(Person.login.in_([row["login"] for row in people])))}
    s.execute(delete(Membership).where(Membership.person_id.in_(ids.values())))
    rows = [
        {"person_id": ids[row["login"]], "department_code": unit, "roles": roles} for row in people for unit, roles in row["memberships"].items()
    ]
    _insert(s, Membership, rows)


def _parents_first(rows: Sequence[Row]) -> list[Row]:
    """Each unit after the one it belongs to, whatever the order of the file."""
    new = {row["code"]: row for row in rows}
    depth: dict[str, int] = {"": 0}

    def deep(code: str) -> int:
        line = []
        while code not in depth and code in new:
            line.append(code)
            code = new[code]["parent"]
        for above in reversed(line):
            depth[above] = depth.get(new[above]["parent"], 0) + 1
        return depth.get(line[0] if line else code, 0)

    return sorted(rows, key=lambda row: deep(row["code"]))


def _insert(s: Session, table: Any, rows: Iterable[Row]) -> None:
    if rows := list(rows):
        s.execute(insert(table), rows)


APPLY: Final[dict[str, Callable[[Session, SheetPlan, datetime, date], None]]] = {
    "units": _units,
    "people": _people,
    "items": _items,
    "responsibility": _responsibility,
}
