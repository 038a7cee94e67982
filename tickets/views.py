"""保存的查询: a search that a person keeps under a name, and may share with the colleagues of one's own unit."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from hotline.db import Base
from hotline.errors import Conflict, NotFound, Refused
from hotline.people import Person

LONGEST_NAME = 30
MOST = 50


class SavedView(Base):
    """保存的查询. query: the search as its address has it (`kind=complaint&light=red`). department_code: whose colleagues see it too."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("person_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    department_code: Mapped[str | None] = mapped_column(ForeignKey("department.code"), index=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    query: Mapped[str]
    at: Mapped[datetime]

    person: Mapped[Person] = relationship(lazy="raise")


def views_of(s: Session, person: Person) -> list[SavedView]:
    """One's own, and those that colleagues share; by name."""
    return list(s.scalars(_seen_by(person).order_by(SavedView.name, SavedView.id)))


def view(s: Session, number: int, person: Person) -> SavedView:
    """One of them. Raises NotFound."""
    found: SavedView | None = s.scalar(_seen_by(person).where(SavedView.id == number))
    if found is None:
        raise NotFound("没有这个保存的查询。")
    return found


def save(s: Session, *, name: str, query: str, shared: bool, by: Person, at: datetime) -> SavedView:
    """Keeps a search under a name; the same name again replaces it. Raises Refused naming the field, Conflict when there are too many."""
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise Refused(f"请给这个查询起个名字，1 到 {LONGEST_NAME} 个字。", field="name")
    if shared and not by.department_code:
        raise Refused("您的账号没有所在单位，不能共享给本单位。", field="shared")
    mine = {kept.name: kept for kept in s.scalars(select(SavedView).where(SavedView.person_id == by.id))}
    if name not in mine and len(mine) >= MOST:
        raise Conflict(f"最多保存 {MOST} 个查询，请先删除不用的。")
    kept = mine.get(name) or SavedView(person_id=by.id, name=name)
    kept.query, kept.at, kept.department_code = query, at, by.department_code if shared else None
    s.add(kept)
    s.flush()
    return kept


def remove(s: Session, number: int, *, by: Person) -> None:
    """Only one's own. Raises NotFound."""
    found = s.scalar(select(SavedView).where(SavedView.id == number, SavedView.person_id == by.id))
    if found is None:
        raise NotFound("没有这个保存的查询，或它是同事保存的。")
    s.delete(found)


def _seen_by(person: Person) -> Select[Any]:
    return select(SavedView).where(or_(SavedView.person_id == person.id, SavedView.department_code == person.department_code))
