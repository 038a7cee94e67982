"""The catalogue: areas (区划), items (事项), and who answers for what (责任清单)."""

from datetime import date

from sqlalchemy import ForeignKey, Index, String, case, func, literal, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.db import Base
from hotline.errors import NotFound


class Area(Base):
    """区划: city, district or street; aliases are the landmarks, compounds and roads by which people name it."""

    __tablename__ = "area"

    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("area.code"), index=True)
    level: Mapped[str] = mapped_column(String(12))
    aliases: Mapped[list[str]]


class Item(Base):
    """事项: a node of the tree of matters; codes of two, four and six digits after DB44/T 2479, and the city's own."""

    __tablename__ = "item"

    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("item.code"), index=True)
    level: Mapped[int]
    scope: Mapped[str] = mapped_column(default="")


class Responsibility(Base):
    """责任清单的一行: who leads and who helps for an item (a whole branch, by its shorter code) in an area (None: the whole city)."""

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


def responsible(s: Session, *, item: str, area: str | None, on: date) -> Responsibility | None:
    """Who answers for `item` in `area` on that day: the longest item code wins, then the smallest area; None where nobody is named.

    A row for a branch (two or four digits) covers all below it; a row for a district covers its streets.
    """
    branches = [item[:n] for n in (6, 4, 2) if len(item) >= n]
    areas = [area[:n] for n in (9, 6) if area is not None and len(area) >= n]
    row = Responsibility
    fits = (
        row.item_code.in_(branches),
        or_(row.area_code.is_(None), row.area_code.in_(areas)),
        row.valid_from <= on,
        or_(row.valid_to.is_(None), row.valid_to > on),
    )
    depth = case((row.area_code.is_(None), literal(0)), else_=func.length(row.area_code))
    return s.scalar(select(row).where(*fits).order_by(func.length(row.item_code).desc(), depth.desc(), row.id).limit(1))


def item_named(s: Session, code: str) -> Item:
    """The item with this code. Raises NotFound, naming the field."""
    item = s.get(Item, code)
    if item is None:
        raise NotFound(f"没有编码为“{code}”的事项。", field="item")
    return item


def area_named(s: Session, code: str) -> Area:
    """The area with this code. Raises NotFound, naming the field."""
    area = s.get(Area, code)
    if area is None:
        raise NotFound(f"没有编码为“{code}”的区划。", field="area")
    return area
