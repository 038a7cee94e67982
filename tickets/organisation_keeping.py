"""单位维护: one unit added or changed by hand; whole lists come through the catalogue's door."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.errors import NotFound, Refused
from hotline.outbox import record
from hotline.people import Department, Person
from hotline.words import words_of
from tickets.accounts import keeper
from tickets.catalogue import Responsibility, area_named
from tickets.catalogue_sheets import UNIT_CODE, UNIT_KINDS
from tickets.organisation import branch, repath
from tickets.ticket import Leg


def add_unit(
    s: Session, *, code: str, name: str, short: str, kind: str, parent: str | None, area: str | None, duties: str, by: Person, at: datetime
) -> Department:
    """A new unit. Raises Forbidden, or Refused or NotFound naming the field."""
    keeper(by)
    try:
        UNIT_CODE(code)
    except Refused as no:
        raise Refused(no.sentence, field="code") from None
    if s.get(Department, code) is not None:
        raise Refused(f"编码“{code}”已有单位使用。", field="code")
    unit = Department(code=code, name="", short="", kind="", words=[])
    _fill(s, unit, name=name, short=short, kind=kind, parent=parent, area=area, duties=duties)
    s.add(unit)
    repath(s)
    record(s, "department.added", by, by=by, at=at, department=code, parent=parent)
    return unit


def change_unit(
    s: Session, code: str, *, name: str, short: str, kind: str, parent: str | None, area: str | None, duties: str, by: Person, at: datetime
) -> None:
    """Other words, or another place in the tree."""
    keeper(by)
    unit = _unit(s, code)
    if parent and s.scalar(select(func.count()).select_from(branch(unit).where(Department.code == parent).subquery())):
        raise Refused("上级不能是这个单位自己或它的下级。", field="parent")
    _fill(s, unit, name=name, short=short, kind=kind, parent=parent, area=area, duties=duties)
    repath(s)
    record(s, "department.changed", by, by=by, at=at, department=code, parent=parent)


def dissolve(s: Session, code: str, *, by: Person, at: datetime) -> None:
    """停用: not while it holds work or stands in the responsibility list; what it did stays under its name."""
    keeper(by)
    unit = _unit(s, code)
    held = s.scalar(select(func.count()).where(Leg.department_code == code, Leg.ended_at.is_(None))) or 0
    if held:
        raise Refused(f"{unit.name}还有 {held} 件在办，先改派再停用。")
    listed = select(Responsibility.item_code).where(
        Responsibility.replaced_at.is_(None), Responsibility.valid_to.is_(None), (Responsibility.lead == code) | Responsibility.co_handlers.contains([code])
    )
    if item := s.scalar(listed.limit(1)):
        raise Refused(f"责任清单里还有{unit.name}（事项 {item} 等），先改清单再停用。")
    unit.active = False
    record(s, "department.dissolved", by, by=by, at=at, department=code)


def restore(s: Session, code: str, *, by: Person, at: datetime) -> None:
    """恢复 a dissolved unit."""
    keeper(by)
    _unit(s, code).active = True
    record(s, "department.restored", by, by=by, at=at, department=code)


def _unit(s: Session, code: str) -> Department:
    unit = s.get(Department, code, with_for_update=True)
    if unit is None:
        raise NotFound(f"没有编码为“{code}”的单位。")
    return unit


def _fill(s: Session, unit: Department, *, name: str, short: str, kind: str, parent: str | None, area: str | None, duties: str) -> None:
    if not name.strip():
        raise Refused("请填写单位名称。", field="name")
    if kind not in UNIT_KINDS:
        raise Refused(f"类别只能是：{'、'.join(UNIT_KINDS.values())}。", field="kind")
    if parent and s.get(Department, parent) is None:
        raise NotFound(f"没有编码为“{parent}”的上级单位。", field="parent")
    unit.name, unit.short, unit.kind, unit.duties = name.strip(), short.strip() or name.strip(), kind, duties.strip()
    unit.parent_code, unit.area_code = parent or None, area_named(s, area).code if area else None
    unit.words = words_of(unit.code, unit.name, unit.short)
