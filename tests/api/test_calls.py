"""Calls by the API: a transcription is stopped and gone on with, a line of it corrected."""

from typing import Any

from litestar.testing import TestClient

from asr.scripted import spoken
from hotline.clock import now
from hotline.db import Session
from tests.api.conftest import Headers
from tests.api.test_api import is_problem, recording
from tickets import calls, hearing

Client = TestClient[Any]


def test_a_transcription_is_followed_stopped_gone_on_with_and_corrected(client: Client, as_: Headers) -> None:
    operator = as_("operator")
    path = f"/api/v1/calls/{client.post('/api/v1/calls', files={'recording': ('a.wav', recording(), 'audio/wav')}, headers=operator).json()['id']}"
    number = int(path.rpartition("/")[2])
    with Session.begin() as s:
        hearing.keep(s, calls.find(s, number, lock=True), spoken("小区停水三天了").utterances, done=4.0, length=8.0)
    seen = client.get(path, headers=operator).json()
    assert (seen["state"], seen["done"], seen["length"]) == ("waiting", 4.0, 8.0)
    is_problem(client.post(f"{path}/stop", headers=as_("reviewer")), 403)
    stopped = client.post(f"{path}/stop", headers=operator)
    assert stopped.status_code == 200 and stopped.json()["state"] == "stopped"
    assert [row["text"] for row in stopped.json()["utterances"]] == ["小区停水3天了"]
    is_problem(client.post(f"{path}/stop", headers=operator), 409)
    assert client.post(f"{path}/retries", headers=operator).json()["state"] == "waiting"
    with Session.begin() as s:
        calls.transcribed(s, calls.find(s, number, lock=True), spoken("小区停水三天了\n没人惯"), at=now())
    corrected = client.post(f"{path}/corrections", json={"utterance": 1, "text": "没人管"}, headers=as_("reviewer"))
    assert corrected.status_code == 200
    row = corrected.json()["utterances"][1]
    assert (row["text"], row["heard"], row["corrected"]) == ("没人管", "没人惯", True)
    is_problem(client.post(f"{path}/corrections", json={"utterance": 7, "text": "没人管"}, headers=operator), 404)
    is_problem(client.post(f"{path}/corrections", json={"utterance": 1, "text": ""}, headers=operator), 422)
    is_problem(client.post(f"{path}/corrections", json={"utterance": 1, "text": "x"}, headers=as_("clerk@gongshui")), 403)
