"""Becomes another program that cannot outlive its parent. Run by path, before any import of ours: `python -I -S launch.py JSON`.

The JSON object (see `command`):
  parent  process id of the one who starts us; if it is already gone, so are we
  signal  what the kernel sends the program when its parent dies
  user, group  whom to become (only as root); null stays as it is
  reveal  folders that this account must reach although a folder above them is closed to it (such as /root, mode 0700)
  argv    the program

No permission of any folder is changed for `reveal`: the program gets its own view of the file tree (a private mount namespace), in which an
empty folder covers the closed one and only the revealed folders are mounted again, at their own paths. Nobody else sees that view.
"""

import ctypes
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
CLONE_NEWNS = 0x00020000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x1000, 0x4000, 1 << 18

# Exit statuses of the launcher itself, as in a shell.
NO_VIEW, NO_PROGRAM = 125, 127


def command(
    argv: Sequence[str],
    *,
    signal: int = signal.SIGTERM,
    account: tuple[int, int] | None = None,
    reveal: Sequence[Path] = (),
    python: str = sys.executable,
) -> list[str]:
    """The command line that runs `argv` bound to the life of the calling thread (Linux counts the thread, not the process)."""
    user, group = account or (None, None)
    orders = {
        "parent": os.getpid(),
        "signal": int(signal),
        "user": user,
        "group": group,
        "reveal": [str(path) for path in reveal],
        "argv": list(argv),
    }
    return [python, "-I", "-S", __file__, json.dumps(orders)]


def closed(path: Path, uid: int, gid: int) -> Path | None:
    """The topmost folder above `path` that this account may not enter; None if it gets through to `path`."""
    for folder in reversed(path.parents):
        about = folder.stat()
        bit = 0o100 if about.st_uid == uid else 0o010 if about.st_gid == gid else 0o001
        if not about.st_mode & bit:
            return folder
    return None


def main(orders: dict[str, object]) -> None:
    """Carries out the orders; does not return."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = orders["user"], orders["group"]
    if isinstance(user, int) and isinstance(group, int):
        _reveal(libc, [Path(path) for path in orders["reveal"]], user, group)  # type: ignore[attr-defined]
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    # After setuid, which clears it.
    libc.prctl(PR_SET_PDEATHSIG, orders["signal"], 0, 0, 0)
    if os.getppid() != orders["parent"]:
        sys.exit(NO_PROGRAM)
    argv: list[str] = orders["argv"]  # type: ignore[assignment]
    try:
        os.execv(argv[0], argv)
    except OSError as error:
        print(f"cannot run {argv[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(NO_PROGRAM)


def _reveal(libc: ctypes.CDLL, paths: list[Path], uid: int, gid: int) -> None:
    hidden = {path: cover for path in paths if (cover := closed(path, uid, gid))}
    if not hidden:
        return
    try:
        if libc.unshare(CLONE_NEWNS):
            raise _os_error("unshare")
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
    except OSError as error:
        print(f"cannot open a view of {', '.join(map(str, hidden))}: {error}", file=sys.stderr)
        sys.exit(NO_VIEW)


def _mount(libc: ctypes.CDLL, source: str, target: str, kind: str | None, flags: int) -> None:
    if libc.mount(os.fsencode(source), os.fsencode(target), kind.encode() if kind else None, ctypes.c_ulong(flags), None):
        raise _os_error(f"mount on {target}")


def _os_error(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
