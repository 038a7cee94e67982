"""The pages in a real browser: with scripts and without, wide and narrow, and never an error in the console."""

from datetime import timedelta
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import select, update

from hotline.clock import local, now
from hotline.db import Session
from tests.web.conftest import WATER, As, Stage, World, recording, state
from tickets.ticket import Leg, Ticket

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import expect

from tests.web.browsing import BROWSING, NARROW, WIDE, Open

pytestmark = BROWSING


def test_a_recording_is_uploaded_and_is_in_the_list(open_: Open, tmp_path: Path) -> None:
    page = open_("operator", "/calls")
    file = tmp_path / "browser.wav"
    file.write_bytes(recording(hertz=777))
    page.set_input_files("#recording", file)
    page.fill("#phone", "13800007777")
    page.click("button:has-text('上传')")
    row = page.locator("#calls tr", has_text="browser.wav")
    expect(row).to_contain_text("待转写")
    expect(page.locator(".said")).to_contain_text("browser.wav")


def test_the_list_of_calls_follows_by_itself(open_: Open, as_: As) -> None:
    page = open_("operator", "/calls")
    as_("operator").post("/calls", files={"recording": ("by-itself.wav", recording(hertz=778), "audio/wav")})
    expect(page.locator("#calls")).to_contain_text("by-itself.wav")


def test_the_suggestion_follows_while_one_types_and_the_ticket_is_dispatched(open_: Open) -> None:
    page = open_("operator", "/new")
    page.check("[name=kind][value=stuck]")
    expect(page.locator("#trips")).to_be_visible()
    page.check("[name=kind][value=complaint]")
    expect(page.locator("#trips")).to_be_hidden()
    page.fill("#body", "我们小区停水三天了")
    page.check(f"#suggestion [value='{WATER}']")
    expect(page.locator("#suggestion mark").first).to_have_text("停水")
    page.click("summary:has-text('登记并马上派单')")
    page.click("button:has-text('登记并派单')")
    expect(page.locator("h1")).to_have_text("我们小区停水三天了")
    expect(page.locator(".ticket-head")).to_contain_text("安和供水集团")


def test_enter_of_an_input_method_does_not_send_the_form(open_: Open) -> None:
    page = open_("operator", "/new")
    page.fill("#title", "ting")
    prevented = page.evaluate(
        """() => { const field = document.getElementById("title");
        return !field.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", isComposing: true, bubbles: true, cancelable: true})); }"""
    )
    assert prevented and page.url.endswith("/new")


def _walk(open_: Open, number: str, *, scripts: bool) -> None:
    """From the dispatcher to the revisit, each in a browser of their own."""
    page = open_("dispatcher", f"/tickets/{number}", scripts=scripts)
    page.fill("#department", "供水")
    page.click("form[action$=dispatch] button")
    page.wait_for_url("**/tickets/**")
    assert state(number) == "dispatched"

    page = open_("clerk@gongshui", "/inbox", scripts=scripts)
    page.locator("tr", has_text=number).locator("button").click()
    page.goto(f"/tickets/{number}")
    page.check("[name=result][value=solved]")
    page.fill("#reply", "管道修好了")
    page.fill("#contacted_at", f"{local(now()) + timedelta(minutes=-1):%Y-%m-%dT%H:%M}")
    page.click("form[action$=reply] button")
    if state(number) == "handling":  # contacted in the very minute of the dispatch: the rule wants it after
        page.check("[name=result][value=unreachable]")
        page.fill("#contacted_at", "")
        page.click("form[action$=reply] button")
    assert state(number) == "resolved"

    page = open_("reviewer", "/review", scripts=scripts)
    page.locator(".queue > li", has_text=number).or_(page.locator(f".queue > li:has(a[href$='{number}'])")).first.locator("button[value=pass]").click()
    assert state(number) == "revisiting"

    page = open_("revisitor", f"/revisits/{number}", scripts=scripts)
    assert "供水集团有限公司" not in page.content()
    page.check("[name=contacted][value=yes]")
    page.check("[name=solved][value=no]")
    page.check("[name=satisfied][value='2']")
    page.fill("#reason", "晚上又停了")
    page.click("text=记录回访")
    assert state(number) == "dispatched"
    expect(page.locator(".ticket-head")).to_contain_text("第 2 轮")


def test_a_ticket_goes_round_in_the_browser(open_: Open, ticket: Stage) -> None:
    _walk(open_, ticket("filed", body="一件没有协办的事", item="010101"), scripts=True)


def test_a_ticket_goes_round_without_scripts(open_: Open, ticket: Stage) -> None:
    _walk(open_, ticket("filed", body="一件没有协办的事", item="010101"), scripts=False)


def test_a_countdown_turns_red_by_the_servers_clock_wherever_the_browser_is(open_: Open, ticket: Stage) -> None:
    number = ticket("handling")
    with Session.begin() as s:
        of_it = Leg.ticket_id == select(Ticket.id).where(Ticket.number == number).scalar_subquery()
        s.execute(update(Leg).where(of_it).values(due_at=now() + timedelta(seconds=3)))
    page = open_("clerk@gongshui", f"/tickets/{number}")
    due = page.locator(".leg .due").first
    expect(due).to_contain_text("超期")
    expect(due).to_have_class("due red")
    expect(page.locator("#voice")).to_contain_text("已超期")


def test_a_line_of_the_transcript_plays_from_there_and_can_be_quoted(open_: Open, as_: As, client: TestClient[Litestar], city: World) -> None:
    from tests.web.test_operator import WRITTEN, _heard

    hertz = 901
    number = _heard(hertz, now())
    folder = city.data / "recordings"
    folder.mkdir(exist_ok=True)
    (folder / f"{hertz:064x}").write_bytes(recording(seconds=5))
    page = open_("operator", f"/calls/{number}")
    page.locator(".utterance.citizen .seek").click()
    page.wait_for_function("document.querySelector('audio').currentTime >= 1.2")
    page.fill("#body", "")
    page.locator(".utterance.citizen .quote").click()
    expect(page.locator("#body")).to_have_value(WRITTEN)


PAGES = {
    "operator": ["/calls", "/new"],
    "dispatcher": ["/dispatch", "/dispatch/returns"],
    "clerk@gongshui": ["/inbox"],
    "reviewer": ["/review"],
    "revisitor": ["/revisits"],
    "admin": ["/catalogue", "/catalogue?item=030202", "/organisation?unit=gongan", "/people?q=赵", "/people/huawu1", "/me"],
    "supervisor": ["/board", "/discipline"],
}


def test_no_page_has_to_be_pushed_sideways(open_: Open, ticket: Stage) -> None:
    for stage in ("filed", "dispatched", "resolved", "revisiting"):
        number = ticket(stage)
    more = {"dispatcher": [f"/tickets/{number}"], "revisitor": [f"/revisits/{number}"], "clerk@gongshui": [f"/tickets/{number}"]}
    for who, paths in PAGES.items():
        page = open_(who, paths[0])
        for path in paths + more.get(who, []):
            page.goto(path)
            for size in (WIDE, NARROW):
                page.set_viewport_size(size)  # type: ignore[arg-type]
                assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (path, size)


def test_the_documentation_draws_the_operations(open_: Open) -> None:
    page = open_("operator", "/api/v1/docs")
    expect(page.locator(".opblock").first).to_be_visible(timeout=15_000)


def test_a_search_from_the_bar_is_narrowed_and_kept(open_: Open, ticket: Stage) -> None:
    number = ticket("dispatched", body="银杏大道的共享单车堵住了盲道")
    page = open_("supervisor", "/board")
    page.fill("#find", "銀杏大道 盲道")
    page.press("#find", "Enter")
    expect(page.locator(".list")).to_contain_text(number)
    page.click("summary:has-text('筛选')")
    page.fill("#unit", "安和供水集团")
    page.check("[name=state][value=dispatched]")
    page.click("button:has-text('查找')")
    expect(page.locator(".list")).to_contain_text(number)
    page.click("summary:has-text('保存这个查询')")
    page.fill("#view-name", "盲道")
    page.click("button:has-text('保存'):visible")
    expect(page.locator(".said")).to_contain_text("已保存查询")
    expect(page.locator("nav[aria-label='保存的查询']")).to_contain_text("盲道")


def test_the_search_page_fits_a_telephone(open_: Open, ticket: Stage) -> None:
    ticket(body="银杏大道的共享单车堵住了盲道")
    page = open_("operator", "/tickets?q=银杏大道&kind=complaint", size={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
