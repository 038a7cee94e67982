"""非时限触发: returns, redos and bad ratings move a ticket up the ladder beside time, each rule once."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.tickets.conftest import Cast
from tickets import access, dispatching, resolving, returning, revisiting, signing, triggers, urging
from tickets.discipline_case import DisciplineCase
from tickets.ticket import Ticket

Filed = Callable[..., Ticket]


@pytest.fixture
def number(filed: Filed) -> str:
    return filed().number


def fired(session: Session, cast: Cast, number: str, at: datetime) -> list[str]:
    session.flush()
    found = [trigger.key for trigger in triggers.check(session, access.find(session, number, cast.dispatcher).id, at=at)]
    session.flush()
    return found


def give_back(session: Session, cast: Cast, number: str, at: datetime) -> None:
    def ticket() -> Ticket:
        session.flush()
        return access.find(session, number, cast.dispatcher)

    dispatching.dispatch(session, ticket(), department="gongshui", by=cast.dispatcher, at=at)
    returning.ask_return(session, ticket(), reason="duty", basis="不属于本单位", by=cast.water, at=at)
    returning.approve_return(session, ticket(), by=cast.dispatcher, at=at)


def test_the_second_return_asks_for_a_ruling_and_asks_only_once(session: Session, cast: Cast, number: str, at: datetime) -> None:
    give_back(session, cast, number, at)
    assert fired(session, cast, number, at) == []
    give_back(session, cast, number, at)
    assert fired(session, cast, number, at) == ["ruling"]
    assert fired(session, cast, number, at) == []


def test_a_second_bad_rating_proposes_a_transfer_of_the_department_that_led(session: Session, cast: Cast, number: str, at: datetime) -> None:
    def ticket() -> Ticket:
        session.flush()
        return access.find(session, number, cast.dispatcher)

    dispatching.dispatch(session, ticket(), department="gongshui", by=cast.dispatcher, at=at)
    for hours in (1, 2):
        later = at + timedelta(hours=hours)
        signing.sign(session, ticket(), by=cast.water, at=later)
        resolving.resolve(session, ticket(), result="solved", reply="已处理", contacted_at=later, by=cast.water, at=later)
        resolving.pass_review(session, ticket(), by=cast.reviewer, at=later)
        revisiting.redo(session, ticket(), contacted=True, solved="no", satisfied=1, reason="没有解决", by=cast.revisitor, at=later)
    assert "second_bad_rating" in fired(session, cast, number, at)
    case = session.scalars(select(DisciplineCase)).one()
    assert case.department_code == "gongshui" and "仍不满意" in case.evidence


def test_one_urge_triggers_nothing(session: Session, cast: Cast, number: str, at: datetime) -> None:
    dispatching.dispatch(session, access.find(session, number, cast.dispatcher), department="gongshui", by=cast.dispatcher, at=at)
    session.flush()
    urging.urge(session, access.find(session, number, cast.dispatcher), text="市民来电", by=cast.operator, at=at)
    assert fired(session, cast, number, at) == []
