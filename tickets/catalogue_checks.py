"""What must hold after an import, whatever the file says: nothing refers to what is not there, no two rows answer for the same, nobody holding work goes."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.roles import Role
from sla.limit import Limit
from tickets.catalogue import Area
from tickets.catalogue_difference import SheetPlan
from tickets.catalogue_files import Wrong
from tickets.catalogue_rows import Row, rows
from tickets.catalogue_sheets import ITEMS, PEOPLE, RESPONSIBILITY, UNITS
from tickets.ticket import Leg

NEEDS_UNIT: Final = (Role.CLERK, Role.CHIEF)
Plans = Mapping[str, SheetPlan]


class After:
    """How the sheets would read after the import."""

    def __init__(self, s: Session, plans: Plans) -> None:
        self.s, self.plans = s, plans
        self.areas: set[str] = set(s.scalars(select(Area.code)))
        self._read: dict[str, dict[Any, Row]] = {}

    def sheet(self, key: str) -> dict[Any, Row]:
        """Every row, by what tells it apart."""
        if key not in self._read:
            plan = self.plans.get(key)
            held = {tuple(row[name] for name in IDENTITIES[key]): row for row in rows(self.s, key)}
            if plan is not None:
                held |= {plan.sheet.named(row): row for _, row in plan.added} | {plan.sheet.named(change.new): change.new for change in plan.changed}
                held |= {plan.sheet.named(row): {**row, "ended": True, **({"active": False} if "active" in row else {})} for row in plan.ended}
            self._read[key] = held
        return self._read[key]

    @cached_property
    def units(self) -> dict[str, Row]:
        """Units by code."""
        return {code: row for (code,), row in self.sheet("units").items()}

    @cached_property
    def items(self) -> dict[str, Row]:
        """Items by code."""
        return {code: row for (code,), row in self.sheet("items").items()}


IDENTITIES: Final = {sheet.key: sheet.identity for sheet in (ITEMS, RESPONSIBILITY, UNITS, PEOPLE)}


def check(s: Session, plans: Plans, wrong: Wrong) -> None:
    """Adds to `wrong` whatever speaks against these plans."""
    after = After(s, plans)
    for key, plan in plans.items():
        for line, row in _touched(plan):
            CHECKS[key](line, row, after, wrong)
    if "responsibility" in plans:
        _overlaps(plans["responsibility"], after, wrong)
    if "units" in plans:
        _circles(plans["units"], after, wrong)
        _dissolved(s, plans["units"], after, wrong)


def _touched(plan: SheetPlan) -> Iterator[tuple[int, Row]]:
    yield from plan.added
    yield from ((change.line, change.new) for change in plan.changed)


def _item(line: int, row: Row, after: After, wrong: Wrong) -> None:
    parent = row["code"][:-2]
    if row["parent"] != parent:
        wrong.add(ITEMS, line, "parent", f"应是“{parent}”：编码每级两位，下级以上级的编码开头。")
    if parent and parent not in after.items:
        wrong.add(ITEMS, line, "parent", f"没有编码为“{parent}”的上级事项。")
    _ordered(ITEMS, line, row, wrong)
    promised, statutory = (Limit.parse(row[name]) if row[name] else None for name in ("promised", "statutory"))
    if promised and statutory and promised.unit == statutory.unit and promised.amount > statutory.amount:
        wrong.add(ITEMS, line, "promised", f"承诺时限（{promised.chinese}）比法定时限（{statutory.chinese}）还长。")


def _responsibility(line: int, row: Row, after: After, wrong: Wrong) -> None:
    if row["item"] not in after.items:
        wrong.add(RESPONSIBILITY, line, "item", f"没有编码为“{row['item']}”的事项。")
    if row["area"] and row["area"] not in after.areas:
        wrong.add(RESPONSIBILITY, line, "area", f"没有编码为“{row['area']}”的区划。")
    for name, codes in (("lead", [row["lead"]]), ("co", row["co"])):
        for code in codes:
            _answering(line, name, code, after, wrong)
    if len({row["lead"], *row["co"]}) != 1 + len(row["co"]):
        wrong.add(RESPONSIBILITY, line, "co", "协办单位不能重复，也不能就是主办单位。")
    _ordered(RESPONSIBILITY, line, row, wrong)


def _answering(line: int, column: str, code: str, after: After, wrong: Wrong) -> None:
    unit = after.units.get(code)
    if unit is None:
        wrong.add(RESPONSIBILITY, line, column, f"没有编码为“{code}”的单位。")
    elif not unit["active"]:
        wrong.add(RESPONSIBILITY, line, column, f"单位“{unit['name']}”已停用。")
    elif unit["kind"] == "discipline":
        wrong.add(RESPONSIBILITY, line, column, f"“{unit['name']}”不承办工单。")


def _unit(line: int, row: Row, after: After, wrong: Wrong) -> None:
    if row["parent"] and row["parent"] not in after.units:
        wrong.add(UNITS, line, "parent", f"没有编码为“{row['parent']}”的上级单位。")
    if row["area"] and row["area"] not in after.areas:
        wrong.add(UNITS, line, "area", f"没有编码为“{row['area']}”的区划。")


def _person(line: int, row: Row, after: After, wrong: Wrong) -> None:
    for code in [row["unit"], *row["memberships"]]:
        if code and code not in after.units:
            wrong.add(PEOPLE, line, "unit" if code == row["unit"] else "memberships", f"没有编码为“{code}”的单位。")
    if not row["unit"] and any(role in row["roles"] for role in NEEDS_UNIT):
        wrong.add(PEOPLE, line, "unit", "承办人和承办单位领导须写明所在单位。")
    if row["unit"] in row["memberships"]:
        wrong.add(PEOPLE, line, "memberships", "兼任的单位不能就是所在单位。")
    if any(not posts for posts in row["memberships"].values()):
        wrong.add(PEOPLE, line, "memberships", "兼任须写明岗位。")


def _ordered(sheet: Any, line: int, row: Row, wrong: Wrong) -> None:
    if row["valid_from"] and row["valid_to"] and row["valid_to"] <= row["valid_from"]:
        wrong.add(sheet, line, "valid_to", "有效期止须晚于有效期起（止的那一天不再有效）。")


def _overlaps(plan: SheetPlan, after: After, wrong: Wrong) -> None:
    """Two rows for the same item and area must not hold on the same day: nobody could say which one decides."""
    touched = {plan.sheet.named(row): line for line, row in _touched(plan)}
    by_place: dict[tuple[str, str], list[Row]] = {}
    for row in after.sheet("responsibility").values():
        if "ended" not in row:
            by_place.setdefault((row["item"], row["area"]), []).append(row)
    for (item, area), held in by_place.items():
        held.sort(key=lambda row: row["valid_from"])
        for first, then in pairwise(held):
            if (first["valid_to"] or date.max) > then["valid_from"] and (touched.keys() & {plan.sheet.named(first), plan.sheet.named(then)}):
                line = touched.get(plan.sheet.named(then)) or touched[plan.sheet.named(first)]
                before = f"{first['valid_from']} 起由“{first['lead']}”主办的一行"
                wrong.add(RESPONSIBILITY, line, "valid_from", f"事项 {item}{f'、区划 {area}' if area else ''}：{before}那时还有效，请先写明它的有效期止。")


def _circles(plan: SheetPlan, after: After, wrong: Wrong) -> None:
    units = after.units
    for line, row in _touched(plan):
        seen: set[str] = set()
        code = row["code"]
        while code and code in units and code not in seen:
            seen.add(code)
            code = units[code]["parent"]
        if code in seen:
            wrong.add(UNITS, line, "parent", "上级绕成了一圈。")


def _dissolved(s: Session, plan: SheetPlan, after: After, wrong: Wrong) -> None:
    """停用: a unit that still holds work, or is still named in the list, stays."""
    gone = {row["code"]: 0 for row in plan.ended} | {change.new["code"]: change.line for change in plan.changed if not change.new["active"]}
    if not gone:
        return
    open_legs = select(Leg.department_code, func.count()).where(Leg.ended_at.is_(None), Leg.department_code.in_(gone)).group_by(Leg.department_code)
    held: dict[str, int] = {code: number for code, number in s.execute(open_legs)}
    named = {code for row in after.sheet("responsibility").values() if "ended" not in row and row["valid_to"] is None for code in (row["lead"], *row["co"])}
    for code, line in gone.items():
        if code in held:
            wrong.add(UNITS, line, "active", f"“{code}”还有 {held[code]} 件在办，先改派再停用。")
        elif code in named:
            wrong.add(UNITS, line, "active", f"责任清单里还有“{code}”，先改清单再停用。")


CHECKS: Final[Mapping[str, Callable[[int, Row, After, Wrong], None]]] = {"items": _item, "responsibility": _responsibility, "units": _unit, "people": _person}
