"""The figures of routing, hot spots and what is alike, for programs: every share with its counts, nothing for those who may not."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from litestar.testing import TestClient

from hotline import clock
from hotline.db import Session
from hotline.people import Person
from tests.api.conftest import Headers
from tickets import dispatching, hotspots, learning
from tickets.filing import Matter, file

WATER = "090481"
BURST = ("翠湖花园小区停水三天了，物业和供水集团都没人管", "翠湖花园停水已经三天，希望尽快恢复供水")


@pytest.fixture
def alike(client: TestClient[Any]) -> list[str]:
    """Two callers' tickets of one matter, filed an hour ago and dispatched."""
    when: datetime = clock.now() - timedelta(hours=1)
    numbers = []
    for n, body in enumerate(BURST):
        with Session.begin() as s:
            by = s.query(Person).filter(Person.roles.contains(["dispatcher"])).order_by(Person.id).first()
            assert by is not None
            ticket = file(s, Matter(body=body, kind="complaint", item=WATER, phone=f"1380000000{n}"), by=by, at=when)
            dispatching.dispatch(s, ticket, department="gongshui", by=by, at=when)
            hotspots.follow(s, ticket.id)
            learning.learn(s, ticket.id)
            numbers.append(ticket.number)
    return numbers


def test_what_is_alike_is_told_with_its_reasons(client: TestClient[Any], as_: Headers, alike: list[str]) -> None:
    (found,) = client.get(f"/api/v1/tickets/{alike[1]}/alike", headers=as_("dispatcher")).json()
    assert (found["number"], found["same_item"], found["same_caller"]) == (alike[0], True, False)
    assert 0.2 < found["likeness"] < 1 and "翠湖花园" in found["words"]
    assert client.get(f"/api/v1/tickets/{alike[1]}/alike", headers=as_("admin")).status_code == 404


def test_hot_spots_and_their_tickets(client: TestClient[Any], as_: Headers, alike: list[str]) -> None:
    found = client.get("/api/v1/hotspots", headers=as_("supervisor")).json()
    (cluster,) = found["clusters"]
    assert (cluster["callers"], cluster["tickets"], cluster["latest"]) == (2, 2, alike[1]) and found["surges"] == []
    behind = client.get(f"/api/v1/hotspots/{cluster['id']}/tickets", headers=as_("supervisor")).json()
    assert [one["number"] for one in behind] == alike[::-1]
    day = clock.local(clock.now() - timedelta(hours=1)).date().isoformat()
    assert len(client.get(f"/api/v1/hotspots/tickets?item={WATER}&day={day}", headers=as_("supervisor")).json()) == 2
    assert client.get("/api/v1/hotspots?day=x", headers=as_("supervisor")).status_code == 422
    assert client.get("/api/v1/hotspots", headers=as_("operator")).status_code == 403


def test_accuracy_has_counts_beside_every_share(client: TestClient[Any], as_: Headers, alike: list[str]) -> None:
    found = client.get("/api/v1/routing/accuracy", headers=as_("admin")).json()
    assert found["itself"] == {"num": 0, "den": 2, "percent": "0.00%", "few": True}
    assert found["units"][0]["sent"]["num"] == 2 and found["learnt"] == {"派单确认": 2}
    assert client.get("/api/v1/routing/accuracy?days=0", headers=as_("admin")).status_code == 422
    assert client.get("/api/v1/routing/accuracy", headers=as_("clerk@gongshui")).status_code == 403


def test_a_suggestion_tells_only_of_past_tickets_that_one_may_see(client: TestClient[Any], as_: Headers, alike: list[str]) -> None:
    def similar(who: str) -> list[str]:
        answer = client.post("/api/v1/suggestions", json={"text": "翠湖花园停水三天了，供水集团没有人管"}, headers=as_(who))
        assert answer.status_code == 200, answer.text
        return sorted(one["number"] for one in answer.json()["similar"])

    assert similar("operator") == sorted(alike) == similar("clerk@gongshui")
    assert similar("clerk@jiaoyu") == [] == similar("admin")


@pytest.mark.parametrize(
    "text", ["", " ", "水", "1" * 50, "😀" * 40, "Hello, my water supply is broken, please help me as soon as possible.", "물이 안 나와요 도와주세요 여보세요"]
)
def test_what_cannot_be_read_is_unknown_with_a_reason(client: TestClient[Any], as_: Headers, text: str) -> None:
    advice = client.post("/api/v1/suggestions", json={"text": text}, headers=as_("operator")).json()
    assert advice["unknown"] and not advice["dispatch"] and advice["reason"] and advice["suggestions"] == []


def test_a_hundred_thousand_characters_are_left_to_a_person(client: TestClient[Any], as_: Headers) -> None:
    advice = client.post("/api/v1/suggestions", json={"text": "小区停水" * 25_000}, headers=as_("operator")).json()
    assert advice["unknown"] and not advice["dispatch"] and advice["reason"]


def test_a_text_with_broken_characters_is_answered_too(client: TestClient[Any], as_: Headers) -> None:
    body = b'{"text": "\\ud83d\\u0000 \\u200b"}'
    answer = client.post("/api/v1/suggestions", content=body, headers=as_("operator") | {"Content-Type": "application/json"})
    assert answer.status_code in (200, 400) and (answer.status_code == 400 or answer.json()["unknown"])
