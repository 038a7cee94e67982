"""Stored deadlines 计时: one row per subject, clock and round, with every step of its ladder at its true time. A subject is text; tickets are not known here.

The sweep (sla/sweep.py) reads `next_at`, the only indexed moment, and only where it is not null: what is stopped or paused costs nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Index, SmallInteger, String, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.db import Base
from hotline.errors import Conflict, NotFound, Refused
from sla.ladder import Span, Step, steps, warn_at
from sla.light import Light, light
from sla.limit import Limit
from sla.pauses import ANSWERED, Extension, Pause, due_after, paused
from sla.policy import Policy, Rule
from sla.worktime import Calendar, Deadline, add

CHANNEL: Final = "timers"
"""Notified, on commit, when a deadline nearer than all others has been set: a sleeping sweeper looks at `next_due` again."""

NAP: Final = timedelta(minutes=1)
"""The longest that a sweeper may sleep: nobody is woken for a step that is further away."""

RUNNING, PAUSED, STOPPED = "running", "paused", "stopped"


class Timer(Base):
    """A clock 计时. state: running, paused 挂起 or stopped; moments are true moments, whenever a sweep noticed.

    steps: [[level, ISO moment, action], ...] in order; next_step: the first that has not happened; next_at: its moment while the clock runs.
    limit, rule, pauses, extensions and the two versions are what the deadline can be worked out from again; own_limit: it is not the rule's.
    """

    __tablename__ = "timer"
    __table_args__ = (
        UniqueConstraint("subject", "clock", "round"),
        Index("ix_timer_next", "next_at", "id", postgresql_where=text("next_at IS NOT NULL")),
        Index("ix_timer_due", "due_at", postgresql_where=text("stopped_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    subject: Mapped[str] = mapped_column(String(80))
    clock: Mapped[str] = mapped_column(String(20))
    round: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(String(10), default=RUNNING)
    started_at: Mapped[datetime]
    due_at: Mapped[datetime]
    original_due_at: Mapped[datetime]
    warn_at: Mapped[datetime]
    provisional: Mapped[bool]
    limit: Mapped[str] = mapped_column(String(30))
    own_limit: Mapped[bool]
    rule: Mapped[str] = mapped_column(String(120))
    policy_version: Mapped[int]
    calendar_version: Mapped[int]
    steps: Mapped[list[Any]]
    next_step: Mapped[int] = mapped_column(SmallInteger, default=0)
    next_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    pauses: Mapped[list[Any]] = mapped_column(default=list)
    extensions: Mapped[list[Any]] = mapped_column(default=list)

    def light(self, at: datetime) -> Light:
        """Its colour at a moment."""
        until = self.all_pauses()[-1].until if self.state == PAUSED else None
        paused = None if until and at >= until else self.paused_at
        return light(at, due=self.due_at, warn=self.warn_at, paused=paused, stopped=self.stopped_at)

    def all_pauses(self) -> list[Pause]:
        """Its pauses 挂起, the last possibly open."""
        return [Pause(_moment(a), _moment(b) if b else None, reason, _moment(u) if u else None) for a, b, reason, u in self.pauses]

    def all_extensions(self) -> list[Extension]:
        """Its extensions 延期."""
        return [Extension(Limit.parse(limit), _moment(at)) for limit, at in self.extensions]

    def reached(self) -> list[Step]:
        """The steps that have happened."""
        return [Step(level, _moment(at), action) for level, at, action in self.steps[: self.next_step]]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a matter was given when it came: rule, calendar, and the versions it keeps whatever changes later."""

    policy: Policy
    policy_version: int
    calendar: Calendar
    calendar_version: int
    rule: Rule


def start(
    s: Session, *, subject: str, clock: str, at: datetime, terms: Terms, round: int = 1, limit: Limit | None = None
) -> Timer:
    """Starts a clock. limit: instead of the rule's. Raises Refused when the rule has no such clock, Conflict when this round has already started."""
    timer = made(subject=subject, clock=clock, at=at, terms=terms, round=round, limit=limit)
    if s.scalar(select(Timer.id).where(Timer.subject == subject, Timer.clock == clock, Timer.round == round)):
        raise Conflict("这一轮的计时已经开始。")
    s.add(timer)
    s.flush()
    wake(s, [timer], at=at)
    return timer


def made(*, subject: str, clock: str, at: datetime, terms: Terms, round: int = 1, limit: Limit | None = None) -> Timer:
    """A clock that is yet to be written, and to `wake` whoever sweeps. Raises Refused when the rule has no such clock."""
    own_limit, limit = limit is not None, limit or terms.rule.limit(clock)
    if limit is None:
        raise Refused(f"“{terms.rule.title}”没有这个时限（{clock}）。", field="clock")
    timer = Timer(subject=subject, clock=clock, round=round, state=RUNNING, started_at=at, limit=str(limit), own_limit=own_limit)
    timer.pauses, timer.extensions, timer.next_step, timer.steps = [], [], 0, []
    deadline = deadline_of(timer, terms, at=at)
    timer.original_due_at = deadline.due
    set_deadline(timer, deadline, terms, at=at)
    return timer


def wake(s: Session, timers: Sequence[Timer], *, at: datetime) -> None:
    """A sleeping sweeper looks up when these clocks have a step before all others.

    Only one that is close is worth waking anybody for: notifying takes a lock that every commit shares.
    """
    soonest = min((timer for timer in timers if timer.next_at is not None), key=lambda timer: timer.next_at or at, default=None)
    if soonest is None or soonest.next_at is None or soonest.next_at - at > NAP:
        return
    others = select(func.min(Timer.next_at)).where(Timer.next_at.is_not(None), Timer.id != (soonest.id or 0))
    nearest = func.coalesce(others.scalar_subquery(), func.to_timestamp(float("inf")))
    s.execute(select(func.pg_notify(CHANNEL, _iso(soonest.next_at))).where(soonest.next_at < nearest))


def stop(s: Session, *, subject: str, clock: str, at: datetime) -> Timer | None:
    """Stops the latest round of a clock, such as the leg's when the unit answers; None when nothing runs."""
    timer = find(s, subject, clock, lock=True)
    if timer is None or timer.state == STOPPED:
        return None
    _close_pause(timer, at)
    timer.state, timer.stopped_at, timer.paused_at, timer.next_at = STOPPED, at, None, None
    return timer


def stop_all(s: Session, *, subject: str, at: datetime) -> int:
    """Stops every clock of a subject, as when the ticket is closed; returns how many ran."""
    running = s.scalars(select(Timer).where(Timer.subject == subject, Timer.stopped_at.is_(None)).with_for_update()).all()
    return sum(stop(s, subject=timer.subject, clock=timer.clock, at=at) is not None for timer in running)


def pause(s: Session, *, subject: str, clock: str, at: datetime, reason: str, terms: Terms) -> Timer:
    """Lets a clock stand still 挂起 for a listed reason, at most for its cap. Raises Refused for another reason, Conflict when it does not run."""
    cap = terms.policy.pause(reason).cap
    timer = _get(s, subject, clock)
    if timer.state != RUNNING:
        raise Conflict("计时没有在走，不能挂起。")
    until = add(terms.calendar, at, cap).due if cap else None
    timer.pauses = [*timer.pauses, [_iso(at), None, reason, _iso(until) if until else None]]
    timer.state, timer.paused_at = PAUSED, at
    # With a cap the clock is due to run on by itself: the sweep must see the steps that follow then.
    _plan(timer, terms, at=until) if until else _hold(timer)
    s.flush()
    wake(s, [timer], at=at)
    return timer


def resume(s: Session, *, subject: str, clock: str, at: datetime, terms: Terms) -> Timer:
    """Lets a paused clock run on; also a stopped one, when its answer is rejected: it resumes where it stopped. Raises Conflict when it runs."""
    timer = _get(s, subject, clock)
    if timer.state == RUNNING:
        raise Conflict("计时正在走，无须恢复。")
    if timer.state == STOPPED and timer.stopped_at is not None:
        timer.pauses = [*timer.pauses, [_iso(timer.stopped_at), _iso(at), ANSWERED, None]]
    _close_pause(timer, at)
    timer.state, timer.paused_at, timer.stopped_at = RUNNING, None, None
    _plan(timer, terms, at=at)
    s.flush()
    wake(s, [timer], at=at)
    return timer


def extend(s: Session, *, subject: str, clock: str, at: datetime, limit: Limit, terms: Terms) -> Timer:
    """Grants an extension 延期 before the deadline has passed; the original deadline is kept. Raises Refused when it is late or more than the rule allows."""
    timer = _get(s, subject, clock)
    if timer.state == STOPPED:
        raise Conflict("计时已经停止，不能延期。")
    if at > deadline_of(timer, terms, at=at).due:
        raise Refused("已经超期，不能再延期。", field="limit")
    terms.rule.check_extension([extension.limit for extension in timer.all_extensions()], limit)
    timer.extensions = [*timer.extensions, [str(limit), _iso(at)]]
    _plan(timer, terms, at=at) if timer.state == RUNNING else _replan_paused(timer, terms, at)
    s.flush()
    wake(s, [timer], at=at)
    return timer


def restart(s: Session, *, subject: str, clock: str, at: datetime, terms: Terms, limit: Limit | None = None) -> Timer:
    """The next round of a clock, such as a redo 重办: stops the last one, if it runs, and starts anew."""
    last = find(s, subject, clock, lock=True)
    stop(s, subject=subject, clock=clock, at=at)
    s.flush()
    return start(s, subject=subject, clock=clock, at=at, terms=terms, round=last.round + 1 if last else 1, limit=limit)


def find(s: Session, subject: str, clock: str, *, lock: bool = False) -> Timer | None:
    """The latest round of a clock."""
    query = select(Timer).where(Timer.subject == subject, Timer.clock == clock).order_by(Timer.round.desc()).limit(1)
    # A locked row is read anew: a sweep may have moved it on since this session last saw it.
    return s.scalar(query.with_for_update().execution_options(populate_existing=True) if lock else query)


def next_due(s: Session) -> datetime | None:
    """The nearest step of all clocks: until then a sweeper may sleep."""
    return s.scalar(select(func.min(Timer.next_at)).where(Timer.next_at.is_not(None)))


def deadline_of(timer: Timer, terms: Terms, *, at: datetime, limit: Limit | None = None) -> Deadline:
    """A timer's deadline worked out from what is stored, under these terms; its steps say 为何是这个时间."""
    return due_after(
        terms.calendar,
        timer.started_at,
        limit or Limit.parse(timer.limit),
        at=at,
        pauses=timer.all_pauses(),
        extensions=timer.all_extensions(),
        close_of_business=terms.rule.close_of_business,
        roll_if_holiday=terms.rule.roll_if_holiday,
    )


def set_deadline(timer: Timer, deadline: Deadline, terms: Terms, *, at: datetime) -> None:
    """Moves a timer to a deadline. Steps that have happened stay as they were; no level happens twice in a round."""
    rungs = terms.policy.rungs(terms.rule, timer.clock)
    breaks = tuple(pause.closed(at) for pause in timer.all_pauses())
    span = Span(terms.calendar, Limit.parse(timer.limit), timer.started_at, deadline.due, terms.rule.close_of_business, breaks)
    done = timer.steps[: timer.next_step]
    reached = max((level for level, *_ in done), default=0)
    late = [pause for pause in timer.all_pauses() if pause.start > deadline.due]
    coming = [_shifted(step, late, span, at) for step in steps(rungs, span) if step.level > reached]
    timer.rule, timer.policy_version, timer.calendar_version = terms.rule.key, terms.policy_version, terms.calendar_version
    timer.due_at, timer.warn_at, timer.provisional = deadline.due, warn_at(rungs, span), deadline.provisional
    timer.steps = [*done, *([step.level, _iso(step.at), step.action] for step in coming)]
    timer.next_at = coming[0].at if coming else None


def _shifted(step: Step, late: Sequence[Pause], span: Span, at: datetime) -> Step:
    """A pause that began after the deadline cannot undo it, but holds back the steps that follow: 督办 does not come while nothing could be done."""
    moment = step.at
    for pause in late:
        if pause.start <= moment:
            moment = paused(span.calendar, moment, span.limit, pause, at=at, close_of_business=span.close_of_business)
    return replace(step, at=moment)


def _plan(timer: Timer, terms: Terms, *, at: datetime) -> None:
    set_deadline(timer, deadline_of(timer, terms, at=at), terms, at=at)


def _hold(timer: Timer) -> None:
    timer.next_at = None


def _replan_paused(timer: Timer, terms: Terms, at: datetime) -> None:
    until = timer.all_pauses()[-1].until
    _plan(timer, terms, at=max(at, until) if until else at)
    if until is None:
        _hold(timer)


def _close_pause(timer: Timer, at: datetime) -> None:
    if timer.pauses and timer.pauses[-1][1] is None:
        begun, _, reason, until = timer.pauses[-1]
        timer.pauses = [*timer.pauses[:-1], [begun, _iso(at), reason, until]]


def _get(s: Session, subject: str, clock: str) -> Timer:
    timer = find(s, subject, clock, lock=True)
    if timer is None:
        raise NotFound("没有这个计时。")
    return timer


def _iso(moment: datetime) -> str:
    return moment.isoformat()


def _moment(iso: str) -> datetime:
    return datetime.fromisoformat(iso)
