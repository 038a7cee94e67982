"""The JSON skin: the same verbs, every no as problem+json, nothing twice."""

import io
import wave
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.api.conftest import Headers

Client = TestClient[Any]
MATTER = {"body": "翠湖花园小区停水三天了，物业和自来水公司都没人管，老人孩子用水困难", "kind": "complaint", "item": "090481", "phone": "13800001234"}


def recording() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 8000)
    return buffer.getvalue()


@pytest.fixture
def ticket(client: Client, as_: Headers) -> dict[str, Any]:
    answer = client.post("/api/v1/tickets", json=MATTER, headers=as_("operator"))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def is_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    body = answer.json()
    assert body["status"] == status and body["title"] and any("\u4e00" <= char <= "\u9fff" for char in body["detail"])
    return dict(body)


def test_without_a_token_nothing_is_answered(client: Client) -> None:
    for path in ("/api/v1/tickets?desk=dispatch", "/api/v1/calls", "/api/v1/items", "/api/v1/board"):
        answer = client.get(path)
        is_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    is_problem(client.get("/api/v1/items", headers={"Authorization": "Bearer nonsense"}), 401)


def test_five_wrong_passwords_close_the_account_for_a_while(client: Client, as_: Headers) -> None:
    as_("operator")
    login = client.get("/api/v1/sign-ins/current", headers=as_("operator")).json()["login"]
    for _ in range(5):
        is_problem(client.post("/api/v1/sign-ins", json={"login": login, "password": "wrong"}), 401)
    is_problem(client.post("/api/v1/sign-ins", json={"login": login, "password": "correct horse battery"}), 401)


def test_a_token_ends_when_one_signs_out(client: Client, as_: Headers) -> None:
    headers = as_("operator")
    assert client.delete("/api/v1/sign-ins/current", headers=headers).status_code == 204
    is_problem(client.get("/api/v1/sign-ins/current", headers=headers), 401)


def test_a_ticket_goes_through_its_life_by_the_api(client: Client, as_: Headers, ticket: dict[str, Any]) -> None:
    path = f"/api/v1/tickets/{ticket['number']}"
    clerk = as_("clerk@gongshui")
    is_problem(client.get(path, headers=clerk), 404)

    def post(what: str, who: dict[str, str], **body: Any) -> dict[str, Any]:
        answer = client.post(f"{path}/{what}", json=body, headers=who)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    assert post("dispatch", as_("dispatcher"), department="gongshui")["state"] == "dispatched"
    signed = post("signature", clerk)
    assert signed["state"] == "handling" and "resolve" in signed["moves"]
    contacted = signed["legs"][0]["dispatched_at"]
    is_problem(client.post(f"{path}/reply", json={"result": "solved", "reply": "", "contacted_at": contacted}, headers=clerk), 422)
    post("urges", as_("operator"), text="市民又来电")
    resolved = client.post(f"{path}/reply", json={"result": "unreachable", "reply": "多次联系未果，已现场恢复供水"}, headers=clerk).json()
    assert resolved["state"] == "resolved"
    assert post("review", as_("reviewer"), passed=True)["state"] == "revisiting"
    redone = post("revisits", as_("revisitor"), contacted=False, solved="no", satisfied=1, reason="还是没水")
    assert (redone["state"], redone["round"]) == ("dispatched", 2)
    headlines = [entry["headline"] for entry in redone["timeline"]]
    assert any("重办" in headline for headline in headlines) and any("催办" in headline for headline in headlines)


def test_a_stale_version_is_a_conflict(client: Client, as_: Headers, ticket: dict[str, Any]) -> None:
    path = f"/api/v1/tickets/{ticket['number']}/dispatch"
    body = {"department": "gongshui", "version": ticket["version"]}
    assert client.post(path, json=body, headers=as_("dispatcher")).status_code == 200
    is_problem(client.post(path, json=body, headers=as_("dispatcher")), 409)


def test_a_repeated_request_with_one_key_files_one_ticket(client: Client, as_: Headers) -> None:
    headers = as_("operator") | {"Idempotency-Key": "call-4711"}
    first, second = (client.post("/api/v1/tickets", json=MATTER, headers=headers) for _ in range(2))
    assert first.json() == second.json() and second.status_code == 201
    assert second.headers["Idempotent-Replay"] == "true"
    is_problem(client.post("/api/v1/tickets", json=MATTER | {"body": "另一件事"}, headers=headers), 409)


WRONG = [({"kind": "angry"}, "kind"), ({"item": "999999"}, "item"), ({"phone": "不知道"}, "phone"), ({"body": ""}, "body")]


@pytest.mark.parametrize(("wrong", "field"), WRONG)
def test_what_cannot_be_filed_names_the_field(client: Client, as_: Headers, wrong: dict[str, str], field: str) -> None:
    answer = client.post("/api/v1/tickets", json=MATTER | wrong, headers=as_("operator"))
    assert is_problem(answer, 404 if field == "item" else 422)["field"] == field


def test_a_body_of_the_wrong_form_is_a_problem_too(client: Client, as_: Headers) -> None:
    is_problem(client.post("/api/v1/tickets", json={"kind": "help"}, headers=as_("operator")), 400)
    is_problem(client.post("/api/v1/tickets", content=b"{", headers=as_("operator") | {"Content-Type": "application/json"}), 400)
    is_problem(client.get("/api/v1/nothing", headers=as_("operator")), 404)


def test_a_callers_number_is_masked_until_somebody_says_why(client: Client, as_: Headers, ticket: dict[str, Any]) -> None:
    assert ticket["phone"] == "138****1234"
    path = f"/api/v1/tickets/{ticket['number']}/reveal"
    is_problem(client.post(path, json={"text": ""}, headers=as_("dispatcher")), 422)
    assert client.post(path, json={"text": "核对地址"}, headers=as_("dispatcher")).json()["phone"] == "13800001234"


def test_an_uploaded_recording_becomes_a_call_once(client: Client, as_: Headers) -> None:
    def upload(name: str) -> Any:
        return client.post("/api/v1/calls", files={"recording": (name, recording(), "audio/wav")}, data={"phone": "138 0000 1234"}, headers=as_("operator"))

    first, second = upload("a.wav"), upload("b.wav")
    assert first.status_code == 201, first.text
    assert first.json()["state"] == "waiting" and first.json()["id"] == second.json()["id"]
    number = first.json()["id"]
    assert client.get(f"/api/v1/calls/{number}/recording", headers=as_("operator")).content == recording()
    is_problem(client.get(f"/api/v1/calls/{number}", headers=as_("clerk@gongshui")), 403)
    without = client.post("/api/v1/calls", files={"other": ("x", b"1")}, headers=as_("operator"))
    assert is_problem(without, 422)["field"] == "recording"


def test_a_suggestion_is_an_answer_even_before_anything_is_trained(client: Client, as_: Headers) -> None:
    answer = client.post("/api/v1/suggestions", json={"text": "小区停水三天了没人管"}, headers=as_("operator"))
    assert answer.status_code == 200 and answer.json()["dispatch"] is False


def test_the_board_is_for_supervisors(client: Client, as_: Headers, ticket: dict[str, Any]) -> None:
    board = client.get("/api/v1/board", headers=as_("supervisor")).json()
    assert board["totals"]["filed"] == 1
    is_problem(client.get("/api/v1/board", headers=as_("clerk@gongshui")), 403)


def test_the_document_describes_every_verb(client: Client) -> None:
    document = client.get("/api/v1/docs/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert {"/api/v1/tickets/{number}/signature", "/api/v1/tickets/{number}/revisits", "/api/v1/calls"} <= set(document["paths"])
    page = client.get("/api/v1/docs")
    assert page.status_code == 200 and "cdn" not in page.text.lower()


def _found(client: Client, headers: dict[str, str], **query: Any) -> list[str]:
    answer = client.get("/api/v1/tickets", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return [line["number"] for line in answer.json()["tickets"]]


def test_tickets_are_found_by_what_was_said_by_number_and_by_telephone(client: Client, as_: Headers, ticket: dict[str, Any]) -> None:
    operator = as_("operator")
    assert ticket["number"] in _found(client, operator, q="翠湖花園 停水", kind=["complaint", "help"], state="filed", light="green", item="09")
    assert _found(client, operator, q=ticket["number"]) == [ticket["number"]] == _found(client, operator, q=ticket["query_code"])
    assert ticket["number"] in _found(client, operator, q="+86 138 0000 1234")
    assert _found(client, as_("admin"), q="停水") == []
    problem = is_problem(client.get("/api/v1/tickets", params={"q": "水"}, headers=operator), 422)
    assert "至少要两个字" in problem["detail"]


def test_a_search_is_kept_under_a_name(client: Client, as_: Headers) -> None:
    headers = as_("operator")
    made = client.post("/api/v1/saved-views", json={"name": "超期的投诉", "query": "light=red&kind=complaint"}, headers=headers)
    assert made.status_code == 201 and made.json()["query"] == "kind=complaint&light=red"
    assert made.json() in client.get("/api/v1/saved-views", headers=headers).json()
    is_problem(client.post("/api/v1/saved-views", json={"name": "错", "query": "light=pink"}, headers=headers), 422)
    assert client.delete(f"/api/v1/saved-views/{made.json()['id']}", headers=headers).status_code == 204
    assert made.json() not in client.get("/api/v1/saved-views", headers=headers).json()
