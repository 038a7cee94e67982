"""The first screen in a real browser: a known caller is offered the open ticket, knowledge follows the text, what is typed is kept by itself."""

import pytest

from tests.web import browsing as browser
from tests.web.conftest import As, Stage

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import expect

pytestmark = browser.BROWSING
NARROW, Open = browser.NARROW, browser.Open


def test_a_known_caller_and_the_knowledge_base_appear_while_one_types(open_: Open, ticket: Stage) -> None:
    number = ticket("dispatched", phone="13900008001")
    page = open_("operator", "/new")
    page.fill("#phone", "139 0000 8001")
    page.press("#phone", "Tab")
    expect(page.locator("#known")).to_contain_text("催办已有单")
    page.fill("#body", "小区停水了，没水做饭，抢修了没有")
    expect(page.locator("#suggestion")).to_contain_text("自来水停水怎样查")
    page.click("button:has-text('催办已有单')")
    expect(page.locator(".said")).to_contain_text("已催办")
    assert number in page.url


def test_what_is_typed_is_kept_by_itself_and_comes_back(open_: Open, as_: As) -> None:
    as_("operator").post("/drafts/removal", place="new")
    page = open_("operator", "/new")
    page.check("[name=kind][value=promise]")
    page.fill("#body", "答应的人才补贴一直没有到账")
    expect(page.locator("[data-draft-said]")).to_contain_text("已自动暂存")
    again = open_("operator", "/new", size=NARROW, scripts=False)
    expect(again.locator("#body")).to_have_value("答应的人才补贴一直没有到账")
    expect(again.locator("[name=kind][value=promise]")).to_be_checked()
    expect(again.locator(".left-draft")).to_contain_text("暂存的内容")
    again.click("button:has-text('丢弃')")
    expect(again.locator("#body")).to_have_value("")


@pytest.mark.parametrize("path", ["/new", "/receptions", "/knowledge", "/knowledge/1", "/knowledge/new"])
def test_the_pages_of_the_first_screen_fit_a_narrow_window(open_: Open, path: str) -> None:
    page = open_("reviewer" if path.endswith("knowledge/new") else "operator", path, size=NARROW)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
