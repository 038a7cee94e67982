"""差别: what an import would change, in rows and in words."""

from dataclasses import dataclass, field
from typing import Any, Final

from tickets.catalogue_rows import Row
from tickets.catalogue_sheets import Sheet

NAMED: Final = {"items": ("name",), "responsibility": ("lead",), "units": ("name",), "people": ("name",)}
"""Beside its identity, what a person knows a row by."""


@dataclass(frozen=True)
class Change:
    """A row that would read otherwise. line: in the file; 0 where it ends because the file is whole and leaves it out."""

    line: int
    old: Row
    new: Row

    def fields(self, sheet: Sheet) -> list[tuple[str, str, str]]:
        """(title, before, after) of each column that differs."""
        return [
            (column.title, _said(column.write, self.old[column.key]), _said(column.write, self.new[column.key]))
            for column in sheet.columns
            if self.old[column.key] != self.new[column.key]
        ]


@dataclass
class SheetPlan:
    """What would happen to one sheet. left_out: how many rows the file does not have and that stay all the same."""

    sheet: Sheet
    added: list[tuple[int, Row]] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    ended: list[Row] = field(default_factory=list)
    same: int = 0
    left_out: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.added or self.changed or self.ended)

    def counts(self) -> dict[str, int]:
        """How many rows came, changed, ended, stayed."""
        return {"added": len(self.added), "changed": len(self.changed), "ended": len(self.ended), "same": self.same, "left_out": self.left_out}

    def label(self, row: Row) -> str:
        """A row in a few words."""
        return " ".join(_said(self.sheet.column(key).write, row[key]) for key in (*self.sheet.identity, *NAMED[self.sheet.key])).strip()


@dataclass
class Plan:
    """What would happen to all sheets of a file."""

    sheets: list[SheetPlan]

    @property
    def empty(self) -> bool:
        """Whether nothing would change."""
        return all(sheet.empty for sheet in self.sheets)

    def counts(self) -> dict[str, dict[str, int]]:
        """By the key of the sheet."""
        return {sheet.sheet.key: sheet.counts() for sheet in self.sheets}


def _said(write: Any, value: Any) -> str:
    return "" if value in (None, "", [], {}) else str(write(value))
