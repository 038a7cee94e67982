"""The door: who comes in, where they land, and that nobody else sees a page."""

import re

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from hotline.db import Session
from hotline.people import Person, set_password
from tests.web.conftest import PASSWORD, As, Somebody

PAGES = ("/", "/calls", "/calls/1", "/calls/1/recording", "/new", "/dispatch", "/dispatch/returns", "/inbox", "/review", "/revisits", "/board", "/discipline",
         "/tickets/12345-990100-20261120-000001-1", "/tickets?q=ABCDEF", "/discipline-cases/1", "/welcome")  # fmt: skip


def _login(role: str) -> str:
    with Session.begin() as s:
        person = s.query(Person).filter(Person.roles.contains([role])).order_by(Person.id).first()
        assert person is not None
        set_password(person, PASSWORD)
        return person.login


def _sign_in(client: TestClient[Litestar], **fields: str) -> object:
    page = client.get("/sign-in")
    token = re.search(r'name="_csrf_token" value="([^"]+)"', page.text)
    assert token
    return client.post("/sign-in", data={"_csrf_token": token[1], **fields}, follow_redirects=False)


@pytest.mark.parametrize("path", PAGES)
def test_without_signing_in_every_page_leads_to_the_door(client: TestClient[Litestar], path: str) -> None:
    answer = client.get(path, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize(
    ("role", "desk"),
    [("operator", "/calls"), ("dispatcher", "/dispatch"), ("clerk", "/inbox"), ("reviewer", "/review"), ("revisitor", "/revisits"),
     ("supervisor", "/board"), ("discipline", "/discipline"), ("admin", "/welcome"), ("auditor", "/welcome")],
)  # fmt: skip
def test_everybody_begins_at_their_own_desk(client: TestClient[Litestar], as_: As, role: str, desk: str) -> None:
    somebody = as_(role)
    assert somebody.get("/").headers["location"] == desk
    somebody.sees(desk)


def test_a_password_opens_the_door_and_the_cookie_is_out_of_reach_of_scripts(client: TestClient[Litestar]) -> None:
    answer = _sign_in(client, login=_login("operator"), password=PASSWORD)
    assert answer.status_code == 303 and answer.headers["location"] == "/calls"  # type: ignore[attr-defined]
    cookie = answer.headers["set-cookie"]  # type: ignore[attr-defined]
    assert "HttpOnly" in cookie and "samesite=lax" in cookie.lower() and "Path=/" in cookie


def test_a_wrong_password_is_told_and_the_login_kept(client: TestClient[Litestar]) -> None:
    answer = _sign_in(client, login=_login("reviewer"), password="wrong wrong wrong")
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert "账号或密码不对" in answer.text and 'value="shenhe1"' in answer.text  # type: ignore[attr-defined]


def test_after_signing_in_one_is_where_one_wanted_to_go(client: TestClient[Litestar]) -> None:
    door = client.get("/board?x=1", follow_redirects=False).headers["location"]
    assert door == "/sign-in?next=%2Fboard%3Fx%3D1"
    answer = _sign_in(client, login=_login("supervisor"), password=PASSWORD, next="/board?x=1")
    assert answer.headers["location"] == "/board?x=1"  # type: ignore[attr-defined]


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example"])
def test_the_door_never_leads_to_another_site(client: TestClient[Litestar], elsewhere: str) -> None:
    answer = _sign_in(client, login=_login("supervisor"), password=PASSWORD, next=elsewhere)
    assert answer.headers["location"] == "/board"  # type: ignore[attr-defined]


def test_signing_out_ends_it_on_the_server_too(as_: As) -> None:
    somebody: Somebody = as_("operator")
    somebody.sees("/calls")
    assert somebody.post("/sign-out").headers["location"] == "/sign-in"
    assert somebody.get("/calls").status_code == 303


def test_a_piece_of_a_page_asks_the_whole_page_to_the_door(client: TestClient[Litestar]) -> None:
    answer = client.get("/calls/list?seen=x", headers={"HX-Request": "true"}, follow_redirects=False)
    assert answer.headers["HX-Redirect"] == "/sign-in" and answer.text == ""
