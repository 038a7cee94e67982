"""The assembler behind the command line: puts the parts together for `up`, and for a command that runs by itself.

Like the other root files it stands above every package and is imported by none of them.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from sqlalchemy import select

import beat as beats
import connecting
import pbx
import preparing
import worker
from hotline import clock, jobs, recordings
from hotline.db import Session
from hotline.errors import Refused
from hotline.outbox import Claim, Event
from hotline.people import system
from hotline.processes import Child, Supervisor, answers, check_port
from hotline.roles import LABELS, Role
from hotline.settings import Settings
from routing.protocol import Classifier
from tickets import calls
from tickets.call import Call, CallState
from tickets.classifier import Current

ROOT = Path(__file__).resolve().parent
Notice = Callable[[str], None]
SAYS_SO_AFTER = 60.0  # seconds of waiting before a person is told that it goes on
SETTLED = (CallState.SILENT, CallState.FAILED)


def up(settings: Settings, *, empty: bool, fetch_model: bool) -> None:
    """Everything, until Ctrl-C. Prints READY and the address when all of it is healthy, and the demo logins with their passwords the first time."""
    from commands.common import bar

    with ExitStack() as stack:
        stack.enter_context(connecting.only_one(settings))
        check_port(settings.host, settings.port)
        jobs.check_broker(settings.broker_url)
        url = stack.enter_context(connecting.database(settings))
        with ThreadPoolExecutor(1) as aside:  # the speech model comes and learns while the classifier is trained
            listening = aside.submit(preparing.get_model, settings, progress=bar(), say=_say) if fetch_model else None
            logins = preparing.prepare(settings, url, empty=empty, progress=bar(), hand_out=True)
            if listening:
                listening.result()
        supervisor = stack.enter_context(Supervisor(settings.data, children(settings, url)))
        print(f"READY http://{settings.host}:{settings.port}", flush=True)
        _show(logins)
        supervisor.run()


def children(settings: Settings, url: str) -> list[Child]:
    """The processes of one machine. Each is told the same settings, and where the database is."""
    env = {"DATABASE_URL": url, "HOTLINE_DATA": str(settings.data), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    manage = [sys.executable, str(ROOT / "manage.py")]
    return [
        Child("worker", [*manage, "work", "--queue", "ticket", "--threads", "4"], env=env),
        Child("speech", [*manage, "work", "--queue", "speech", "--threads", str(settings.speech_workers)], env=env),
        Child("beat", [*manage, "tick", "--loop"], env=env),
        Child("live", [*manage, "listen"], env=env),
        Child("web", [*manage, "serve"], env=env, healthy=lambda: answers(f"http://{settings.host}:{settings.port}/health")),
    ]


def work(settings: Settings, *, queues: Sequence[str], threads: int, stop: threading.Event) -> None:
    """A worker process: runs jobs of these queues until `stop`."""
    with connecting.attached(settings) as url:
        worker.equip(worker.equipment(settings))
        made = jobs.broker(settings.broker_url, url)
        running_worker = jobs.work(made, queues=queues, threads=threads)
        stop.wait()
        worker.tools().recogniser.close()
        running_worker.stop(timeout=4000)
        made.close()


def beat(settings: Settings, *, stop: threading.Event) -> None:
    """The beat process."""
    with connecting.attached(settings) as url:
        made = jobs.broker(settings.broker_url, url)
        beats.run(beats.Beat(settings, jobs.sender(made, worker.SUBSCRIBERS)), url, stop)
        made.close()


def listen(settings: Settings, *, stop: threading.Event) -> None:
    """The process that a PBX speaks to."""
    with connecting.attached(settings):
        pbx.run(settings, stop)


def serve(settings: Settings) -> None:
    """The web process."""
    import uvicorn

    from app import create_app

    with connecting.attached(settings, pool_size=20):
        uvicorn.run(create_app(settings), host=settings.host, port=settings.port, log_config=None, timeout_graceful_shutdown=3, server_header=False)


@dataclass
class Running:
    """A database that is up and prepared, for a command."""

    settings: Settings
    url: str
    say: Notice

    @cached_property
    def classifier(self) -> Classifier:
        """The classifier in use."""
        return Current(self.settings.models / "routing")

    def tick(self, *, at: datetime) -> dict[str, int]:
        """One pass of the beat."""
        made = jobs.broker(self.settings.broker_url, self.url)
        try:
            return beats.Beat(self.settings, jobs.sender(made, worker.SUBSCRIBERS)).tick(at=at)
        finally:
            made.close()

    def take_calls(self, files: Sequence[Path], *, callers: Mapping[str, str] | None = None) -> Iterator[tuple[Path, int | None, Refused | None]]:
        """Receives every recording, waits until it has become what it can, and yields (file, call id, why it was not received).

        callers: whose number called, by the name of the file, where it is known.
        """
        received: list[tuple[Path, int | None, Refused | None]] = []
        for path in files:
            try:
                received.append((path, self._receive(path, (callers or {}).get(path.name, "")), None))
            except Refused as problem:
                received.append((path, None, problem))
        for path, call_id, problem in received:
            if call_id is not None:
                self._wait(call_id)
            yield path, call_id, problem

    def _receive(self, path: Path, phone: str) -> int:
        sha256, size = recordings.keep_file(path, self.settings.recordings)
        with Session.begin() as s:
            call, _ = calls.receive(
                s, sha256=sha256, size=size, name=path.name, declared=beats.declared(path), phone=phone, by=system(s), at=clock.now()
            )  # fmt: skip
            s.flush()
            return call.id

    def _wait(self, call_id: int) -> None:
        asked, begun = SAYS_SO_AFTER, time.monotonic()
        while not _settled(call_id):
            time.sleep(0.1)
            if time.monotonic() - begun > asked:
                asked *= 2
                self.say(f"还在转写和派单，已等 {time.monotonic() - begun:.0f} 秒……（日志在 {self.settings.data / 'logs'}）")


@contextmanager
def running(settings: Settings, *, progress: Notice, jobs: bool = True) -> Iterator[Running]:
    """The database of these settings, prepared; with `jobs`, also somebody to do the work: a running `up`, or this process itself."""
    from commands.common import bar

    with ExitStack() as stack:
        url = stack.enter_context(connecting.database(settings))
        preparing.prepare(settings, url, progress=bar())
        if jobs:
            preparing.get_model(settings, progress=bar(), say=progress)
            if not connecting.is_up(settings):
                stack.enter_context(_workers(settings, url))
        yield Running(settings, url, progress)


@contextmanager
def _workers(settings: Settings, url: str) -> Iterator[None]:
    """Worker and beat inside this process, for a command that runs without `up`."""
    stop = threading.Event()
    worker.equip(worker.equipment(settings))
    made = jobs.broker(settings.broker_url, url)
    ticking = threading.Thread(
        target=beats.run, args=(beats.Beat(settings, jobs.sender(made, worker.SUBSCRIBERS)), url, stop), name="beat", daemon=True
    )
    running_worker = jobs.work(made, threads=2)
    ticking.start()
    try:
        yield
    finally:
        stop.set()
        worker.tools().recogniser.close()
        running_worker.stop(timeout=4000)
        ticking.join(5)
        made.close()


def _settled(call_id: int) -> bool:
    """Whether a call has become what it can: given up, waiting for a model, an urge on an open ticket, or a ticket that was looked at for dispatch."""
    with Session() as s:
        call = s.get_one(Call, call_id)
        if call.state in SETTLED or (call.state is CallState.WAITING and call.problem_code in calls.WAITS_FOR_MODEL):
            return True
        if call.ticket_id is None:
            return call.state is CallState.FILED or (call.state is CallState.TRANSCRIBED and not call.auto)
        looked_at = (
            select(Claim.event_id)
            .join(Event, Event.id == Claim.event_id)
            .where(Claim.job == "dispatch_ticket", Event.kind == "ticket.filed", Event.subject_kind == "ticket", Event.subject_id == call.ticket_id)
        )
        return s.scalar(looked_at) is not None


def _show(logins: Sequence[tuple[str, str, str]]) -> None:
    if not logins:
        print("还没有账号：./run user add LOGIN --name 姓名 --role admin", flush=True)
        return
    fresh = any(password for _, _, password in logins)
    print("演示账号（密码只显示这一次，./run user reset LOGIN 可重设）：" if fresh else "演示账号（密码在首次启动时显示过，./run user reset LOGIN 可重设）：")
    for post, login, password in logins:
        print(f"  {login:<14}{password:<16}{LABELS[Role(post)]}", flush=True)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
