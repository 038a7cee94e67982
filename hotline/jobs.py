"""Jobs: work outside the request. Sets the broker from BROKER_URL and exports `@job`; nobody else imports dramatiq.

A job takes (event id) and claims (event, job) once, in the transaction that does its work: delivery is at least once,
the effect exactly once. Nobody calls `.send()` but the relay.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dramatiq
import structlog
from dramatiq import Broker, Message, Worker
from sqlalchemy.orm import Session

from hotline.db import libpq_url
from hotline.errors import Refused
from hotline.outbox import Event

QUEUES = ("ticket", "speech")
MOST_RETRIES = 20
LONGEST_JOB_MS = 5 * 3600 * 1000  # two hours of audio on one busy core, with room

log = structlog.get_logger("hotline.jobs")
Job = Callable[[int], None]
_jobs: dict[str, tuple[Job, str]] = {}


def job(*, queue: str = "ticket") -> Callable[[Job], Job]:
    """Marks a function of one event id as a job. Its name is how messages find it: do not rename one that is in use."""

    def mark(function: Job) -> Job:
        _jobs[function.__name__] = (function, queue)
        return function

    return mark


def broker(broker_url: str | None, database_url: str) -> Broker:
    """The broker for these settings, with every job declared on it: RabbitMQ, Redis or Valkey, otherwise PostgreSQL.

    Raises Refused for an address of any other kind.
    """
    made = _make(broker_url, database_url)
    for function, queue in _jobs.values():
        dramatiq.actor(broker=made, queue_name=queue, max_retries=MOST_RETRIES, min_backoff=1000, max_backoff=60_000, time_limit=LONGEST_JOB_MS)(function)
    return made


def check_broker(broker_url: str | None) -> None:
    """Raises Refused when the broker of BROKER_URL does not answer; PostgreSQL's is looked at with the database."""
    if broker_url is None:
        return
    made: Any = _make(broker_url, "")
    try:
        made.client.ping() if hasattr(made, "client") else made.connection
    except Exception as error:
        raise Refused("连不上 BROKER_URL 所指的消息代理，请检查地址、账号和它是否在运行。", field="BROKER_URL") from error
    finally:
        made.close()


def _make(broker_url: str | None, database_url: str) -> Broker:
    if broker_url is None:
        from dramatiq_postgres import PostgresBroker

        # A dead worker's messages come back after heartbeat_ttl; every process beats while its jobs run.
        postgres: Broker = PostgresBroker(url=libpq_url(database_url), results=False, heartbeat_interval=2, heartbeat_ttl=8, maintenance_interval=4)
        return postgres
    if broker_url.startswith(("amqp://", "amqps://")):
        from dramatiq.brokers.rabbitmq import RabbitmqBroker

        return RabbitmqBroker(url=broker_url, confirm_delivery=True)
    if broker_url.startswith(("redis://", "rediss://", "unix://")):
        from dramatiq.brokers.redis import RedisBroker

        return RedisBroker(url=broker_url, heartbeat_timeout=10_000, maintenance_chance=100_000)  # type: ignore[no-untyped-call]
    raise Refused("BROKER_URL 只支持 amqp://（RabbitMQ）和 redis://（Redis 或 Valkey）；留空则使用 PostgreSQL。", field="BROKER_URL")


def sender(made: Broker, subscribers: Mapping[str, Sequence[Job]]) -> Callable[[Session, Event], None]:
    """What the relay does with an event: one message for each job that follows from it."""
    put = _put_in_transaction if broker_is_postgres(made) else _put

    def send(s: Session, event: Event) -> None:
        for follower in subscribers.get(event.kind, ()):
            put(s, made, made.get_actor(follower.__name__).message(event.id))

    return send


def broker_is_postgres(made: Broker) -> bool:
    """Whether messages live in the same database as everything else."""
    return type(made).__name__ == "PostgresBroker"


def _put(s: Session, made: Broker, message: Message[Any]) -> None:
    made.enqueue(message)


def _put_in_transaction(s: Session, made: Broker, message: Message[Any]) -> None:
    """The broker's own INSERT on our connection: relayed and queued in one commit, and no second connection that blocks when the database is away."""
    from dramatiq_postgres.broker import QUERIES
    from dramatiq_postgres.utils import tidy4json
    from psycopg.types.json import Json

    connection = s.connection().connection.driver_connection
    assert connection is not None
    connection.execute(QUERIES.ENQUEUE, (message.queue_name, message.message_id, Json(tidy4json(message)), 0))


def work(made: Broker, *, queues: Sequence[str] = QUEUES, threads: int = 4) -> Worker:
    """Starts a worker on these queues in this process; the caller stops it."""
    worker = Worker(made, queues=set(queues), worker_threads=threads, worker_timeout=500)
    worker.start()
    log.info("worker started", queues=list(queues), threads=threads)
    return worker
