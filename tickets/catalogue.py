"""The catalogue: areas (区划), items (事项), and who answers for what (责任清单)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, String, and_, case, func, literal, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.clock import local
from hotline.db import Base
from hotline.errors import NotFound, Refused
from hotline.people import Department


class Area(Base):
    """区划: city, district or street; aliases are the landmarks, compounds and roads by which people name it."""

    __tablename__ = "area"

    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("area.code"), index=True)
    level: Mapped[str] = mapped_column(String(12))
    aliases: Mapped[list[str]]


class Item(Base):
    """事项: a node of the tree of matters; codes of two, four and six digits after DB44/T 2479, and the city's own.

    piece: 件类, instant (即办件) or promised (承诺件). mode: single (单办) or joint (联办). statutory, promised: 法定时限 and 承诺时限 as `20 workday`.
    external_code: its code in the directory of government services (实施编码). valid_to: the first day on which it no longer holds.
    entered_at: when this row came to read so; None: from the beginning.
    """

    __tablename__ = "item"

    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("item.code"), index=True)
    level: Mapped[int]
    scope: Mapped[str] = mapped_column(default="")
    piece: Mapped[str] = mapped_column(String(12), default="", server_default="")
    mode: Mapped[str] = mapped_column(String(12), default="", server_default="")
    statutory: Mapped[str] = mapped_column(String(20), default="", server_default="")
    promised: Mapped[str] = mapped_column(String(20), default="", server_default="")
    external_code: Mapped[str] = mapped_column(String(60), default="", server_default="")
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    entered_at: Mapped[datetime | None]


class ItemPast(Base):
    """An item as it was until an import changed it: what it said then (body), from `entered_at` to `replaced_at`. Tickets filed meanwhile keep it."""

    __tablename__ = "item_past"
    __table_args__ = (Index("ix_item_past_code", "code", "replaced_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(ForeignKey("item.code"))
    body: Mapped[dict[str, Any]]
    entered_at: Mapped[datetime | None]
    replaced_at: Mapped[datetime]


class Responsibility(Base):
    """责任清单的一行: who leads and who helps for an item (a whole branch, by its shorter code) in an area (None: the whole city).

    valid_from, valid_to: the days on which it holds, the last not included. entered_at, replaced_at: when the catalogue said so; a row is never
    overwritten, so that what was valid for an old ticket can still be read.
    """

    __tablename__ = "responsibility"
    __table_args__ = (Index("ix_responsibility_item_area", "item_code", "area_code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    item_code: Mapped[str] = mapped_column(ForeignKey("item.code"))
    area_code: Mapped[str | None] = mapped_column(ForeignKey("area.code"))
    lead: Mapped[str] = mapped_column(ForeignKey("department.code"))
    co_handlers: Mapped[list[str]]
    basis: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    entered_at: Mapped[datetime | None]
    replaced_at: Mapped[datetime | None]


def responsible(s: Session, *, item: str, area: str | None, on: date, as_of: datetime | None = None) -> Responsibility | None:
    """Who answers for `item` in `area` on that day: the longest item code wins, then the smallest area; None where nobody is named.

    A row for a branch (two or four digits) covers all below it; a row for a district covers its streets.
    as_of: as the catalogue read at that moment; None: as it reads now.
    """
    branches = [item[:n] for n in range(2, len(item) + 1, 2)]
    areas = [area[:n] for n in (9, 6) if area is not None and len(area) >= n]
    row = Responsibility
    fits = (
        row.item_code.in_(branches),
        or_(row.area_code.is_(None), row.area_code.in_(areas)),
        row.valid_from <= on,
        or_(row.valid_to.is_(None), row.valid_to > on),
        _read_so(row, as_of),
    )
    depth = case((row.area_code.is_(None), literal(0)), else_=func.length(row.area_code))
    return s.scalar(select(row).where(*fits).order_by(func.length(row.item_code).desc(), depth.desc(), row.id).limit(1))


def responsible_then(s: Session, *, item: str, area: str | None, filed_at: datetime, at: datetime) -> Responsibility | None:
    """Who answers by what was valid when a ticket was filed: old tickets keep it. Where that unit is no more, whoever answers today."""
    then = responsible(s, item=item, area=area, on=local(filed_at).date(), as_of=filed_at)
    if then is not None and s.get_one(Department, then.lead).active:
        return then
    return responsible(s, item=item, area=area, on=local(at).date())


def _read_so(row: type[Responsibility], as_of: datetime | None) -> ColumnElement[bool]:
    if as_of is None:
        return row.replaced_at.is_(None)
    return and_(or_(row.entered_at.is_(None), row.entered_at <= as_of), or_(row.replaced_at.is_(None), row.replaced_at > as_of))


def holding(on: date) -> ColumnElement[bool]:
    """Items that have not ended by that day."""
    return or_(Item.valid_to.is_(None), Item.valid_to > on)


def item_named(s: Session, code: str, *, on: date | None = None) -> Item:
    """The item with this code. on: for a new ticket, the day on which it must still hold. Raises NotFound or Refused, naming the field."""
    item = s.get(Item, code)
    if item is None:
        raise NotFound(f"没有编码为“{code}”的事项。", field="item")
    if on is not None and item.valid_to is not None and item.valid_to <= on:
        raise Refused(f"事项“{item.name}”已于 {item.valid_to} 停用，请另选。", field="item")
    return item


def item_as_of(s: Session, code: str, at: datetime) -> Item:
    """The item as the catalogue read at that moment: a ticket keeps what was valid when it was filed."""
    item = item_named(s, code)
    if item.entered_at is None or item.entered_at <= at:
        return item
    past = s.scalar(select(ItemPast).where(ItemPast.code == code, ItemPast.replaced_at > at).order_by(ItemPast.replaced_at).limit(1))
    if past is None:
        return item
    dates = {name: date.fromisoformat(past.body[name]) if past.body.get(name) else None for name in ("valid_from", "valid_to")}
    return Item(code=code, **{**past.body, **dates})


def area_named(s: Session, code: str) -> Area:
    """The area with this code. Raises NotFound, naming the field."""
    area = s.get(Area, code)
    if area is None:
        raise NotFound(f"没有编码为“{code}”的区划。", field="area")
    return area
