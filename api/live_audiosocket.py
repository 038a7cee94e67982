"""AudioSocket over TCP (Asterisk's dialplan: AudioSocket(uuid,host:port)): the uuid is the call id, the sound is 8 kHz.

The first voice of a call is the citizen's, the second the operator's. Nothing is ever sent but a hang-up where we must refuse.
"""

import asyncio
import contextlib
from functools import partial
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from asr.audiosocket import BYE, DTMF, ERROR, HANGUP, ID, RATE, SLIN, Unpacker
from hotline.errors import Refusal

log = structlog.get_logger("hotline.audiosocket")

PIECE = 1 << 14
SILENT = 30.0  # seconds without any frame
PROMPT = 5.0  # seconds for the first one


async def listen(board: Any, host: str, port: int) -> asyncio.Server:
    """The server, listening. board: the switchboard. Raises OSError where the port is not to be had."""
    return await asyncio.start_server(partial(_answer, board), host, port, limit=PIECE)


async def _answer(board: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    seat, line, why = None, None, ""
    frames = _frames(reader)
    try:
        seat = board.seat()
        first = await anext(frames, None)
        if first is None or first.kind != ID:
            why = "no call id"
            return
        line = await board.connect(key=first.call, source="audiosocket", speaker=None, rate=RATE, unheard=True)
        async for frame in frames:
            if frame.kind in (HANGUP, ERROR) or line.over.is_set():
                return
            if frame.kind == SLIN:
                await line.put(frame.content)
            elif frame.kind != DTMF:
                why = f"kind {frame.kind:#04x} is not understood"
                return
    except Refusal as refusal:
        why = refusal.sentence
    except ValueError:
        why = "the call id is no UUID"
    except SQLAlchemyError as error:
        why = f"database away: {type(error).__name__}"
    except (OSError, TimeoutError) as error:
        why = type(error).__name__
    finally:
        if line is not None:
            await line.hang_up()
        if seat is not None:
            seat.give_back()
        if why:
            log.warning("audiosocket ended", why=why)
        with contextlib.suppress(OSError, TimeoutError):
            writer.write(BYE)
            writer.close()
            await asyncio.wait_for(writer.wait_closed(), 2)


async def _frames(reader: asyncio.StreamReader) -> Any:
    """The frames until the other side has gone. Raises TimeoutError when it falls silent."""
    unpacker, patience = Unpacker(), PROMPT
    while piece := await asyncio.wait_for(reader.read(PIECE), patience):
        for frame in unpacker.frames(piece):
            yield frame
            patience = SILENT


