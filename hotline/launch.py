"""Becomes another program that cannot outlive its parent. A process of its own, with nothing but the standard library.

Its orders are a JSON object (see `command`):
  parent  process id of the one who starts us; if it is already gone, so are we
  signal  what the kernel sends the program when its parent dies
  user, group  whom to become (only as root); null stays as it is
  reveal  folders that this account must reach although a folder above them is closed to it (such as /root, mode 0700)
  clear   a cluster whose leftovers are cleared away first (leftovers.py)
  argv    the program

No permission of any folder is changed for `reveal`: the program gets its own view of the file tree (a private mount namespace), in which an
empty folder covers the closed one and only the revealed folders are mounted again, at their own paths. Nobody else sees that view. Where root
may not make one, as in most containers, the program keeps the one right of root that it needs: to pass through closed folders.
"""

import ctypes
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hotline import leftovers

PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 28, 47, 2
NO_SETUID_FIXUP = 0x4
CAPABILITY_VERSION_3 = 0x20080522
DAC_OVERRIDE, DAC_READ_SEARCH = 1, 2
CLONE_NEWNS = 0x00020000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x1000, 0x4000, 1 << 18

ROOT = Path(__file__).resolve().parent.parent
START = "import sys; sys.path.insert(0, sys.argv[1]); from hotline import launch; launch.main(sys.argv[2])"

# Exit statuses of the launcher itself, as in a shell.
NO_VIEW, NO_PROGRAM = 125, 127


def command(
    argv: Sequence[str],
    *,
    signal: int = signal.SIGTERM,
    account: tuple[int, int] | None = None,
    reveal: Sequence[Path] = (),
    clear: Path | None = None,
) -> list[str]:
    """The command line that runs `argv` bound to the life of the calling thread (Linux counts the thread, not the process)."""
    user, group = account or (None, None)
    orders = {
        "parent": os.getpid(),
        "signal": int(signal),
        "user": user,
        "group": group,
        "reveal": [str(path) for path in reveal],
        "clear": str(clear) if clear else None,
        "argv": list(argv),
    }
    return [sys.executable, "-I", "-S", "-c", START, str(ROOT), json.dumps(orders)]


def closed(path: Path, uid: int, gid: int) -> Path | None:
    """The topmost folder above `path` that this account may not enter; None if it gets through to `path`."""
    for folder in reversed(path.parents):
        about = folder.stat()
        bit = 0o100 if about.st_uid == uid else 0o010 if about.st_gid == gid else 0o001
        if not about.st_mode & bit:
            return folder
    return None


def main(text: str) -> None:
    """Carries out the orders; does not return."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    orders: dict[str, Any] = json.loads(text)
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = orders["user"], orders["group"]
    if isinstance(user, int) and isinstance(group, int):
        _become(libc, user, group, [Path(path) for path in orders["reveal"]])
    # After setuid, which clears it.
    libc.prctl(PR_SET_PDEATHSIG, orders["signal"], 0, 0, 0)
    if os.getppid() != orders["parent"]:
        sys.exit(NO_PROGRAM)
    if orders["clear"]:
        leftovers.clear(Path(orders["clear"]))
    argv: list[str] = orders["argv"]
    try:
        os.execv(argv[0], argv)
    except OSError as error:
        print(f"cannot run {argv[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(NO_PROGRAM)


def _become(libc: ctypes.CDLL, uid: int, gid: int, reveal: list[Path]) -> None:
    hidden = {path: cover for path in reveal if (cover := closed(path, uid, gid))}
    try:
        right = _cover(libc, hidden) if hidden else None
        os.setgroups([])
        os.setgid(gid)
        # Keeps rights through setuid, and later lets access(2) count them, by which PostgreSQL looks for its own programs.
        if right and libc.prctl(PR_SET_SECUREBITS, NO_SETUID_FIXUP, 0, 0, 0):
            raise _os_error("prctl")
        os.setuid(uid)
        if right:
            _keep_only(libc, right)
    except OSError as error:
        print(f"cannot let user {uid} into {', '.join(map(str, hidden))}: {error}", file=sys.stderr)
        sys.exit(NO_VIEW)


def _cover(libc: ctypes.CDLL, hidden: dict[Path, Path]) -> int | None:
    """Gives this process its own view; None if that worked, otherwise the right (a capability) that will do instead."""
    if libc.unshare(CLONE_NEWNS):
        return DAC_READ_SEARCH
    _mount(libc, "none", "/", None, MS_REC | MS_PRIVATE)
    handles = {path: os.open(path, os.O_PATH | os.O_DIRECTORY) for path in hidden}
    for cover in set(hidden.values()):
        _mount(libc, "tmpfs", str(cover), "tmpfs", MS_NOSUID | MS_NODEV)
        os.chmod(cover, 0o755)
    os.umask(0o022)
    for path, handle in handles.items():
        path.mkdir(parents=True, exist_ok=True)
        _mount(libc, f"/proc/self/fd/{handle}", str(path), None, MS_BIND | MS_REC)
        os.close(handle)
    return None


def _keep_only(libc: ctypes.CDLL, right: int) -> None:
    """Gives up every right of root but this one, or the wider one that containers have in its place, and hands it on to the program."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    for one in (right, DAC_OVERRIDE):
        # Effective, permitted, inheritable; the second three are for rights above 31.
        if not libc.capset(header, (ctypes.c_uint32 * 6)(1 << one, 1 << one, 1 << one, 0, 0, 0)):
            if libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, one, 0, 0):
                raise _os_error("prctl")
            return
    raise _os_error("capset")


def _mount(libc: ctypes.CDLL, source: str, target: str, kind: str | None, flags: int) -> None:
    if libc.mount(os.fsencode(source), os.fsencode(target), kind.encode() if kind else None, ctypes.c_ulong(flags), None):
        raise _os_error(f"mount on {target}")


def _os_error(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{what}: {os.strerror(number)}")
