"""What a live call's page is told, as server-sent events: `said` with the revision as its id, `now` for what is being said, `over` at the end.

Everything is read from the table, so that a reader who was away, or whose database was, gets all that he missed and nothing twice.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from litestar.response.sse import ServerSentEventMessage
from sqlalchemy.exc import SQLAlchemyError

from hotline.db import Session
from hotline.errors import NotFound
from tickets import live
from web.live_bell import Bell

LOOK = 10.0  # seconds after which the table is looked at even if nobody has rung
AGAIN = 0.5  # seconds until a database that is away is asked again


@dataclass(frozen=True)
class News:
    """What has changed. partials: what is being said, by speaker. call: the number of the Call that it has become."""

    said: list[dict[str, Any]]
    partials: dict[str, str]
    over: bool
    call: int | None


async def events(bell: Bell, number: int, after: int) -> AsyncIterator[ServerSentEventMessage]:
    """Until the call has become a Call. after: the last revision that the reader knows."""
    known: dict[str, str] = {}
    told: tuple[bool, int | None] = (False, None)
    with bell.reading(number) as rung:
        yield ServerSentEventMessage(data=None, retry=1000, comment="live")
        while True:
            rung.clear()
            try:
                news = await asyncio.to_thread(_read, number, after)
            except SQLAlchemyError:
                await asyncio.sleep(AGAIN)
                rung.set()
                continue
            except NotFound:
                yield _event("over", {"call": None, "gone": True})
                return
            for line in news.said:
                after = line["revision"]
                yield _event("said", line, id=str(after))
            if news.partials != known:
                known = news.partials
                yield _event("now", known)
            if (news.over, news.call) != told:
                told = (news.over, news.call)
                yield _event("over", {"call": news.call, "gone": False})
            if news.call is not None:
                return
            try:
                await asyncio.wait_for(rung.wait(), LOOK)
            except TimeoutError:
                yield ServerSentEventMessage(data=None, comment="still here")


def _read(number: int, after: int) -> News:
    with Session() as s:
        call = live.find(s, number)
        said = live.said(s, number, after=after) if after else sorted(live.said(s, number), key=lambda line: line["revision"])
        partials = {line.speaker.value: line.partial for line in live.lines(s, number) if line.partial and line.ended_at is None}
        return News(said, partials, call.finished_at is not None, call.call_id)


def _event(kind: str, content: Any, id: str | None = None) -> ServerSentEventMessage:
    return ServerSentEventMessage(data=json.dumps(content, ensure_ascii=False), event=kind, id=id)
