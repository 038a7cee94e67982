"""The switchboard (总机): takes live voices in, has them listened to, and keeps their sound and what they say as they say it.

A door of its own (`listen`, for a PBX), and part of the web's (for the microphone). What a line has kept outlives it, whatever becomes of it.
"""

import asyncio
import contextlib
import os
import platform
import uuid
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import IO

import structlog
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from asr import live_recording
from asr import model as speech_model
from asr.errors import SpeechError, SpeechFailed
from asr.live import Heard, Live, LiveSpeech, LiveVoice
from asr.live_seats import Seat, Seats
from asr.protocol import Utterance
from hotline import clock, recordings
from hotline.db import Session
from hotline.errors import Refusal, Refused
from hotline.people import Person
from hotline.settings import Settings
from tickets import live
from tickets.live_call import LiveLine, Speaker

log = structlog.get_logger("hotline.switchboard")

AWAY = (OperationalError, InterfaceError, PoolTimeoutError)
OFTEN = 0.25  # seconds between two commits of what is being said; what has been said is committed at once
BEAT = 5.0  # seconds between two signs of life of a line that says nothing
AGAIN = 0.5  # seconds before a database that is away is asked again
PATIENCE = 1.0  # seconds that an answer waits for its utterance to be committed
AHEAD = 10.0  # seconds of sound that a line takes in before it has been heard; then the sender waits
AT_ONCE = 0.2  # seconds of sound heard at once where the sender cuts it finer
DEAF = 3.0  # seconds until a voice that no process could hear is tried again
FAREWELL = 2.5  # seconds for all lines together when the process is asked to end
FULL = "正在转写的通话已到本机上限（{}路），请稍后再接入；上限由 HOTLINE_LIVE_VOICES 设定。"
LATE = "语音识别此刻跟不上，暂不接入新的通话，请稍后再试。"


class Switchboard:
    """Used by one event loop. speech: who listens; Vosk unless told."""

    def __init__(self, settings: Settings, speech: LiveSpeech | None = None) -> None:
        self.settings = settings
        settings.live.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.speech = speech or Live(speech_model.place(settings.models, settings.model), processes=min(os.cpu_count() or 1, 8))
        self.lines: set[Line] = set()
        self.keepers: set[asyncio.Task[None]] = set()  # some outlive their line: a database that is away is waited for
        # Of this machine alone, also where several share the folder.
        self._seats = Seats(settings.live / f"seats-{platform.node()}", settings.live_voices)
        self._threads = ThreadPoolExecutor(16, thread_name_prefix="switchboard")

    @property
    def refusal(self) -> str:
        """Why nobody can be taken in just now; empty while there is room."""
        if self.speech.late:
            return LATE
        return FULL.format(self.settings.live_voices) if self._seats.full else ""

    def seat(self) -> Seat:
        """A place for one voice. Raises Refused where there is none."""
        seat = None if self.speech.late else self._seats.take()
        if seat is None:
            raise Refused(LATE if self.speech.late else FULL.format(self.settings.live_voices))
        return seat

    async def connect(
        self, *, key: str = "", source: str, speaker: Speaker | None, rate: int, phrases: Sequence[str] = (), by: Person | None = None, phone: str = "",
        unheard: bool = False,
    ) -> "Line":  # fmt: skip
        """A voice of the call `key`, of a new one where it is empty. unheard: take it in even if nobody can hear it now; its recording waits.

        Raises Refused, Conflict, ValueError for a rate or phrases that cannot be.
        """
        voice: LiveVoice
        try:
            voice = await self.speech.open(rate, phrases=phrases)
        except SpeechError as failure:
            if not unheard:
                raise
            log.error("a voice is only recorded", code=failure.code, detail=failure.detail)
            voice = Unheard()
        name, at = f"{uuid.uuid4().hex}.pcm", clock.now()

        def join() -> LiveLine:
            with Session.begin() as s:
                call = live.open_call(s, key=key or uuid.uuid4().hex, source=source, at=at, by=by, phone=phone)
                return live.join(s, call, speaker=speaker, rate=rate, sound=name, at=at)

        try:
            row = await self.thread(join)
        except BaseException:
            await voice.close()
            raise
        line = Line(self, row, voice)
        self.lines.add(line)
        log.info("line opened", call=row.live_call_id, line=row.id, source=source, rate=rate)
        return line

    async def thread(self, work: object, *arguments: object) -> object:
        """Work that blocks: the database and the disk."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)  # type: ignore[arg-type]

    async def close(self) -> None:
        """Hangs up every line; what they said is kept."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(line.hang_up() for line in list(self.lines)), return_exceptions=True), FAREWELL)
        await self.speech.close()
        self._threads.shutdown(wait=False, cancel_futures=True)


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


class Line:
    """One voice of a call. Either `hear`, which answers each piece of sound, or `put`, which takes it in as it comes; then `hang_up`.

    over: set once an operator has ended the call.
    """

    def __init__(self, board: Switchboard, row: LiveLine, voice: LiveVoice) -> None:
        self.over = asyncio.Event()
        self.row = row
        self._board, self._voice = board, voice
        self._file: IO[bytes] | None = (board.settings.live / row.sound).open("ab", buffering=0)
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
            self._board.lines.discard(self)

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

    async def _heard(self, listen: object) -> Heard:
        now = asyncio.get_running_loop().time()
        if now < self._deaf_until:
            return Heard()
        try:
            heard: Heard = await listen()  # type: ignore[operator]
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
                await self._heard(lambda sound=bytes(sound): self._voice.hear(sound))
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
                going_on = await self._board.thread(self._commit, said, partial, last, clock.now())
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
            going_on = live.say(s, self.row, said, partial.replace(" ", ""), at=at, missed=self._missed)
            if last:
                live.leave(s, self.row.id, at=at)
            return going_on


def close_finished(settings: Settings, *, at: datetime) -> int:
    """Every live call that is over becomes a Call, its recording beside it. Returns how many. What cannot be kept now is tried again."""
    with Session.begin() as s:
        numbers = live.finish(s, at=at)
    return sum(_close(settings, number, at) for number in numbers)


def _close(settings: Settings, number: int, at: datetime) -> int:
    with Session() as s:
        call, lines, voices = live.find(s, number), live.lines(s, number), live.speakers(s, number)
    files = [settings.live / line.sound for line in lines]
    if not any(file.exists() for file in files) and call.finished_at and at - call.finished_at < 20 * live.GONE:
        return 0  # it was spoken on another machine, which has its sound
    kept = [
        live_recording.Kept(file, line.rate, max(0.0, (line.begun_at - call.begun_at).total_seconds()), voices.index(line.speaker))
        for line, file in zip(lines, files, strict=True)
    ]
    seconds = live_recording.duration(kept)
    try:
        if seconds:
            sha256, size = recordings.keep(live_recording.wav(kept, seconds), settings.recordings)
        with Session.begin() as s:
            if seconds:
                live.becomes_call(s, number, sha256=sha256, size=size, duration=round(seconds, 3), at=at)
            else:
                live.forget(s, number)
    except Refusal as problem:
        log.error("live call cannot be kept yet", call=number, problem=str(problem.__cause__ or type(problem).__name__))
        return 0
    for file in files:
        file.unlink(missing_ok=True)
    log.info("live call is over", call=number, seconds=round(seconds, 1))
    return 1


__all__ = ["Line", "SpeechFailed", "Switchboard", "close_finished"]
