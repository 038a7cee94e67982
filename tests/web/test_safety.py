"""What protects the pages: form tokens, headers, nothing from elsewhere, and no in Chinese."""

import re

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.web.conftest import As, Stage, state, version
from web import assets


def test_a_form_without_its_token_changes_nothing(client: TestClient[Litestar], as_: As, ticket: Stage) -> None:
    number = ticket("dispatched")
    clerk = as_("clerk@gongshui")
    for token in ("", "0" * 128):
        clerk.csrf, kept = token, clerk.csrf
        answer = clerk.client.post(
            f"/tickets/{number}/signature", data={"_csrf_token": token, "version": version(number)},
            headers={"Cookie": f"hotline={clerk.token}; form={kept}"}, follow_redirects=False,
        )  # fmt: skip
        assert answer.status_code == 403 and "页面已过期" in answer.text
        clerk.csrf = kept
    assert state(number) == "dispatched"


def test_another_site_cannot_bring_its_own_token(as_: As, ticket: Stage) -> None:
    number = ticket("dispatched")
    clerk = as_("clerk@gongshui")
    clerk.csrf = "a" * 128
    assert clerk.post(f"/tickets/{number}/signature", version=version(number)).status_code == 403
    assert state(number) == "dispatched"


def test_the_api_needs_no_form_token_but_a_bearer_token_and_no_cookie_will_do(as_: As) -> None:
    operator = as_("operator")
    assert operator.get("/api/v1/items").status_code == 401
    answer = operator.client.post("/api/v1/suggestions", json={"text": "停水"}, headers={"Authorization": f"Bearer {operator.token}"})
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/sign-in", "/nothing-here", "/calls", "/api/v1/items", assets.asset("hotline.css")])
def test_every_answer_is_protected(client: TestClient[Litestar], path: str) -> None:
    headers = client.get(path, follow_redirects=False).headers
    assert "script-src 'self'" in headers["content-security-policy"] and "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"


def test_pages_are_not_kept_by_the_browser_but_files_that_never_change_are(client: TestClient[Litestar], as_: As) -> None:
    assert "no-store" in as_("operator").get("/calls").headers["cache-control"]
    assert "immutable" in client.get(assets.asset("hotline.css")).headers["cache-control"]


@pytest.mark.parametrize(("path", "status"), [("/nothing-here", 404), ("/tickets/x/nothing", 404), ("/calls/9999999", 404), ("/calls/list", 200)])
def test_what_is_not_there_is_said_in_chinese(as_: As, path: str, status: int) -> None:
    answer = as_("operator").get(path)
    assert answer.status_code == status
    assert re.search("[\u4e00-\u9fff]", answer.text)


def test_what_is_not_there_for_a_client_of_the_api_is_a_problem(client: TestClient[Litestar]) -> None:
    answer = client.get("/api/v1/nothing-here")
    assert answer.status_code == 404 and answer.headers["content-type"].startswith("application/problem+json")


def test_no_page_asks_for_anything_from_elsewhere(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    pages = {"/calls": "operator", "/new": "operator", "/dispatch": "dispatcher", "/board": "supervisor", f"/tickets/{number}": "clerk@gongshui"}
    for path, who in pages.items():
        page = as_(who).sees(path)
        assert not re.search(r"""(src|href|action)=["'](https?:)?//""", page)
        assert not re.search(r"\son\w+=|<style|style=|<script(?![^>]*src=)|javascript:", page)


def test_the_documentation_of_the_api_comes_from_here_alone(client: TestClient[Litestar]) -> None:
    page = client.get("/api/v1/docs")
    assert page.status_code == 200 and "://" not in page.text
    for link in re.findall(r'(?:src|href|data-schema)="([^"]+)"', page.text):
        assert client.get(link).status_code == 200, link
    schema = client.get("/api/v1/docs/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    assert any(path.startswith("/api/v1/tickets") for path in schema["paths"])
    assert not [path for path in schema["paths"] if not path.startswith("/api/")]


def test_health_says_whether_the_database_answers(client: TestClient[Litestar]) -> None:
    assert client.get("/health").json() == {"status": "ok"}
