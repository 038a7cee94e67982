"""The processes of a machine, with real ones: started in order, started again, stopped in time, never left behind."""

import http.server
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hotline import processes
from hotline.errors import Refused
from hotline.processes import Child, Supervisor, answers, check_port

ROOT = Path(__file__).resolve().parents[2]
PATIENT = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"

# A supervisor of its own, as `up` is one: python -c SUPERVISE DATA CODE
SUPERVISE = """
import sys
from pathlib import Path
from hotline.processes import Child, Supervisor
data = Path(sys.argv[1])
up = lambda name: (lambda: "up" in (data / "logs" / f"{name}.log").read_text())
children = [Child(name, [sys.executable, "-c", sys.argv[2]], healthy=up(name)) for name in ("first", "second")]
with Supervisor(data, children) as supervisor:
    print("READY", *(kept._process.pid for kept in supervisor._kept), flush=True)
    supervisor.run()
print("stopped", flush=True)
"""


def child(data: Path, name: str, code: str = PATIENT, **more: object) -> Child:
    """A child that counts as healthy once it has printed “up”."""
    return Child(name, [sys.executable, "-c", code], healthy=lambda: "up" in said(data, name), **more)  # type: ignore[arg-type]


def said(data: Path, name: str) -> str:
    path = data / "logs" / f"{name}.log"
    return path.read_text() if path.exists() else ""


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and only waits to be counted does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def soon(what: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)


@contextmanager
def supervised(data: Path, code: str = PATIENT) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A supervisor in a process of its own, with two children."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-c", SUPERVISE, str(data), code]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout
            ready = next(line for line in process.stdout if line.startswith("READY"))
            yield process, [int(pid) for pid in ready.split()[1:]]
        finally:
            process.kill()


def test_each_child_starts_when_the_one_before_is_healthy(tmp_path: Path) -> None:
    late = "import time; time.sleep(0.5); print('up', time.time(), flush=True); time.sleep(60)"
    prompt = "import time; print('up', time.time(), flush=True); time.sleep(60)"
    with Supervisor(tmp_path, [child(tmp_path, "database", late), child(tmp_path, "web", prompt)]):
        first, second = (float(said(tmp_path, name).split()[1]) for name in ("database", "web"))
    assert first < second


def test_a_child_that_cannot_start_is_named_and_the_others_are_stopped(tmp_path: Path) -> None:
    children = [child(tmp_path, "worker"), child(tmp_path, "web", "raise SystemExit('no such setting')")]
    supervisor = Supervisor(tmp_path, children)
    with pytest.raises(Refused, match=r"“web”没有启动起来.*web\.log"):
        supervisor.start()
    assert not any(kept.alive() for kept in supervisor._kept)
    assert "no such setting" in said(tmp_path, "web")


def test_a_child_that_never_becomes_healthy_is_not_waited_for_forever(tmp_path: Path) -> None:
    silent = child(tmp_path, "web", "import time; time.sleep(60)", wait=0.5)
    with pytest.raises(Refused, match="没有就绪"):
        Supervisor(tmp_path, [silent]).start()


def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    with supervised(tmp_path) as (process, (first, second)):
        os.kill(first, signal.SIGKILL)
        soon(lambda: said(tmp_path, "first").count("up") == 2)
        assert alive(second)
        assert process.poll() is None


def test_a_child_that_dies_at_once_is_started_less_and_less_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = processes._Kept(Child("web", [sys.executable, "-S", "-c", "print('up')"]), tmp_path / "web.log")
    now = 0.0
    monkeypatch.setattr(processes.time, "monotonic", lambda: now)
    starts = []
    kept.start()
    while now < 100.0:
        assert kept._process
        kept._process.wait()
        before = kept._process.pid
        kept.look_after()
        if kept._process.pid != before:
            starts.append(now)
        now += 0.25
    gaps = [round(later - earlier, 1) for earlier, later in itertools.pairwise(starts)]
    assert gaps[:4] == [1.2, 2.2, 4.2, 8.2]
    assert max(gaps) <= processes.LONGEST_PAUSE + 0.5


def test_what_a_child_had_started_goes_with_it(tmp_path: Path) -> None:
    parent = "import subprocess, time; print('up', subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
    with supervised(tmp_path, parent) as (_, (first, _second)):
        grandchild = int(said(tmp_path, "first").split()[1])
        os.kill(first, signal.SIGKILL)
        soon(lambda: not alive(grandchild))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_cleanly(tmp_path: Path, number: int) -> None:
    with supervised(tmp_path) as (process, pids):
        process.send_signal(number)
        out, _ = process.communicate(timeout=10)
        assert "stopped" in out
        assert process.returncode == 0
        assert not any(map(alive, pids))


def test_children_that_will_not_stop_are_ended_within_ten_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "WHOLE_STOP", 1.0)
    supervisor = Supervisor(tmp_path, [child(tmp_path, "first", STUBBORN), child(tmp_path, "second", STUBBORN, stop=0.2)])
    supervisor.start()
    begun = time.monotonic()
    supervisor.stop()
    assert 1.0 <= time.monotonic() - begun < 4.0
    assert not any(kept.alive() for kept in supervisor._kept)


def test_no_child_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    with supervised(tmp_path, STUBBORN) as (process, pids):
        process.kill()
        soon(lambda: not any(map(alive, pids)))


def test_ctrl_c_while_starting_leaves_nothing_running(tmp_path: Path) -> None:
    never = child(tmp_path, "web", "import time; time.sleep(60)")
    supervisor = Supervisor(tmp_path, [child(tmp_path, "worker"), never])
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        supervisor.start()
    assert not any(kept.alive() for kept in supervisor._kept)


def test_a_port_in_use_is_refused_with_who_uses_it_and_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=rf"端口 {port} 已被占用（进程 {os.getpid()} .*HOTLINE_PORT={port + 1}"):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "不是..主机"])
def test_a_host_that_is_not_this_machine_is_refused(host: str) -> None:
    with pytest.raises(Refused, match="HOTLINE_HOST"):
        check_port(host, 8012)


def test_only_a_good_answer_counts_as_healthy() -> None:
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204 if self.path == "/health" else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        where = f"http://127.0.0.1:{server.server_port}"
        assert answers(f"{where}/health")
        assert not answers(f"{where}/broken")
        server.shutdown()
    assert not answers(f"{where}/health")
