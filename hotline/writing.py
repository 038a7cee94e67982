"""Rows written together: new rows of several tables in one statement, past the session's unit of work.

A verb that makes many rows at once, as filing does, spends most of its time between the statements. Here the rows travel as one JSON document,
which the server takes apart by the types of its own tables; the statement is put together once, and prepared by the driver.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Row, TypeDecorator
from sqlalchemy.orm import Session, make_transient_to_detached

from hotline.changes import plain
from hotline.db import Base

Given = tuple[type[Base], tuple[str, ...]]
"""A table, and the columns that are given."""


@dataclass(frozen=True, slots=True)
class New:
    """A new row, and what it holds as JSON holds it (sealed where the column is)."""

    row: Base
    held: dict[str, Any]


def new(row: Base) -> New:
    """A row that is yet to be written. What it does not say gets its default, as in a flush; the server's, such as an id, where only that has one."""
    columns, values = _columns(type(row)), row.__dict__
    for name, default in columns.defaults.items():
        if name not in values:
            values[name] = default()  # not a change: nothing was there before
    held = {name: plain(values[name]) for name in columns.names if name in values}
    for name, seal in columns.sealed.items():
        held[name] = seal(values[name])
    return New(row, held)


def write(s: Session, rows: Sequence[New], *, then: str) -> Row[Any]:
    """Writes new rows, and answers with the row of `then`: a SELECT that may read the `id` that the server gave, from `new_event` and the like.

    Rows of one table hold the same columns. All are written or none; foreign keys among them are checked at the end.
    """
    tables: dict[Given, list[dict[str, Any]]] = {}
    for new in rows:
        tables.setdefault((type(new.row), tuple(new.held)), []).append(new.held)
    given = json.dumps({table.__tablename__: held for (table, _), held in tables.items()}, ensure_ascii=False)
    return s.connection().exec_driver_sql(_statement(tuple(tables), then), (given,)).one()


def keep(s: Session, row: Base) -> None:
    """A row that was just written, in the session as if it had been read: the next verb goes on with it."""
    make_transient_to_detached(row)
    s.add(row)


@dataclass(frozen=True)
class Columns:
    """What writing knows of a table. defaults: what a column holds where nobody says; sealed: what encrypts a column."""

    names: tuple[str, ...]
    defaults: Mapping[str, Callable[[], Any]]
    sealed: Mapping[str, Callable[[Any], str | None]]


@cache
def _columns(table: type[Base]) -> Columns:
    columns = table.__table__.columns
    return Columns(
        tuple(column.key for column in columns),
        {column.key: _default(column.default) for column in columns if column.default or not (column.primary_key or column.server_default)},
        {column.key: _sealing(column.type) for column in columns if isinstance(column.type, TypeDecorator)},
    )


def _default(default: Any) -> Callable[[], Any]:
    if default is not None and default.is_callable:
        return lambda: default.arg(None)
    value = default.arg if default is not None else None
    return lambda: value


def _sealing(type_: TypeDecorator[Any]) -> Callable[[Any], str | None]:
    def seal(value: Any) -> str | None:
        sealed = type_.process_bind_param(value, None)  # type: ignore[arg-type]
        return sealed if sealed is None else f"\\x{sealed.hex()}"

    return seal


@cache
def _statement(tables: tuple[Given, ...], then: str) -> str:
    return f"WITH given AS (SELECT %s::jsonb AS rows), {', '.join(_insert(table, columns) for table, columns in tables)} {then}"


def _insert(table: type[Base], columns: Sequence[str]) -> str:
    name, names = table.__tablename__, ", ".join(f'"{name}"' for name in columns)
    back = " RETURNING id" if "id" in _columns(table).names and "id" not in columns else ""
    return f"new_{name} AS (INSERT INTO {name} ({names}) SELECT {names} FROM given, jsonb_populate_recordset(NULL::{name}, rows->'{name}'){back})"
