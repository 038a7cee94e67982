"""The switchboard (总机): takes live voices in, has them listened to, and keeps their sound and what they say as they say it.

A door of its own (`listen`, for a PBX), and part of the web's (for the microphone). What a line has kept outlives it, whatever becomes of it.
"""

import asyncio
import contextlib
import os
import platform
import uuid
from collections.abc import Sequence
from datetime import datetime

import structlog

from asr import live_recording
from asr import model as speech_model
from asr.errors import SpeechError
from asr.live import Live
from asr.live_protocol import LiveSpeech, LiveVoice
from asr.live_seats import Seat, Seats
from hotline import clock, recordings
from hotline.db import Session
from hotline.errors import Refusal, Refused
from hotline.people import Person
from hotline.settings import Settings
from lines import FAREWELL, Board, Line, Unheard
from tickets import live
from tickets.live_call import LiveLine, Speaker

log = structlog.get_logger("hotline.switchboard")

FULL = "正在转写的通话已到本机上限（{}路），请稍后再接入；上限由 HOTLINE_LIVE_VOICES 设定。"
LATE = "语音识别此刻跟不上，暂不接入新的通话，请稍后再试。"


class Switchboard:
    """Used by one event loop. speech: who listens; Vosk unless told."""

    def __init__(self, settings: Settings, speech: LiveSpeech | None = None) -> None:
        self.settings = settings
        settings.live.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.speech = speech or Live(speech_model.place(settings.models, settings.model), processes=min(os.cpu_count() or 1, 8))
        self._board = Board(settings.live)
        # Of this machine alone, also where several share the folder.
        self._seats = Seats(settings.live / f"seats-{platform.node()}", settings.live_voices)

    @property
    def lines(self) -> set[Line]:
        """Those that are open."""
        return self._board.open

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
    ) -> Line:  # fmt: skip
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
            row = await asyncio.get_running_loop().run_in_executor(self._board.threads, join)
        except BaseException:
            await voice.close()
            raise
        log.info("line opened", call=row.live_call_id, line=row.id, source=source, rate=rate)
        return Line(self._board, row, voice)

    async def close(self) -> None:
        """Hangs up every line; what they said is kept."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(line.hang_up() for line in list(self.lines)), return_exceptions=True), FAREWELL)
        await self.speech.close()
        self._board.threads.shutdown(wait=False, cancel_futures=True)


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

