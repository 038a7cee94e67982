"""Events: a row in the verb's own transaction, relayed to the jobs afterwards. The same rows are the timeline (流转记录).

verb -> event row -> relay (SKIP LOCKED) -> job, which claims (event, job) once. A crash anywhere repeats a delivery,
never an effect: the claim is taken in the transaction that does the work.

Every event is sealed with a keyed hash of what it says (hotline/chain.py), and linked to the one before it as it is relayed.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, func, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline import chain, changes, writing
from hotline.db import Base
from hotline.people import Person

CHANNEL = "outbox"


class Event(Base):
    """Something that happened: append-only. kind: past tense, `ticket.signed`; subject: `ticket`, 42; data: what it carried.

    version: the subject's after it, where it has versions. changes: what it changed in the rows of its subject, by which they can be built
    again. seal: the keyed hash of all this; place, link: where it stands in the chain, and the hash of all up to here; None until it is relayed.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_subject", "subject_kind", "subject_id", "id"),
        Index("ix_event_to_relay", "id", postgresql_where=text("relayed_at IS NULL")),
        Index("uq_event_place", "place", unique=True, postgresql_where=text("place IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    subject_kind: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[int]
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    data: Mapped[dict[str, Any]]
    relayed_at: Mapped[datetime | None]
    version: Mapped[int | None]
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    seal: Mapped[str | None] = mapped_column(String(64))
    place: Mapped[int | None]
    link: Mapped[str | None] = mapped_column(String(64))


COLUMNS = ("kind", "subject_kind", "subject_id", "at", "by_id", "data", "version", "changes", "seal")
RING = f"""SELECT id, CASE WHEN (SELECT min(id) FROM event WHERE relayed_at IS NULL) IS NULL THEN pg_notify('{CHANNEL}', '') END FROM new_event"""
"""A bell for the relay where no event waits for it yet: notifying makes commits wait for one another, so a crowd rings only once."""


class Claim(Base):
    """A job has dealt with an event; the primary key makes it once."""

    __tablename__ = "claim"

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"), primary_key=True)
    job: Mapped[str] = mapped_column(String(60), primary_key=True)


def record(s: Session, kind: str, subject: Any, /, *, by: Person | None, at: datetime, **data: Any) -> Event:
    """Writes the event of a verb, and wakes the relay when the transaction commits.

    subject: a row with an integer `id`; its table name is the subject's kind. A deputy's events note on whose behalf it was (代理).
    """
    return record_new(s, kind, subject, (), by=by, at=at, **data)


def record_new(s: Session, kind: str, subject: Any, new: Sequence[Base], /, *, by: Person | None, at: datetime, **data: Any) -> Event:
    """Writes the event of a verb that made new rows, and in the same statement those rows; they have their ids. The session then holds the subject."""
    s.flush()
    rows = [writing.new(row) for row in new]
    for row in rows:
        changes.note(s, row.row, row.held)
    if by is not None and by.on_behalf_of is not None:
        data["on_behalf_of"] = by.on_behalf_of
    told = changes.taken(s, (subject.__tablename__, subject.id))
    event = Event(
        kind=kind, subject_kind=subject.__tablename__, subject_id=subject.id, at=at, by_id=by.id if by else None, data=data,
        version=getattr(subject, "version", None), changes=told,
    )  # fmt: skip
    event.seal = chain.seal(event)
    event.id = writing.write(s, [*rows, writing.new(event)], then=RING).id
    if subject in new:
        writing.keep(s, subject)
    return event


def record_all(s: Session, events: Sequence[Event]) -> None:
    """Writes many events in one statement, as a sweep does for a whole batch."""
    for event in events:
        event.seal = chain.seal(event)
    if events:
        s.execute(insert(Event), [{name: getattr(event, name) for name in COLUMNS} for event in events])
        s.execute(select(func.pg_notify(CHANNEL, "")))


def relay(s: Session, *, send: Callable[[Session, Event], None], at: datetime, limit: int = 200) -> int:
    """Hands up to `limit` waiting events to `send`, oldest first, and marks them; returns how many.

    Any number of relays may run at once; they wait for one another only to link the chain. If `send` raises, nothing is
    marked and the events are tried again.
    """
    events = s.scalars(
        select(Event).where(Event.relayed_at.is_(None)).order_by(Event.id).limit(limit).with_for_update(skip_locked=True)
    ).all()
    for event in events:
        send(s, event)
        event.relayed_at = at
    chain.append(s, events)
    return len(events)


def claim(s: Session, event_id: int, job: str) -> bool:
    """True for the one transaction that may act on (event, job); a second one waits for the first and gets False."""
    statement = insert(Claim).values(event_id=event_id, job=job).on_conflict_do_nothing().returning(Claim.event_id)
    return s.scalar(statement) is not None


def claimed(s: Session, event_id: int, job: str) -> bool:
    """Whether (event, job) is already done: a cheap look before long work that claims at its end."""
    return s.get(Claim, (event_id, job)) is not None
