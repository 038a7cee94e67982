"""再训练: the examples that the city's own tickets give, and the challenger that is trained on them (`./run train --from-tickets`).

The most recent tickets are held out: what is to be known is how a model does next week, not how well it remembers last week.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.errors import Refused
from routing import challenge, corpus, solvers, store
from routing.course import Progress
from routing.examples import Example
from tickets import hotspots, learning
from tickets.catalogue import Item, responsible
from tickets.learning import Lesson
from tickets.ticket import Ticket

MOST = 20_000
"""Tickets that are learnt from, the most recent: what was said years ago is said otherwise now."""

OF_AN_ITEM = 50
"""Tickets of one item that are learnt from, the most recent: the thousandth complaint about noise teaches less than the tenth about graves."""

LEAST, LEAST_HELD = 60, 20
"""Tickets without which nothing is trained, and without which nothing is compared: fewer could not tell better from luckier."""

HELD_OUT = 0.2


@dataclass(frozen=True)
class Taught:
    """A ticket as an example, and when it was filed."""

    at: datetime
    example: Example


@dataclass(frozen=True)
class Course:
    """What a challenger is trained on and what it is compared on, split by time: `held` are all later than `given` and than `until`."""

    given: Sequence[Taught]
    held: Sequence[Taught]
    units: dict[str, str]
    scopes: dict[str, str]


def retrain(course: Course, folder: Path, *, at: datetime, progress: Progress) -> dict[str, Any]:
    """Trains a challenger on our own corpus and the tickets, and promotes it if it is better. Needs no database any more."""
    own = [one for one in corpus.as_examples(corpus.read()) if one.label in course.scopes]
    given, left_out = _usable([*own, *(one.example for one in course.given)])
    known = {one.label for one in given}
    units, scopes = ({code: said for code, said in table.items() if code in known} for table in (course.units, course.scopes))
    until = max(one.at for one in course.given)
    outcome = challenge.challenge(
        given, [one.example for one in course.held], folder, at=at, units=units, scopes=scopes,
        kept={"tickets": len(course.given), "until": until.isoformat()}, progress=progress,
    )  # fmt: skip
    told = {"tickets": len(course.given), "left_out": left_out, "held_from": course.held[0].at.isoformat(), "held_to": course.held[-1].at.isoformat()}
    return outcome.as_json() | told


def course(s: Session, folder: Path, *, on: date) -> Course:
    """The examples of the tickets that have taught something so far. Raises Refused when there are too few of them."""
    taught = _taught(s)
    if len(taught) < LEAST:
        raise Refused(f"可以学习的工单只有 {len(taught)} 件，至少要有 {LEAST} 件（已派单确认、退单改派或裁定的）才值得训练。再积累一些后重试。")
    split = taught[int(len(taught) * (1 - HELD_OUT))].at
    seen_until = _seen_until(folder)
    held = [one for one in taught if one.at >= split and (seen_until is None or one.at > seen_until)]
    own = corpus.read()
    codes = {one.example.label for one in taught} | {one.item for one in own}
    given = _thinned([one for one in taught if one.at < split], room=solvers.EXACT_UP_TO - len(own) - len(codes))
    if len(held) < LEAST_HELD:
        raise Refused(f"现任模型没有见过的最近工单只有 {len(held)} 件，至少要有 {LEAST_HELD} 件才比得出高下。再积累一些后重试。")
    items = s.scalars(select(Item).where(Item.code.in_(codes))).all()
    rows = {item.code: responsible(s, item=item.code, area=None, on=on) for item in items}
    return Course(given, held, {code: row.lead for code, row in rows.items() if row}, {item.code: f"{item.name}，{item.scope}" for item in items})


def catch_up(open_session: Any) -> None:
    """Learns from tickets that were filed before lessons and hot spots were kept, a batch in each transaction. open_session: Session.begin."""
    for step in (hotspots.catch_up, learning.catch_up):
        after: int | None = 0
        while after is not None:
            with open_session() as s:
                after = step(s, after=after)


def _taught(s: Session) -> list[Taught]:
    """The most recent MOST, oldest first."""
    rows = s.execute(
        select(Lesson.filed_at, Lesson.item, Ticket.body, Ticket.kind, Ticket.number)
        .join(Ticket, Ticket.id == Lesson.ticket_id)
        .where(Lesson.settled_at.is_not(None))
        .order_by(Lesson.settled_at.desc())
        .limit(MOST)
    ).all()
    taught = [Taught(row.filed_at, Example(row.item, row.body, row.kind.value, where=f"工单 {row.number}")) for row in rows if len(row.item) == 6]
    return sorted(taught, key=lambda one: one.at)


def _thinned(taught: Sequence[Taught], room: int) -> list[Taught]:
    """The most recent OF_AN_ITEM of each item, and of all no more than there is room for."""
    counts: Counter[str] = Counter()
    kept = []
    for one in reversed(taught):
        counts[one.example.label] += 1
        if counts[one.example.label] <= OF_AN_ITEM:
            kept.append(one)
    return kept[: max(room, LEAST)][::-1]


def _usable(given: Sequence[Example]) -> tuple[list[Example], int]:
    """Those whose item has at least two, and how many were left out: one single example teaches a text, not its item."""
    counts = Counter(one.label for one in given)
    kept = [one for one in given if counts[one.label] > 1]
    return kept, len(given) - len(kept)


def _seen_until(folder: Path) -> datetime | None:
    """The filing of the last ticket that the champion was trained on."""
    champion = store.shelf(folder).champion
    until = champion.report.get("until") if champion else None
    return datetime.fromisoformat(until) if until else None


__all__ = ["Course", "catch_up", "course", "retrain"]
