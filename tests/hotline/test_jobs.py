"""The same jobs on PostgreSQL, RabbitMQ and Redis: what is relayed is done, whatever the broker, and a killed worker's work is done by another."""

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import sessionmaker

from hotline.db import connect
from hotline.errors import Refused
from hotline.jobs import broker, check_broker
from hotline.outbox import Claim, Event, record, relay
from tests.hotline import job_process

SERVERS = {"postgresql": None, "rabbitmq": ("amqp://guest:guest@127.0.0.1:5672", 5672), "redis": ("redis://127.0.0.1:6379/9", 6379)}
ROOT = Path(__file__).parents[2]


class Thing:
    """Any row with an id."""

    __tablename__ = "thing"
    id = 7


@pytest.fixture(params=SERVERS)
def broker_url(request: pytest.FixtureRequest) -> str | None:
    """Each broker that answers on its standard local port; PostgreSQL always."""
    server = SERVERS[request.param]
    if server is None:
        return None
    with socket.socket() as probe:
        probe.settimeout(0.5)
        if probe.connect_ex(("127.0.0.1", server[1])) != 0:
            pytest.skip(f"no {request.param} on its standard local port")
    return server[0]


@pytest.fixture
def engine_(empty_database: str) -> Iterator[Engine]:
    engine = connect(empty_database)
    yield engine
    engine.dispose()


def start(url: str, broker_url: str | None, queue: str, nap: float = 0.0) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-m", "tests.hotline.job_process", url, broker_url or "", queue, str(nap)]
    return subprocess.Popen(arguments, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})


def wait_until(engine: Engine, done: int, seconds: float = 40.0) -> int:
    deadline = time.monotonic() + seconds
    count = 0
    while time.monotonic() < deadline:
        with engine.connect() as connection:
            count = connection.scalar(select(func.count()).select_from(Claim)) or 0
        if count >= done:
            break
        time.sleep(0.1)
    return count


@pytest.mark.broker
def test_every_relayed_event_is_acted_on_once_though_a_worker_is_killed_in_the_middle(
    engine_: Engine, empty_database: str, broker_url: str | None, at: datetime
) -> None:
    queue = f"test-{uuid.uuid4().hex[:12]}"
    sessions = sessionmaker(engine_)
    with sessions.begin() as s:
        for n in range(12):
            record(s, "thing.done", Thing(), by=None, at=at, n=n)
    made = broker(broker_url, empty_database)
    job_process.declare(made, queue)
    with sessions.begin() as s:
        relayed = relay(s, send=job_process.sender(made), at=at)
    made.close()
    assert relayed == 12
    first = start(empty_database, broker_url, queue, nap=0.5)
    try:
        assert wait_until(engine_, 2) >= 2
        first.send_signal(signal.SIGKILL)
        first.wait()
        second = start(empty_database, broker_url, queue)
        try:
            assert wait_until(engine_, 12) == 12
        finally:
            second.terminate()
            second.wait(20)
    finally:
        first.kill()
    with sessions() as s:
        assert s.scalar(select(func.count()).select_from(Event).where(Event.kind == "job.done")) == 12, "nothing was done twice"


@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/0", "amqp://guest:guest@127.0.0.1:1"])
def test_a_broker_that_does_not_answer_is_refused_before_anything_starts(address: str) -> None:
    with pytest.raises(Refused) as problem:
        check_broker(address)
    assert problem.value.field == "BROKER_URL"


def test_a_broker_that_answers_is_accepted(broker_url: str | None) -> None:
    check_broker(broker_url)


def test_an_address_of_no_known_broker_is_refused_with_what_to_write() -> None:
    with pytest.raises(Refused) as problem:
        broker("kafka://somewhere", "postgresql:///x")
    assert "amqp://" in problem.value.sentence and problem.value.field == "BROKER_URL"
