"""A real browser for the tests of the pages: one Chromium and one server for all tests of a worker."""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, sync_playwright

if TYPE_CHECKING:
    from tests.web.conftest import As, World

CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
BROWSING = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update"]
WIDE, NARROW = {"width": 1366, "height": 768}, {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def site(city: "World") -> Iterator[str]:
    """The application behind a real server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(city.app, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 20
    while not server.started and time.monotonic() < end:
        time.sleep(0.02)
    assert server.started
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """One for a whole process: a second one beside it is refused."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield browser
    browser.close()


Open = Callable[..., Page]


@pytest.fixture
def open_(site: str, chromium: Browser, as_: "As") -> Iterator[Open]:
    """Opens a page as somebody. Whatever the console complains of fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        # A refusal is an answer of the server that the test itself looks at; the console reports its status.
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            complaints.append(message.text)

    def go(who: str, path: str, *, size: dict[str, int] | None = None, scripts: bool = True) -> Page:
        context = chromium.new_context(base_url=site, viewport=size or WIDE, java_script_enabled=scripts, locale="zh-CN", timezone_id="America/New_York")
        contexts.append(context)
        context.set_default_timeout(8000)
        context.add_cookies([{"name": "hotline", "value": as_(who).token, "url": site}])
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield go
    for context in contexts:
        context.close()
    assert complaints == []
