"""The speech process: `python -m asr.speech MODEL PARENT [live]`. Takes jobs on standard input, tells what it hears on standard output.

Decoding and recognition run only here, so that a file or a fault that kills them kills nothing else. It dies with its parent.
It has one thread: with a second one memory is allocated under locks, which alone makes Vosk a tenth dearer (measured).
"""

import contextlib
import ctypes
import os
import resource
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import IO, Any

from asr.frames import Message, packed, read

DEATH_OF_PARENT = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>
MEMORY = 4 * 1024**3  # bytes of address space; a file must not be able to eat the machine
EXPENDABLE = b"500"  # of 1000: where memory runs out, this goes before the database
BEHIND, AHEAD = 5, -5  # steps of niceness; ten would leave a recording next to nothing on a busy machine
OFTEN = 0.5  # seconds between two reports of progress


def main(folder: str, parent: str, live: str = "") -> int:
    """Serves until standard input ends: recordings one after the other, or live voices side by side."""
    humble(int(parent))
    rank(AHEAD if live else BEHIND)
    source, sink = private_pipes()
    from asr.errors import ModelDamaged  # the heavy libraries come after the limits
    from asr.vosk import load

    mouth = Mouth(sink)
    try:
        model = load(Path(folder))
    except ModelDamaged as damage:
        mouth.say({"event": "damaged", "detail": damage.detail})
        return 1
    mouth.say({"event": "ready"})
    if live:
        from asr import stream_child

        stream_child.serve(model, source.fileno(), mouth.say)
        return 0
    from asr.listening import MUCH
    from asr.spares import Spares

    spares = Spares(model, most=1, much=MUCH)
    while (job := read(source)) is not None:
        work(spares, job, mouth)
    return 0


def rank(steps: int) -> None:
    """A recording can wait, a live call cannot: where both want the processor, the call has it. Only root may put anything ahead of the rest."""
    with contextlib.suppress(OSError):
        os.nice(steps)
    with contextlib.suppress(OSError):  # where each session is a group of its own, only the group's rank counts
        Path("/proc/self/autogroup").write_text(str(steps))


def humble(parent: int) -> None:
    """Dies with its parent, first when memory runs out, and is bounded in it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl"):
        libc.prctl(DEATH_OF_PARENT, signal.SIGKILL)
    if os.getppid() != parent:  # it was already gone when we asked
        os._exit(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard), hard))
    with contextlib.suppress(OSError):  # only a hint
        Path("/proc/self/oom_score_adj").write_bytes(EXPENDABLE)


def private_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Our ends of the pipes, moved away from 0 and 1, so that a chatty library cannot write into the messages."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return source, sink


class Mouth:
    """Says what is heard. Progress is told not oftener than is of use, but always before the parent thinks that we hang."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink
        self._reported = 0.0

    def say(self, message: Message) -> None:
        """One message, at once."""
        self._sink.write(packed(message))
        self._sink.flush()

    def progress(self, seconds: float) -> None:
        """Seconds of sound that are done."""
        if (now := time.monotonic()) - self._reported >= OFTEN:
            self._reported = now
            self.say({"event": "progress", "seconds": round(seconds, 2)})


def work(spares: Any, job: Message, mouth: Mouth) -> None:
    """One recording. Anything unforeseen ends the process, with a traceback for the log: the parent starts a fresh one."""
    from asr.decode import Recording
    from asr.errors import AudioRefused
    from asr.listening import listen

    opened = partial(Recording, Path(job["path"]), job["declared"])
    try:
        with opened() as recording:
            mouth.say({"event": "begun", "duration": recording.info.duration, "channels": recording.info.channels})
        heard = listen(
            spares,
            opened,
            names=job["names"],
            longest=job["longest"],
            on_utterance=lambda utterance: mouth.say({"event": "utterance", "utterance": utterance.as_dict()}),
            on_progress=mouth.progress,
            since=dict(job["since"]),
        )
        names = [[channel, name] for channel, name in heard.names.items()]
        mouth.say({"event": "done", "duration": heard.duration, "channels": names, "truncated": heard.truncated})
    except AudioRefused as refusal:
        mouth.say({"event": "refused", "code": refusal.code, "detail": refusal.detail})


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:4]))
