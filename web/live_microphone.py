"""话筒: the operator's browser sends what its microphone hears, 16-bit samples at 16 kHz unless it says otherwise, over a websocket of its own."""

import asyncio
import contextlib
from typing import Any

import structlog
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath
from sqlalchemy.exc import SQLAlchemyError

from asr.stream_bounds import checked_rate
from hotline import clock
from hotline.capacity import signed_in
from hotline.db import Session
from hotline.errors import Conflict, Forbidden, Refusal
from hotline.people import Person
from hotline.roles import Role
from tickets import live
from tickets.live_call import Speaker
from web.deps import COOKIE

log = structlog.get_logger("hotline.microphone")

RATE = 16000
IDLE = 60.0  # seconds without sound
LARGEST = 1 << 18  # bytes of a message
REFUSED, SIGN_IN, OVER, LATER = 4003, 4001, 1000, 1013
HERE = (Speaker.OPERATOR, Speaker.MONO)


@websocket("/live/{number:int}/microphone", opt={"exclude_from_csrf": True})
async def microphone(socket: WebSocket[Any, Any, Any], number: FromPath[int]) -> None:
    """One voice. The end of the connection says why in its reason, for the person; everything heard until then is kept."""
    await socket.accept()
    board = socket.app.state.switchboard
    seat, line = None, None
    code, why = OVER, ""
    try:
        me, key = await asyncio.to_thread(_allowed, socket, number)
        rate, speaker = _asked(socket)
        seat = board.seat()
        line = await board.connect(key=key, source="microphone", speaker=speaker, rate=rate, by=me)
        await socket.send_text('{"state":"heard"}')
        why = await _listen(socket, line)
    except SignInFirst:
        code, why = SIGN_IN, "登录已失效，请重新登录。"
    except Refusal as refusal:
        code, why = (REFUSED if seat or isinstance(refusal, Forbidden | Conflict) else LATER), refusal.sentence
    except SQLAlchemyError as error:
        log.error("database away, microphone refused", problem=type(error).__name__)
        code, why = LATER, "数据库暂时不可用，请稍后再试。"
    except WebSocketDisconnect:
        return
    finally:
        if line is not None:
            await line.hang_up()
        if seat is not None:
            seat.give_back()
    await _close(socket, code, why)


class SignInFirst(Exception):
    """Nobody is signed in."""


def _allowed(socket: WebSocket[Any, Any, Any], number: int) -> tuple[Person, str]:
    """Who speaks, and the id of the call. Raises SignInFirst, Forbidden, NotFound, Conflict.

    A page of another site can open a websocket here with the person's cookie; the browser tells which page it was.
    """
    origin = socket.headers.get("Origin", "")
    if origin.partition("://")[2] != socket.headers.get("Host", ""):
        raise Forbidden("话筒只能从本系统的页面接入。")
    with Session() as s:
        me = signed_in(s, socket.cookies.get(COOKIE, ""), at=clock.now())
        if me is None:
            raise SignInFirst
        if not me.has(Role.OPERATOR, Role.DISPATCHER):
            raise Forbidden("话筒由话务员或派单员使用。")
        call = live.find(s, number)
        if call.finished_at is not None:
            raise Conflict("这通电话已经结束。")
        return me, call.key


def _asked(socket: WebSocket[Any, Any, Any]) -> tuple[int, Speaker]:
    """The rate and whose voices are heard here. Raises Forbidden for what cannot be."""
    asked = socket.query_params
    try:
        rate = float(asked.get("rate", RATE))
        checked_rate(rate)
        speaker = Speaker(asked.get("speaker", Speaker.OPERATOR))
    except ValueError:
        raise Forbidden("话筒的采样率应在 8000 到 48000 赫兹之间。") from None
    return int(rate), speaker if speaker in HERE else Speaker.OPERATOR


async def _listen(socket: WebSocket[Any, Any, Any], line: Any) -> str:
    """Takes the sound in until the browser stops or the call is over; then says why. Raises WebSocketDisconnect."""
    while not line.over.is_set():
        try:
            message = await asyncio.wait_for(socket.receive(), IDLE)
        except TimeoutError:
            return "话筒已有一分钟没有声音传来，听写已停止。"
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(detail="gone")
        sound = message.get("bytes")
        if sound is None or len(sound) > LARGEST:
            return "话筒传来的不是声音，听写已停止。"
        await line.put(sound)
    return "这通电话已经结束。"


async def _close(socket: WebSocket[Any, Any, Any], code: int, why: str) -> None:
    """A reason holds at most 123 bytes."""
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await socket.close(code=code, reason=why.encode()[:120].decode(errors="ignore"))
