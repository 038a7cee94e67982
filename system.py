"""The assembler behind the command line: puts the parts together for `up`, and for a command that runs by itself.

Like the other root files it stands above every package and is imported by none of them.
"""

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import OperationalError

import beat as beats
import pbx
import worker
from asr import graphs
from asr import model as speech_model
from asr.errors import SpeechError
from hotline import chain, clock, embedded, jobs, privacy, recordings
from hotline.db import Session, bind
from hotline.errors import NotFound, Refused
from hotline.migrate import migrate
from hotline.outbox import Claim, Event
from hotline.people import SYSTEM_ID, Person, system
from hotline.processes import Child, Supervisor, answers, check_port
from hotline.roles import LABELS, Role
from hotline.server import check_server
from hotline.settings import Settings
from routing import store
from routing.protocol import Classifier
from sla import versions
from tickets import calls, setup
from tickets.call import Call, CallState
from tickets.catalogue import Item, responsible
from tickets.classifier import Current

ROOT = Path(__file__).resolve().parent
log = structlog.get_logger("hotline.system")
Progress = Callable[[str, float, float], None]
Notice = Callable[[str], None]
SAYS_SO_AFTER = 60.0  # seconds of waiting before a person is told that it goes on
SETTLED = (CallState.SILENT, CallState.FAILED)


def up(settings: Settings, *, empty: bool, fetch_model: bool) -> None:
    """Everything, until Ctrl-C. Prints READY and the address when all of it is healthy, and the demo logins with their passwords the first time."""
    from commands.common import bar

    with ExitStack() as stack:
        stack.enter_context(_only_one(settings))
        check_port(settings.host, settings.port)
        jobs.check_broker(settings.broker_url)
        url = stack.enter_context(database(settings))
        with ThreadPoolExecutor(1) as aside:  # the speech model comes and learns while the classifier is trained
            listening = aside.submit(get_model, settings, progress=bar(), say=_say) if fetch_model else None
            logins = prepare(settings, url, empty=empty, progress=bar(), hand_out=True)
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


def prepare(settings: Settings, url: str, *, empty: bool = False, progress: Progress | None = None, hand_out: bool = False) -> list[tuple[str, str, str]]:
    """Migrates, unlocks the key, loads the demo city into an empty database unless told not to, trains the classifier where there is none.

    Returns the logins (post, login, password) that were handed out just now, or (post, login, "") for those that already exist.
    """
    settings.data.mkdir(mode=0o711, parents=True, exist_ok=True)
    settings.inbox.mkdir(exist_ok=True)
    engine = bind(url)
    migrate(engine)
    privacy.unlock(Path(os.environ.get("HOTLINE_SECRET_FILE") or settings.data / "secret.key"))
    logins: list[tuple[str, str, str]] = []
    with Session.begin() as s:
        s.execute(text("SELECT pg_advisory_xact_lock(hashtext('hotline setup'))"))
        chain.adopt(s)
        versions.seed(s, at=clock.now())
        if not empty and setup.is_empty(s):
            setup.load(s)
        if hand_out:
            logins = _logins(s, new=not s.scalar(select(Person.id).where(Person.password_hash.is_not(None)).limit(1)))
    try:
        store.load(settings.models / "routing")
    except NotFound:
        train(settings, None, None, progress=progress)
    return logins


def get_model(settings: Settings, *, progress: Progress | None = None, say: Notice) -> None:
    """The speech model, fetched if it is not there. Without one the system still runs: calls wait, and the pages say why."""
    folder = speech_model.place(settings.models, settings.model)
    try:
        speech_model.check(folder)
    except SpeechError:
        try:
            speech_model.fetch(settings.models, settings.model, progress=progress)
        except SpeechError as problem:
            say(f"{problem.sentence}\n系统照常运行，通话先等待；有了模型（./run model）会自动转写。")
            return
    learn_hotline_words(settings, progress=progress)


def learn_hotline_words(settings: Settings, *, progress: Progress | None = None) -> None:
    """首次适应: the speech model learns the project's own texts, once, in a process of its own; without them it hears as it was shipped."""
    if graphs.standing(speech_model.place(settings.models, settings.model)) is not None:
        return
    told = progress or (lambda stage, done, total: None)
    told("adapt", 0, 1)
    env = {**os.environ, "HOTLINE_DATA": str(settings.data), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    env |= {"HOTLINE_MODEL": str(settings.model)} if settings.model else {}
    subprocess.run([sys.executable, str(ROOT / "manage.py"), "asr", "setup"], env=env, stdin=subprocess.DEVNULL, check=False)
    told("adapt", 1, 1)


def train(settings: Settings, file: Path | None, out: Path | None, *, progress: Progress | None = None) -> dict[str, Any]:
    """Trains the classifier: on the project's own corpus for the city's items, or on a CSV into a folder of its own."""
    from routing import corpus, examples  # with scikit-learn: a second of every start that does not train
    from routing import train as training

    folder = out or settings.models / "routing"
    moved = (lambda stage, share: progress("train", share, 1.0)) if progress else None
    if file is not None:
        return asdict(training.train(examples.read(file), folder, at=clock.now(), progress=moved))
    units, scopes = city_of_corpus()
    return asdict(training.train(corpus.as_examples(corpus.read()), folder, at=clock.now(), units=units, scopes=scopes, progress=moved))


def work(settings: Settings, *, queues: Sequence[str], threads: int, stop: threading.Event) -> None:
    """A worker process: runs jobs of these queues until `stop`."""
    with _attached(settings) as url:
        worker.equip(worker.equipment(settings))
        made = jobs.broker(settings.broker_url, url)
        running_worker = jobs.work(made, queues=queues, threads=threads)
        stop.wait()
        worker.tools().recogniser.close()
        running_worker.stop(timeout=4000)
        made.close()


def beat(settings: Settings, *, stop: threading.Event) -> None:
    """The beat process."""
    with _attached(settings) as url:
        made = jobs.broker(settings.broker_url, url)
        beats.run(beats.Beat(settings, jobs.sender(made, worker.SUBSCRIBERS)), url, stop)
        made.close()


def listen(settings: Settings, *, stop: threading.Event) -> None:
    """The process that a PBX speaks to."""
    with _attached(settings):
        pbx.run(settings, stop)


def serve(settings: Settings) -> None:
    """The web process."""
    import uvicorn

    from app import create_app

    with _attached(settings, pool_size=20):
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
        url = stack.enter_context(database(settings))
        prepare(settings, url, progress=bar())
        if jobs:
            get_model(settings, progress=bar(), say=progress)
            if not is_up(settings):
                stack.enter_context(_workers(settings, url))
        yield Running(settings, url, progress)


def is_up(settings: Settings) -> bool:
    """Whether an `up` runs on this data folder."""
    try:
        with (settings.data / "up.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The external database, once it has been looked at, or the embedded one."""
    if settings.database_url is None:
        with embedded.database(settings.data) as url:
            yield url
        return
    engine = bind(settings.database_url)
    try:
        check_server(engine)
    except OperationalError as error:
        raise Refused("连不上 DATABASE_URL 所指的数据库，请检查地址、账号和数据库是否在运行。", field="DATABASE_URL") from error
    finally:
        engine.dispose()
    yield settings.database_url


@contextmanager
def _attached(settings: Settings, *, pool_size: int = 10) -> Iterator[str]:
    """For a child process or a further machine: the database is there and prepared."""
    with database(settings) as url:
        engine: Engine = bind(url, pool_size=pool_size)
        privacy.unlock(Path(os.environ.get("HOTLINE_SECRET_FILE") or settings.data / "secret.key"))
        yield url
        engine.dispose()


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


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    settings.data.mkdir(mode=0o711, parents=True, exist_ok=True)
    with (settings.data / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"系统已在数据目录 {settings.data} 上运行。要再开一套，请用 HOTLINE_DATA 另指定目录、用 HOTLINE_PORT 另指定端口。") from None
        yield


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


def city_of_corpus() -> tuple[dict[str, str], dict[str, str]]:
    """What the city says of the items of the project's own corpus: who leads each, and its name and scope in words."""
    from routing import corpus

    codes = {utterance.item for utterance in corpus.read()}
    with Session() as s:
        items = s.scalars(select(Item).where(Item.code.in_(codes))).all()
        rows = {item.code: responsible(s, item=item.code, area=None, on=clock.local(clock.now()).date()) for item in items}
    return {code: row.lead for code, row in rows.items() if row is not None}, {item.code: f"{item.name}，{item.scope}" for item in items}


def _logins(s: Any, *, new: bool) -> list[tuple[str, str, str]]:
    if new:
        return setup.hand_out_passwords(s)
    people = s.scalars(select(Person).where(Person.id != SYSTEM_ID, Person.password_hash.is_not(None), Person.active).order_by(Person.id).limit(12))
    return [(person.roles[0], person.login, "") for person in people]


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
