"""A pool of speech processes: any thread may ask for a transcript; what hangs or dies is killed and replaced."""

import contextlib
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from asr import model as speech_model
from asr.errors import AudioRefused, Cancelled, SpeechFailed
from asr.frames import Message
from asr.process import SpeechProcess
from asr.protocol import Channel, Transcript, Utterance

logger = logging.getLogger(__name__)

GLANCE = 0.2  # seconds between two looks at `cancel`


@dataclass(frozen=True)
class Limits:
    """How long a speech process may take, in seconds, before it is killed.

    start: to load the model. silence: without any word of progress. base + share × audio × channels, times how many want each processor:
    for a whole recording (measured need: 0.17 × audio on a quiet core, 0.3 for noisy speech on a busy one).
    longest: of a recording, refused beyond.
    """

    start: float = 60.0
    silence: float = 60.0
    base: float = 60.0
    share: float = 2.0
    longest: float = 12 * 3600.0

    def wall(self, seconds: float, channels: int) -> float:
        """For a recording of so many seconds and channels."""
        return self.base + self.share * seconds * channels


class SpeechPool:
    """The Recogniser that runs Vosk. model: folder of the unpacked model, which may come later. size: processes, each takes one recording at a time."""

    def __init__(self, model: Path, size: int = 1, limits: Limits | None = None) -> None:
        self._model = model
        self._limits = limits or Limits()
        self._closed = threading.Event()
        self._seats: queue.LifoQueue[_Seat] = queue.LifoQueue()
        self._all = [_Seat() for _ in range(size)]
        for seat in self._all:
            self._seats.put(seat)
        # Processes die with the THREAD that started them, so one thread that lives as long as the pool starts them all.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="speech-starter")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def transcribe(
        self,
        path: Path,
        *,
        declared: str | None = None,
        names: Sequence[str] | None = None,
        on_utterance: Callable[[Utterance], None] | None = None,
        on_progress: Callable[[float, float | None], None] | None = None,
        cancel: threading.Event | None = None,
        since: Mapping[int, float] | None = None,
    ) -> Transcript:
        """See asr.protocol.Recogniser. Waits for a free process; its limits count from when it has one."""
        job: Message = {
            "path": str(path.absolute()),
            "declared": declared,
            "names": list(names) if names else None,
            "longest": self._limits.longest,
            "since": list((since or {}).items()),
        }
        cancel = cancel or threading.Event()
        seat = self._take(cancel)
        try:
            return self._run(seat, job, on_utterance, on_progress, cancel)
        except AudioRefused:
            raise  # the process is well; the file was not
        except SpeechFailed as failure:
            logger.error("transcription failed (%s): %s", failure.code, failure.detail)
            seat.clear()
            raise
        except BaseException:
            seat.clear()
            raise
        finally:
            self._seats.put(seat)

    @property
    def pids(self) -> list[int]:
        """Of the processes that run now."""
        return [process.pid for seat in self._all if (process := seat.process) is not None and process.alive]

    def close(self) -> None:
        """Kills all processes; may be called twice. Whoever still waits for a transcript gets SpeechFailed "closed"."""
        self._closed.set()
        seats = [self._seats.get() for _ in self._all]
        for seat in seats:
            seat.clear()
            self._seats.put(seat)
        self._starter.shutdown()

    def _take(self, cancel: threading.Event) -> "_Seat":
        """A free seat, as soon as there is one."""
        while not self._closed.is_set():
            if cancel.is_set():
                raise Cancelled
            with contextlib.suppress(queue.Empty):
                seat = self._seats.get(timeout=GLANCE)
                if not self._closed.is_set():
                    return seat
                self._seats.put(seat)
        raise SpeechFailed("closed")

    def _run(
        self,
        seat: "_Seat",
        job: Message,
        on_utterance: Callable[[Utterance], None] | None,
        on_progress: Callable[[float, float | None], None] | None,
        cancel: threading.Event,
    ) -> Transcript:
        rested = seat.process is not None
        while True:
            work = _Job(self._ready(seat), self._limits, on_utterance, on_progress, cancel, self._closed)
            try:
                return work.run(job)
            except SpeechFailed as failure:
                # It was killed while it rested, and we noticed only now: nothing of this recording was lost.
                if failure.code != "died" or work.begun or not rested:
                    raise
                logger.info("a resting speech process was gone: %s", failure.detail)
                seat.clear()
                rested = False

    def _ready(self, seat: "_Seat") -> SpeechProcess:
        """The seat's process with the model as it is on disk now. Raises ModelMissing, ModelDamaged, SpeechFailed."""
        stamp = speech_model.stamp(self._model)
        if seat.process is not None and seat.process.alive and seat.stamp == stamp:
            return seat.process
        seat.clear()
        speech_model.check(self._model)
        seat.process = self._starter.submit(SpeechProcess, self._model).result()
        seat.stamp = stamp
        seat.process.await_ready(self._limits.start)
        return seat.process


@dataclass
class _Seat:
    """A place for one process. stamp: of the model that it has loaded."""

    process: SpeechProcess | None = None
    stamp: object = None

    def clear(self) -> None:
        if self.process is not None:
            self.process.kill()
        self.process = None


@dataclass
class _Job:
    """One recording on one process, from the parent's side."""

    process: SpeechProcess
    limits: Limits
    on_utterance: Callable[[Utterance], None] | None
    on_progress: Callable[[float, float | None], None] | None
    cancel: threading.Event
    closed: threading.Event
    utterances: list[Utterance] = field(default_factory=list)
    begun: bool = False
    promised: float | None = None
    seconds: float = 0.0
    channels: int = 1

    def run(self, job: Message) -> Transcript:
        since = time.monotonic()
        self.process.send(job)
        while (message := self._next(since))["event"] != "done":
            self._take_in(message)
        return self._transcript(message)

    def _next(self, since: float) -> Message:
        """The next message, watching the limits meanwhile."""
        asked = time.monotonic()
        while True:
            if (message := self.process.receive(GLANCE)) is not None:
                return message
            now = time.monotonic()
            if self.closed.is_set():
                raise SpeechFailed("closed")
            if self.cancel.is_set():
                raise Cancelled
            if now - asked > self.limits.silence:
                raise SpeechFailed("stalled", f"no progress for {now - asked:.0f} s after {self.seconds:.0f} s of audio")
            self._watch_the_wall(now - since)

    def _take_in(self, message: Message) -> None:
        """One thing that the process tells. Raises AudioRefused if it is a refusal."""
        match message["event"]:
            case "refused":
                raise AudioRefused(message["code"], message["detail"])
            case "begun":
                self.begun = True
                self.promised, self.channels = message["duration"], message["channels"]
            case "utterance":
                self.utterances.append(Utterance.from_dict(message["utterance"]))
                if self.on_utterance:
                    self.on_utterance(self.utterances[-1])
            case "progress":
                self.seconds = message["seconds"]
                if self.on_progress:
                    self.on_progress(self.seconds, self.promised)

    def _watch_the_wall(self, taken: float) -> None:
        most = self.limits.wall(max(self.seconds, self.promised or 0.0), self.channels) * _crowd()
        if taken > most:
            raise SpeechFailed("too_slow", f"{taken:.0f} s for {self.seconds:.0f} s of audio, limit {most:.0f} s")

    def _transcript(self, done: Message) -> Transcript:
        if self.on_progress:
            self.on_progress(done["duration"], done["duration"])
        channels = (
            Channel(channel, name, tuple(utterance for utterance in self.utterances if utterance.channel == channel))
            for channel, name in done["channels"]
        )
        return Transcript(done["duration"], tuple(channels), done["truncated"])


def _crowd() -> float:
    """How many want each processor, at least 1: a recording that waits for its turn on a busy machine is not hung."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
