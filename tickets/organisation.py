"""机构: the tree of units, at any size. A branch is a range of paths, a name is found by its characters; nobody ever reads all of it."""

from dataclasses import dataclass

from sqlalchemy import Select, case, func, select, text
from sqlalchemy.orm import Session, aliased

from hotline.errors import NotFound, Refused
from hotline.people import Department
from hotline.words import found_by, plain

PAGE = 50
FEW = 20
PATHS = text(
    "WITH RECURSIVE tree AS ("
    " SELECT code, '/' || code || '/' AS path FROM department WHERE parent_code IS NULL"
    " UNION ALL SELECT d.code, tree.path || d.code || '/' FROM department d JOIN tree ON d.parent_code = tree.code)"
    " UPDATE department SET path = tree.path FROM tree WHERE tree.code = department.code AND department.path <> tree.path"
)


@dataclass(frozen=True)
class Node:
    """A unit in the tree. below: how many units stand directly under it."""

    code: str
    name: str
    short: str
    kind: str
    active: bool
    below: int


def repath(s: Session) -> None:
    """Makes the paths of all units follow their parents: after units were added or moved."""
    s.flush()
    s.execute(PATHS)


def branch(unit: Department) -> Select[str]:
    """The codes of a unit and of all below it."""
    return select(Department.code).where(Department.path.startswith(unit.path, autoescape=True))


def children(s: Session, parent: str | None, *, after: str = "", limit: int = PAGE) -> tuple[list[Node], str | None]:
    """The units directly under one (None: the top), by code, and the key of the next page."""
    below = aliased(Department)
    counted = select(func.count()).where(below.parent_code == Department.code).scalar_subquery()
    d = Department
    under = d.parent_code.is_(None) if parent is None else d.parent_code == parent
    rows = s.execute(select(d.code, d.name, d.short, d.kind, d.active, counted).where(under, d.code > after).order_by(d.code).limit(limit + 1)).all()
    nodes = [Node(*row) for row in rows[:limit]]
    return nodes, nodes[-1].code if len(rows) > limit else None


def above(s: Session, unit: Department) -> list[Department]:
    """The units above one, the top first."""
    codes = unit.path.strip("/").split("/")[:-1]
    found = {one.code: one for one in s.scalars(select(Department).where(Department.code.in_(codes)))}
    return [found[code] for code in codes if code in found]


def search(s: Session, words: str, *, answering: bool = False, limit: int = FEW) -> list[Department]:
    """Units by a piece of their name or code, the shortest names first: whoever types 住建局 means the bureau, not one of its stations.

    answering: only those that can be given a ticket.
    """
    if not plain(words):
        return []
    found = select(Department).where(found_by(Department.words, words), Department.active)
    if answering:
        found = found.where(Department.kind != "discipline")
    exact = case((Department.short == words, 0), (Department.name == words, 0), (Department.code == words, 0), else_=1)
    return list(s.scalars(found.order_by(exact, func.length(Department.name), Department.code).limit(limit)))


def unit_named(s: Session, typed: str, *, field: str = "department") -> Department:
    """The unit that was picked (`gongshui 市供水集团`) or typed: its code, or a name that only one has. Raises Refused with those it could be."""
    typed = typed.strip()
    first = typed.split(" ", 1)[0]
    unit = s.get(Department, typed) or s.get(Department, first)
    if unit is not None and unit.active:
        return unit
    if unit is not None:
        raise Refused(f"单位“{unit.name}”已停用，请另选。", field=field)
    named = list(s.scalars(select(Department).where(found_by(Department.words, typed), (Department.name == typed) | (Department.short == typed)).limit(2)))
    if len(named) == 1 and named[0].active:
        return named[0]
    similar = search(s, typed, limit=8)
    if len(similar) == 1:
        return similar[0]
    if not similar:
        raise NotFound(f"没有编码或名称为“{typed[:30]}”的单位。", field=field)
    raise Refused(f"“{typed[:30]}”可能是：{'、'.join(f'{one.short}（{one.code}）' for one in similar)}。请写明编码或全名。", field=field)
