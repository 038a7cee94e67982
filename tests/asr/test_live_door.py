"""The PBX's door as `up` runs it: a process of its own, which may be killed at any moment without losing what was said."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from hotline import clock, privacy
from hotline.db import Session, bind
from hotline.settings import Settings
from switchboard import close_finished
from tests.asr.making import mandarin, read_wav
from tickets import hearing, live
from tickets.call import Call, CallState
from tickets.live_call import LiveCall

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not mandarin(), reason="../shared/data/aishell is not here")]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Door:
    """A running door. vosk, audiosocket: its ports."""

    process: subprocess.Popen[bytes]
    settings: Settings
    vosk: int
    audiosocket: int


@pytest.fixture
def door(model_folder: Path, empty_database: str, tmp_path: Path) -> Iterator[Door]:
    engine: Engine = bind(empty_database)
    privacy.unlock(tmp_path / "secret.key")
    (tmp_path / "models").symlink_to(model_folder.parent)
    ports = free_port(), free_port()
    environment = {
        **os.environ, "DATABASE_URL": empty_database, "HOTLINE_DATA": str(tmp_path), "HOTLINE_MODEL": str(model_folder),
        "HOTLINE_VOSK_PORT": str(ports[0]), "HOTLINE_AUDIOSOCKET_PORT": str(ports[1]),
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, str(ROOT / "manage.py"), "listen"], env=environment, cwd=tmp_path, stderr=subprocess.DEVNULL)
    try:
        for port in ports:
            wait(lambda port=port: answers(port))
        yield Door(process, Settings(data=tmp_path), *ports)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(15) in (0, -signal.SIGKILL), "it ends when it is asked to"
        finally:
            process.kill()
        engine.dispose()


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def wait(what: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def pieces(number: int, seconds: float = 0.2) -> list[bytes]:
    """A real sentence at 16 kHz and two seconds of the room."""
    samples, rate = read_wav(mandarin()[number][0])
    sound = samples.tobytes() + bytes(rate * 2) + b"\x04\x00" * rate
    size = int(rate * seconds) * 2
    return [sound[at : at + size] for at in range(0, len(sound), size)]


def test_a_whole_call_comes_in_and_is_on_the_operators_desk_moments_later(door: Door) -> None:
    with connect(f"ws://127.0.0.1:{door.vosk}/?call=a-1") as client:
        client.send('{"config" : {"sample_rate" : 16000}}')
        texts = []
        for piece in pieces(9):
            client.send(piece)
            texts.append(json.loads(client.recv()).get("text", ""))
        client.send('{"eof" : 1}')
        texts.append(json.loads(client.recv())["text"])
        with pytest.raises(ConnectionClosed):
            client.recv()
    heard = "".join(texts).replace(" ", "")
    assert heard

    def closed() -> bool:
        with Session() as s:
            return s.query(Call).filter(Call.state == CallState.TRANSCRIBED).count() == 1

    wait(closed)
    with Session() as s:
        call = s.query(Call).one()
        assert call.transcript and (door.settings.recordings / call.sha256).stat().st_size == call.size
        assert s.query(LiveCall).one().call_id == call.id


def test_kill_9_of_the_door_keeps_every_utterance_that_was_answered_and_all_the_sound(door: Door) -> None:
    answered = ""
    with connect(f"ws://127.0.0.1:{door.vosk}") as client:
        client.send('{"config" : {"sample_rate" : 16000}}')
        sent = 0
        for piece in [*pieces(9), *pieces(5)]:
            client.send(piece)
            sent += len(piece)
            reply = json.loads(client.recv())
            answered += reply.get("text", "").replace(" ", "")
            if answered and "partial" in reply and reply["partial"]:
                break
        door.process.kill()
        door.process.wait()
    assert answered
    later = clock.now() + 2 * live.GONE
    assert close_finished(door.settings, at=later) == 0, "it may still be only the database that is slow: it is given a moment more"
    assert close_finished(door.settings, at=later + 2 * live.LINGERS) == 1
    with Session() as s:
        call = s.query(Call).one()
        spoken = "".join(row["text"] for row in live.said(s, s.query(LiveCall).one().id))
        assert spoken == answered
        assert call.state is CallState.WAITING, "the recording is heard from where the text ends"
        assert "".join(utterance.text for utterance in hearing.so_far(s, call)) == answered
        assert call.size == pytest.approx(sent + 44, abs=0.3 * 32000)
