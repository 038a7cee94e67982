"""The beat's door: relays the outbox, sweeps the timers, watches the inbox. Any number may run at once, on any number of machines."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session as Session_

from asr import model as speech_model
from asr.errors import SpeechError
from hotline import clock, outbox, recordings
from hotline.db import Session, libpq_url
from hotline.errors import Refused
from hotline.outbox import Event
from hotline.people import system
from hotline.settings import Settings
from sla import timers
from sla.sweep import sweep
from tickets import attaching, board, calls, ladder

log = structlog.get_logger("hotline.beat")
LONGEST_NAP = 1.0  # seconds: the inbox has no other bell
SWEPT = ".swept"
STILL_FOR = 2.0  # seconds without a change before a dropped file counts as whole


@dataclass(frozen=True)
class Beat:
    """One beat: what it sends events with, and whose inbox it watches."""

    settings: Settings
    send: Callable[[Session_, Event], None]

    def tick(self, *, at: datetime) -> dict[str, int]:
        """One pass over everything that is due. Returns how much there was of each."""
        return {name: step(at) for name, step in self.steps().items()}

    def steps(self) -> dict[str, Callable[[datetime], int]]:
        """What a pass consists of. The relay comes last: what the others record goes out in the same pass."""
        return {
            "fired": lambda at: _until_none(lambda: self._sweep(at)),
            "received": lambda at: self.collect(at=at),
            "requeued": self._requeue,
            "counted": self._count,
            "swept": self._sweep_files,
            "relayed": lambda at: _until_none(lambda: self._relay(at)),
        }

    def collect(self, *, at: datetime) -> int:
        """Every whole file in the inbox becomes a call. Returns how many.

        A file is whole when it has not changed for two seconds; names with a leading dot or ending in .part are still being written.
        The recording is safely kept and the call committed before the file leaves the inbox: a crash in between repeats, and finds the same call.
        """
        inbox = self.settings.inbox
        inbox.mkdir(parents=True, exist_ok=True)
        files = [path for path in sorted(inbox.iterdir()) if path.is_file() and _is_whole(path, at)]
        return sum(self._take(path, at) for path in files)

    def _relay(self, at: datetime) -> int:
        with Session.begin() as s:
            return outbox.relay(s, send=self.send, at=at)

    def _sweep(self, at: datetime) -> int:
        with Session.begin() as s:
            return sweep(s, at=at, fire=ladder.climb)

    def _count(self, at: datetime) -> int:
        with Session.begin() as s:
            return board.keep(s, at=at)

    def _sweep_files(self, at: datetime) -> int:
        """附件 that no ticket took: looked for once an hour, whichever of the beats comes first."""
        told = self.settings.attachments / SWEPT
        if not told.parent.is_dir() or (told.exists() and at.timestamp() - told.stat().st_mtime < attaching.STRAY.total_seconds()):
            return 0
        told.touch()
        with Session.begin() as s:
            return attaching.sweep(s, self.settings.attachments, at=at)

    def _requeue(self, at: datetime) -> int:
        try:
            speech_model.check(speech_model.place(self.settings.models, self.settings.model))
        except SpeechError:
            return 0
        with Session.begin() as s:
            return calls.requeue_waiting(s, at=at)

    def _take(self, path: Path, at: datetime) -> int:
        try:
            sha256, size = recordings.keep_file(path, self.settings.recordings)
        except Refused as problem:
            log.error("inbox file cannot be kept", problem=str(problem.__cause__))
            return 0
        with Session.begin() as s:
            _, new = calls.receive(s, sha256=sha256, size=size, name=path.name, declared=declared(path), by=system(s), at=at)
        path.unlink(missing_ok=True)
        log.info("recording taken from the inbox", size=size, new=new)
        return int(new)


def declared(path: Path) -> str | None:
    """The coding that a headerless recording's file name declares (x.ulaw), None for files that say it themselves."""
    from asr.formats import declared_for

    return declared_for(path.name)


def run(beat: Beat, url: str, stop: threading.Event) -> None:
    """Ticks until `stop`: at once when an event is recorded or a nearer timer is set, otherwise every second.

    A database that goes away is waited for; nothing is lost, because nothing is done outside its transactions. A step that
    fails (a broker that is away, say) does not hold up the others, and is tried again the next time.
    """
    while not stop.is_set():
        try:
            with psycopg.connect(libpq_url(url), autocommit=True, application_name="hotline-bell") as bell:
                bell.execute(f"LISTEN {outbox.CHANNEL}")
                bell.execute(f"LISTEN {timers.CHANNEL}")
                while not stop.is_set():
                    for name, step in beat.steps().items():
                        _guarded(name, step)
                    for _ in bell.notifies(timeout=LONGEST_NAP, stop_after=1):
                        pass
        except (OperationalError, psycopg.OperationalError) as problem:
            log.warning("database away, waiting", problem=type(problem).__name__)
            stop.wait(1)


def _guarded(name: str, step: Callable[[datetime], int]) -> None:
    try:
        step(clock.now())
    except (OperationalError, psycopg.OperationalError):
        raise
    except Exception:
        log.exception("step failed, trying again", step=name)


def _until_none(step: Callable[[], int]) -> int:
    done = 0
    while more := step():
        done += more
    return done


def _is_whole(path: Path, at: datetime) -> bool:
    if path.name.startswith(".") or path.name.endswith((".part", ".tmp", ".crdownload")):
        return False
    try:
        return at.timestamp() - os.stat(path).st_mtime >= STILL_FOR
    except FileNotFoundError:
        return False
