"""Looking at the catalogue: a branch at a time, by words, and who answers for an item."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from hotline.people import Department
from sla.limit import Limit
from tickets.catalogue import Area, Item, ItemPast, Responsibility
from tickets.catalogue_sheets import MODES, PIECES

FEW = 40
MOST = 500  # children of one branch; codes of two digits a level allow a hundred


@dataclass(frozen=True)
class ItemNode:
    """An item in the tree. below: how many stand directly under it."""

    code: str
    name: str
    scope: str
    marks: str
    ended: bool
    below: int


@dataclass(frozen=True)
class Answering:
    """One line of who answers. of: the item or branch that the row names; helpers: the co-handlers."""

    of: str
    own: bool
    area: str
    lead: str
    helpers: tuple[str, ...]
    basis: str
    valid_from: date
    valid_to: date | None


def children(s: Session, parent: str | None, *, today: date) -> list[ItemNode]:
    """The items directly under one; None: the top."""
    under = Item.parent_code.is_(None) if parent is None else Item.parent_code == parent
    return _nodes(s, under, today, MOST)


def search(s: Session, words: str, *, today: date) -> list[ItemNode]:
    """Items by a piece of their code, name, scope or external code; the first forty."""
    found = Item.code.startswith(words, autoescape=True) | Item.name.contains(words, autoescape=True)
    return _nodes(s, found | Item.scope.contains(words, autoescape=True) | (Item.external_code == words), today, FEW)


def line(s: Session, item: Item) -> list[Item]:
    """The items above one, the top first."""
    codes = [item.code[:n] for n in range(2, len(item.code), 2)]
    return list(s.scalars(select(Item).where(Item.code.in_(codes)).order_by(Item.code)))


def answering(s: Session, item: Item, *, today: date) -> list[Answering]:
    """The rows that decide for this item today: its own, and its branches' as far as nothing of its own is for the whole city."""
    codes = [item.code[:n] for n in range(2, len(item.code) + 1, 2)]
    r = Responsibility
    held = (r.replaced_at.is_(None), r.valid_from <= today, r.valid_to.is_(None) | (r.valid_to > today))
    rows = list(s.execute(select(r, Area.name).outerjoin(Area, Area.code == r.area_code).where(r.item_code.in_(codes), *held)))
    whole = [len(row.item_code) for row, _ in rows if row.area_code is None]
    rows = [found for found in rows if len(found[0].item_code) >= max(whole, default=0)]
    units = {code for row, _ in rows for code in (row.lead, *row.co_handlers)}
    names: dict[str, str] = {code: short for code, short in s.execute(select(Department.code, Department.short).where(Department.code.in_(units)))}
    rows.sort(key=lambda found: (-len(found[0].item_code), found[0].area_code or "", found[0].valid_from))
    return [
        Answering(row.item_code, row.item_code == item.code, area or "全市", names.get(row.lead, row.lead),
                  tuple(names.get(code, code) for code in row.co_handlers), row.basis, row.valid_from, row.valid_to)
        for row, area in rows
    ]  # fmt: skip


def past(s: Session, item: Item) -> list[ItemPast]:
    """What the item said before, the latest first."""
    return list(s.scalars(select(ItemPast).where(ItemPast.code == item.code).order_by(ItemPast.id.desc()).limit(FEW)))


def marks(item: Item) -> str:
    """件类, 办理方式 and limits in a few words: 承诺件 · 单办 · 承诺 3个工作日 · 法定 30个工作日."""
    return marks_of({name: getattr(item, name) for name in ("piece", "mode", "promised", "statutory")})


def marks_of(said: Mapping[str, str]) -> str:
    """The same of what an item said before."""
    words = [PIECES.get(said["piece"], ""), MODES.get(said["mode"], "")]
    words += [f"{name} {Limit.parse(limit).chinese}" for name, limit in (("承诺", said["promised"]), ("法定", said["statutory"])) if limit]
    return " · ".join(word for word in words if word)


def _nodes(s: Session, which: ColumnElement[bool], today: date, limit: int) -> list[ItemNode]:
    below = aliased(Item)
    counted = select(func.count()).where(below.parent_code == Item.code).scalar_subquery()
    rows = s.execute(select(Item, counted).where(which).order_by(Item.code).limit(limit))
    return [ItemNode(item.code, item.name, item.scope, marks(item), bool(item.valid_to and item.valid_to <= today), number) for item, number in rows]
