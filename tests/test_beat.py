"""The beat: recordings dropped into the inbox become calls once, and a step that fails does not hold up the others."""

import os
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

import beat as beats
from beat import Beat
from hotline import privacy
from hotline.clock import now
from hotline.db import Session, bind
from hotline.outbox import Event
from hotline.settings import Settings
from tickets.call import Call


@pytest.fixture
def beat(empty_database: str, tmp_path: Path) -> Iterator[Beat]:
    engine = bind(empty_database)
    privacy.unlock(tmp_path / "secret.key")
    yield Beat(Settings(data=tmp_path), lambda s, event: None)
    engine.dispose()


def drop(beat: Beat, name: str, content: bytes, *, age: float = 60.0) -> Path:
    beat.settings.inbox.mkdir(exist_ok=True)
    path = beat.settings.inbox / name
    path.write_bytes(content)
    then = now().timestamp() - age
    os.utime(path, (then, then))
    return path


def calls() -> int:
    with Session() as s:
        return s.scalar(select(func.count()).select_from(Call)) or 0


def test_a_dropped_recording_becomes_a_call_and_is_kept_byte_for_byte(beat: Beat) -> None:
    path = drop(beat, "停水.wav", b"sound")
    assert beat.collect(at=now()) == 1 and calls() == 1
    assert not path.exists()
    with Session() as s:
        call = s.scalars(select(Call)).one()
    assert (beat.settings.recordings / call.sha256).read_bytes() == b"sound" and call.name == "停水.wav"


def test_the_same_recording_dropped_twice_is_one_call(beat: Beat) -> None:
    drop(beat, "a.wav", b"sound")
    drop(beat, "b.wav", b"sound")
    assert beat.collect(at=now()) == 1 and calls() == 1
    assert list(beat.settings.inbox.iterdir()) == []


def test_files_that_no_ticket_took_are_swept_once_an_hour(beat: Beat) -> None:
    assert beat.steps()["swept"](now()) == 0
    folder = beat.settings.attachments
    folder.mkdir()
    stray = folder / ("0" * 64)
    stray.write_bytes(b"written by somebody who was killed before the row")
    os.utime(stray, (1, 1))
    assert beat.steps()["swept"](now()) == 1 and not stray.exists()
    stray.write_bytes(b"again")
    os.utime(stray, (1, 1))
    assert beat.steps()["swept"](now()) == 0
    assert beat.steps()["swept"](now() + timedelta(hours=2)) == 1
    assert [path.name for path in folder.iterdir()] == [beats.SWEPT]


@pytest.mark.parametrize("name", [".hidden.wav", "x.wav.part", "x.tmp"])
def test_what_is_still_being_written_is_left_alone(beat: Beat, name: str) -> None:
    path = drop(beat, name, b"half")
    fresh = drop(beat, "fresh.wav", b"half", age=0.0)
    assert beat.collect(at=now()) == 0 and path.exists() and fresh.exists()


def test_a_headerless_recording_says_its_coding_by_its_name(beat: Beat) -> None:
    drop(beat, "call.ulaw", b"\xff" * 800)
    beat.collect(at=now())
    with Session() as s:
        assert s.scalars(select(Call.declared)).one() == "mulaw"


def test_a_step_that_fails_does_not_hold_up_the_others(empty_database: str, beat: Beat, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    relayed: list[int] = []

    def broken(*_: object, **__: object) -> int:
        raise RuntimeError("the sweep is broken")

    def send(s: object, event: Event) -> None:
        relayed.append(event.id)
        stop.set()

    monkeypatch.setattr(beats, "sweep", broken)
    drop(beat, "a.wav", b"sound")
    runner = threading.Thread(target=beats.run, args=(Beat(beat.settings, send), empty_database, stop))
    runner.start()
    runner.join(20)
    assert not runner.is_alive() and len(relayed) == 1 and calls() == 1


def test_a_pass_says_how_much_there_was(beat: Beat, at: datetime) -> None:
    drop(beat, "a.wav", b"sound")
    counted = beat.tick(at=now())
    assert counted["received"] == 1 and counted["relayed"] == 1 and counted["fired"] == 0
