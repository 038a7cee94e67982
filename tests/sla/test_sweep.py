"""The sweep: exactly once, at the true time, in order, however many sweep and whatever is killed."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker

from hotline.db import libpq_url
from sla import timers
from sla.policy import Matter
from sla.sweep import Due, sweep
from sla.timers import CHANNEL, Terms, Timer, next_due
from sla.versions import terms_for

Factory = sessionmaker[Session]
When = Callable[[str], datetime]


def fill(s: Session, at: datetime, count: int, *, apart: timedelta = timedelta(0)) -> None:
    """`count` clocks of the play policy, whose ladders are walked within a minute."""
    terms = terms_for(s, Matter("complaint"), policy="play")
    for number in range(count):
        timers.start(s, subject=f"leg:{number}", clock="resolve", at=at + apart * number, terms=terms)


def drain(factory: Factory, at: datetime, fire: Callable[[Session, list[Due]], None], limit: int = 1000) -> int:
    total = 0
    while True:
        with factory.begin() as s:
            done = sweep(s, at=at, fire=fire, limit=limit)
        if not done:
            return total
        total += done


def keep(s: Session, due: list[Due]) -> None:
    for step in due:
        s.execute(text("INSERT INTO happened VALUES (:id, :level, :at)"), {"id": step.timer_id, "level": step.level, "at": step.at})


@pytest.fixture
def ledger(committed: Factory) -> Factory:
    with committed.begin() as s:
        s.execute(text("CREATE TABLE happened (timer_id bigint, level int, at timestamptz)"))
    return committed


def test_nothing_happens_before_its_time(s: Session, terms: Terms, at: datetime) -> None:
    fill(s, at, 1)
    assert sweep(s, at=at + timedelta(seconds=9), fire=lambda *_: pytest.fail("too early")) == 0
    assert next_due(s) == at + timedelta(seconds=10)


def test_after_a_standstill_every_step_happens_in_the_order_of_its_true_time(s: Session, at: datetime) -> None:
    fill(s, at, 30, apart=timedelta(seconds=1))
    seen: list[Due] = []
    while sweep(s, at=at + timedelta(hours=5), fire=lambda _, due: seen.extend(due), limit=7):
        pass
    assert [due.at for due in seen] == sorted(due.at for due in seen)
    assert Counter((due.timer_id, due.level) for due in seen) == Counter((t.id, n) for t in s.scalars(select(Timer)) for n in range(1, 7))
    first = [due for due in seen if due.subject == "leg:0"]
    assert [due.at for due in first] == [at + timedelta(seconds=n) for n in (10, 16, 20, 25, 30, 35)]
    assert {(due.clock, due.round, due.rule, due.due_at) for due in first} == {("resolve", 1, "general", at + timedelta(seconds=20))}
    assert next_due(s) is None


def test_the_callback_may_move_the_very_clock_that_fired(s: Session, at: datetime) -> None:
    fill(s, at, 1)
    terms = terms_for(s, Matter("complaint"), policy="play")

    def answer(s: Session, due: list[Due]) -> None:
        timers.stop(s, subject="leg:0", clock="resolve", at=due[-1].at)
        timers.start(s, subject="leg:0", clock="statement", at=due[-1].at, terms=terms)

    assert sweep(s, at=at + timedelta(seconds=10), fire=answer) == 1
    timer = timers.find(s, "leg:0", "resolve")
    assert timer is not None
    assert (timer.state, timer.next_at, timer.next_step) == ("stopped", None, 1)
    assert timers.find(s, "leg:0", "statement") is not None


def test_when_what_a_step_causes_fails_the_step_has_not_happened(ledger: Factory, at: datetime) -> None:
    with ledger.begin() as s:
        fill(s, at, 3)

    def fail(s: Session, due: list[Due]) -> None:
        keep(s, due)
        raise RuntimeError("the printer is on fire")

    with pytest.raises(RuntimeError):
        drain(ledger, at + timedelta(minutes=1), fail)
    with ledger() as s:
        assert s.scalar(text("SELECT count(*) FROM happened")) == 0
        assert next_due(s) == at + timedelta(seconds=10)
    assert drain(ledger, at + timedelta(minutes=1), keep) == 3


def test_many_sweepers_do_every_step_exactly_once(ledger: Factory, at: datetime) -> None:
    with ledger.begin() as s:
        fill(s, at, 120)
    with ThreadPoolExecutor(4) as pool:
        done = sum(pool.map(lambda _: drain(ledger, at + timedelta(minutes=1), keep, limit=11), range(4)))
    assert done >= 120
    with ledger() as s:
        rows = s.execute(text("SELECT timer_id, level, count(*) FROM happened GROUP BY 1, 2")).all()
    assert len(rows) == 120 * 6
    assert {row[2] for row in rows} == {1}


KILLED = """
import sys, time
from datetime import datetime
from sqlalchemy.orm import Session, sessionmaker
from hotline.db import connect
from sla.sweep import sweep
from tests.sla.test_sweep import keep
factory = sessionmaker(connect(sys.argv[1]))
def slow(s, due):
    keep(s, due)
    s.flush()
    print("fired", flush=True)
    time.sleep(0.05)
while True:
    with factory.begin() as s:
        sweep(s, at=datetime.fromisoformat(sys.argv[2]), fire=slow, limit=5)
"""


@pytest.mark.slow
def test_a_sweeper_that_is_killed_in_the_middle_loses_and_repeats_nothing(ledger: Factory, at: datetime) -> None:
    with ledger.begin() as s:
        fill(s, at, 60)
        url = s.get_bind().engine.url.render_as_string(hide_password=False)
    end = at + timedelta(minutes=1)
    for kill in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, url, end.isoformat()], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2], env=os.environ
        )
        assert child.stdout is not None
        for _ in range(kill + 1):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        child.communicate()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:  # The server notices a killed client in its own time; its rows stay locked until then.
        drain(ledger, end, keep)
        with ledger() as s:
            if next_due(s) is None:
                break
        time.sleep(0.1)
    with ledger() as s:
        rows = s.execute(text("SELECT timer_id, level, count(*), min(at) FROM happened GROUP BY 1, 2")).all()
    assert len(rows) == 60 * 6
    assert {row[2] for row in rows} == {1}
    assert {row[3] for row in rows if row[1] == 3} == {at + timedelta(seconds=20)}


def test_only_a_nearer_deadline_wakes_the_sweeper(committed: Factory, at: datetime) -> None:
    with committed() as s:
        url = libpq_url(s.get_bind().engine.url.render_as_string(hide_password=False))
    with psycopg.connect(url, autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        with committed.begin() as s:
            fill(s, at, 1)
        with committed.begin() as s:
            timers.start(s, subject="leg:x", clock="resolve", at=at + timedelta(hours=1), terms=terms_for(s, Matter("help"), policy="play"))
        with committed.begin() as s:
            timers.start(s, subject="leg:y", clock="resolve", at=at - timedelta(hours=1), terms=terms_for(s, Matter("help"), policy="play"))
        heard = [datetime.fromisoformat(note.payload) for note in listener.notifies(timeout=1, stop_after=3)]
    assert heard == [at + timedelta(seconds=10), at - timedelta(hours=1) + timedelta(seconds=10)]
