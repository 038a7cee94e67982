"""One live speech process as its parent sees it: several voices, their questions and its answers, and its end."""

import asyncio
import contextlib
import itertools
import logging
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from asr.errors import ModelDamaged, SpeechFailed
from asr.frames import Message, Unpacker, packed
from asr.live_protocol import Heard
from asr.process import PIECE, command, environment, last_words
from asr.protocol import Utterance

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """Seconds. start: to load the model. silence: a process that has work may say nothing for so long before it is killed."""

    start: float = 60.0
    silence: float = 10.0


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
