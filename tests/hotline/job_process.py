"""A worker process for the tests of jobs: claims an event and writes another, with a nap before it commits."""

import signal
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import dramatiq
from dramatiq import Broker

from hotline import jobs, privacy
from hotline.clock import now
from hotline.db import Session, bind
from hotline.outbox import claim, record

nap = 0.0


class Thing:
    """Any row with an id."""

    __tablename__ = "thing"
    id = 7


def note(event_id: int) -> None:
    with Session.begin() as s:
        if claim(s, event_id, "note"):
            record(s, "job.done", Thing(), by=None, at=now(), event=event_id)
            time.sleep(nap)


def declare(made: Broker, queue: str) -> None:
    """The test's job on a queue of its own, so that parallel tests do not take each other's work."""
    dramatiq.actor(note, broker=made, queue_name=queue, max_retries=20, min_backoff=100)


def sender(made: Broker) -> object:
    return jobs.sender(made, {"thing.done": (note,)})


def main(url: str, broker_url: str, queue: str, seconds: str) -> None:
    global nap
    with TemporaryDirectory() as folder:
        privacy.unlock(Path(folder) / "secret.key")
    nap = float(seconds)
    bind(url)
    made = jobs.broker(broker_url or None, url)
    declare(made, queue)
    worker = jobs.work(made, queues=[queue], threads=2)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    stop.wait()
    worker.stop(timeout=2000)
    made.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
