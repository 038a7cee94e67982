"""附件 through the API: handed in first, then taken by a verb."""

from typing import Any

from litestar.testing import TestClient

from tests.api.conftest import Headers

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 60
MATTER = {"body": "小区停水三天了没人管", "kind": "complaint", "item": "090481", "phone": "+86 138-0000-1234"}


def handed_in(client: TestClient[Any], who: dict[str, str], content: bytes = PNG, name: str = "现场.png") -> int:
    answer = client.post("/api/v1/uploads", files={"file": (name, content, "text/html")}, headers=who)
    assert answer.status_code == 201, answer.text
    assert answer.json()["media"] == "image/png"
    return int(answer.json()["id"])


def test_a_ticket_is_filed_with_a_file_and_a_verb_brings_another(client: TestClient[Any], as_: Headers) -> None:
    operator, dispatcher = as_("operator"), as_("dispatcher")
    body = {**MATTER, "attachments": [handed_in(client, operator)]}
    filed = client.post("/api/v1/tickets", json=body, headers={**operator, "Idempotency-Key": "one"})
    assert filed.status_code == 201, filed.text
    ticket = filed.json()
    [photo] = ticket["attachments"]
    assert (photo["name"], photo["size"], photo["department"]) == ("现场.png", len(PNG), None)
    again = client.post("/api/v1/tickets", json=body, headers={**operator, "Idempotency-Key": "one"})
    assert again.json()["number"] == ticket["number"]
    path = f"/api/v1/tickets/{ticket['number']}"
    if "dispatch" in ticket["moves"]:
        client.post(f"{path}/dispatch", json={"department": "gongshui"}, headers=dispatcher)
    clerk = as_("clerk@gongshui")
    said = {"text": "到现场看过", "attachments": [handed_in(client, clerk, PNG + b"2", "阀门.png")]}
    contacted = client.post(f"{path}/contacts", json=said, headers=clerk)
    assert contacted.status_code == 200, contacted.text
    assert [one["department"] for one in contacted.json()["attachments"]] == [None, "gongshui"]
    got = client.get(f"{path}/attachments/{photo['id']}", headers=clerk)
    assert got.content == PNG and got.headers["content-disposition"].startswith("attachment;")
    stranger = client.get(f"{path}/attachments/{photo['id']}", headers=as_("clerk@zhujian"))
    assert stranger.status_code == 404


def test_refusals_name_the_field_and_change_nothing(client: TestClient[Any], as_: Headers) -> None:
    operator, dispatcher = as_("operator"), as_("dispatcher")
    bad = client.post("/api/v1/uploads", files={"file": ("a.png", b"MZ" + b"\0" * 50, "image/png")}, headers=operator)
    assert (bad.status_code, bad.json()["field"]) == (422, "files")
    none = client.post("/api/v1/uploads", files={"other": ("a.png", PNG, "image/png")}, headers=operator)
    assert (none.status_code, none.json()["field"]) == (422, "file")
    assert client.post("/api/v1/uploads", files={"file": ("a.png", PNG, "")}, headers=as_("admin")).status_code == 403
    theirs = handed_in(client, dispatcher)
    taken = client.post("/api/v1/tickets", json={**MATTER, "attachments": [theirs]}, headers=operator)
    assert (taken.status_code, taken.json()["field"]) == (422, "files")
    assert client.get("/api/v1/tickets?q=停水", headers=operator).json()["tickets"] == []
    assert client.post("/api/v1/tickets", json={**MATTER, "attachments": [theirs]}, headers=dispatcher).status_code == 201
