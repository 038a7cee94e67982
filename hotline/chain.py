"""The chain of events (事件链): a change behind the application's back is found, with the number of the first bad row.

Each event carries a seal, a keyed hash (HMAC-SHA-256) of what it says, made in the verb's own transaction: a row that was altered
or put in by hand has none that fits. As events are relayed they get a place, one after the other, and a link, the hash of the link
before it and of the seal: a row that was taken out leaves a gap. Rows cut off at the end leave none: keep the head (the last
place and link, as the command prints them) elsewhere, on paper for one, and ask whether the chain still has it.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, column, func, select, table, update
from sqlalchemy.orm import Session

from hotline.privacy import keyed

LOCK = 0x12345C4A
"""The advisory lock under which links are made: one relay after the other."""

COLUMNS = ("id", "kind", "subject_kind", "subject_id", "at", "by_id", "data", "changes", "seal", "place", "link")
EVENTS = table("event", *(column(name) for name in COLUMNS))
START = "0" * 64
ADOPT = update(EVENTS).where(EVENTS.c.id == bindparam("number")).values(seal=bindparam("seal"), place=bindparam("place"), link=bindparam("link"))


@dataclass(frozen=True)
class Verdict:
    """What a check found. rows: events looked at; first_bad: the number of the first bad one, None when the chain is whole; why: in a sentence.

    unlinked: events that no relay has linked yet; their seals are checked all the same. head: the last place and link.
    """

    rows: int
    first_bad: int | None
    why: str
    unlinked: int
    head: str


def seal(event: Any) -> str:
    """The keyed hash of what an event says: kind, subject, moment, author, data and changes."""
    said = [event.kind, event.subject_kind, event.subject_id, _moment(event.at), event.by_id, event.data, event.changes]
    return keyed("event", json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


def append(s: Session, events: Sequence[Any]) -> None:
    """Links these events, in this order, after the last one. They are locked by the caller and have no place yet."""
    waiting = [event for event in events if event.place is None]
    if not waiting:
        return
    s.execute(select(func.pg_advisory_xact_lock(LOCK)))
    place, link = _head(s)
    for event in waiting:
        place, link = place + 1, _link(link, event.id, event.seal)
        event.place, event.link = place, link


def adopt(s: Session, *, limit: int = 10_000) -> int:
    """Takes events from before there were seals into a chain that is still empty, oldest first; returns how many."""
    s.execute(select(func.pg_advisory_xact_lock(LOCK)))
    if _head(s)[0]:
        return 0
    place, link, taken = 0, START, 0
    while old := s.execute(select(EVENTS).where(EVENTS.c.place.is_(None), EVENTS.c.seal.is_(None)).order_by(EVENTS.c.id).limit(limit)).all():
        told = []
        for event in old:
            sealed = seal(event)
            place, link = place + 1, _link(link, event.id, sealed)
            told.append({"number": event.id, "seal": sealed, "place": place, "link": link})
        s.execute(ADOPT, told)
        taken += len(told)
    return taken


def check(s: Session, *, head: str | None = None) -> Verdict:
    """Goes over all events once. head: `place:link` as an earlier check gave it; the chain must still hold it."""
    bad: dict[int, str] = {}
    rows, place, link, kept = 0, 0, START, head is None
    for event in _by_place(s):
        rows += 1
        if event.seal != seal(event):
            bad[event.id] = "内容与封印不符：被改过，或不是本系统写入的"
        place += 1
        if event.place != place:
            bad.setdefault(event.id, f"它之前少了 {event.place - place} 行")
            place = event.place
        elif event.link != _link(link, event.id, event.seal):
            bad.setdefault(event.id, "与前一行接不上")
        link = event.link
        kept = kept or f"{place}:{link}" == head
    unlinked = 0
    for event in _unlinked(s):
        rows, unlinked = rows + 1, unlinked + 1
        if event.seal != seal(event):
            bad[event.id] = "内容与封印不符：被改过，或不是本系统写入的"
    first = min(bad, default=None)
    why = bad[first] if first is not None else "" if kept else "链上没有所给的链头：末尾的行被删去了"
    return Verdict(rows, first, why, unlinked, f"{place}:{link}")


def _head(s: Session) -> tuple[int, str]:
    found = s.execute(select(EVENTS.c.place, EVENTS.c.link).where(EVENTS.c.place.is_not(None)).order_by(EVENTS.c.place.desc()).limit(1)).first()
    return (found.place, found.link) if found else (0, START)


def _by_place(s: Session) -> Any:
    return s.execute(select(EVENTS).where(EVENTS.c.place.is_not(None)).order_by(EVENTS.c.place).execution_options(yield_per=2000))


def _unlinked(s: Session) -> Any:
    return s.execute(select(EVENTS).where(EVENTS.c.place.is_(None)).order_by(EVENTS.c.id).execution_options(yield_per=2000))


def _link(before: str, number: int, seal: str | None) -> str:
    return hashlib.sha256(f"{before}:{number}:{seal}".encode()).hexdigest()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
