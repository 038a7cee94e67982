"""The sweep: every step of every ladder happens exactly once, in one transaction with what it causes, at its true time, however late anybody looks.

Any number of sweepers may run at once: each claims rows nobody else has (SKIP LOCKED). If the callback raises, or the process dies, nothing has
happened and the next sweep does it. After a standstill the steps come in the order of their times.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
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


# One statement claims the rows, moves them on and tells what fell due. What lies beyond a full batch is later than its last row: going no
# further than that row (the horizon) keeps the order over all batches. The tally is made row by row (LATERAL): the planner then knows that
# it updates no more rows than were claimed, and never reads the whole table for them.
ADVANCE = text("""
    WITH claimed AS (
        SELECT id, subject, clock, round, due_at, rule, steps, next_step, next_at FROM timer
        WHERE next_at <= :at ORDER BY next_at, id LIMIT :limit FOR UPDATE SKIP LOCKED),
    horizon AS (
        SELECT CASE WHEN count(*) < :limit THEN CAST(:at AS timestamptz) ELSE max(next_at) END AS last FROM claimed),
    tallied AS (
        SELECT claimed.*, horizon.last, tally.due, tally.following FROM claimed, horizon, LATERAL (
            SELECT count(*) FILTER (WHERE moment.at <= horizon.last) AS due, min(moment.at) FILTER (WHERE moment.at > horizon.last) AS following
            FROM jsonb_array_elements(steps) WITH ORDINALITY AS step (value, place),
                 LATERAL (SELECT CAST(step.value ->> 1 AS timestamptz) AS at OFFSET 0) AS moment
            WHERE step.place > next_step) AS tally),
    advanced AS (
        UPDATE timer SET next_step = timer.next_step + tallied.due, next_at = tallied.following FROM tallied WHERE timer.id = tallied.id)
    SELECT moment.at, CAST(step.value ->> 0 AS smallint) AS level, step.value ->> 2 AS action, id, subject, clock, round, due_at, rule
    FROM tallied, jsonb_array_elements(steps) WITH ORDINALITY AS step (value, place),
         LATERAL (SELECT CAST(step.value ->> 1 AS timestamptz) AS at OFFSET 0) AS moment
    WHERE step.place > next_step AND moment.at <= last ORDER BY moment.at, level, id
""")


def sweep(s: Session, *, at: datetime, fire: Callable[[Session, list[Due]], None], limit: int = 1000) -> int:
    """Takes the steps of up to `limit` timers that are due by `at`, hands them to `fire` in order, and returns how many timers that were.

    The caller loops, each batch a transaction of its own, until 0. `fire` may start, stop or move clocks: the batch has been advanced before.
    """
    s.flush()
    due = [Due._make(row) for row in s.execute(ADVANCE, {"at": at, "limit": limit}).all()]
    swept = {step.timer_id for step in due}
    for timer in [known for known in s.identity_map.values() if isinstance(known, Timer) and known.id in swept]:
        s.expire(timer)
    if due:
        fire(s, due)
    return len(swept)
