"""What follows an event by itself: an answer that was not drawn closes, a bad rating becomes a matter, each of them once."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

import worker
from hotline import privacy
from hotline.db import Session, bind
from hotline.outbox import Event
from hotline.people import Person
from sla import versions
from tickets import access, dispatching, resolving, revisiting, setup, signing
from tickets.filing import Matter, file
from tickets.ticket import Ticket


@pytest.fixture
def city(empty_database: str, tmp_path: Path, at: datetime) -> Iterator[None]:
    engine = bind(empty_database)
    privacy.unlock(tmp_path / "secret.key")
    with Session.begin() as s:
        versions.seed(s, at=at)
        setup.load(s)
    yield
    engine.dispose()


def somebody(s: object, role: str, department: str | None = None) -> Person:
    found = s.query(Person).filter(Person.roles.contains([role])).order_by(Person.id)  # type: ignore[attr-defined]
    person = (found.filter(Person.department_code == department) if department else found).first()
    assert isinstance(person, Person)
    return person


def answered(kind: str, at: datetime) -> str:
    """A ticket whose answer has passed review."""
    with Session.begin() as s:
        number = file(s, Matter(body="感谢供水抢修师傅", kind=kind, item="090481", phone="13800001234"), by=somebody(s, "operator"), at=at).number
    with Session.begin() as s:
        ticket = access.find(s, number, somebody(s, "dispatcher"), lock=True)
        dispatching.dispatch(s, ticket, department="gongshui", by=somebody(s, "dispatcher"), at=at)
        signing.sign(s, ticket, by=somebody(s, "clerk", "gongshui"), at=at)
        resolving.resolve(s, ticket, result="explained", reply="已转告", contacted_at=at, by=somebody(s, "clerk", "gongshui"), at=at)
        resolving.pass_review(s, ticket, by=somebody(s, "reviewer"), at=at)
    return number


def told(kind: str) -> list[int]:
    with Session() as s:
        return [number for (number,) in s.query(Event.id).filter(Event.kind == kind).order_by(Event.id)]


def test_praise_closes_by_itself_and_a_complaint_waits_for_its_revisit(city: None, at: datetime) -> None:
    praise, complaint = answered("praise", at), answered("complaint", at)
    for event in told("ticket.review_passed") * 2:
        worker.skip_revisit(event)
    with Session() as s:
        assert {number: state.value for number, state in s.query(Ticket.number, Ticket.state)} == {praise: "closed", complaint: "revisiting"}
    assert len(told("ticket.revisit_skipped")) == 1


def test_a_bad_rating_becomes_one_matter(city: None, at: datetime) -> None:
    number = answered("complaint", at)
    with Session.begin() as s:
        asks = somebody(s, "revisitor")
        ticket = access.find(s, number, asks, lock=True)
        revisiting.redo(s, ticket, contacted=True, solved="no", satisfied=1, reason="没人来", by=asks, at=at)
    for _ in range(2):
        worker.open_bad_rating(told("ticket.redone")[0])
    with Session() as s:
        made = s.query(Ticket).filter(Ticket.kind == "bad_rating").one()
        assert made.origin_id == s.query(Ticket.id).filter(Ticket.number == number).scalar() and "非常不满意" in made.body
