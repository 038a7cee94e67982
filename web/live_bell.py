"""The bell of the live pages: PostgreSQL says that something was said in a call, and whoever reads that call looks at the table.

One connection of our own for a web process. It is opened again when the database has been away; then everybody looks, for nobody knows what
was said meanwhile. A notice carries the number of a call and nothing else.
"""

import asyncio
import contextlib
from collections.abc import Iterator

import psycopg
import structlog
from sqlalchemy import Engine

from hotline.db import Session, libpq_url
from tickets.live import CHANNEL

log = structlog.get_logger("hotline.bell")

AGAIN = 0.5  # seconds until a database that is away is asked again
ALIVE = 20.0  # seconds without a notice after which the connection is tried


class Bell:
    """Used by one event loop at a time; it listens while anybody reads."""

    def __init__(self) -> None:
        self._readers: dict[int, set[asyncio.Event]] = {}
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def reading(self, number: int) -> Iterator[asyncio.Event]:
        """An event that is set whenever something was said in this call."""
        rung = asyncio.Event()
        self._readers.setdefault(number, set()).add(rung)
        if self._task is None or self._task.done() or self._task.get_loop() is not asyncio.get_running_loop():
            self._task = asyncio.create_task(self._listen())
        try:
            yield rung
        finally:
            self._readers[number].discard(rung)
            if not self._readers[number]:
                del self._readers[number]

    async def close(self) -> None:
        """Stops listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def _listen(self) -> None:
        away = False
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(_address(), autocommit=True, connect_timeout=5, application_name="hotline-live") as line:
                    await line.execute(f"LISTEN {CHANNEL}")
                    away = False
                    self._ring_all()
                    await self._hear(line)
            except (psycopg.Error, OSError) as problem:
                if not away:
                    log.warning("database away, listening again", problem=type(problem).__name__)
                away = True
                await asyncio.sleep(AGAIN)

    async def _hear(self, line: psycopg.AsyncConnection) -> None:
        while True:
            async for notice in line.notifies(timeout=ALIVE):
                for rung in self._readers.get(int(notice.payload), ()):
                    rung.set()
            await line.execute("SELECT 1")  # a connection that was cut without a word is found out

    def _ring_all(self) -> None:
        for readers in self._readers.values():
            for rung in readers:
                rung.set()


def _address() -> str:
    engine = Session.kw["bind"]
    assert isinstance(engine, Engine)
    return libpq_url(engine.url.render_as_string(hide_password=False))
