"""A PBX that speaks the vosk-server protocol: one reply for each message, everything kept, and whoever misbehaves loses nothing but the line."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api import live_vosk
from asr.live_scripted import ScriptedLive
from hotline import clock
from hotline.db import Session
from hotline.settings import Settings
from switchboard import Switchboard, close_finished
from tests.coroutines import to_its_end
from tests.web.live_lines import LINES, ROOM, SPEECH, said
from tests.web.live_lines import settings as settings
from tickets import live
from tickets.call import Call, CallState
from tickets.live_call import LiveCall, LiveLine

Talk = Callable[[str, Switchboard], Awaitable[Any]]


def during(settings: Settings, talk: Talk, speech: ScriptedLive | None = None) -> Any:
    """Runs `talk` with the address of a server, and closes the server."""

    async def run() -> Any:
        board = Switchboard(settings, speech or ScriptedLive(LINES))
        server = await live_vosk.listen(board, "127.0.0.1", 0)
        try:
            return await asyncio.wait_for(talk(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", board), 30)
        finally:
            server.close()
            await server.wait_closed()
            await board.close()

    return to_its_end(run())


async def ask(client: ClientConnection, message: str | bytes) -> dict[str, Any]:
    await client.send(message)
    answer: dict[str, Any] = json.loads(await client.recv())
    return answer


def test_each_message_gets_one_reply_and_an_utterance_its_text_and_words(settings: Settings) -> None:
    async def talk(url: str, board: Switchboard) -> list[dict[str, Any]]:
        async with connect(url) as client:
            answers = [await ask(client, SPEECH) for _ in range(7)]
            answers.append(await ask(client, ROOM))
            answers.append(await ask(client, SPEECH))
            answers.append(await ask(client, '{"eof" : 1}'))
            with pytest.raises(ConnectionClosed):
                await client.recv()
        return answers

    answers = during(settings, talk)
    assert answers[:2] == [{"partial": "小"}, {"partial": "小 区"}]
    assert answers[7]["text"] == "小 区 停 水 很 久 了"
    assert answers[7]["result"][1] == {"conf": 0.9, "start": 0.2, "end": 0.4, "word": "区"}
    assert answers[8] == {"partial": "物"}
    assert answers[9]["text"] == "物", "eof gives what was still being said"
    assert said() == ["小区停水很久了", "物"]


def test_the_reply_is_written_as_vosk_writes_it(settings: Settings) -> None:
    async def talk(url: str, board: Switchboard) -> list[str]:
        async with connect(url) as client:
            texts = []
            for message in (ROOM, SPEECH):
                await client.send(message)
                texts.append(str(await client.recv()))
            return texts

    # Plug-ins take a reply with two quotation marks in a row for an empty one.
    empty, partial = during(settings, talk)
    assert partial == '{\n  "partial" : "小"\n}'
    assert '""' in empty and '""' not in partial and "\\u" not in partial


def test_config_gets_no_reply_and_sets_rate_and_words(settings: Settings) -> None:
    async def talk(url: str, board: Switchboard) -> dict[str, Any]:
        async with connect(url) as client:
            await client.send('{"config": {"sample_rate": 16000, "words": 0, "model": "/etc/passwd", "max_alternatives": 3, "phrase_list": ["停水", "[unk]"]}}')
            assert await ask(client, SPEECH * 2) == {"partial": "小"}
            return await ask(client, '{"reset": 1}')

    assert during(settings, talk) == {"text": "小"}
    with Session() as s:
        assert s.query(LiveLine).one().rate == 16000


def test_a_line_goes_on_after_a_reset(settings: Settings) -> None:
    async def talk(url: str, board: Switchboard) -> list[str]:
        async with connect(url) as client:
            first = [await ask(client, SPEECH), await ask(client, '{"reset" : 1}'), await ask(client, SPEECH), await ask(client, '{"eof":1}')]
            return [answer.get("text", answer.get("partial", "")) for answer in first]

    assert during(settings, talk) == ["小", "小", "物", "物"]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("小区停水", 1003),
        ("[1]", 1003),
        ('{"hello": 1}', 1003),
        ('{"config": 7}', 1008),
        ('{"config": {"sample_rate": 0}}', 1008),
        ('{"config": {"sample_rate": -1}}', 1008),
        ('{"config": {"sample_rate": 1e9}}', 1008),
        ('{"config": {"sample_rate": NaN}}', 1008),
        ('{"config": {"sample_rate": "x"}}', 1008),
        ('{"config": {"phrase_list": "not json"}}', 1008),
        ('{"config": {"phrase_list": [1, 2]}}', 1008),
        ('{"config": {"phrase_list": ["\\u0000"]}}', 1008),
        (b"\x01" * ((1 << 20) + 2), 1009),
    ],
)
def test_nonsense_ends_the_line_and_keeps_what_was_said(settings: Settings, message: str | bytes, code: int) -> None:
    async def talk(url: str, board: Switchboard) -> int:
        async with connect(url) as client:
            await ask(client, SPEECH * 3)
            with pytest.raises(ConnectionClosed) as end:
                await ask(client, message)
            assert end.value.rcvd is not None
            return end.value.rcvd.code

    assert during(settings, talk) == code
    assert said() == ["小区停"]


def test_odd_bytes_and_empty_messages_are_answered_like_any_other(settings: Settings) -> None:
    async def talk(url: str, board: Switchboard) -> list[dict[str, Any]]:
        async with connect(url) as client:
            return [await ask(client, b""), await ask(client, b"x"), await ask(client, SPEECH + b"x")]

    assert len(during(settings, talk)) == 3


def test_whoever_vanishes_leaves_his_transcript(settings: Settings) -> None:
    async def talk(url: str, board: Switchboard) -> None:
        client = await connect(url)
        await ask(client, SPEECH * 4)
        client.transport.abort()  # no eof, no goodbye
        while board.lines:
            await asyncio.sleep(0.01)

    during(settings, talk)
    assert said() == ["小区停水"]


def test_whoever_floods_and_reads_nothing_is_waited_for_and_then_let_go(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_vosk, "SLOW", 0.3)

    class Chatty(ScriptedLive):
        """Its partial results are long, so that the pipe to the client fills up."""

        async def open(self, rate: int, **more: Any) -> Any:
            voice = await super().open(rate, **more)
            hear = voice.hear

            async def long(sound: bytes) -> Any:
                heard = await hear(sound)
                return type(heard)(heard.utterances, "长" * 200_000)

            voice.hear = long  # type: ignore[method-assign]
            return voice

    async def talk(url: str, board: Switchboard) -> None:
        client = await connect(url, max_queue=1)
        with pytest.raises((ConnectionClosed, OSError)):
            while True:
                await client.send(SPEECH)
        while board.lines:
            await asyncio.sleep(0.01)

    during(settings, talk, Chatty())
    assert said() and said()[0].startswith("小区停水")


def test_overload_is_refused_at_the_door_with_a_reason(settings: Settings) -> None:
    async def talk(url: str, board: Switchboard) -> tuple[int, str]:
        async with connect(url) as one, connect(url) as two:
            await ask(one, SPEECH)
            await ask(two, SPEECH)
            with pytest.raises(InvalidStatus) as no:
                await connect(url)
            answer = await ask(one, SPEECH)  # those who are in are not disturbed
            assert answer == {"partial": "小 区"}
        while board.lines:
            await asyncio.sleep(0.01)
        async with connect(url) as three:
            await ask(three, SPEECH)
        return no.value.response.status_code, (no.value.response.body or b"").decode()

    status, why = during(settings, talk)
    assert status == 503 and "上限" in why


def test_nobody_is_let_in_while_voices_have_to_wait(settings: Settings) -> None:
    speech = ScriptedLive(LINES)

    async def talk(url: str, board: Switchboard) -> str:
        speech.late = True
        with pytest.raises(InvalidStatus) as no:
            await connect(url)
        return (no.value.response.body or b"").decode()

    assert "跟不上" in during(settings, talk, speech)


def test_a_call_id_ties_two_voices_together_and_they_become_one_call(settings: Settings) -> None:
    async def talk(url: str, board: Switchboard) -> None:
        async with connect(f"{url}/?call=pbx-7&speaker=operator") as operator, connect(f"{url}/?call=pbx-7&speaker=citizen&phone=13800001234") as citizen:
            await ask(operator, SPEECH * 3)
            await ask(citizen, SPEECH * 7)
            await ask(operator, '{"eof" : 1}')
            await ask(citizen, '{"eof" : 1}')

    during(settings, talk)
    assert close_finished(settings, at=clock.now() + live.LINGERS * 2) == 1
    with Session() as s:
        call = s.query(Call).one()
        assert call.state is CallState.TRANSCRIBED and call.duration == pytest.approx(1.4, abs=0.5)
        assert call.transcript is not None
        assert [(line["speaker"], line["text"]) for line in call.transcript["utterances"]] in (
            [("operator", "小区停"), ("citizen", "小区停水很久了")],
            [("citizen", "小区停水很久了"), ("operator", "小区停")],
        )
        sound = (settings.recordings / call.sha256).read_bytes()
        assert sound[:4] == b"RIFF" and sound[22] == 2 and len(sound) == call.size
        assert s.scalar(text("SELECT count(*) FROM live_utterance WHERE heard IS NOT NULL")) == 0
    assert not list(settings.live.glob("*.pcm"))


def test_the_same_voice_cannot_come_twice(settings: Settings) -> None:
    async def talk(url: str, board: Switchboard) -> int:
        async with connect(f"{url}/?call=pbx-8") as one, connect(f"{url}/?call=pbx-8") as other:
            await ask(one, SPEECH)
            with pytest.raises(ConnectionClosed) as end:
                await ask(other, SPEECH)
            assert end.value.rcvd is not None and "已经接入" in end.value.rcvd.reason
            return end.value.rcvd.code

    assert during(settings, talk) == 1008


def test_a_call_that_nobody_could_hear_is_transcribed_from_its_recording(settings: Settings) -> None:
    speech = ScriptedLive(LINES)

    async def talk(url: str, board: Switchboard) -> None:
        async with connect(url) as client:
            await ask(client, SPEECH)
            speech.voices[0].broken = True
            assert await ask(client, SPEECH) == {"partial": ""}

    during(settings, talk, speech)
    close_finished(settings, at=clock.now() + live.LINGERS * 2)
    with Session() as s:
        assert s.query(Call).one().state is CallState.WAITING


def test_a_connection_without_sound_leaves_nothing(settings: Settings) -> None:
    async def talk(url: str, board: Switchboard) -> dict[str, Any]:
        async with connect(url) as client:
            return await ask(client, '{"eof" : 1}')

    assert during(settings, talk) == {"text": ""}
    with Session() as s:
        assert s.query(LiveCall).count() == 0
