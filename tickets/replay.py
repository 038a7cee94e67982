"""重放: builds a ticket's row, legs, attachments and clocks again from its events, and says where the tables differ.

Three things are checked. The values that the events tell are those in the tables. No event took a ticket or a leg from a state to
another that lifecycle.MOVES does not lead to. And every deadline is what the rules give for the start, limit, pauses and extensions that the events tell.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.changes import columns_of, name_of, plain
from hotline.outbox import Event
from sla import timers, versions
from sla.timers import Timer
from tickets.attachment import Attachment
from tickets.lifecycle import MOVES, State
from tickets.ticket import Leg, Ticket

Rows = dict[str, dict[str, Any]]
"""{"ticket:42": {column: value}, "leg:7": {…}, "timer:9": {…}}."""

STEPS = {(source, move.to) for move in MOVES if move.to for source in move.sources}
BATCH = 500


@dataclass(frozen=True)
class Difference:
    """One thing that is not as the events say. row: `leg:7`; column: which, or what was checked."""

    number: str
    row: str
    column: str
    told: Any
    found: Any


def replay(s: Session, tickets: Sequence[Ticket]) -> list[Difference]:
    """What differs for these tickets; empty when the events give them again."""
    by_id = {ticket.id: ticket for ticket in tickets}
    found = rows_of(s, tickets)
    told: dict[int, Rows] = {}
    differences: list[Difference] = []
    events = s.execute(
        select(Event.subject_id, Event.changes)
        .where(Event.subject_kind == "ticket", Event.subject_id.in_(by_id))
        .order_by(Event.subject_id, Event.id)
    )
    for number, rows in groupby(events, key=lambda row: row.subject_id):
        told[number], wrong = fold(row.changes for row in rows)
        differences += [Difference(by_id[number].number, *step) for step in wrong]
    for number, ticket in by_id.items():
        differences += [Difference(ticket.number, *other) for other in _compared(told.get(number, {}), found[number])]
        differences += [Difference(ticket.number, *other) for other in _deadlines(s, found[number])]
    return differences


def every_ticket(s: Session) -> Iterator[list[Ticket]]:
    """All tickets by number, some hundred at a time."""
    last = 0
    while batch := list(s.scalars(select(Ticket).where(Ticket.id > last).order_by(Ticket.id).limit(BATCH))):
        yield batch
        last = batch[-1].id
        s.expunge_all()


def fold(changes: Iterable[dict[str, Any] | None]) -> tuple[Rows, list[tuple[str, str, Any, Any]]]:
    """The rows after these changes, in their order; and the steps from state to state that no move allows."""
    rows: Rows = {}
    wrong = []
    for change in changes:
        for name, values in (change or {}).items():
            before = rows.setdefault(name, {})
            if name.partition(":")[0] in ("ticket", "leg") and not _allowed(before.get("state"), values.get("state")):
                wrong.append((name, "state", before.get("state"), values["state"]))
            before.update(values)
    return rows, wrong


def _allowed(before: str | None, after: str | None) -> bool:
    return before is None or after in (None, before) or (State(before), State(str(after))) in STEPS


def rows_of(s: Session, tickets: Sequence[Ticket]) -> dict[int, dict[str, Any]]:
    """What the tables hold: per ticket its rows by name."""
    found: dict[int, dict[str, Any]] = {ticket.id: {name_of(ticket): ticket} for ticket in tickets}
    of = {f"ticket:{ticket.id}": ticket.id for ticket in tickets}
    for leg in s.scalars(select(Leg).where(Leg.ticket_id.in_(found))):
        found[leg.ticket_id][name_of(leg)] = leg
        of[f"leg:{leg.id}"] = leg.ticket_id
    for attachment in s.scalars(select(Attachment).where(Attachment.ticket_id.in_(found))):
        found[attachment.ticket_id][name_of(attachment)] = attachment
    for timer in s.scalars(select(Timer).where(Timer.subject.in_(of))):
        found[of[timer.subject]][name_of(timer)] = timer
    return found


def _compared(told: Rows, found: dict[str, Any]) -> Iterator[tuple[str, str, Any, Any]]:
    for name in sorted(told.keys() | found.keys()):
        if name not in found or name not in told:
            yield name, "row", "有" if name in told else "无", "有" if name in found else "无"
            continue
        for column in columns_of(type(found[name])):
            says, is_ = told[name].get(column), plain(getattr(found[name], column))
            if says != is_:
                yield name, column, says, is_


def _deadlines(s: Session, found: dict[str, Any]) -> Iterator[tuple[str, str, Any, Any]]:
    """Clocks whose deadline the rules would not give, and lists that show another one than the clock."""
    for name, timer in found.items():
        if isinstance(timer, Timer):
            pauses = timer.all_pauses()
            at = (pauses[-1].end or pauses[-1].until or pauses[-1].start) if pauses else timer.started_at
            due = timers.deadline_of(timer, versions.terms_of(s, timer), at=at).due
            if due != timer.due_at:
                yield name, "due_at by the rules", plain(due), plain(timer.due_at)
            shown = found.get(timer.subject)
            if isinstance(shown, Leg) and timer.clock == "resolve" and shown.due_at != timer.due_at:
                yield timer.subject, "due_at of its clock", plain(timer.due_at), plain(shown.due_at)
