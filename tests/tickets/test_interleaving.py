"""Two people on one ticket at the same moment: what is left is what one of the two orders would have left, never a mixture."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import combinations
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from hotline.db import connect
from hotline.errors import Refusal
from hotline.outbox import Event
from tests.tickets.conftest import Cast, populated
from tickets import access, co_handling, dispatching, filing, merging, returning, signing, urging, withdrawing
from tickets.replay import replay
from tickets.ticket import Ticket

Verb = Callable[[Session, Ticket, Cast, datetime], object]

VERBS: dict[str, tuple[str, Verb]] = {
    "sign": ("water", lambda s, t, c, at: signing.sign(s, t, by=c.water, at=at)),
    "ask_return": ("water", lambda s, t, c, at: returning.ask_return(s, t, reason="duty", basis="三定方案", by=c.water_colleague, at=at)),
    "redispatch": ("dispatcher", lambda s, t, c, at: dispatching.redispatch(s, t, department="zhujian", reason="派错了", by=c.dispatcher, at=at)),
    "co_handler": ("dispatcher", lambda s, t, c, at: co_handling.add_co_handler(s, t, department="zhujian", reason="协助", by=c.dispatcher, at=at)),
    "withdraw": ("operator", lambda s, t, c, at: withdrawing.withdraw(s, t, checked=t.query_code, reason="不需要了", by=c.operator, at=at)),
    "urge": ("operator", lambda s, t, c, at: urging.urge(s, t, text="请快办", by=c.operator, at=at)),
}


@pytest.fixture
def sessions(empty_database: str) -> Any:
    engine = connect(empty_database)
    yield sessionmaker(engine, expire_on_commit=False)
    engine.dispose()


@pytest.mark.parametrize("pair", list(combinations(VERBS, 2)), ids="+".join)
def test_two_verbs_at_once_leave_one_of_the_two_serial_results(sessions: Any, at: datetime, pair: tuple[str, str]) -> None:
    with sessions.begin() as s:
        cast = populated(s, at)
    first, second, both = (dispatched(sessions, cast, at) for _ in range(3))
    for number, order in ((first, pair), (second, pair[::-1])):
        for name in order:
            attempt(sessions, number, name, cast, at)
    gate = Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: attempt(sessions, both, name, cast, at, gate), pair))
    assert left(sessions, both) in (left(sessions, first), left(sessions, second))
    with sessions() as s:
        assert replay(s, list(s.scalars(select(Ticket)))) == []


def test_two_mergers_into_one_another_never_wait_for_ever(sessions: Any, at: datetime) -> None:
    with sessions.begin() as s:
        cast = populated(s, at)
    one, other = (dispatched(sessions, cast, at) for _ in range(2))
    gate = Barrier(2)

    def merge(pair: tuple[str, str]) -> bool:
        gate.wait()
        try:
            with sessions.begin() as s:
                merging.merge(s, access.find(s, pair[0], cast.dispatcher, lock=True), master=pair[1], reason="同一件", by=cast.dispatcher, at=at)
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(merge, [(one, other), (other, one)])) <= 1


def dispatched(sessions: Any, cast: Cast, at: datetime) -> str:
    """A ticket with the water company, not signed yet."""
    with sessions.begin() as s:
        matter = filing.Matter(body="小区停水三天了没人管", kind="complaint", item="050101")
        number = filing.file(s, matter, by=cast.operator, at=at).number
        dispatching.dispatch(s, access.find(s, number, cast.dispatcher), department="gongshui", by=cast.dispatcher, at=at)
        return number


def attempt(sessions: Any, number: str, name: str, cast: Cast, at: datetime, gate: Barrier | None = None) -> None:
    """One verb in a transaction of its own, as a request does it; a refusal leaves everything as it was."""
    who, verb = VERBS[name]
    if gate:
        gate.wait()
    try:
        with sessions.begin() as s:
            verb(s, access.find(s, number, getattr(cast, who), lock=True), cast, at + timedelta(minutes=1))
    except (Refusal, StaleDataError, OperationalError):
        pass


def left(sessions: Any, number: str) -> tuple[object, ...]:
    """What a ticket came to: its own row, its legs, and what was told, in order."""
    with sessions() as s:
        ticket = s.scalars(select(Ticket).where(Ticket.number == number).options(*access.FULL)).one()
        legs = tuple((leg.department_code, leg.lead, leg.state, leg.outcome, leg.owner_id) for leg in ticket.legs)
        told = tuple(s.scalars(select(Event.kind).where(Event.subject_kind == "ticket", Event.subject_id == ticket.id).order_by(Event.id)))
        return ticket.state, ticket.lead_code, ticket.version, legs, told


