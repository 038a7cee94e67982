"""The call page in a real browser: the text grows while one types, a line is corrected where it stands, a click is heard."""

from datetime import datetime
from pathlib import Path

import pytest

from hotline.db import Session
from tests.web import browsing as browser
from tests.web.conftest import World, recording
from tests.web.test_transcript import MATTER, heard, received
from tickets import calls, hearing

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Page, expect

pytestmark = browser.BROWSING


def until(page: Page, true_of_audio: str) -> None:
    """Waits until this is true of the player `a`."""
    for _ in range(200):
        if page.evaluate(f"(a => {true_of_audio})(document.querySelector('audio'))"):
            return
        page.wait_for_timeout(50)
    raise AssertionError(true_of_audio)


def test_the_text_grows_while_one_types_and_nothing_typed_is_lost(open_: browser.Open, now: datetime, world: World) -> None:
    number = received("grows", now)
    with Session.begin() as s:
        hearing.keep(s, calls.find(s, number, lock=True), MATTER[:2], done=20.0, length=60.0)
    page = open_("operator", f"/calls/{number}")
    expect(page.locator("#progress progress")).to_have_attribute("value", "33")
    page.fill("#body", "我正在打字")
    with Session.begin() as s:
        hearing.keep(s, calls.find(s, number, lock=True), MATTER[2:4], done=40.0, length=60.0)
    expect(page.locator("#said")).to_contain_text("停水", timeout=15_000)
    heard(number, now, *MATTER)
    expect(page.locator("#progress")).to_contain_text("转写已结束", timeout=15_000)
    expect(page.locator("#body")).to_have_value("我正在打字")
    page.click("text=按转写填写登记表")
    expect(page.locator("#address")).to_have_value("翠湖花园3号楼")


def test_an_empty_form_is_filled_by_itself_once_the_text_is_there(open_: browser.Open, now: datetime, world: World) -> None:
    number = received("fills", now)
    page = open_("operator", f"/calls/{number}")
    heard(number, now, *MATTER)
    expect(page.locator("#address")).to_have_value("翠湖花园3号楼", timeout=15_000)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_line_is_corrected_where_it_stands(open_: browser.Open, now: datetime, scripts: bool, world: World) -> None:
    number = heard(received(f"corrected-{scripts}", now), now, *MATTER)
    page = open_("operator", f"/calls/{number}", scripts=scripts)
    if scripts:
        page.fill("#address", "我填的地址")
    line = page.locator(".utterance", has_text="尽快恢复")
    line.locator("summary").click()
    line.locator("textarea").fill("希望今天恢复供水")
    line.locator("button:has-text('保存订正')").click()
    expect(page.locator("#said")).to_contain_text("已订正〔原文“希望尽快恢复”〕")
    if scripts:
        expect(page.locator("#address")).to_have_value("我填的地址")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0 if scripts else True


def test_a_click_on_a_later_line_is_heard_from_there_in_a_long_recording(open_: browser.Open, now: datetime, world: World) -> None:
    number = heard(received("clicked", now), now, *MATTER)
    with Session() as s:
        sha256 = calls.find(s, number).sha256
    folder: Path = world.data / "recordings"
    folder.mkdir(exist_ok=True)
    (folder / sha256).write_bytes(recording(seconds=600))
    page = open_("operator", f"/calls/{number}")
    until(page, "a.readyState > 0")
    page.evaluate("document.querySelector('audio').currentTime = 500")
    until(page, "!a.seeking && a.currentTime === 500")
    page.locator(".seek[data-start='16.0']").click()
    until(page, "a.currentTime >= 16 && a.currentTime < 30 && !a.paused")
    expect(page.locator(".utterance.now")).to_contain_text("尽快恢复")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
