"""A line (一路) of the switchboard: one voice, its sound kept before it is heard, and what it says committed as it is said."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO

import structlog
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session as Session_

from asr.errors import SpeechError
from asr.live_protocol import Heard, LiveVoice
from asr.names import Names
from asr.protocol import Utterance
from hotline import clock
from hotline.db import Session
from tickets import live, vocabulary
from tickets.live_call import LiveLine

log = structlog.get_logger("hotline.lines")

AWAY = (OperationalError, InterfaceError, PoolTimeoutError)
OFTEN = 0.25  # seconds between two commits of what is being said; what has been said is committed at once
BEAT = 5.0  # seconds between two signs of life of a line that says nothing
AGAIN = 0.5  # seconds before a database that is away is asked again
PATIENCE = 1.0  # seconds that an answer waits for its utterance to be committed
AHEAD = 10.0  # seconds of sound that a line takes in before it has been heard; then the sender waits
AT_ONCE = 0.2  # seconds of sound heard at once where the sender cuts it finer
DEAF = 3.0  # seconds until a voice that no process could hear is tried again
FRESH = timedelta(minutes=10)  # for which the city's names are taken as they were
FAREWELL = 2.5  # seconds for all lines together when the process is asked to end


@dataclass
class Board:
    """What lines share. folder: of their sound. threads: for what blocks. open: the lines; keepers: some outlive their line."""

    folder: Path
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(16, thread_name_prefix="switchboard"))
    open: set["Line"] = field(default_factory=set)
    keepers: set[asyncio.Task[None]] = field(default_factory=set)
    _names: tuple[datetime, Names] | None = None

    def names(self, s: Session_, at: datetime) -> Names:
        """The city's, which are read anew now and then; a big city's take half a second."""
        if self._names is None or at - self._names[0] > FRESH:
            self._names = (at, vocabulary.names(s))
        return self._names[1]


class Line:
    """One voice of a call. Either `hear`, which answers each piece of sound, or `put`, which takes it in as it comes; then `hang_up`.

    over: set once an operator has ended the call.
    """

    def __init__(self, board: Board, row: LiveLine, voice: LiveVoice) -> None:
        self.over = asyncio.Event()
        self.row = row
        self._board, self._voice = board, voice
        self._file: IO[bytes] | None = (board.folder / row.sound).open("ab", buffering=0)
        self._partial = ""
        self._count = 0
        self._unkept: dict[int, Utterance] = {}
        self._missed = False
        self._deaf_until = 0.0
        self._ended = False
        self._news, self._urgent, self._kept = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._more, self._room = asyncio.Event(), asyncio.Event()
        self._listener: asyncio.Task[None] | None = None
        self._keeper = asyncio.create_task(self._keep())
        board.open.add(self)
        board.keepers.add(self._keeper)
        self._keeper.add_done_callback(board.keepers.discard)

    async def hear(self, sound: bytes) -> Heard:
        """What this sound brought; utterances in it are committed, unless the database is away: then as soon as it is back."""
        self._store(sound)
        return await self._heard(lambda: self._voice.hear(sound))

    async def put(self, sound: bytes) -> None:
        """Takes sound in; waits while too much of it has not been heard yet."""
        self._store(sound)
        self._listener = self._listener or asyncio.create_task(self._listen())
        self._queue.append(sound)
        self._queued += len(sound)
        self._more.set()
        while self._queued > AHEAD * self.row.rate * 2 and not self._listener.done():
            self._room.clear()
            await self._room.wait()

    async def finish(self) -> Heard:
        """Ends the utterance; the line stays open."""
        return await self._heard(self._voice.finish)

    async def hang_up(self) -> Heard:
        """The voice has gone: whatever was still being said is the last utterance. May be called twice."""
        if self._ended:
            return Heard()
        self._ended = True
        try:
            return await asyncio.shield(asyncio.ensure_future(self._hung_up()))
        finally:
            self._board.open.discard(self)

    async def _hung_up(self) -> Heard:
        if self._listener:
            self._more.set()
            await asyncio.gather(self._listener, return_exceptions=True)
        heard = await self.finish()
        await self._voice.close()
        self._news.set()
        self._urgent.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._keeper), FAREWELL)
        if self._file:
            self._file.close()
        log.info("line closed", call=self.row.live_call_id, line=self.row.id, utterances=self._count)
        return heard

    async def _heard(self, listen: Callable[[], Awaitable[Heard]]) -> Heard:
        now = asyncio.get_running_loop().time()
        if now < self._deaf_until:
            return Heard()
        try:
            heard = await listen()
        except (SpeechError, OSError, ValueError) as failure:
            log.error("a voice cannot be heard", line=self.row.id, code=getattr(failure, "code", type(failure).__name__), detail=getattr(failure, "detail", ""))
            self._missed, self._deaf_until = True, now + DEAF
            heard = Heard()
        self._missed = self._missed or self._voice.missed
        for utterance in heard.utterances:
            self._count += 1
            self._unkept[self._count] = utterance
        if heard.utterances:
            self._kept.clear()
        if heard.utterances or heard.partial != self._partial:
            self._partial = heard.partial
            self._news.set()
        if heard.utterances:
            self._urgent.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._kept.wait(), PATIENCE)
        return heard

    async def _listen(self) -> None:
        """Hears what `put` has taken in, until the line has ended and all of it is heard."""
        least = int(AT_ONCE * self.row.rate) * 2
        try:
            while True:
                while self._queued < least and not self._ended:
                    self._more.clear()
                    await self._more.wait()
                if not self._queue:
                    return
                sound = bytearray()
                while self._queue and len(sound) < least:
                    sound += self._queue.popleft()
                await self._heard(partial(self._voice.hear, bytes(sound)))
                self._queued -= len(sound)
                self._room.set()
        finally:
            self._room.set()

    def _store(self, sound: bytes) -> None:
        """The sound itself, on disk before anybody listens to it. Where the disk is full, the text is still kept."""
        if self._file is not None:
            try:
                self._file.write(sound[: len(sound) // 2 * 2])
            except OSError as error:
                log.error("live recording cannot be written", line=self.row.id, problem=error.strerror)
                self._file.close()
                self._file = None

    async def _keep(self) -> None:
        """Commits what is said, again and again, until the line has ended and all of it is kept."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), BEAT)
            self._news.clear()
            last = self._ended
            said, partial = dict(self._unkept), "" if last else self._partial
            try:
                going_on = await asyncio.get_running_loop().run_in_executor(self._board.threads, self._commit, said, partial, last, clock.now())
            except AWAY as problem:
                log.warning("database away, utterances wait", line=self.row.id, waiting=len(said), problem=type(problem).__name__)
                await asyncio.sleep(AGAIN)
                self._news.set()
                continue
            except SQLAlchemyError as problem:
                log.exception("utterances cannot be kept", line=self.row.id, count=len(said), problem=type(problem).__name__)
                self._missed = True
                going_on = True
            for number in said:
                self._unkept.pop(number, None)
            if not self._unkept:
                self._kept.set()
            if not going_on:
                self.over.set()
            if last and not self._unkept:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._urgent.wait(), OFTEN)
            self._urgent.clear()

    def _commit(self, said: dict[int, Utterance], partial: str, last: bool, at: datetime) -> bool:
        with Session.begin() as s:
            if not said and not last:  # what is being said now is soon said anew: its commit need not wait for the disk
                s.execute(text("SET LOCAL synchronous_commit = off"))
            names = self._board.names(s, at) if said else live.NO_NAMES
            going_on = live.say(s, self.row, said, partial.replace(" ", ""), at=at, missed=self._missed, names=names)
            if last:
                live.leave(s, self.row.id, at=at)
            return going_on


class Unheard:
    """A voice that nobody can hear (there is no model yet, say): it is recorded, and transcribed afterwards."""

    missed = True

    async def hear(self, sound: bytes) -> Heard:
        """See LiveVoice."""
        return Heard()

    async def finish(self) -> Heard:
        """See LiveVoice."""
        return Heard()

    async def close(self) -> None:
        """See LiveVoice."""
