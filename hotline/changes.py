"""What changed in the rows of a subject since its last event: gathered as they are flushed, and written into the event that accounts for them.

A table is followed (`follow`) by whoever owns it. Every change of a followed row has to be told by an event in the same transaction:
a transaction that would commit one without is refused, so that replaying the events always gives the rows again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session
from sqlalchemy.orm.base import PASSIVE_NO_INITIALIZE

Subject = tuple[str, int]
Changes = dict[str, dict[str, Any]]
"""{"ticket:42": {"state": "handling"}, "leg:7": {…}}: per row the columns that changed, with their new values."""

PENDING = "changes"


@dataclass(frozen=True)
class Followed:
    """How a table is followed. columns: which; of: the subject whose events tell of a row, None where nobody's do."""

    columns: tuple[str, ...]
    of: Callable[[Session, Any], Subject | None]


_followed: dict[type[Any], Followed] = {}


def follow(table: type[Any], *, of: Callable[[Session, Any], Subject | None], without: frozenset[str] = frozenset()) -> None:
    """Follows every column of a table but those named: what is sealed, or is only bookkeeping."""
    _followed[table] = Followed(tuple(column.key for column in table.__table__.columns if column.key not in without), of)


def columns_of(table: type[Any]) -> tuple[str, ...]:
    """The columns that are followed."""
    return _followed[table].columns


def taken(s: Session, subject: Subject) -> Changes | None:
    """The changes gathered for this subject, which its event now tells; None where nothing changed."""
    gathered: dict[Subject, Changes] = s.info.get(PENDING, {})
    return gathered.pop(subject, None)


def name_of(row: Any) -> str:
    """`leg:7`."""
    return f"{row.__tablename__}:{row.id}"


def plain(value: Any) -> Any:
    """A value as JSON holds it: moments in UTC, words as text."""
    if type(value) in AS_THEY_ARE:
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


AS_THEY_ARE = frozenset({str, int, float, bool, type(None), list, dict})
"""Most values by far."""


def note(s: Session, row: Any, held: Mapping[str, Any]) -> None:
    """Gathers a new row: all that it holds is a change. held: by column, as JSON holds it."""
    if followed := _followed.get(type(row)):
        _gather(s, row, followed, {name: value for name in followed.columns if (value := held.get(name)) is not None})


@event.listens_for(Session, "after_flush")
def _flushed(s: Session, _: Any) -> None:
    for row in s.new:
        if type(row) in _followed:
            note(s, row, {name: plain(row.__dict__.get(name)) for name in columns_of(type(row))})
    for row in s.dirty:
        if followed := _followed.get(type(row)):
            _gather(s, row, followed, {name: plain(row.__dict__[name]) for name in _changed(row, followed.columns)})


def _gather(s: Session, row: Any, followed: Followed, changed: dict[str, Any]) -> None:
    if changed and (subject := followed.of(s, row)):
        gathered = s.info.setdefault(PENDING, {}).setdefault(subject, {})
        gathered.setdefault(name_of(row), {}).update(changed)


def _changed(row: Any, columns: tuple[str, ...]) -> list[str]:
    state = inspect(row)
    return [name for name in columns if name in state.committed_state and _differs(state, name)]


def _differs(state: Any, name: str) -> bool:
    history = state.get_history(name, passive=PASSIVE_NO_INITIALIZE)
    return bool(history.has_changes())


@event.listens_for(Session, "before_commit")
def _account_for_all(s: Session) -> None:
    if not s.in_nested_transaction():
        s.flush()
        if untold := s.info.get(PENDING):
            raise RuntimeError(f"changed without an event: {sorted(f'{kind}:{number}' for kind, number in untold)}")


@event.listens_for(Session, "after_rollback")
def _forget(s: Session) -> None:
    s.info.pop(PENDING, None)
