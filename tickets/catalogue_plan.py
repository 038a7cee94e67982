"""预览: what an import would change, row by row, and everything that speaks against it. Nothing is written here.

A file adds and changes; what it leaves out stays, unless it is said to be the whole sheet (`whole`): then the rest ends. A column that the
file does not have keeps what it says.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from tickets.catalogue_checks import check
from tickets.catalogue_difference import Change, Plan, SheetPlan
from tickets.catalogue_files import Table, Wrong
from tickets.catalogue_rows import Row, rows
from tickets.catalogue_sheets import SHEETS, Sheet


def plan(s: Session, tables: Sequence[Table], *, whole: bool, today: date) -> Plan:
    """Compares the sheets of a file with what holds now. Raises Refused with every row that cannot be."""
    wrong = Wrong()
    order = list(SHEETS)
    plans = [_compared(s, table, wrong, whole, today) for table in sorted(tables, key=lambda table: order.index(table.sheet.key))]
    wrong.check()
    check(s, {one.sheet.key: one for one in plans}, wrong)
    wrong.check()
    return Plan(plans)


def _compared(s: Session, table: Table, wrong: Wrong, whole: bool, today: date) -> SheetPlan:
    sheet = table.sheet
    held = {sheet.named(row): row for row in rows(s, sheet.key)}
    found = SheetPlan(sheet)
    seen: dict[tuple[Any, ...], int] = {}
    for line, given in table.rows:
        row = _completed(sheet, table, given, held, today)
        identity = sheet.named(row)
        if identity in seen:
            wrong.add(sheet, line, sheet.identity[0], f"与第 {seen[identity]} 行重复。")
            continue
        seen[identity] = line
        old = held.get(identity)
        if old is None:
            found.added.append((line, row))
        else:
            new = {**old, **{key: row[key] for key in table.given}}
            if new == old:
                found.same += 1
            else:
                found.changed.append(Change(line, old, new))
    rest = [row for identity, row in held.items() if identity not in seen and _holds(sheet, row, today)]
    found.ended, found.left_out = (rest, 0) if whole else ([], len(rest))
    return found


def _completed(sheet: Sheet, table: Table, row: Row, held: dict[tuple[Any, ...], Row], today: date) -> Row:
    """A responsibility without a first day is the one that holds for this item and area, or begins today; an item's parent is in its code."""
    if sheet.key == "items" and not row["parent"]:
        return {**row, "parent": row["code"][:-2]}
    if sheet.key == "responsibility" and row["valid_from"] is None:
        holding = [first for item, area, first in held if (item, area) == (row["item"], row["area"]) and _holds(sheet, held[item, area, first], today)]
        return {**row, "valid_from": max(holding, default=today)}
    return row


def _holds(sheet: Sheet, row: Row, today: date) -> bool:
    """Whether the row is in force, or will be: only such a one can end."""
    if "active" in row:
        return bool(row["active"])
    return row["valid_to"] is None or row["valid_to"] > today
