"""The PBX's door: live voices by the vosk-server protocol and by AudioSocket; and every live call that is over becomes a Call."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api import live_audiosocket, live_vosk
from asr.errors import SpeechError
from asr.live import Live
from asr.live_protocol import LiveSpeech
from hotline import clock
from hotline.settings import Settings
from switchboard import Switchboard, close_finished

log = structlog.get_logger("hotline.pbx")

SWEEP = 1.0  # seconds between two looks for calls that are over
AGAIN = 10.0  # seconds until a port that was taken is tried again


def run(settings: Settings, stop: threading.Event, *, speech: LiveSpeech | None = None) -> None:
    """Serves until `stop`."""
    asyncio.run(_run(settings, stop, speech))


async def _run(settings: Settings, stop: threading.Event, speech: LiveSpeech | None) -> None:
    board = Switchboard(settings, speech)
    tasks = [asyncio.create_task(_sweep(settings)), asyncio.create_task(_warm(board.speech))]
    tasks += [
        asyncio.create_task(_listen(name, listen, board, settings.live_host, port))
        for name, listen, port in (
            ("vosk", live_vosk.listen, settings.vosk_port),
            ("audiosocket", live_audiosocket.listen, settings.audiosocket_port),
        )
        if port
    ]
    await asyncio.to_thread(stop.wait)
    for task in tasks:
        task.cancel()
    await board.close()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _listen(name: str, listen: Callable[[Any, str, int], Awaitable[Any]], board: Switchboard, host: str, port: int) -> None:
    """A port that somebody else holds is waited for: the other protocols and the rest of the system do without it meanwhile."""
    told = False
    while True:
        try:
            server = await listen(board, host, port)
        except OSError as error:
            if not told:
                log.error("port is not to be had, trying again", protocol=name, host=host, port=port, problem=error.strerror)
            told = True
            await asyncio.sleep(AGAIN)
            continue
        log.info("listening", protocol=name, host=host, port=port)
        try:
            await server.wait_closed()
        finally:
            server.close()


async def _warm(speech: LiveSpeech) -> None:
    """So that the first caller does not wait for the model."""
    if isinstance(speech, Live):
        with contextlib.suppress(SpeechError):
            await speech.ready()


async def _sweep(settings: Settings) -> None:
    while True:
        try:
            await asyncio.to_thread(lambda: close_finished(settings, at=clock.now()))
        except SQLAlchemyError as problem:
            log.warning("database away, waiting", problem=type(problem).__name__)
        except Exception:
            log.exception("live calls cannot be closed, trying again")
        await asyncio.sleep(SWEEP)
