"""并单: one answer for all who reported it, and a revisit for each."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.errors import Conflict, Refused
from hotline.outbox import Event
from sla.timers import Timer
from tests.tickets.conftest import Cast
from tickets import access, dispatching, merging, resolving, revisiting, signing, withdrawing
from tickets.lifecycle import State
from tickets.replay import replay
from tickets.ticket import Ticket

HOUR = timedelta(hours=1)


@pytest.fixture
def master(session: Session, cast: Cast, filed: Callable[..., Ticket], at: datetime) -> Ticket:
    ticket = filed()
    dispatching.dispatch(session, ticket, department="gongshui", item="050101", by=cast.dispatcher, at=at)
    signing.sign(session, ticket, by=cast.water, at=at)
    return ticket


@pytest.fixture
def merged(session: Session, cast: Cast, filed: Callable[..., Ticket], master: Ticket, at: datetime) -> Ticket:
    ticket = filed()
    dispatching.dispatch(session, ticket, department="zhujian", item="050101", by=cast.dispatcher, at=at)
    merging.merge(session, ticket, master=master.number, reason="同一处停水", by=cast.dispatcher, at=at + HOUR)
    return ticket


def answered(session: Session, cast: Cast, master: Ticket, at: datetime) -> Event:
    """The master's answer passes review; the event that says so."""
    resolving.resolve(session, master, result="solved", reply="已恢复供水", contacted_at=at + HOUR, by=cast.water, at=at + 2 * HOUR)
    resolving.pass_review(session, master, by=cast.reviewer, at=at + 3 * HOUR)
    return session.scalars(select(Event).where(Event.kind == "ticket.review_passed", Event.subject_id == master.id)).one()


def test_a_merged_ticket_leaves_its_department_while_its_citizens_clock_runs_on(session: Session, merged: Ticket, master: Ticket) -> None:
    assert merged.state is State.MERGED and merged.lead_code is None and merged.current_legs == []
    assert [leg.outcome for leg in merged.legs] == ["merged"]
    clocks = {timer.clock: timer.stopped_at for timer in session.scalars(select(Timer).where(Timer.subject == f"ticket:{merged.id}"))}
    assert clocks["citizen"] is None and clocks["dispatch"] is not None
    found = merging.master_of(session, merged)
    assert found is not None and found.id == master.id


def test_every_citizen_gets_the_masters_answer_and_a_revisit(session: Session, cast: Cast, merged: Ticket, master: Ticket, at: datetime) -> None:
    assert merging.follow_master(session, answered(session, cast, master, at), at=at + 3 * HOUR) == 1
    assert merged.state is State.REVISITING
    told = session.scalars(select(Event).where(Event.kind == "ticket.followed", Event.subject_id == merged.id)).one()
    assert told.data["reply"] == "已恢复供水" and told.data["master"] == master.number
    revisiting.close(session, merged, contacted=True, solved="yes", satisfied=5, by=cast.revisitor, at=at + 4 * HOUR)
    assert merged.state is State.CLOSED and master.state is State.REVISITING
    session.flush()
    assert replay(session, [merged, master]) == []


def test_what_was_not_solved_for_a_merged_citizen_comes_back_to_the_masters_department(
    session: Session, cast: Cast, merged: Ticket, master: Ticket, at: datetime
) -> None:
    merging.follow_master(session, answered(session, cast, master, at), at=at + 3 * HOUR)
    leg = revisiting.redo(session, merged, contacted=True, solved="no", satisfied=3, reason="我家还没水", by=cast.revisitor, at=at + 4 * HOUR)
    assert leg.department_code == "gongshui" and merged.round == 2 and master.round == 1


def test_a_merger_can_be_undone_until_the_answer(session: Session, cast: Cast, merged: Ticket, master: Ticket, at: datetime) -> None:
    merging.unmerge(session, merged, reason="不是一处", by=cast.dispatcher, at=at + 2 * HOUR)
    assert merged.state is State.FILED and merged.master_id is None
    dispatching.dispatch(session, merged, department="gongshui", by=cast.dispatcher, at=at + 2 * HOUR)
    assert merging.follow_master(session, answered(session, cast, master, at), at=at + 3 * HOUR) == 0
    session.flush()
    assert replay(session, [merged]) == []


def test_when_the_master_is_withdrawn_the_others_are_dispatched_again(
    session: Session, cast: Cast, merged: Ticket, master: Ticket, at: datetime
) -> None:
    withdrawing.withdraw(session, master, checked=master.query_code, reason="自己修好了", by=cast.operator, at=at + 2 * HOUR)
    event = session.scalars(select(Event).where(Event.kind == "ticket.withdrawn")).one()
    assert merging.follow_master(session, event, at=at + 2 * HOUR) == 1
    assert merged.state is State.FILED


def test_a_ticket_is_not_merged_into_itself_nor_into_a_merged_one_nor_while_others_follow_it(
    session: Session, cast: Cast, merged: Ticket, master: Ticket, filed: Callable[..., Ticket], at: datetime
) -> None:
    third = filed()
    for ticket, into in ((third, third), (third, merged), (master, third)):
        with pytest.raises(Refused) as problem:
            merging.merge(session, ticket, master=into.number, reason="同一件", by=cast.dispatcher, at=at + HOUR)
        assert problem.value.field == "master"


def test_nothing_is_merged_into_a_ticket_that_has_been_answered(
    session: Session, cast: Cast, master: Ticket, filed: Callable[..., Ticket], at: datetime
) -> None:
    answered(session, cast, master, at)
    with pytest.raises(Refused, match="待回访"):
        merging.merge(session, filed(), master=master.number, reason="同一件", by=cast.dispatcher, at=at + 3 * HOUR)


def test_a_merged_ticket_cannot_be_dispatched(session: Session, cast: Cast, merged: Ticket, at: datetime) -> None:
    with pytest.raises(Conflict):
        dispatching.dispatch(session, merged, department="gongshui", by=cast.dispatcher, at=at + HOUR)


def test_only_those_who_may_see_a_merged_ticket_are_told_of_it(session: Session, cast: Cast, merged: Ticket, master: Ticket) -> None:
    session.flush()
    assert merging.followers(session, master, cast.dispatcher) == [merged]
    assert merging.followers(session, master, cast.water) == []
    assert access.find(session, master.number, cast.water).id == master.id


def test_a_withdrawal_needs_what_only_the_citizen_knows(session: Session, cast: Cast, filed: Callable[..., Ticket], at: datetime) -> None:
    ticket = filed(phone="13812345678")
    for said in ("", "0000", "1234", "5679"):
        with pytest.raises(Refused) as problem:
            withdrawing.withdraw(session, ticket, checked=said, reason="不需要了", by=cast.operator, at=at)
        assert problem.value.field == "checked"
    withdrawing.withdraw(session, ticket, checked="5678", reason="不需要了", by=cast.operator, at=at)
    assert ticket.state is State.WITHDRAWN and ticket.due_at is None
    event = session.scalars(select(Event).where(Event.kind == "ticket.withdrawn")).one()
    assert event.data == {"reason": "不需要了", "checked": "phone"}
    assert session.scalars(select(Timer).where(Timer.subject == f"ticket:{ticket.id}", Timer.stopped_at.is_(None))).all() == []
    session.flush()
    assert replay(session, [ticket]) == []
