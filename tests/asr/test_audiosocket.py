"""Asterisk's AudioSocket: frames in any pieces, a call by its uuid, and rubbish that harms nobody."""

import asyncio
import struct
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from api import live_audiosocket
from asr.audiosocket import BYE, Frame, Unpacker
from asr.live import Live
from asr.live_scripted import ScriptedLive
from hotline import clock
from hotline.db import Session
from hotline.settings import Settings
from switchboard import Switchboard, close_finished
from tests.coroutines import to_its_end
from tests.web.live_lines import LINES, SPEECH, said
from tests.web.live_lines import settings as settings
from tickets import live
from tickets.call import Call, CallState
from tickets.live_call import LiveCall, LiveLine

CALL = uuid.UUID("40325ec2-5efd-4bd3-805f-53576e581d13")


def frame(kind: int, content: bytes = b"") -> bytes:
    return struct.pack(">BH", kind, len(content)) + content


HELLO = frame(0x01, CALL.bytes)
SOUND = b"".join(frame(0x10, SPEECH[at : at + 320]) for at in range(0, len(SPEECH), 320))  # 20 ms each, as Asterisk sends them


@pytest.mark.parametrize("piece", [1, 2, 7, 1000])
def test_frames_survive_any_cutting_up(piece: int) -> None:
    flow, unpacker = HELLO + SOUND + frame(0x03, b"5") + frame(0x00), Unpacker()
    frames = [each for at in range(0, len(flow), piece) for each in unpacker.frames(flow[at : at + piece])]
    assert frames[0].call == str(CALL) and frames[-2:] == [Frame(0x03, b"5"), Frame(0x00, b"")]
    assert b"".join(each.content for each in frames if each.kind == 0x10) == SPEECH


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Any]]


def during(settings: Settings, *talks: Talk, speech: Any = None) -> list[Any]:
    """Each talk on a connection of its own, one after the other beginning; waits until every line is closed."""

    async def run() -> list[Any]:
        board = Switchboard(settings, speech or ScriptedLive(LINES))
        server = await live_audiosocket.listen(board, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        results = []
        writers = []
        for talk in talks:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writers.append(writer)
            results.append(await asyncio.wait_for(talk(reader, writer), 20))
        for writer in writers:
            writer.close()
        while board.lines:
            await asyncio.sleep(0.01)
        server.close()
        await board.close()
        return results

    return to_its_end(run())


async def arrived(count: int) -> None:
    """Waits until so many lines have come."""
    while True:
        with Session() as s:
            if s.query(LiveLine).count() >= count:
                return
        await asyncio.sleep(0.01)


async def until_bye(reader: asyncio.StreamReader) -> bytes:
    """All that we were sent."""
    return await reader.read()


def test_a_call_is_heard_and_kept_under_its_uuid(settings: Settings) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(HELLO + SOUND * 4 + frame(0x03, b"1") + SOUND * 3 + frame(0x00))
        return await until_bye(reader)

    assert during(settings, talk) == [BYE]
    assert said() == ["小区停水很久了"]
    with Session() as s:
        assert s.query(LiveCall).one().key == str(CALL)
    assert close_finished(settings, at=clock.now() + live.LINGERS * 2) == 1
    with Session() as s:
        assert s.query(Call).one().duration == pytest.approx(1.4, abs=0.01)


def test_who_vanishes_leaves_what_he_said(settings: Settings) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HELLO + SOUND * 3 + SOUND[:100])
        await writer.drain()
        await arrived(1)
        writer.transport.abort()

    during(settings, talk)
    assert len(said()) <= 1 and "小区停".startswith("".join(said())[:3])


def test_the_second_voice_of_a_call_is_the_operators_and_a_third_is_turned_away(settings: Settings) -> None:
    async def stay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with Session() as s:
            known = s.query(LiveLine).count()
        writer.write(HELLO + SOUND)
        await arrived(known + 1)

    async def third(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(HELLO + SOUND)
        return await until_bye(reader)

    assert during(settings, stay, stay, third)[2] == BYE
    with Session() as s:
        assert [line.speaker for line in s.query(LiveLine).order_by(LiveLine.id)] == ["citizen", "operator"]
        assert s.query(LiveCall).count() == 1


@pytest.mark.parametrize(
    "rubbish",
    [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", frame(0x10, SPEECH), frame(0x01, b"short"), bytes(64), b"\xff" * 70000],
    ids=["http", "sound first", "no uuid", "zeros", "ones"],
)
def test_rubbish_is_answered_with_a_hang_up_and_leaves_nothing(settings: Settings, rubbish: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(rubbish)
        writer.write_eof()
        try:
            return await until_bye(reader)
        except ConnectionError:
            return BYE

    assert during(settings, talk) == [BYE]
    assert said() == []


def test_a_kind_of_sound_that_versions_disagree_about_ends_the_line_and_keeps_what_was_said(settings: Settings) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(HELLO + SOUND * 3 + frame(0x12, SPEECH))
        return await until_bye(reader)

    assert during(settings, talk) == [BYE]
    assert said() == ["小区停"]


def test_a_call_that_nobody_can_hear_yet_is_recorded_and_waits_to_be_transcribed(settings: Settings) -> None:
    """To hang up would cut off the citizen."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(HELLO + SOUND * 5 + frame(0x00))
        return await until_bye(reader)

    during(settings, talk, speech=Live(settings.models / "nowhere"))
    assert close_finished(settings, at=clock.now() + live.LINGERS * 2) == 1
    with Session() as s:
        call = s.query(Call).one()
        assert call.state is CallState.WAITING and call.size == 44 + 5 * len(SPEECH)
