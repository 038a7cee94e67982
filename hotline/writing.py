"""Rows written together: new rows of several tables in one statement, past the session's unit of work.

A verb that makes many rows at once, as filing does, spends most of its time between the statements. Here the rows travel as one JSON document,
which the server takes apart by the types of its own tables; the statement is put together once, and prepared by the driver.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Row, TypeDecorator
from sqlalchemy.orm import Session, make_transient_to_detached

from hotline.db import Base

Shape = tuple[tuple[type[Base], tuple[str, ...]], ...]
"""What a statement writes: tables, with the columns that are given."""


def complete(row: Base) -> None:
    """Gives a new row the defaults of what it does not say yet, as a flush would."""
    for name, default in _columns(type(row)).defaults.items():
        if name not in row.__dict__:
            setattr(row, name, default())


def write(s: Session, rows: Sequence[Base], *, then: str) -> Row[Any]:
    """Writes new rows, and answers with the row of `then`: a SELECT that may read the `id` that the server gave, from `new_event` and the like.

    Rows of one table say the same columns. All are written or none; foreign keys among them are checked at the end.
    """
    tables: dict[type[Base], list[dict[str, Any]]] = {}
    for row in rows:
        tables.setdefault(type(row), []).append(_said(row))
    statement = _statement(tuple((table, tuple(said[0])) for table, said in tables.items()), then)
    given = json.dumps({table.__tablename__: said for table, said in tables.items()}, ensure_ascii=False, default=_plain)
    return s.connection().exec_driver_sql(statement, (given,)).one()


def keep(s: Session, row: Base) -> None:
    """A complete row that was just written, in the session as if it had been read: the next verb goes on with it."""
    make_transient_to_detached(row)
    s.add(row)


@dataclass(frozen=True)
class Columns:
    """What writing knows of a table. defaults: what a column holds where nobody says; sealed: what encrypts a column."""

    names: tuple[str, ...]
    defaults: Mapping[str, Callable[[], Any]]
    sealed: Mapping[str, Callable[[Any, Any], Any]]


@cache
def _columns(table: type[Base]) -> Columns:
    columns = table.__table__.columns
    return Columns(
        tuple(column.key for column in columns),
        {column.key: _default(column.default) for column in columns if column.default or not (column.primary_key or column.server_default)},
        {column.key: column.type.process_bind_param for column in columns if isinstance(column.type, TypeDecorator)},
    )


def _default(default: Any) -> Callable[[], Any]:
    if default is not None and default.is_callable:
        return lambda: default.arg(None)
    value = default.arg if default is not None else None
    return lambda: value


def _said(row: Base) -> dict[str, Any]:
    columns, values = _columns(type(row)), row.__dict__
    said = {name: values[name] for name in columns.names if name in values}
    for name, seal in columns.sealed.items():
        said[name] = seal(said[name], None)
    return said


@cache
def _statement(shape: Shape, then: str) -> str:
    return f"WITH given AS (SELECT %s::jsonb AS rows), {', '.join(_insert(table, columns) for table, columns in shape)} {then}"


def _insert(table: type[Base], columns: Sequence[str]) -> str:
    name, names = table.__tablename__, ", ".join(f'"{name}"' for name in columns)
    back = " RETURNING id" if "id" in _columns(table).names and "id" not in columns else ""
    return f"new_{name} AS (INSERT INTO {name} ({names}) SELECT {names} FROM given, jsonb_populate_recordset(NULL::{name}, rows->'{name}'){back})"


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} in a row")
