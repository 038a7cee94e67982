"""The vosk-server protocol over websocket (alphacep/vosk-server, websocket/asr_server.py): PBX plug-ins that speak it work unchanged.

One connection is one voice. Each binary message, 16-bit mono samples at 8000 Hz unless configured, gets exactly one reply: {"partial"} or {"text", "result"}.
{"config": …} gets none; {"eof": 1} gets the last {"text"}, then the connection is closed; {"reset": 1} gets one and goes on. A connection that just
closes is kept like one that said eof. What the protocol does not know may stand in the address: ?call=ID&speaker=operator|citizen|mono&phone=NUMBER.
"""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import structlog
from sqlalchemy.exc import SQLAlchemyError
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from asr.errors import SpeechError
from asr.live_protocol import Heard
from asr.stream_bounds import checked_phrases, checked_rate
from hotline.errors import Refusal
from tickets.live_call import Speaker

log = structlog.get_logger("hotline.vosk")

LARGEST = 1 << 20  # bytes of a message
IDLE = 300.0  # seconds without any sound
SLOW = 10.0  # seconds that a client may take to read a reply
RATE = 8000
GOING_AWAY, UNSUPPORTED, POLICY, LATER = 1001, 1003, 1008, 1013


class Nonsense(Exception):
    """A message that the protocol does not know. code: of the websocket's end."""

    def __init__(self, reason: str, code: int = UNSUPPORTED) -> None:
        super().__init__(reason)
        self.code = code


@dataclass
class Wishes:
    """What a client has configured, and its address says."""

    rate: int = RATE
    words: bool = True
    phrases: list[str] = field(default_factory=list)
    call: str = ""
    speaker: Speaker | None = Speaker.CITIZEN
    phone: str = ""

    @classmethod
    def of(cls, path: str) -> "Wishes":
        """From the address. Raises Nonsense."""
        asked = {name: values[-1] for name, values in parse_qs(urlsplit(path).query).items()}
        try:
            speaker = Speaker(asked.get("speaker", Speaker.CITIZEN))
        except ValueError:
            raise Nonsense("speaker is operator, citizen or mono", POLICY) from None
        return cls(call=asked.get("call", ""), speaker=speaker, phone=asked.get("phone", ""))

    def configure(self, config: Any) -> None:
        """{"config": …}; what we do not honour (model, max_alternatives) is passed over. Raises Nonsense."""
        if not isinstance(config, dict):
            raise Nonsense("config is an object", POLICY)
        try:
            if "sample_rate" in config:
                checked_rate(float(config["sample_rate"]))
                self.rate = int(float(config["sample_rate"]))
            if phrases := config.get("phrase_list"):
                self.phrases = checked_phrases(phrases)
            self.words = bool(config.get("words", self.words))
        except (TypeError, ValueError) as error:
            raise Nonsense(f"config: {error}"[:100], POLICY) from None


async def listen(board: Any, host: str, port: int) -> Server:
    """The server, listening. board: the switchboard. Raises OSError where the port is not to be had."""

    def door(connection: ServerConnection, request: Request) -> Response | None:
        """Overload is refused before anything is promised."""
        if refusal := board.refusal:
            answer = connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, refusal + "\n")
            answer.headers["Retry-After"] = "10"
            return answer
        return None

    async def talk(connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            await _talk(board, connection)

    return await serve(
        talk, host, port, process_request=door, compression=None, max_size=LARGEST, max_queue=16, ping_interval=20, ping_timeout=20, close_timeout=2,
        server_header=None,
    )  # fmt: skip


async def _talk(board: Any, connection: ServerConnection) -> None:
    seat, line = None, None
    try:
        seat = board.seat()
        assert connection.request is not None
        wishes = Wishes.of(connection.request.path)
        while True:
            message = await _next(connection, line)
            if isinstance(message, str) and "config" in (asked := _asked(message)):
                wishes.configure(asked["config"])
                continue
            if line is None and isinstance(message, bytes):
                line = await board.connect(
                    key=wishes.call, source="vosk", speaker=wishes.speaker, rate=wishes.rate, phrases=wishes.phrases, phone=wishes.phone
                )  # fmt: skip
            last = isinstance(message, str) and "eof" in asked
            heard = await _hear(line, message, last)
            await asyncio.wait_for(connection.send(reply(heard, wishes.words, final=isinstance(message, str))), SLOW)
            if last:
                return
    except Nonsense as nonsense:
        await _end(connection, nonsense.code, str(nonsense))
    except Refusal as refusal:
        later = seat is None or isinstance(refusal, SpeechError)
        await _end(connection, LATER if later else POLICY, refusal.sentence)
    except ValueError as error:  # phrases that the model cannot do with
        await _end(connection, POLICY, str(error))
    except SQLAlchemyError as error:
        log.error("database away, voice refused", problem=type(error).__name__)
        await _end(connection, LATER, "数据库暂时不可用，请稍后再接入。")
    except TimeoutError:
        await _end(connection, GOING_AWAY, "no sound, or nobody reads the replies")
    finally:
        if line is not None:
            await line.hang_up()
        if seat is not None:
            seat.give_back()


async def _next(connection: ServerConnection, line: Any) -> str | bytes:
    """The next message. Raises ConnectionClosed, TimeoutError, Nonsense once an operator has ended the call."""
    if line is not None and line.over.is_set():
        raise Nonsense("the call is over", GOING_AWAY)
    return await asyncio.wait_for(connection.recv(), IDLE)


async def _hear(line: Any, message: str | bytes, last: bool) -> Heard:
    if line is None:
        return Heard()
    if isinstance(message, bytes):
        return await line.hear(message)
    return await (line.hang_up() if last else line.finish())


def _asked(message: str) -> dict[str, Any]:
    """A text message. The reference compares strings; whoever writes his JSON otherwise is understood as well."""
    try:
        asked = json.loads(message)
    except ValueError:
        raise Nonsense("neither sound nor JSON") from None
    if not isinstance(asked, dict) or not any(word in asked for word in ("config", "eof", "reset")):
        raise Nonsense("config, eof or reset")
    return asked


def reply(heard: Heard, words: bool, *, final: bool) -> str:
    """As Vosk writes it: "text" where an utterance has ended, otherwise "partial"."""
    if not (final or heard.utterances):
        return _json({"partial": heard.partial})
    spoken = [word for utterance in heard.utterances for word in utterance.words]
    result = [{"conf": word.confidence, "end": word.end, "start": word.start, "word": word.text} for word in spoken]
    text = " ".join(word.text for word in spoken)
    return _json({"result": result, "text": text} if words and result else {"text": text})


def _json(answer: dict[str, Any]) -> str:
    return json.dumps(answer, ensure_ascii=False, indent=2, separators=(",", " : "))


async def _end(connection: ServerConnection, code: int, reason: str) -> None:
    """A reason holds at most 123 bytes."""
    await connection.close(code, reason.encode()[:120].decode(errors="ignore"))
