"""One live voice from its parent's side: what was said since its last utterance is held, so that another process can hear it again."""

import itertools
import logging
import time
from collections.abc import Awaitable, Callable

from asr.errors import SpeechFailed
from asr.live_process import Process
from asr.live_protocol import Heard

logger = logging.getLogger(__name__)

LONGEST = 1.0  # seconds of sound that are given to a process at once
HELD, REST = 40.0, 0.3  # seconds kept for another process: of an utterance, of the silence after one
UNSPOKEN = 3.0  # seconds kept while nothing is being said
ON_TIME = 1.0  # seconds by which sound may come ahead of its time and still count as live
MOST_DEATHS = 2  # processes that one utterance may cost before it is given up


class Voice:
    """See LiveVoice. seconds: of sound heard so far. find: gives a process with room; lags: is told how late this voice is heard."""

    _numbers = itertools.count(1)

    def __init__(self, find: Callable[[], Awaitable[Process]], lags: Callable[[float], None], rate: int, phrases: list[str]) -> None:
        self.seconds = 0.0
        self.missed = False
        self._find, self._lags, self._rate, self._phrases = find, lags, rate, phrases
        self._number = next(self._numbers)
        self._process: Process | None = None
        self._held = bytearray()
        self._deaths = 0
        self._due = 0.0
        self._lag = 0.0  # seconds by which it has been made to wait longer than it spoke

    async def begin(self) -> None:
        """Takes a place in a process, with all that is held."""
        process = await self._find()
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
            self._lags(self._lag)
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
