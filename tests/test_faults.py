"""kill -9 of any one process at any moment loses no call, no ticket and no timer, and nothing is done twice."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from asr.decode import Recording, Samples
from asr.pool import SpeechPool
from asr.protocol import Utterance
from hotline import privacy
from hotline.embedded import running
from hotline.outbox import Event
from sla.timers import Timer
from tests.asr.conftest import model_folder as model_folder
from tests.asr.making import distance, write_wav
from tickets.call import Call, CallState, Said
from tickets.ticket import Leg, Ticket

ROOT = Path(__file__).parents[1]
CALLS = sorted((ROOT / "tests" / "calls").glob("*.wav"))[:5]
PATIENCE = 120.0
VICTIMS = {
    "web": "manage.py serve",
    "worker": "--queue ticket",
    "speech": "--queue speech",
    "beat": "tick --loop",
    "recogniser": "asr.speech",
    "postmaster": "bin/postgres",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def data(tmp_path: Path, model_folder: Path) -> Path:
    """A data folder of its own that shares the models of the test run: fetched and trained once."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o711)
    (folder / "models").symlink_to(model_folder.parent)
    return folder


@pytest.fixture
def up(data: Path) -> Iterator[subprocess.Popen[str]]:
    """The whole system on a data folder of its own, as `./run` starts it."""
    with started(data) as process:
        yield process
    shutil.rmtree(data, ignore_errors=True)


@contextlib.contextmanager
def started(data: Path) -> Iterator[subprocess.Popen[str]]:
    """It is ready, and ends in the end."""
    environment = {**os.environ, "HOTLINE_DATA": str(data), "HOTLINE_PORT": str(free_port())}
    for name in ("DATABASE_URL", "HOTLINE_MODEL"):
        environment.pop(name, None)
    process = subprocess.Popen([sys.executable, str(ROOT / "manage.py"), "up"], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stdout.readline().startswith("READY http://")
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        finally:
            process.kill()
            process.stdout.close()


@contextlib.contextmanager
def database(data: Path) -> Iterator[Engine]:
    url = running(data)
    assert url is not None
    engine = create_engine(url, poolclass=NullPool)
    yield engine
    engine.dispose()


def count(data: Path, statement: object) -> int:
    """What the database counts; waits while it is being started again."""
    end = time.monotonic() + 30
    while True:
        try:
            with database(data) as engine, engine.connect() as connection:
                return connection.scalar(statement) or 0  # type: ignore[call-overload, no-any-return]
        except OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def wait(what: Callable[[], bool], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)


def family(data: Path) -> list[int]:
    """Every process of the installation: it was told the data folder, or works in it."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            told = f"HOTLINE_DATA={data}\0".encode() in (entry / "environ").read_bytes() + b"\0"
            if told or str(data).encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


def pids(parent: int, words: str) -> list[int]:
    """The processes below `parent` whose command line has these words."""
    found, family = [], {parent}
    entries = sorted(int(entry) for entry in os.listdir("/proc") if entry.isdigit())
    for _ in range(4):
        for pid in entries:
            with contextlib.suppress(OSError, IndexError, ValueError):
                stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                if int(stat[1]) in family:
                    family.add(pid)
    for pid in family - {parent}:
        with contextlib.suppress(OSError):
            if words in Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"):
                found.append(pid)
    return found


def kill(parent: int, words: str) -> bool:
    """kill -9 of the topmost such process."""
    victims = pids(parent, words)
    for pid in victims[:1]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(victims)


@pytest.mark.slow
@pytest.mark.skipif(not CALLS, reason="no sample calls")
def test_whoever_is_killed_every_call_becomes_one_ticket_with_its_clocks(up: subprocess.Popen[str], data: Path) -> None:
    inbox = data / "inbox"
    killed = set()
    for path, (victim, words) in zip(CALLS * 2, VICTIMS.items(), strict=False):
        shutil.copy(path, inbox / f".{path.name}.part")
        os.replace(inbox / f".{path.name}.part", inbox / f"{victim}-{path.name}")
        known = count(data, select(func.count()).select_from(Call))
        wait(lambda known=known, path=path: count(data, select(func.count()).select_from(Call)) > known or path in CALLS[:1] or known >= len(CALLS))
        if kill(up.pid, words):
            killed.add(victim)
    assert {"web", "worker", "speech", "beat", "postmaster"} <= killed
    wait(lambda: count(data, select(func.count()).select_from(Call).where(Call.state == CallState.FILED)) == len(CALLS))
    wait(lambda: count(data, select(func.count()).select_from(Event).where(Event.relayed_at.is_(None))) == 0)
    assert count(data, select(func.count()).select_from(Call)) == len(CALLS)
    assert count(data, select(func.count()).select_from(Ticket)) == len(CALLS), "nothing is done twice"
    for kind in ("call.received", "call.transcribed", "ticket.filed"):
        assert count(data, select(func.count()).where(Event.kind == kind)) == len(CALLS), kind
    citizens = select(func.count()).select_from(Timer).where(Timer.clock == "citizen")
    assert count(data, citizens) == len(CALLS)
    assert count(data, select(func.count()).select_from(Timer).where(Timer.clock == "resolve")) == count(data, select(func.count()).select_from(Leg))
    assert up.poll() is None


@pytest.mark.slow
@pytest.mark.skipif(not CALLS, reason="no sample calls")
def test_kill_9_of_everything_in_the_middle_of_a_long_recording_costs_nothing_that_was_committed(data: Path, model_folder: Path) -> None:
    long = write_wav(data / "long.wav", np.concatenate([block[0] for path in CALLS[:3] for block in blocks(path)]))
    with started(data) as first:
        shutil.copy(long, data / "inbox" / ".long.wav.part")
        os.replace(data / "inbox" / ".long.wav.part", data / "inbox" / "long.wav")
        wait(lambda: count(data, select(func.count()).select_from(Said)) >= 3)
        victims = [pid for pid in family(data) if pid != os.getpid()]
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert first.wait(20) == -signal.SIGKILL
        wait(lambda: not set(victims) & set(family(data)))
    with started(data):
        committed = utterances(data)
        assert len(committed) >= 3 and count(data, select(func.count()).where(Event.kind == "call.transcribed")) == 0
        wait(lambda: count(data, select(func.count()).where(Event.kind == "ticket.filed")) == 1)
        with database(data) as engine, engine.connect() as connection:
            transcript = connection.scalar(select(Call.transcript))
        assert count(data, select(func.count()).select_from(Call)) == count(data, select(func.count()).select_from(Ticket)) == 1
    rows = transcript["utterances"]
    assert [row["start"] for row in rows] == sorted(row["start"] for row in rows)
    assert all(one["end"] <= two["start"] + 0.1 for one, two in pairwise(rows)), "nothing is told twice"
    assert {utterance.start for utterance in committed} <= {row["start"] for row in rows}, "what was committed is not heard again"
    with SpeechPool(model_folder) as pool:
        whole = pool.transcribe(long).text.replace("\n", "")
    heard = "".join(row["heard"] for row in rows)
    assert distance(whole, heard) < 0.05 * len(whole), "nothing is lost"


def blocks(path: Path) -> list[Samples]:
    with Recording(path) as recording:
        return list(recording.blocks())


def utterances(data: Path) -> list[Utterance]:
    """What is committed of the call that is being transcribed."""
    privacy.unlock(data / "secret.key")
    with database(data) as engine, engine.connect() as connection:
        return [Utterance.from_dict(json.loads(row)) for row in connection.scalars(select(Said.utterance).order_by(Said.id)) if row]
