"""A transcription in progress, for the worker's door: keeps what is heard as it comes, tells how far it is, notices that nobody wants it any more."""

import threading
import time
from collections.abc import Sequence

import structlog
from sqlalchemy.exc import OperationalError

from asr.protocol import Utterance
from hotline.db import Session
from tickets import calls, hearing

log = structlog.get_logger("hotline.transcribing")
OFTEN = 2.0  # seconds between two commits: what a crash may cost, and how soon a stop is noticed


class Keeper:
    """Takes the utterances of one call from the recogniser. cancel: set once the call no longer waits for them."""

    def __init__(self, call_id: int) -> None:
        self.cancel = threading.Event()
        self._call_id = call_id
        self._kept = time.monotonic()
        self._pending: list[Utterance] = []

    def hear(self, utterance: Utterance) -> None:
        """One more utterance."""
        self._pending.append(utterance)

    def progress(self, done: float, length: float | None) -> None:
        """Seconds done, and in all. Commits now and then; a database that is away is waited for while the work goes on."""
        if (at := time.monotonic()) - self._kept < OFTEN:
            return
        self._kept = at
        try:
            self._commit(self._pending, done, length)
        except OperationalError as problem:
            log.warning("database away, utterances wait", call=self._call_id, waiting=len(self._pending), problem=type(problem).__name__)
            return
        self._pending = []

    def _commit(self, utterances: Sequence[Utterance], done: float, length: float | None) -> None:
        with Session.begin() as s:
            call = calls.find(s, self._call_id, lock=True)
            if hearing.wanted(call):
                hearing.keep(s, call, utterances, done=round(done, 2), length=length)
            else:
                self.cancel.set()
