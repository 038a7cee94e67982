"""Live speech (实时转写): voices as they speak, on speech processes that share their model among several of them.

A process that dies or hangs is killed, and its voices are taken up by another: what was said since the last utterance is held here and heard again.
"""

import asyncio
import contextlib
import itertools
import logging
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from asr import model as speech_model
from asr.errors import ModelDamaged, SpeechFailed
from asr.frames import Message, Unpacker, packed
from asr.process import PIECE, command, environment, last_words
from asr.protocol import Utterance
from asr.stream_bounds import checked_phrases, checked_rate

logger = logging.getLogger(__name__)

LONGEST = 1.0  # seconds of sound that are given to a process at once
HELD, REST = 40.0, 0.3  # seconds kept for another process: of an utterance, of the silence after one
UNSPOKEN = 3.0  # seconds kept while nothing is being said
ON_TIME = 1.0  # seconds by which sound may come ahead of its time and still count as live
LATE, LATE_FOR = 1.0, 5.0  # seconds by which a live voice is heard too late, and for which nobody else is then let in
MOST_DEATHS = 2  # processes that one utterance may cost before it is given up


@dataclass(frozen=True)
class Limits:
    """Seconds. start: to load the model. silence: a process that has work may say nothing for so long before it is killed."""

    start: float = 60.0
    silence: float = 10.0


@dataclass(frozen=True)
class Heard:
    """What a piece of sound brought. utterances: ended in it. partial: what is being said, words parted by blanks. Times count from the line's beginning."""

    utterances: tuple[Utterance, ...] = ()
    partial: str = ""

    def then(self, later: "Heard") -> "Heard":
        """Both, one after the other."""
        return Heard(self.utterances + later.utterances, later.partial)


class LiveVoice(Protocol):
    """One line being listened to: asr.live.Voice, and asr.live_scripted's in tests. One task at a time.

    missed: whether some of its sound was given up, because it killed whoever listened to it.
    """

    missed: bool

    async def hear(self, sound: bytes) -> Heard:
        """16-bit mono samples, any number of them."""

    async def finish(self) -> Heard:
        """Ends the utterance; the voice may go on."""

    async def close(self) -> None:
        """It is no longer listened to."""


class LiveSpeech(Protocol):
    """Whoever listens to live voices: asr.live.Live, and asr.live_scripted.Scripted in tests."""

    @property
    def late(self) -> bool:
        """Whether voices have had to wait just now: no more should be taken."""

    async def open(self, rate: int, *, phrases: Sequence[str] = ()) -> LiveVoice:
        """A new voice. Raises ModelMissing, ModelDamaged, SpeechFailed, ValueError for a rate or phrases that cannot be."""

    async def close(self) -> None:
        """Stops whatever runs."""


class Live:
    """The LiveSpeech that runs Vosk. model: folder of the unpacked model. processes: at most; each is started when there is need of it."""

    def __init__(self, model: Path, processes: int = 1, limits: Limits | None = None) -> None:
        self._model = model
        self._most = processes
        self._limits = limits or Limits()
        self._processes: list[Process] = []
        self._starting = asyncio.Lock()
        self._late_until = 0.0

    @property
    def late(self) -> bool:
        """See LiveSpeech."""
        return time.monotonic() < self._late_until

    @property
    def pids(self) -> list[int]:
        """Of the processes that run now."""
        return [process.pid for process in self._processes if process.alive]

    async def ready(self) -> None:
        """Starts the first process, so that the first caller does not wait for it."""
        await self.process()

    async def open(self, rate: int, *, phrases: Sequence[str] = ()) -> "Voice":
        """See LiveSpeech."""
        checked_rate(rate)
        voice = Voice(self, rate, checked_phrases(phrases) if phrases else [])
        await voice.begin()
        return voice

    async def close(self) -> None:
        """See LiveSpeech."""
        await asyncio.gather(*(process.end() for process in self._processes))
        self._processes.clear()

    async def process(self) -> "Process":
        """The process with the fewest voices, on the model as it is on disk now; a new one while there may be one more. Raises as `open` does."""
        async with self._starting:
            stamp = await asyncio.to_thread(speech_model.stamp, self._model)
            await self._tidy(stamp)
            fit = sorted((process for process in self._processes if process.stamp == stamp), key=lambda process: len(process.voices))
            if fit and (not fit[0].voices or len(fit) >= self._most):
                return fit[0]
            await asyncio.to_thread(speech_model.check, self._model)
            process = Process(stamp, self._limits)
            await process.start(self._model)
            self._processes.append(process)
            return process

    async def _tidy(self, stamp: object) -> None:
        """Lets go of the dead, and of those with an old model once nobody speaks there."""
        for process in list(self._processes):
            if not process.alive or (process.stamp != stamp and not process.voices):
                self._processes.remove(process)
                await process.end()

    def lags(self, seconds: float) -> None:
        """A voice that came on time is heard so much later than it is spoken."""
        if seconds > LATE:
            self._late_until = time.monotonic() + LATE_FOR


class Voice:
    """See LiveVoice. seconds: of sound heard so far."""

    _numbers = itertools.count(1)

    def __init__(self, live: Live, rate: int, phrases: list[str]) -> None:
        self.seconds = 0.0
        self.missed = False
        self._live, self._rate, self._phrases = live, rate, phrases
        self._number = next(self._numbers)
        self._process: Process | None = None
        self._held = bytearray()
        self._deaths = 0
        self._due = 0.0
        self._lag = 0.0  # seconds by which it has been made to wait longer than it spoke

    async def begin(self) -> None:
        """Takes a place in a process, with all that is held."""
        process = await self._live.process()
        begun = self.seconds - len(self._held) / 2 / self._rate
        await process.open(self._number, {"rate": self._rate, "phrases": self._phrases, "begun": round(max(begun, 0.0), 3)})
        self._process = process

    async def hear(self, sound: bytes) -> Heard:
        """See LiveVoice. Raises SpeechFailed where no process can be had."""
        heard, most = Heard(), int(LONGEST * self._rate) * 2
        for at in range(0, len(sound) // 2 * 2, most):
            piece = sound[at : min(at + most, len(sound) // 2 * 2)]
            heard = heard.then(await self._piece(piece))
        return heard

    async def finish(self) -> Heard:
        """See LiveVoice."""
        heard = await self._survived("finish", b"")
        self._held.clear()
        return Heard(heard.utterances, "")

    async def close(self) -> None:
        """See LiveVoice."""
        if self._process is not None:
            self._process.drop(self._number)
        self._process = None

    async def _piece(self, piece: bytes) -> Heard:
        seconds = len(piece) / 2 / self._rate
        now = time.monotonic()
        self._due = max(self._due, now - ON_TIME) + seconds
        live = self._due <= now + ON_TIME
        heard = await self._survived("hear", piece)
        if live:
            self._lag = max(0.0, self._lag + time.monotonic() - now - seconds)
            self._live.lags(self._lag)
        return heard

    async def _survived(self, do: str, piece: bytes) -> Heard:
        """The answer; where it is this sound that kills every process, the next is heard without it."""
        try:
            heard = await self._ask(do, piece)
            self._keep(piece, heard)
        except _Deadly as deadly:
            logger.error("gave up %.1f s of a live voice", (len(self._held) + len(piece)) / 2 / self._rate)
            self._held.clear()
            self._deaths, self.missed, heard = 0, True, deadly.told
            self.seconds += len(piece) / 2 / self._rate
        return heard

    async def _ask(self, do: str, piece: bytes) -> Heard:
        """The answer to this piece; where the process is gone, from another one, which first hears again what is held."""
        told = Heard()
        while True:
            try:
                if self._process is None:
                    await self.begin()
                    told = told.then(await self._again())
                assert self._process is not None
                return told.then(await self._process.ask(self._number, do, self._due, piece))
            except SpeechFailed as failure:
                if self._process is None:  # not even a new one could be started
                    raise
                logger.error("live speech (%s): %s", failure.code, failure.detail)
                self._process = None
                self._deaths += 1
                if self._deaths > MOST_DEATHS:
                    raise _Deadly(told) from failure

    async def _again(self) -> Heard:
        """What is held, heard by a new process."""
        assert self._process is not None
        told, most, held = Heard(), int(LONGEST * self._rate) * 2, bytes(self._held)
        for at in range(0, len(held), most):
            heard = await self._process.ask(self._number, "hear", self._due, held[at : at + most])
            told = told.then(heard)
            if heard.utterances:  # what it has told must not be told again, should this process die as well
                del self._held[: len(self._held) - (len(held) - at - len(held[at : at + most]))]
        return told

    def _keep(self, piece: bytes, heard: Heard) -> None:
        self.seconds += len(piece) / 2 / self._rate
        self._held += piece
        if heard.utterances:
            self._deaths = 0
        keep = REST if heard.utterances else HELD if heard.partial else UNSPOKEN
        extra = len(self._held) - int(keep * self._rate) * 2
        if extra > 0:
            del self._held[:extra]


class _Deadly(Exception):
    """This sound has killed too many processes. told: what was heard before it."""

    def __init__(self, told: Heard) -> None:
        super().__init__()
        self.told = told


@dataclass(eq=False)
class Process:
    """One live speech process. voices: the numbers of those that it listens to."""

    stamp: object
    limits: Limits
    voices: set[int] = field(default_factory=set)
    alive: bool = False

    async def start(self, model: Path) -> None:
        """Returns when the model is loaded. Raises ModelDamaged, SpeechFailed."""
        self._jobs = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Message]] = {}
        self._last_words = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._child = await asyncio.create_subprocess_exec(
            *command(model, "live"), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=self._last_words, env=environment(),
            start_new_session=True,
        )  # fmt: skip
        self._unpacker = Unpacker()
        self._spoke = time.monotonic()
        self.alive = True
        self._tasks: list[asyncio.Task[None]] = []
        self._is_ready: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._watch())]
        try:
            first = await asyncio.wait_for(self._is_ready, self.limits.start)
        except TimeoutError:
            await self.end()
            raise SpeechFailed("stalled", f"no model loaded within {self.limits.start:.0f} s") from None
        except BaseException:
            await self.end()
            raise
        if first["event"] == "damaged":
            await self.end()
            raise ModelDamaged(first["detail"])

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._child.pid

    async def open(self, voice: int, form: Message) -> None:
        """From now on it listens to this voice. Raises SpeechFailed; ValueError where the model cannot do with these phrases."""
        self.voices.add(voice)
        try:
            await self._answer({"do": "open", "stream": voice, **form})
        except BaseException:
            self.drop(voice)
            raise

    async def ask(self, voice: int, do: str, due: float, sound: bytes) -> Heard:
        """Its answer to one piece. Raises SpeechFailed when it dies before it has given one."""
        told = await self._answer({"do": do, "stream": voice, "due": due}, sound)
        return Heard(tuple(Utterance.from_dict(row) for row in told["utterances"]), told["partial"])

    async def _answer(self, message: Message, sound: bytes = b"") -> Message:
        if not self.alive:
            raise SpeechFailed("died", f"live speech process {self.pid} is gone")
        job = next(self._jobs)
        answer = self._asked[job] = asyncio.get_running_loop().create_future()
        if len(self._asked) == 1:
            self._spoke = time.monotonic()
        try:
            self._send(message | {"job": job}, sound)
            told: Message = await answer
        finally:
            self._asked.pop(job, None)
        if told["event"] == "refused":
            raise ValueError(told["detail"])
        return told

    def drop(self, voice: int) -> None:
        """It no longer listens to this voice."""
        self.voices.discard(voice)
        if self.alive:
            self._send({"do": "drop", "stream": voice})

    async def end(self) -> None:
        """Kills it, whatever it does. May be called twice."""
        self.alive = False
        with contextlib.suppress(ProcessLookupError):
            self._child.kill()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._child.wait()
        assert self._child.stdin is not None
        self._child.stdin.close()
        self._fail(SpeechFailed("closed"))
        self._last_words.close()

    def _send(self, message: Message, sound: bytes = b"") -> None:
        assert self._child.stdin is not None
        if self.alive and not self._child.stdin.is_closing():
            self._child.stdin.write(packed(message, sound))

    async def _listen(self) -> None:
        """Hands out what it says, until it is gone."""
        assert self._child.stdout is not None
        while piece := await self._child.stdout.read(PIECE):
            self._spoke = time.monotonic()
            for message in self._unpacker.messages(piece):
                self._take(message)
        self.alive = False
        await self._child.wait()
        self._fail(SpeechFailed("died", f"live speech process {self.pid} ended with {self._child.returncode}: {last_words(self._last_words)}"))

    def _take(self, message: Message) -> None:
        if message["event"] in ("heard", "refused"):
            if (answer := self._asked.get(message["job"])) and not answer.done():
                answer.set_result(message)
        elif not self._is_ready.done():
            self._is_ready.set_result(message)

    async def _watch(self) -> None:
        """Kills it when it has work and says nothing."""
        while True:
            await asyncio.sleep(self.limits.silence / 10)
            if self._asked and time.monotonic() - self._spoke > self.limits.silence:
                logger.error("live speech process %d says nothing for %.0f s, killing it", self.pid, self.limits.silence)
                self._kill()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._child.kill()

    def _fail(self, failure: SpeechFailed) -> None:
        for answer in [self._is_ready, *self._asked.values()]:
            if not answer.done():
                answer.set_exception(failure)
                answer.exception()  # nobody may be waiting any more
