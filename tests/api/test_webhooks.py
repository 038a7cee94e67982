"""A PBX tells that a recording is ready: whoever it is, wherever it says, once."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from sqlalchemy import select

import worker
from api.signed import signature
from asr.scripted import Scripted
from hotline.clock import local, now
from hotline.db import Session
from hotline.outbox import Event
from routing.protocol import Routing
from tests.api.conftest import Headers
from tests.api.test_api import is_problem, recording
from tickets import announcing, calls
from tickets.call import Announced, Call
from tickets.fetching import Allowed, Unreachable, fetch

Client = TestClient[Any]
SECRET = "whsec_bm90IGEgcmVhbCBzZWNyZXQgYXQgYWxsIQ=="
PATH = "/api/v1/webhooks/recordings"


class Unsure:
    def suggest(self, text: str, k: int = 5) -> Routing:
        return Routing(kind="complaint")


@pytest.fixture
def pbx(client: Client, tmp_path: Path) -> Path:
    """The folder in which the PBX puts its recordings; the site knows its secret."""
    folder = tmp_path / "pbx"
    folder.mkdir()
    settings = client.app.state.settings
    client.app.state.settings = replace(settings, pbx_secret=SECRET, pbx_token="tok", pbx_folder=folder, pbx_hosts=("pbx.example",))
    return folder


def signed(body: bytes, *, at: datetime | None = None, secret: str = SECRET) -> dict[str, str]:
    timestamp = str(int((at or now()).timestamp()))
    return {"webhook-id": "msg_1", "webhook-timestamp": timestamp, "webhook-signature": "v1,AAAA " + signature(secret, "msg_1", timestamp, body)}


Tell = Callable[..., Any]


@pytest.fixture
def tell(client: Client, pbx: Path) -> Tell:
    def send(**fields: Any) -> Any:
        body = json.dumps({"call_id": "c-1", "path": "2026/a.wav"} | fields).encode()
        return client.post(PATH, content=body, headers=signed(body))

    return send


def carry_out(data: Path, allowed: Allowed) -> None:
    """What the worker does with the announcements."""
    worker.equip(worker.Tools(recordings=data / "recordings", recogniser=Scripted(), classifier=Unsure(), pbx=allowed))
    with Session() as s:
        waiting = s.scalars(select(Event.id).where(Event.kind == "recording.announced").order_by(Event.id)).all()
    for event in waiting:
        worker.fetch_recording(event)


def test_an_announced_recording_becomes_a_call_with_what_the_pbx_said(client: Client, tell: Tell, pbx: Path, data: Path, as_: Headers) -> None:
    (pbx / "2026").mkdir()
    (pbx / "2026" / "a.wav").write_bytes(recording())
    began = now() - timedelta(minutes=9)
    answer = tell(channels=["citizen", "operator"], phone="13800001234", started_at=local(began).isoformat(), auto=False)
    assert answer.status_code == 202 and answer.json()["state"] == "waiting", answer.text
    carry_out(data, Allowed(pbx))
    carry_out(data, Allowed(pbx))
    with Session() as s:
        call = s.scalars(select(Call)).one()
    assert (call.name, call.phone, call.channels, call.auto, call.received_at) == ("a.wav", "13800001234", ["citizen", "operator"], False, began)
    again = tell(channels=["citizen", "operator"])
    assert again.status_code == 200 and again.json()["state"] == "taken" and again.json()["call"] == call.id
    seen = client.get(f"{PATH}/c-1", headers=as_("operator"))
    assert seen.json()["call"] == call.id and "phone" not in seen.json()
    is_problem(client.get(f"{PATH}/c-1", headers=as_("clerk@gongshui")), 403)


def test_who_does_not_sign_is_not_heard(client: Client, pbx: Path) -> None:
    body = json.dumps({"call_id": "c-1", "path": "a.wav"}).encode()
    wrong: list[dict[str, str]] = [
        {}, signed(body, secret="other"), signed(body + b" "), signed(body, at=now() - timedelta(minutes=6)), signed(body) | {"webhook-id": "msg_2"},
        signed(body) | {"webhook-timestamp": "soon"}, {"Authorization": "Bearer tok2"},
    ]  # fmt: skip
    for headers in wrong:
        is_problem(client.post(PATH, content=body, headers=headers), 401)
    assert client.post(PATH, content=body, headers={"Authorization": "Bearer tok"}).status_code == 202
    client.app.state.settings = replace(client.app.state.settings, pbx_secret=None, pbx_token=None)
    is_problem(client.post(PATH, content=body, headers=signed(body)), 403)


def test_the_signature_is_that_of_the_standard() -> None:
    """The example of standardwebhooks.com."""
    given = signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert given == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"path": "../secret.key"}, "path"),
    ({"path": "/etc/passwd"}, "path"),
    ({"path": "out/secret.key"}, "path"),
    ({"path": "a\0b"}, "path"),
    ({"path": "", "url": "http://127.0.0.1/a.wav"}, "url"),
    ({"path": "", "url": "http://pbx.example.evil/a.wav"}, "url"),
    ({"path": "", "url": "http://pbx.example:81/a.wav"}, "url"),
    ({"path": "", "url": "http://pbx.example@evil/a.wav"}, "url"),
    ({"path": "", "url": "file:///etc/passwd"}, "url"),
    ({"path": "", "url": "http://[::1"}, "url"),
    ({"url": "http://pbx.example/a.wav"}, "url"),
    ({"path": ""}, "url"),
    ({"call_id": ""}, "call_id"),
    ({"call_id": 7}, "call_id"),
    ({"format": "vox"}, "format"),
    ({"channels": []}, "channels"),
    ({"channels": "citizen"}, "channels"),
    ({"started_at": "1999-01-01T00:00:00+08:00"}, "started_at"),
    ({"started_at": "yesterday"}, "started_at"),
    ({"phone": "12x"}, "phone"),
]


def test_what_is_not_allowed_is_said_at_the_door(tell: Tell, pbx: Path) -> None:
    (pbx / "out").symlink_to(pbx.parent)
    assert [(fields, is_problem(tell(**fields), 422).get("field")) for fields, _ in WRONG] == WRONG
    with Session() as s:
        assert s.scalars(select(Announced)).all() == []


def test_what_is_no_json_object_is_refused(client: Client, pbx: Path) -> None:
    for body in (b"", b"[]", b"{", b"\xff\xfe"):
        is_problem(client.post(PATH, content=body, headers=signed(body)), 422)


def test_a_recording_that_never_comes_is_given_up_shown_and_tried_again(tell: Tell, pbx: Path, data: Path) -> None:
    tell()
    for _ in range(announcing.MOST_TRIES - 1):
        with pytest.raises(Unreachable):
            carry_out(data, Allowed(pbx))
    carry_out(data, Allowed(pbx))
    with Session() as s:
        (missing,) = announcing.missing(s)
    assert "a.wav 还不在" in (missing.problem or "")
    (pbx / "b.wav").write_bytes(recording())
    assert tell(path="b.wav").status_code == 202
    carry_out(data, Allowed(pbx))
    with Session() as s:
        assert announcing.missing(s) == [] and calls.find(s, 1).name == "b.wav"


class Served(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:1/other")
            self.end_headers()
        elif self.path == "/none":
            self.send_error(404)
        else:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(recording() if self.path == "/a.wav" else b"")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def host() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Served)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_recording_is_fetched_from_an_allowed_host_and_led_nowhere_else(tmp_path: Path, host: str) -> None:
    from hotline.errors import Refused

    allowed = Allowed(None, (host,))
    sha256, size = fetch(f"http://{host}/a.wav", allowed, tmp_path)
    assert (tmp_path / sha256).read_bytes() == recording() and size == len(recording())
    with pytest.raises(Refused, match="不在 HOTLINE_PBX_HOSTS"):
        fetch(f"http://{host}/away", allowed, tmp_path)
    for path in ("none", "empty"):
        with pytest.raises(Unreachable):
            fetch(f"http://{host}/{path}", allowed, tmp_path)
    with pytest.raises(Unreachable, match="连不上"):
        fetch("http://127.0.0.1:9/a.wav", Allowed(None, ("127.0.0.1:9",)), tmp_path)
