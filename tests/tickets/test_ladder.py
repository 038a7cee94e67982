"""督办阶梯 and 纪检监督: a ticket that nobody answers climbs, step by step, once, at the true times."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.errors import Conflict, Forbidden, NotFound
from hotline.outbox import Event
from sla.sweep import sweep as sweep_timers
from tests.tickets.conftest import Cast
from tickets import access, desks, discipline, dispatching, ladder, resolving, signing
from tickets.discipline_case import CaseState, DisciplineCase
from tickets.ticket import Leg, Ticket

MONTH = timedelta(days=40)


@pytest.fixture
def leg(session: Session, cast: Cast, filed: Callable[..., Ticket], at: datetime) -> Leg:
    return dispatching.dispatch(session, filed(), department="gongshui", by=cast.dispatcher, at=at)


def sweep(session: Session, at: datetime) -> int:
    session.flush()
    fired = 0
    while more := sweep_timers(session, at=at, fire=ladder.climb):
        fired += more
    session.flush()
    return fired


def steps(session: Session, leg: Leg) -> list[tuple[int, datetime]]:
    climbed = (Event.kind == "ticket.climbed", Event.data["clock"].astext == "resolve")
    rows = session.execute(select(Event.data["level"].as_integer(), Event.at).where(*climbed).order_by(Event.id))
    return [(level, at) for level, at in rows]


def test_nothing_climbs_before_its_time(session: Session, leg: Leg, at: datetime) -> None:
    assert sweep(session, at) == 0


def test_a_leg_that_nobody_answers_climbs_every_step_in_order_at_its_true_time(session: Session, leg: Leg, at: datetime) -> None:
    assert leg.due_at is not None
    sweep(session, at + MONTH)
    climbed = steps(session, leg)
    assert [level for level, _ in climbed] == sorted(level for level, _ in climbed) and climbed[-1][0] == 6
    assert (3, leg.due_at) in climbed, "overdue is dated at the deadline, not at the sweep"
    assert all(when <= at + MONTH for _, when in climbed)


def test_sweeping_again_climbs_nothing_twice(session: Session, leg: Leg, at: datetime) -> None:
    sweep(session, at + MONTH)
    before = steps(session, leg)
    assert sweep(session, at + 2 * MONTH) == 0 and steps(session, leg) == before


def test_an_answer_in_time_stops_the_ladder(session: Session, cast: Cast, leg: Leg, at: datetime) -> None:
    ticket = access.find(session, leg.ticket.number, cast.dispatcher)
    signing.sign(session, ticket, by=cast.water, at=at)
    resolving.resolve(session, ticket, result="solved", reply="已恢复", contacted_at=at, by=cast.water, at=at + timedelta(hours=1))
    sweep(session, at + MONTH)
    assert steps(session, leg) == []


@pytest.fixture
def case(session: Session, leg: Leg, at: datetime) -> DisciplineCase:
    sweep(session, at + MONTH)
    return session.scalars(select(DisciplineCase)).one()


def test_the_last_timed_step_proposes_and_a_person_decides(session: Session, cast: Cast, case: DisciplineCase) -> None:
    assert case.state is CaseState.PROPOSED and "供水集团" in case.evidence
    with pytest.raises(Conflict):
        discipline.confirm(session, case, decision="移送", by=cast.supervisor, at=case.proposed_at)
    with pytest.raises(Forbidden):
        discipline.confirm(session, case, decision="移送", by=cast.dispatcher, at=case.statement_due_at)
    discipline.explain(session, case, statement="管网抢修", by=cast.water, at=case.proposed_at)
    discipline.confirm(session, case, decision="说明不成立", by=cast.supervisor, at=case.proposed_at)
    assert case.state is CaseState.TRANSFERRED
    discipline.conclude(session, case, conclusion="属实，已约谈", by=cast.discipline, at=case.statement_due_at)
    assert case.state is CaseState.CONCLUDED


def test_a_unit_that_lets_its_workday_pass_can_be_transferred_unheard(session: Session, cast: Cast, case: DisciplineCase) -> None:
    discipline.confirm(session, case, decision="逾期未说明", by=cast.supervisor, at=case.statement_due_at)
    assert case.state is CaseState.TRANSFERRED


def test_an_explanation_can_be_accepted(session: Session, cast: Cast, case: DisciplineCase) -> None:
    discipline.withdraw(session, case, decision="系不可抗力", by=cast.supervisor, at=case.proposed_at)
    assert case.state is CaseState.WITHDRAWN


def test_discipline_sees_a_ticket_only_once_it_is_transferred(session: Session, cast: Cast, case: DisciplineCase) -> None:
    number = session.get_one(Ticket, case.ticket_id).number
    with pytest.raises(NotFound):
        access.find(session, number, cast.discipline)
    assert desks.discipline_queue(session, cast.discipline) == []
    discipline.confirm(session, case, decision="逾期未说明", by=cast.supervisor, at=case.statement_due_at)
    session.flush()
    assert access.find(session, number, cast.discipline).number == number
    assert [row[0].id for row in desks.discipline_queue(session, cast.discipline)] == [case.id]


def test_another_unit_neither_sees_nor_explains_the_case(session: Session, cast: Cast, case: DisciplineCase) -> None:
    assert desks.discipline_queue(session, cast.roads) == []
    with pytest.raises(NotFound):
        discipline.find(session, case.id, cast.roads)
    with pytest.raises(Forbidden):
        discipline.explain(session, case, statement="不关我们事", by=cast.roads, at=case.proposed_at)
