"""Recomputing 重算: a changed policy or calendar never moves tickets silently. First a preview, then an explicit act that somebody answers for."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.errors import NotFound
from sla.limit import Limit
from sla.timers import PAUSED, Terms, Timer, deadline_of, set_deadline
from sla.worktime import Deadline


@dataclass(frozen=True, slots=True)
class Move:
    """One deadline that would move. newly_overdue: it would be in the past, and is not now."""

    timer_id: int
    subject: str
    clock: str
    old: datetime
    new: datetime
    newly_overdue: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What a recompute would do. looked_at: open clocks; orphans: those whose rule the new policy no longer has, which stay as they are."""

    looked_at: int
    moves: tuple[Move, ...]
    orphans: int

    @property
    def earlier(self) -> int:
        """How many would come sooner."""
        return sum(move.new < move.old for move in self.moves)

    @property
    def overdue(self) -> int:
        """How many would be overdue at once."""
        return sum(move.newly_overdue for move in self.moves)

    @property
    def sentence(self) -> str:
        """312 个计时将移动（提前 3，推后 309），其中 4 个立即超期。"""
        later = len(self.moves) - self.earlier
        tail = f"，另有 {self.orphans} 个因规则已删除而不动" if self.orphans else ""
        return f"{len(self.moves)} 个计时将移动（提前 {self.earlier}，推后 {later}），其中 {self.overdue} 个立即超期{tail}。"


NewTerms = Callable[[Timer], Terms | None]
"""The terms a clock would have; None leaves it alone."""


def preview(timers: Iterable[Timer], terms: NewTerms, *, at: datetime) -> Preview:
    """What would happen to these clocks under the new terms; changes nothing."""
    looked_at, orphans, moves = 0, 0, []
    for timer in timers:
        looked_at += 1
        try:
            deadline = new_deadline(timer, terms, at=at)
        except NotFound:
            orphans += 1
            continue
        if deadline is not None and deadline[0].due != timer.due_at:
            moves.append(_move(timer, deadline[0].due, at))
    return Preview(looked_at, tuple(moves), orphans)


def apply(s: Session, timers: Sequence[Timer], terms: NewTerms, *, at: datetime) -> Preview:
    """Moves these clocks, and says what it did; the caller records who ordered it. Also those that do not move get the new versions.

    timers: locked by the caller (`open_timers(s, lock=True)`). Steps that have happened stay; no level happens twice.
    """
    moves, orphans = [], 0
    for timer in timers:
        try:
            found = new_deadline(timer, terms, at=at)
        except NotFound:
            orphans += 1
            continue
        if found is None:
            continue
        deadline, given, limit = found
        if deadline.due != timer.due_at:
            moves.append(_move(timer, deadline.due, at))
        held = timer.state == PAUSED and timer.all_pauses()[-1].until is None
        timer.limit = str(limit)
        set_deadline(timer, deadline, given, at=at)
        if held:
            timer.next_at = None
    s.flush()
    return Preview(len(timers), tuple(moves), orphans)


def new_deadline(timer: Timer, terms: NewTerms, *, at: datetime) -> tuple[Deadline, Terms, Limit] | None:
    """(deadline, terms, limit) of a clock under new terms; None when they leave it alone. Raises NotFound when its rule or clock is gone."""
    given = terms(timer)
    if given is None:
        return None
    limit = Limit.parse(timer.limit) if timer.own_limit else given.rule.limit(timer.clock)
    if limit is None:
        raise NotFound("规则已没有这个时限。", field="clock")
    return deadline_of(timer, given, at=at, limit=limit), given, limit


def open_timers(s: Session, *, calendar_versions: Iterable[int] = (), policy_versions: Iterable[int] = (), lock: bool = False) -> Iterator[Timer]:
    """The clocks that have not stopped, of these versions where any are named, in the order of their numbers."""
    query = select(Timer).where(Timer.stopped_at.is_(None)).order_by(Timer.id)
    if calendars := list(calendar_versions):
        query = query.where(Timer.calendar_version.in_(calendars))
    if policies := list(policy_versions):
        query = query.where(Timer.policy_version.in_(policies))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    yield from s.scalars(query.execution_options(yield_per=1000))


def _move(timer: Timer, new: datetime, at: datetime) -> Move:
    return Move(timer.id, timer.subject, timer.clock, timer.due_at, new, new < at <= timer.due_at)
