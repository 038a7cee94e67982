"""Live calls by the API: which are spoken, and what is said in them, from where one knows it."""

import uuid
from datetime import timedelta
from typing import Any

from litestar.testing import TestClient

from asr.protocol import Utterance, Word
from hotline.clock import now
from hotline.db import Session
from tests.api.conftest import Headers
from tests.api.test_api import is_problem
from tickets import live
from tickets.live_call import LiveLine, Speaker

Client = TestClient[Any]


def spoken(text: str, start: float) -> Utterance:
    return Utterance.of(0, [Word(character, start + place, start + place + 1, 0.9) for place, character in enumerate(text)])


def test_what_is_said_is_had_from_where_one_knows_it(client: Client, as_: Headers) -> None:
    at = now()
    with Session.begin() as s:
        call = live.open_call(s, key=uuid.uuid4().hex, source="vosk", at=at, phone="13800005678")
        line = live.join(s, call, speaker=Speaker.CITIZEN, rate=8000, sound=f"{uuid.uuid4().hex}.pcm", at=at)
        live.say(s, line, {1: spoken("停水三天了", 0.0)}, "没人", at=at)
        number, voice = call.id, line.id
    operator, path = as_("operator"), f"/api/v1/live-calls/{number}"
    assert number in [row["id"] for row in client.get("/api/v1/live-calls", headers=operator).json()]
    row = client.get(path, headers=operator).json()
    assert (row["phone"], row["speaking"], row["finished_at"], row["call"]) == ("138****5678", ["citizen"], None, None)
    first = client.get(f"{path}/utterances", headers=operator).json()
    assert [(said["text"], said["heard"], said["speaker"]) for said in first["utterances"]] == [("停水3天了", "停水三天了", "citizen")]
    assert (first["partial"], first["finished"]) == ({"citizen": "没人"}, False)
    with Session.begin() as s:
        live.say(s, s.get_one(LiveLine, voice), {2: spoken("没人管", 10.0)}, "", at=at)
    news = client.get(f"{path}/utterances", params={"after": first["revision"]}, headers=operator).json()
    assert [said["text"] for said in news["utterances"]] == ["没人管"] and news["revision"] > first["revision"]
    assert client.get(f"{path}/utterances", params={"after": news["revision"]}, headers=operator).json()["utterances"] == []
    with Session.begin() as s:
        live.leave(s, voice, at=at)
        live.finish(s, at=at + timedelta(minutes=1))
    assert client.get(f"{path}/utterances", headers=operator).json()["finished"]
    assert client.get(path, headers=operator).json()["finished_at"]


def test_only_the_centre_hears_live_calls(client: Client, as_: Headers) -> None:
    for path in ("", "/1", "/1/utterances"):
        is_problem(client.get(f"/api/v1/live-calls{path}", headers=as_("clerk@gongshui")), 403)
    is_problem(client.get("/api/v1/live-calls/999999", headers=as_("operator")), 404)
    paths = client.get("/api/v1/docs/openapi.json").json()["paths"]
    assert "/api/v1/live-calls/{number}/utterances" in paths
