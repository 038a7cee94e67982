"""A live call in a real browser: the microphone is heard, the text comes in beside the form and fills it, and typing there is left alone."""

import uuid
from collections.abc import Callable, Iterator

import pytest

from app import create_app
from asr.live_scripted import ScriptedLive
from hotline import clock
from hotline.db import Session
from hotline.settings import Settings
from tests.web.conftest import As, Scripted, World
from tests.web.live_lines import LINES, served
from tests.web.test_live import ring, say
from tickets import live

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Page, Playwright, expect

from tests.web.browsing import BROWSING, CHROMIUM, FLAGS, NARROW, WIDE

pytestmark = BROWSING
BEEPS = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]  # a microphone that beeps once a second

Open = Callable[..., Page]


class Patient(ScriptedLive):
    """Ends an utterance when the line does: a beeping microphone has long silences."""

    async def open(self, rate: int, **more: object) -> object:  # type: ignore[override]
        voice = await super().open(rate)
        hear = voice.hear
        voice.hear = lambda sound: hear(sound if any(sound) else b"")  # type: ignore[method-assign]
        return voice


@pytest.fixture
def open_(world: World, as_: As, playwright: Playwright) -> Iterator[Open]:
    app = create_app(Settings(data=world.data, live_voices=3))
    app.state.classifier = Scripted()
    complaints: list[str] = []
    with served(app, Patient(LINES)) as site:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *BEEPS])

        def go(path: str, *, size: dict[str, int] = WIDE, scripts: bool = True) -> Page:
            context = browser.new_context(base_url=site, viewport=size, locale="zh-CN", permissions=["microphone"], java_script_enabled=scripts)  # type: ignore[arg-type]
            context.set_default_timeout(15000)
            context.add_cookies([{"name": "hotline", "value": as_("operator").token, "url": site}])
            page = context.new_page()
            page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(path)
            return page

        yield go
        browser.close()
    assert complaints == []


def test_the_microphone_is_heard_and_its_words_are_on_the_page(open_: Open) -> None:
    page = open_("/live")
    page.click("button:has-text('开始')")
    page.click("button:has-text('打开话筒')")
    expect(page.locator("#live-now .operator")).to_contain_text("小区", timeout=20000)
    page.click("button:has-text('关闭话筒')")
    expect(page.locator("#live-lines .operator")).to_contain_text("小区")
    expect(page.locator("button:has-text('打开话筒')")).to_be_visible()
    assert page.input_value("#body") == "", "what the operator says is no part of the matter"


def test_what_the_citizen_says_fills_the_form_until_somebody_types_there(open_: Open) -> None:
    number, line = ring("我们小区")
    page = open_(f"/live/{number}")
    say(line, now="停水")
    expect(page.locator("#live-now .citizen")).to_have_text("停水")
    say(line, "停水三天了")
    expect(page.locator("#live-lines")).to_contain_text("停水3天了")
    expect(page.locator("#body")).to_have_value("我们小区\n停水3天了")
    expect(page.locator("#suggestion mark").first).to_have_text("停水")
    page.fill("#body", "翠湖花园停水三天")
    say(line, "快来修")
    expect(page.locator("#live-lines")).to_contain_text("快来修")
    assert page.input_value("#body") == "翠湖花园停水三天"
    page.locator("#live-lines .quote").last.click()
    assert "快来修" in page.input_value("#body")


def test_a_call_that_ends_leads_on_to_its_recording(open_: Open) -> None:
    number, line = ring("停水了")
    page = open_(f"/live/{number}")
    with Session.begin() as s:
        live.leave(s, line, at=clock.now())
        live.finish(s, at=clock.now() + 2 * live.LINGERS)
        call = live.becomes_call(s, number, sha256=uuid.uuid4().hex * 2, size=44, duration=3.0, at=clock.now())
        assert call is not None
        heard = call.id
    expect(page.locator("#live-state")).to_have_text("已结束")
    expect(page.locator("#live-call")).to_have_attribute("href", f"/calls/{heard}")


@pytest.mark.parametrize("scripts", [True, False])
def test_the_page_fits_a_narrow_screen_and_works_without_scripts(open_: Open, scripts: bool) -> None:
    number, _ = ring("我们小区停水三天了没有人管物业说不知道")
    page = open_(f"/live/{number}", size=NARROW, scripts=scripts)
    assert page.locator("main").bounding_box()["width"] <= 390  # type: ignore[index]
    expect(page.locator("#live-lines")).to_contain_text("停水3天了")
    if scripts:
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    else:
        expect(page.locator("a:has-text('刷新')")).to_be_visible()
