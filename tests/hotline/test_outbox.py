"""Events: written with the verb, relayed at least once, acted on exactly once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session as Session_
from sqlalchemy.orm import sessionmaker

from hotline.db import connect
from hotline.outbox import Event, claim, record, relay
from hotline.people import Department


class Thing:
    """Any row with an id."""

    __tablename__ = "thing"
    id = 7


def waiting(s: Session_) -> int:
    return s.scalar(select(func.count()).select_from(Event).where(Event.relayed_at.is_(None))) or 0


def test_an_event_that_is_rolled_back_is_never_relayed(session: Session_, at: datetime) -> None:
    with pytest.raises(ZeroDivisionError), session.begin_nested():
        record(session, "thing.done", Thing(), by=None, at=at)
        raise ZeroDivisionError
    sent: list[int] = []
    assert relay(session, send=lambda s, event: sent.append(event.id), at=at) == 0 and sent == []


def test_events_are_relayed_once_in_the_order_in_which_they_happened(session: Session_, at: datetime) -> None:
    written = [record(session, "thing.done", Thing(), by=None, at=at, n=n).id for n in range(5)]
    sent: list[int] = []
    while relay(session, send=lambda s, event: sent.append(event.id), at=at, limit=2):
        pass
    assert sent == written and waiting(session) == 0


def test_when_sending_fails_nothing_is_marked(session: Session_, at: datetime) -> None:
    record(session, "thing.done", Thing(), by=None, at=at)

    def broken(s: Session_, event: Event) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError), session.begin_nested():
        relay(session, send=broken, at=at)
    assert waiting(session) == 1


def test_two_relays_at_once_share_the_work_and_send_nothing_twice(empty_database: str, at: datetime) -> None:
    engine = connect(empty_database)
    sessions = sessionmaker(engine)
    with sessions.begin() as s:
        for n in range(200):
            record(s, "thing.done", Thing(), by=None, at=at, n=n)
    sent: list[int] = []

    def drain(_: int) -> None:
        more = 1
        while more:
            with sessions.begin() as s:
                more = relay(s, send=lambda s, event: sent.append(event.id), at=at, limit=7)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(drain, range(4)))
    engine.dispose()
    assert len(sent) == 200 and len(set(sent)) == 200


def test_of_two_jobs_on_one_event_only_one_acts(empty_database: str, at: datetime) -> None:
    engine = connect(empty_database)
    sessions = sessionmaker(engine)
    with sessions.begin() as s:
        event = record(s, "thing.done", Thing(), by=None, at=at).id

    def act(n: int) -> bool:
        with sessions.begin() as s:
            if mine := claim(s, event, "some_job"):
                s.add(Department(code=f"d{n}", name="某单位", short="某", kind="department"))
            return mine

    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(act, range(8)))
    with sessions() as s:
        assert claims.count(True) == 1 and s.scalar(select(func.count()).select_from(Department)) == 1
    engine.dispose()


def test_a_claim_of_a_transaction_that_fails_is_free_again(session: Session_, at: datetime) -> None:
    event = record(session, "thing.done", Thing(), by=None, at=at).id
    with pytest.raises(ZeroDivisionError), session.begin_nested():
        assert claim(session, event, "some_job")
        raise ZeroDivisionError
    assert claim(session, event, "some_job")
    assert not claim(session, event, "some_job")
    assert claim(session, event, "another_job")


