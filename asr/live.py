"""Live speech (实时转写): voices as they speak, on speech processes that share their model among several of them.

A process that dies or hangs is killed, and its voices are taken up by another.
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from asr import model as speech_model
from asr.live_process import Limits, Process
from asr.live_voice import Voice
from asr.stream_bounds import checked_phrases, checked_rate

LATE, LATE_FOR = 1.0, 5.0  # seconds by which a live voice is heard too late, and for which nobody else is then let in


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
        voice = Voice(self.process, self.lags, rate, checked_phrases(phrases) if phrases else [])
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
