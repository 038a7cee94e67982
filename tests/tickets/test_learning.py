"""What a ticket teaches: what was suggested, and what was right in the end, whatever happened in between."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from tests.tickets.conftest import Cast
from tests.tickets.test_suggesting import Says
from tickets import access, dispatching, learning, returning, revisiting, signing
from tickets.filing import Matter, file
from tickets.learning import How, Lesson
from tickets.suggesting import advise
from tickets.ticket import Ticket

WATER, QUALITY = "050101", "050102"
Filed = Callable[..., Ticket]


@pytest.fixture
def suggested(session: Session, cast: Cast, at: datetime) -> Filed:
    """Files a ticket for which the classifier suggested 停水, with the water company."""

    def make(*, dispatch: bool = False, item: str | None = None) -> Ticket:
        advice = advise(session, Says(WATER, dispatch=dispatch), "停水了", at=at)
        ticket = file(session, Matter(body="停水了", kind="complaint", item=item), by=cast.operator, at=at, advice=advice)
        return access.find(session, ticket.number, cast.dispatcher)

    return make


def lesson(session: Session, ticket: Ticket) -> Lesson:
    found = learning.learn(session, ticket.id)
    assert found is not None
    return found


def test_a_ticket_that_waits_teaches_nothing_yet_but_what_was_suggested_is_kept(session: Session, suggested: Filed) -> None:
    found = lesson(session, suggested())
    assert (found.suggested_item, found.suggested_unit, found.confidence, found.unknown, found.model) == (WATER, "gongshui", 0.9, False, "test")
    assert found.how is None and found.item is None and found.settled_at is None


def test_a_person_who_dispatches_as_suggested_confirms_it(session: Session, suggested: Filed, cast: Cast, at: datetime) -> None:
    ticket = suggested()
    dispatching.dispatch(session, ticket, department="gongshui", item=WATER, by=cast.dispatcher, at=at)
    found = lesson(session, ticket)
    assert (found.how, found.item, found.unit, found.by_itself, found.misrouted) == (How.CONFIRMED, WATER, "gongshui", False, False)


def test_another_item_or_another_unit_is_a_correction(session: Session, suggested: Filed, cast: Cast, at: datetime) -> None:
    one, other = suggested(), suggested()
    dispatching.dispatch(session, one, department="gongshui", item=QUALITY, by=cast.dispatcher, at=at)
    dispatching.dispatch(session, other, department="zhujian", item=WATER, by=cast.dispatcher, at=at)
    assert [(lesson(session, ticket).how, ticket.item_code) for ticket in (one, other)] == [(How.CORRECTED, QUALITY), (How.CORRECTED, WATER)]


def test_what_the_classifier_dispatched_teaches_once_the_department_has_taken_it_on(session: Session, suggested: Filed, cast: Cast, at: datetime) -> None:
    ticket = suggested(dispatch=True)
    dispatching.dispatch_as_suggested(session, ticket.id, at=at)
    assert lesson(session, ticket).how is None and lesson(session, ticket).by_itself
    signing.sign(session, access.find(session, ticket.number, cast.water), by=cast.water, at=at + timedelta(minutes=10))
    found = lesson(session, ticket)
    assert (found.how, found.item, found.settled_at) == (How.CONFIRMED, WATER, at + timedelta(minutes=10))


def returned(session: Session, ticket: Ticket, cast: Cast, at: datetime, reason: str = "duty") -> Ticket:
    ticket = access.find(session, ticket.number, cast.water)
    returning.ask_return(session, ticket, reason=reason, basis="不属我单位职责", by=cast.water, at=at + timedelta(minutes=20))
    ticket = access.find(session, ticket.number, cast.dispatcher)
    returning.approve_return(session, ticket, by=cast.dispatcher, at=at + timedelta(minutes=60))
    return ticket


def test_a_return_and_a_dispatch_with_another_item_correct_the_first(session: Session, suggested: Filed, cast: Cast, at: datetime) -> None:
    ticket = suggested(dispatch=True)
    dispatching.dispatch_as_suggested(session, ticket.id, at=at)
    ticket = returned(session, ticket, cast, at)
    waiting = lesson(session, ticket)
    assert (waiting.how, waiting.misrouted, waiting.lost) == (None, True, 60)
    dispatching.dispatch(session, ticket, department="zhujian", item=QUALITY, by=cast.dispatcher, at=at + timedelta(minutes=70))
    found = lesson(session, ticket)
    assert (found.how, found.item, found.unit, found.first_unit) == (How.RETURNED, QUALITY, "zhujian", "gongshui")
    assert found.by_itself and found.misrouted and found.lost == 60


def test_a_return_for_want_of_an_address_is_nobodys_wrong_dispatch(session: Session, suggested: Filed, cast: Cast, at: datetime) -> None:
    ticket = suggested()
    dispatching.dispatch(session, ticket, department="gongshui", item=WATER, by=cast.dispatcher, at=at)
    found = lesson(session, returned(session, ticket, cast, at, reason="unreachable"))
    assert (found.misrouted, found.lost) == (False, 0)


def test_a_refused_return_is_a_ruling_and_one_not_ruled_on_yet_teaches_nothing(session: Session, suggested: Filed, cast: Cast, at: datetime) -> None:
    ticket = suggested()
    dispatching.dispatch(session, ticket, department="gongshui", item=WATER, by=cast.dispatcher, at=at)
    returning.ask_return(session, access.find(session, ticket.number, cast.water), reason="duty", basis="不归我们管", by=cast.water, at=at)
    assert lesson(session, ticket).how is None
    returning.refuse_return(session, access.find(session, ticket.number, cast.dispatcher), reason="职责清单写明由你单位承办", by=cast.dispatcher, at=at)
    found = lesson(session, ticket)
    assert (found.how, found.unit, found.misrouted) == (How.RULED, "gongshui", False)


def test_an_answer_on_the_spot_teaches_the_item_that_the_operator_chose(session: Session, suggested: Filed, cast: Cast, at: datetime) -> None:
    ticket = suggested(item=QUALITY)
    revisiting.answer(session, access.find(session, ticket.number, cast.operator), reply="水质已检测合格。", by=cast.operator, at=at)
    found = lesson(session, ticket)
    assert (found.how, found.item, found.unit) == (How.CORRECTED, QUALITY, None)


def test_old_tickets_are_caught_up_with_once(session: Session, suggested: Filed) -> None:
    last = [suggested() for _ in range(3)][-1]
    assert learning.catch_up(session, after=0, limit=2) is not None
    assert learning.catch_up(session, after=last.id - 1) == last.id
    assert learning.catch_up(session, after=last.id) is None
    assert session.query(Lesson).count() == 3


def test_a_ticket_that_is_not_there_teaches_nothing(session: Session) -> None:
    assert learning.learn(session, 424242) is None
