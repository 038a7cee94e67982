"""What an earlier life of the database left behind: processes and lock files. Runs as the database's account, which alone may always look at both.

(Root may not in a container: reading another account's /proc takes a right that containers do not have.) Imports nothing but the standard library.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path


def clear(cluster: Path) -> None:
    """Ends every server process of an earlier life on this cluster and removes its lock files. Only under our own lock.

    A postmaster killed with -9 leaves back ends that are busy with a query; a new one will not start beside them. And the lock files left
    behind name a number that may by now be another program's, or a dead process's that nobody has counted yet: PostgreSQL takes both for alive.
    """
    pidfile = cluster / "postmaster.pid"
    if (postmaster := _first_number(pidfile)) in servers(cluster):
        _signal([postmaster], signal.SIGINT)
        _wait(lambda: postmaster not in servers(cluster), 5.0)
    for number in (signal.SIGQUIT, signal.SIGKILL):
        if left := servers(cluster):
            _signal(left, number)
            _wait(lambda: not servers(cluster), 1.0)
    for lock in (pidfile, *(cluster.parent / "socket").glob(".s.PGSQL.*")):
        lock.unlink(missing_ok=True)


def servers(cluster: Path) -> list[int]:
    """Every `postgres` process working in this cluster: each has it as its current folder. A shell that merely stands there is not one."""
    try:
        here = cluster.stat()
    except FileNotFoundError:
        return []
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            there = (process / "cwd").stat()
            program = os.readlink(process / "exe")
        except OSError:
            continue
        if (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino) and Path(program).name.split(" ")[0] == "postgres":
            found.append(int(process.name))
    return found


def _first_number(pidfile: Path) -> int:
    try:
        return int(pidfile.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return 0


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _wait(until: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        time.sleep(0.01)
