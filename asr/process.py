"""One speech process as its parent sees it: started, spoken to, waited for, killed."""

import contextlib
import os
import select
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import IO

from asr.errors import ModelDamaged, SpeechFailed
from asr.frames import Message, Unpacker, packed

HOME = Path(__file__).resolve().parent.parent
# The process reads files from strangers: it is told nothing of databases, keys or passwords.
TOLD = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")
ALWAYS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONUTF8": "1",
    "PYTHONPATH": str(HOME),
}
PIECE = 65536
TAIL = 2000  # bytes of its last words, for the log


class SpeechProcess:
    """A running `python -m asr.speech`. Used by one thread at a time; start it from a thread that lives as long as it should."""

    def __init__(self, model: Path) -> None:
        self._last_words = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._unpacker = Unpacker()
        self._waiting: deque[Message] = deque()
        self._child = subprocess.Popen(
            command(model),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._last_words,
            bufsize=0,
            env=environment(),
            start_new_session=True,  # Ctrl-C is for the parent to answer
        )

    @property
    def pid(self) -> int:
        """Of the process, for those who watch or kill it."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._child.poll() is None

    def await_ready(self, seconds: float) -> None:
        """Returns when the model is loaded. Raises ModelDamaged, or SpeechFailed after `seconds`."""
        message = self.receive(seconds)
        if message is None:
            raise SpeechFailed("stalled", f"no model loaded within {seconds:.0f} s")
        if message["event"] == "damaged":
            raise ModelDamaged(message["detail"])

    def send(self, message: Message) -> None:
        """Raises SpeechFailed if it is gone."""
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(packed(message))
        except OSError as error:
            raise self._died() from error

    def receive(self, seconds: float) -> Message | None:
        """Its next message, or None if there is none within `seconds`. Raises SpeechFailed if it died."""
        until = time.monotonic() + seconds
        while not self._waiting:
            piece = self._piece(max(0.0, until - time.monotonic()))
            if piece is None:
                return None
            if not piece:
                raise self._died()
            self._waiting.extend(self._unpacker.messages(piece))
        return self._waiting.popleft()

    def _piece(self, seconds: float) -> bytes | None:
        assert self._child.stdout is not None
        # poll, not select: a busy server has file numbers above 1023, which select cannot take.
        poll = select.poll()
        poll.register(self._child.stdout, select.POLLIN)
        return os.read(self._child.stdout.fileno(), PIECE) if poll.poll(int(seconds * 1000)) else None

    def kill(self) -> None:
        """Ends it now, whatever it does. May be called twice."""
        with contextlib.suppress(ProcessLookupError):
            self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout, self._last_words):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _died(self) -> SpeechFailed:
        """Why it is gone, as far as it told."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(5)
        return SpeechFailed("died", f"speech process {self.pid} ended with {self._child.returncode}: {last_words(self._last_words)}")


def command(model: Path, *mode: str) -> list[str]:
    """How a speech process is started. mode: `live`, or nothing for recordings."""
    return [sys.executable, "-P", "-m", "asr.speech", str(model.absolute()), str(os.getpid()), *mode]


def environment() -> dict[str, str]:
    """All that it is told of ours."""
    return {name: os.environ[name] for name in TOLD if name in os.environ} | ALWAYS


def last_words(file: IO[bytes]) -> str:
    """The end of what it wrote to standard error."""
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - TAIL))
    return file.read().decode(errors="replace").strip()[-500:]
