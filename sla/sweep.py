"""The sweep: every step of every ladder happens exactly once, in one transaction with what it causes, at its true time, however late anybody looks.

Any number of sweepers may run at once: each claims rows nobody else has (SKIP LOCKED). If the callback raises, or the process dies, nothing has
happened and the next sweep does it. After a standstill the steps come in the order of their times.
"""

from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from sla.timers import Timer


class Due(NamedTuple):
    """A step that has fallen due. at: its true time, never the time of the sweep. due_at: the deadline it belongs to."""

    at: datetime
    level: int
    action: str
    timer_id: int
    subject: str
    clock: str
    round: int
    due_at: datetime
    rule: str


COLUMNS = (Timer.id, Timer.subject, Timer.clock, Timer.round, Timer.due_at, Timer.rule, Timer.steps, Timer.next_step, Timer.next_at)
ADVANCE = text("""
    UPDATE timer SET next_step = done.step, next_at = done.at
    FROM unnest(CAST(:ids AS bigint[]), CAST(:steps AS smallint[]), CAST(:moments AS timestamptz[])) AS done (id, step, at)
    WHERE timer.id = done.id
""")


def sweep(s: Session, *, at: datetime, fire: Callable[[Session, list[Due]], None], limit: int = 1000) -> int:
    """Takes the steps of up to `limit` timers that are due by `at`, hands them to `fire` in order, and returns how many timers that were.

    The caller loops, each batch a transaction of its own, until 0. `fire` may start, stop or move clocks: the batch has been advanced before.
    """
    claimed = s.execute(
        select(*COLUMNS).where(Timer.next_at <= at).order_by(Timer.next_at, Timer.id).limit(limit).with_for_update(skip_locked=True)
    ).all()
    if not claimed:
        return 0
    # What lies beyond a full batch is later than its last row: going no further keeps the order over all batches.
    horizon = at if len(claimed) < limit else claimed[-1].next_at
    taken = [_take(row, horizon) for row in claimed]
    s.execute(
        ADVANCE,
        {
            "ids": [row.id for row in claimed],
            "steps": [row.next_step + len(due) for row, (due, _) in zip(claimed, taken, strict=True)],
            "moments": [following for _, following in taken],
        },
    )
    fire(s, sorted((step for due, _ in taken for step in due), key=attrgetter("at", "level", "timer_id")))
    return len(claimed)


def _take(row: Row[Any], horizon: datetime) -> tuple[list[Due], datetime | None]:
    """(the steps of a timer that are due by `horizon`, the moment of the one after them)."""
    due: list[Due] = []
    for level, iso, action in row.steps[row.next_step :]:
        moment = datetime.fromisoformat(iso)
        if moment > horizon:
            return due, moment
        due.append(Due(moment, level, action, row.id, row.subject, row.clock, row.round, row.due_at, row.rule))
    return due, None
