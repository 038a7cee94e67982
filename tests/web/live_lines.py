"""What the tests of live calls share: a database of their own, sound, and what was kept."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import httpx
import pytest
import uvicorn
from litestar import Litestar

from hotline import privacy
from hotline.db import Session, bind
from hotline.settings import Settings
from tickets import live
from tickets.live_call import LiveCall

SPEECH, ROOM = b"\x10\x20" * 1600, bytes(3200)  # 0.2 s each at 8 kHz
LINES = ("小区停水很久了", "物业没人管")


@pytest.fixture
def settings(empty_database: str, tmp_path: Path) -> Iterator[Settings]:
    """An installation with places for two voices."""
    engine = bind(empty_database)
    privacy.unlock(tmp_path / "secret.key")
    yield Settings(data=tmp_path, live_voices=2)
    engine.dispose()


def said() -> list[str]:
    """What is kept of all calls."""
    with Session() as s:
        return [row["text"] for call in s.query(LiveCall).order_by(LiveCall.id) for row in live.said(s, call.id)]


@contextmanager
def served(app: Litestar, speech: Any) -> Iterator[str]:
    """The application behind a real server; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 20
    while not server.started and time.monotonic() < end:
        time.sleep(0.02)
    assert server.started
    app.state.switchboard.speech = speech
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


class Reader:
    """Reads a call's events as a browser does, in a thread of its own."""

    def __init__(self, site: str, path: str, cookie: str, last: int | None = None) -> None:
        headers = {"Cookie": cookie} | ({"Last-Event-ID": str(last)} if last is not None else {})
        self.events: Queue[tuple[str, str, Any]] = Queue()
        self._client = httpx.Client(base_url=site, timeout=60)
        self._stream = self._client.stream("GET", path, headers=headers)
        self.status = (response := self._stream.__enter__()).status_code
        self._thread = threading.Thread(target=self._read, args=(response,), daemon=True)
        self._thread.start()

    def next(self, kind: str, seconds: float = 30) -> tuple[str, Any]:
        """The id and the content of the next event of this kind; others are passed over."""
        while True:
            found, number, content = self.events.get(timeout=seconds)
            if found == kind:
                return number, content

    def close(self) -> None:
        self._client.close()

    def _read(self, response: httpx.Response) -> None:
        event: dict[str, str] = {}
        try:
            for line in response.iter_lines():
                name, _, value = line.partition(": ")
                if line:
                    event[name] = value
                elif "data" in event:
                    self.events.put((event.get("event", ""), event.get("id", ""), json.loads(event["data"])))
                    event = {}
        except (httpx.HTTPError, RuntimeError, OSError):
            pass
        self.events.put(("end", "", None))
