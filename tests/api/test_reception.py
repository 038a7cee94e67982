"""受理 and 知识库 through the API."""

from typing import Any

from litestar.testing import TestClient

from hotline.db import Session
from hotline.people import Person
from tests.api.conftest import Headers

HELP = {"body": "小区停水三天了没人管，抢修了没有", "kind": "help", "item": "090481"}


def test_a_contact_is_kept_told_counted_and_found(client: TestClient[Any], as_: Headers) -> None:
    operator = as_("operator")
    made = client.post("/api/v1/receptions", json={"result": "route", "channel": "12388", "phone": "0086 138 0000 1234"}, headers=operator)
    assert made.status_code == 201 and made.json()["phone"] == "138****1234" and "12388" in made.json()["label"]
    number = made.json()["number"]
    assert client.get(f"/api/v1/receptions/{number}", headers=operator).json()["say"].startswith("这件事须按法定途径")
    assert client.get("/api/v1/receptions/numbers", headers=operator).json()["numbers"]["route"] == 1
    assert [one["number"] for one in client.get("/api/v1/receptions?result=route", headers=operator).json()] == [number]
    assert client.post("/api/v1/receptions", json={"result": "urgent"}, headers=operator).json()["field"] == "channel"
    assert client.get("/api/v1/receptions", headers=as_("clerk@gongshui")).status_code == 403


def test_an_urge_is_a_contact_about_the_open_ticket(client: TestClient[Any], as_: Headers) -> None:
    operator = as_("operator")
    number = client.post("/api/v1/tickets", json=HELP | {"phone": "13900001111"}, headers=operator).json()["number"]
    kept = client.post("/api/v1/receptions", json={"result": "urge", "ticket": number, "note": "还没来水", "phone": "13900001111"}, headers=operator)
    assert kept.status_code == 201 and kept.json()["ticket"] == number
    assert [entry["kind"] for entry in client.get(f"/api/v1/tickets/{number}", headers=operator).json()["timeline"]] == ["ticket.filed", "ticket.urged"]


def test_an_article_is_written_found_cited_flagged_and_changed(client: TestClient[Any], as_: Headers) -> None:
    reviewer, operator = as_("reviewer"), as_("operator")
    draft = {"title": "夜间停水怎样查", "body": "请说明小区。", "keywords": "夜间停水 抢修", "owner": "gongshui"}
    number = client.post("/api/v1/knowledge", json=draft, headers=reviewer).json()["id"]
    assert number in [one["id"] for one in client.get("/api/v1/knowledge?q=夜间停水", headers=operator).json()]
    assert client.post(f"/api/v1/knowledge/{number}/flags", json={"note": "不全"}, headers=operator).json()["flags"] == 1
    assert client.post(f"/api/v1/knowledge/{number}/versions", json=draft, headers=operator).status_code == 403
    changed = client.post(f"/api/v1/knowledge/{number}/versions", json=draft | {"body": "新答复", "version": 1}, headers=reviewer)
    assert (changed.json()["version"], changed.json()["flags"]) == (2, 0)
    assert client.post(f"/api/v1/knowledge/{number}/versions", json=draft | {"version": 1}, headers=reviewer).status_code == 409
    assert client.get(f"/api/v1/knowledge/{number}?version=1", headers=operator).json()["body"] == "请说明小区。"
    ticket = client.post("/api/v1/tickets", json=HELP | {"kind": "inquiry"}, headers=operator).json()["number"]
    done = client.post(f"/api/v1/tickets/{ticket}/answer", json={"article": number, "article_version": 1, "satisfied": 4}, headers=operator).json()
    assert done["state"] == "closed" and done["satisfied"] == 4 and done["timeline"][-1]["detail"] == "请说明小区。"


def test_special_matters_are_filed_and_triaged(client: TestClient[Any], as_: Headers) -> None:
    operator = as_("operator")
    stuck = {"body": "跑了五趟没办成", "kind": "stuck", "burden": {"trips": 5, "days": 8}, "application": "AH-1"}
    number = client.post("/api/v1/tickets", json=stuck, headers=operator).json()["number"]
    triaged = client.post(f"/api/v1/tickets/{number}/triage", json={"should": "yes", "obstacle": "policy"}, headers=operator).json()
    assert (triaged["track"], triaged["application"], triaged["burden"]) == ("special", "AH-1", {"trips": 5, "days": 8})
    for kind in ("promise", "agency"):
        assert client.post("/api/v1/tickets", json={"body": "奖补没有兑现", "kind": kind}, headers=operator).status_code == 201


BAD: list[tuple[dict[str, Any], str]] = [
    ({"item": "999999"}, "item"), ({"area": "123456"}, "area"), ({"body": "水" * 40_000}, "body"), ({"body": "\x00\x07"}, "body"), ({"kind": "angry"}, "kind"),
    ({"phone": "12a"}, "phone"), ({"channel": "pigeon"}, "channel"), ({"kind": "fault"}, "concerns_name"), ({"burden": {"trips": -1}}, "trips"),
    ({"title": "长" * 81}, "title"), ({"origin": "12345-1"}, "origin"), ({"kind": "bad_rating"}, "kind"), ({"should": "yes", "obstacle": "none"}, "should"),
]  # fmt: skip


def test_bad_input_names_its_field_and_files_nothing(client: TestClient[Any], as_: Headers) -> None:
    operator = as_("operator")
    for fields, field in BAD:
        answer = client.post("/api/v1/tickets", json=HELP | fields, headers=operator)
        assert answer.status_code in (404, 422) and answer.json()["field"] == field, answer.text
    assert client.get("/api/v1/tickets?desk=dispatch", headers=as_("dispatcher")).json()["tickets"] == []


SPELLINGS = ["+86 139 0000 1111", "0086-139-0000-1111", "１３９００００１１１１", "139 0000 1111", "(139)00001111", "139\u00a00000\u30001111"]


def test_a_phone_number_in_any_spelling_is_the_same_caller(client: TestClient[Any], as_: Headers) -> None:
    operator = as_("operator")
    for spelling in SPELLINGS:
        answer = client.post("/api/v1/tickets", json=HELP | {"phone": spelling, "body": "停\x00水\u202e了"}, headers=operator)
        assert answer.json()["phone"] == "139****1111" and answer.json()["body"] == "停水了"


def test_a_conflict_tells_what_others_did_since_the_version_that_was_sent(client: TestClient[Any], as_: Headers) -> None:
    operator, dispatcher = as_("operator"), as_("dispatcher")
    made = client.post("/api/v1/tickets", json=HELP, headers=operator).json()
    path = f"/api/v1/tickets/{made['number']}"
    client.post(f"{path}/urges", json={"text": "催一下"}, headers=dispatcher)
    late = client.post(f"{path}/urges", json={"text": "再催", "version": made["version"]}, headers=operator)
    assert late.status_code == 409 and [(one["headline"], one["detail"]) for one in late.json()["since"]] == [("催办", "催一下")]


def test_the_person_concerned_gets_nothing_from_the_api(client: TestClient[Any], as_: Headers) -> None:
    with Session.begin() as s:
        accused = s.query(Person).filter(Person.roles.contains(["clerk"]), Person.department_code == "gongshui").one()
        accused.roles = ["clerk", "operator", "dispatcher", "supervisor"]
        s.add(Person(login="colleague", name="同事", roles=["chief"], department_code="gongshui"))
        number, name = accused.id, accused.name
    operator = as_("operator")
    made = client.post("/api/v1/tickets", json={"body": "窗口冷脸", "kind": "fault", "item": "900201", "concerns": number}, headers=operator).json()
    path = f"/api/v1/tickets/{made['number']}"
    assert made["concerns"] == name
    sent = client.post(f"{path}/dispatch", json={"department": "gongshui"}, headers=operator)
    assert sent.status_code == 200
    accused_asks, chief_asks = as_("clerk@gongshui"), as_("chief@gongshui")
    for asked in (path, f"{path}/signature", f"{path}/urges", f"{path}/redispatch", f"{path}/reveal"):
        answer = client.get(asked, headers=accused_asks) if asked == path else client.post(asked, json={}, headers=accused_asks)
        assert answer.status_code == 404, asked
    for desk in ("inbox", "dispatch", "review", "revisit"):
        assert client.get(f"/api/v1/tickets?desk={desk}", headers=accused_asks).json()["tickets"] == []
    assert [line["number"] for line in client.get("/api/v1/tickets?desk=inbox", headers=chief_asks).json()["tickets"]] == [made["number"]]
    assert client.post(f"{path}/signature", json={"owner": number}, headers=chief_asks).json()["field"] == "owner"
    assert client.post(f"{path}/signature", json={}, headers=chief_asks).status_code == 200
