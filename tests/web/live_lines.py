"""What the tests of live calls share: a database of their own, sound, and what was kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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
