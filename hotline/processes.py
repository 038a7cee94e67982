"""The processes of one machine: started in order, started again when they die, stopped in the reverse order, never left behind."""

import contextlib
import errno
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

import structlog

from hotline import launch
from hotline.errors import Refused
from hotline.log import rotate

log = structlog.get_logger("hotline.processes")

WHOLE_STOP = 7.0  # seconds for all children together; the database needs the rest of ten
SOUND_AFTER = 10.0  # seconds a child has to live for its next death to count as a first one
LONGEST_PAUSE = 30.0
LOOK_EVERY = 0.1
ROTATE_EVERY = 60.0


@dataclass(frozen=True)
class Child:
    """A program to keep running.

    name: of its log, logs/<name>.log.
    healthy: asked until it says yes before the next child is started; without it, being alive is enough.
    wait: seconds it may take to become healthy.
    stop: seconds it is given to end before the next one is asked to.
    env: on top of ours.
    """

    name: str
    argv: Sequence[str]
    healthy: Callable[[], bool] | None = None
    wait: float = 60.0
    stop: float = 3.0
    env: Mapping[str, str] = field(default_factory=dict)


class Supervisor:
    """Keeps the children of one data folder. One thread, the main one, starts and runs it: children die with the thread that started them.

    They are killed outright when this process is: every one of them can be killed at any moment without loss.
    """

    def __init__(self, data: Path, children: Sequence[Child]) -> None:
        self._logs = data / "logs"
        self._kept = [_Kept(child, self._logs / f"{child.name}.log") for child in children]
        self._asked = threading.Event()
        self._running = False
        self._handlers: dict[int, object] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Starts the children in their order, each once the one before is healthy. Raises Refused, with none left running, if one fails."""
        self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        rotate(self._logs)
        self._take_signals()
        try:
            for kept in self._kept:
                kept.start()
                kept.await_health()
            self._running = True
        except BaseException:
            self.stop()
            raise

    def run(self) -> None:
        """Watches over the children until SIGINT or SIGTERM, then stops them."""
        next_rotation = time.monotonic() + ROTATE_EVERY
        while not self._asked.wait(LOOK_EVERY):
            for kept in self._kept:
                kept.look_after()
            if time.monotonic() >= next_rotation:
                rotate(self._logs)
                next_rotation = time.monotonic() + ROTATE_EVERY
        self.stop()

    def stop(self) -> None:
        """Asks the children to end, last first, and ends those that have not within 7 s. May be called again."""
        end = time.monotonic() + WHOLE_STOP
        started = [kept for kept in reversed(self._kept) if kept.alive()]
        for kept in started:
            kept.signal(signal.SIGTERM)
            kept.wait_until(min(end, time.monotonic() + kept.child.stop))
        for kept in started:
            kept.wait_until(end)
        for kept in self._kept:
            kept.finish()
        self._give_signals_back()

    def _take_signals(self) -> None:
        if threading.current_thread() is threading.main_thread() and not self._handlers:
            for number in (signal.SIGINT, signal.SIGTERM):
                self._handlers[number] = signal.signal(number, self._on_signal)

    def _give_signals_back(self) -> None:
        while self._handlers:
            number, handler = self._handlers.popitem()
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """While starting, a signal gives up; from then on it asks `run` to stop, also when it has not begun yet."""
        if not self._running:
            raise KeyboardInterrupt
        self._asked.set()


class _Kept:
    """One child and its present process."""

    def __init__(self, child: Child, log_file: Path) -> None:
        self.child = child
        self._log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None
        self._begun = 0.0
        self._due: float | None = None
        self._pause = 0.0

    def start(self) -> None:
        """Starts the process in a group of its own: Ctrl-C at the terminal is for the supervisor, and what a child starts ends with it."""
        self._begun, self._due = time.monotonic(), None
        with self._log_file.open("ab") as out:
            self._process = subprocess.Popen(
                launch.command(self.child.argv, signal=signal.SIGKILL),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **self.child.env},
                process_group=0,
            )
        log.info("process started", process=self.child.name, pid=self._process.pid)

    def await_health(self) -> None:
        """Returns once the child is healthy. Raises Refused when it ends before that, or takes too long."""
        end = time.monotonic() + self.child.wait
        while self.child.healthy and not self.child.healthy():
            if not self.alive():
                raise Refused(f"“{self.child.name}”没有启动起来。原因见日志 {self._log_file} 的末尾。")
            if time.monotonic() > end:
                raise Refused(f"“{self.child.name}”在 {self.child.wait:.0f} 秒内没有就绪。详见日志 {self._log_file}。")
            time.sleep(LOOK_EVERY)

    def look_after(self) -> None:
        """Starts the child again if it has died: at once the first time, later with growing pauses."""
        if self.alive():
            return
        now = time.monotonic()
        if self._due is None and self._process is not None:
            sound = now - self._begun > SOUND_AFTER
            self._pause = 0.0 if sound else min(max(self._pause * 2, 0.5), LONGEST_PAUSE)
            self._due = now + self._pause
            log.error("process died", process=self.child.name, status=self._process.returncode, again_in=self._pause)
            self._end_group()
        if self._due is not None and now >= self._due:
            self.start()

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def signal(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def wait_until(self, end: float) -> None:
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(max(end - time.monotonic(), 0))

    def finish(self) -> None:
        """Ends what is left of the child, with -9 if need be."""
        if self._process is not None:
            if self.alive():
                log.warning("process did not stop, killing it", process=self.child.name)
            self._end_group()
            self._process.wait()
            self._process = None

    def _end_group(self) -> None:
        """Whatever the child had started: a group outlives its leader."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


def answers(url: str) -> bool:
    """Whether a GET of `url` on this machine gives a 2xx within two seconds; proxies of the environment are left out."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=2) as response:
            return bool(200 <= response.status < 300)
    except (OSError, urllib.error.URLError, ValueError):
        return False


def check_port(host: str, port: int) -> None:
    """Raises Refused, saying what to change, unless this process could listen there."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except (socket.gaierror, UnicodeError) as error:
        raise Refused(f"HOTLINE_HOST“{host}”不是一个能识别的地址。", field="HOTLINE_HOST") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            holder = _listener(port)
            who = f"（进程 {holder}）" if holder else ""
            another = f"HOTLINE_PORT={port + 1 if port < 65535 else 8012} ./run"
            sentence = f"端口 {port} 已被占用{who}。请先停止占用它的程序，或换一个端口启动，例如 {another}。"
            raise Refused(sentence, field="HOTLINE_PORT") from error
        if error.errno == errno.EACCES:
            raise Refused(f"当前账号无权使用端口 {port}。请用 HOTLINE_PORT 指定 1024 以上的端口。", field="HOTLINE_PORT") from error
        raise Refused(f"无法在 {host}:{port} 上提供网页：“{host}”不是本机的地址。请检查 HOTLINE_HOST。", field="HOTLINE_HOST") from error


def _listener(port: int) -> str | None:
    """“pid name” of who listens on this port, as far as we may see; None otherwise."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path("/proc/net", table).read_text().splitlines()[1:]:
                columns = line.split()
                if columns[3] == "0A" and int(columns[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{columns[9]}]")
    for handle in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(handle) in inodes:
                process = handle.parent.parent
                return f"{process.name} {(process / 'comm').read_text().strip()}"
    return None
