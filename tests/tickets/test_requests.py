"""Requests, final answers, exclusions, co-handlers in turn and pauses, as the domain says them; and that replay gives every row again."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.clock import SHANGHAI
from hotline.errors import Conflict, Forbidden, Refused
from hotline.outbox import Event
from hotline.people import Department, Person
from sla.light import Light
from tests.tickets.conftest import Cast
from tests.tickets.test_life import HOUR, Hotline
from tickets import (
    access,
    applying,
    board,
    co_handling,
    consulting,
    deadlines,
    easing,
    excluding,
    handing_over,
    instructing,
    noticing,
    requests_desk,
    resolving,
    returning,
    revisiting,
    signing,
    terminating,
    turns,
)
from tickets.application import Application, Ask, Judged
from tickets.lifecycle import State
from tickets.replay import replay
from tickets.ticket import Ticket

Filed = Callable[..., Ticket]


@pytest.fixture
def hotline(session: Session, cast: Cast, filed: Filed, at: datetime) -> Hotline:
    return Hotline(session, cast, filed(), at)


@pytest.fixture
def third(session: Session, cast: Cast) -> Person:
    """A clerk of a third unit."""
    session.add(Department(code="chengguan", name="安和市城管局", short="城管局", kind="department"))
    session.flush()
    clerk = Person(login="cg", name="cg", roles=["clerk"], department_code="chengguan")
    session.add(clerk)
    session.flush()
    return clerk


def last(session: Session, ticket: Ticket) -> Event:
    return session.scalars(select(Event).where(Event.subject_kind == "ticket", Event.subject_id == ticket.id).order_by(Event.id.desc()).limit(1)).one()


def the_same_again(session: Session, hotline: Hotline) -> None:
    """Replaying the events gives the row, its legs and its clocks."""
    session.flush()
    assert replay(session, [hotline.ticket()]) == []


def answer(session: Session, hotline: Hotline, by: Person, **more: str) -> None:
    signing.sign(session, hotline.ticket(), by=by, at=hotline.at) if access.leg_of(hotline.ticket(), by).state is State.DISPATCHED else None  # type: ignore[union-attr]
    resolving.resolve(session, hotline.ticket(), result="solved", reply="已配合处理", contacted_at=hotline.at, by=by, at=hotline.at, **more)


def test_a_supervisor_grants_less_than_was_asked_and_the_request_is_settled(session: Session, cast: Cast, hotline: Hotline) -> None:
    due = hotline.dispatch().due_at
    hotline.sign()
    easing.ask_extension(session, hotline.ticket(), limit="3 个工作日", reason="管道大修", by=cast.water, at=hotline.at)
    leg = easing.extend(session, hotline.ticket(), limit="1 workday", by=cast.supervisor, at=hotline.at)
    request = session.scalars(select(Application)).one()
    assert (request.state, request.decided_by_id) == (Judged.GRANTED, cast.supervisor.id)
    assert leg.due_at is not None and due is not None and leg.due_at - due < timedelta(days=4)
    assert last(session, hotline.ticket()).data["application"] == request.id
    the_same_again(session, hotline)


def test_what_could_not_be_granted_is_refused_when_it_is_asked(session: Session, cast: Cast, hotline: Hotline) -> None:
    leg = hotline.dispatch()
    hotline.sign()
    with pytest.raises(Refused):
        easing.ask_extension(session, hotline.ticket(), limit="30 workday", reason="太难", by=cast.water, at=hotline.at)
    with pytest.raises(Refused):
        easing.ask_pause(session, hotline.ticket(), reason="tired", text="人手不足", by=cast.water, at=hotline.at)
    assert leg.due_at is not None
    with pytest.raises(Refused) as late:
        easing.ask_extension(session, hotline.ticket(), limit="1 workday", reason="太难", by=cast.water, at=leg.due_at + HOUR)
    assert "超期" in late.value.sentence


def test_an_answer_lets_what_was_asked_lapse(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.dispatch()
    hotline.sign()
    easing.ask_extension(session, hotline.ticket(), limit="1 workday", reason="管道大修", by=cast.water, at=hotline.at)
    hotline.resolve()
    assert session.scalars(select(Application.state)).one() is Judged.LAPSED
    with pytest.raises(Conflict):
        applying.refuse(session, hotline.ticket(), Ask.EXTENSION, reason="不必了", by=cast.supervisor, at=hotline.at)


def test_an_answer_during_a_pause_counts_only_the_pause_that_there_was(session: Session, cast: Cast, hotline: Hotline) -> None:
    due = hotline.dispatch().due_at
    hotline.sign()
    easing.pause(session, hotline.ticket(), reason="waiting_citizen", text="等房号", by=cast.supervisor, at=hotline.at)
    leg = hotline.ticket().legs[0]
    assert deadlines.light(leg, hotline.at + HOUR) is Light.BLUE
    hotline.at += timedelta(days=3)
    hotline.resolve()
    leg = hotline.ticket().legs[0]
    assert leg.paused_at is None and due is not None and leg.due_at is not None and due < leg.due_at < due + timedelta(days=4)
    the_same_again(session, hotline)


def test_a_pause_without_a_cap_keeps_a_leg_from_being_late_on_the_board(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.dispatch()
    hotline.sign()
    easing.pause(session, hotline.ticket(), reason="judicial", text="法院受理", by=cast.supervisor, at=hotline.at)
    later = hotline.at + timedelta(days=60)
    session.flush()
    counted = board.count(session, at=later)
    assert [(one.overdue, one.paused) for one in counted.standings] == [(0, 1)] and counted.overdue == 0
    assert board.overdue(session, cast.supervisor, at=later) == [] and deadlines.light(hotline.ticket().legs[0], later) is Light.BLUE


def test_a_pause_ends_by_its_cap_and_another_may_follow(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.dispatch()
    hotline.sign()
    easing.pause(session, hotline.ticket(), reason="waiting_citizen", text="等房号", by=cast.supervisor, at=hotline.at)
    with pytest.raises(Conflict):
        easing.pause(session, hotline.ticket(), reason="waiting_citizen", text="再等", by=cast.supervisor, at=hotline.at + HOUR)
    over = hotline.ticket().legs[0].paused_until
    assert over is not None
    assert deadlines.light(hotline.ticket().legs[0], over + HOUR) is not Light.BLUE
    easing.pause(session, hotline.ticket(), reason="judicial", text="法院受理", by=cast.supervisor, at=over + HOUR)
    the_same_again(session, hotline)


def test_a_final_answer_is_found_when_the_same_citizen_calls_about_the_same_matter(session: Session, cast: Cast, filed: Filed, hotline: Hotline) -> None:
    hotline.dispatch(co_handlers=["zhujian"])
    hotline.sign()
    said = {"reason": "政策不允许", "evidence": "市政府令第 12 号", "reply": "这是最终答复。"}
    with pytest.raises(Forbidden):
        terminating.ask_termination(session, hotline.ticket(), by=cast.discipline, at=hotline.at, **said)
    terminating.ask_termination(session, hotline.ticket(), by=cast.water, at=hotline.at, **said)
    terminating.approve_termination(session, hotline.ticket(), by=cast.reviewer, at=hotline.at)
    terminating.terminate(session, hotline.ticket(), by=cast.supervisor, at=hotline.at)
    ticket = hotline.ticket()
    assert ticket.state is State.TERMINATED and ticket.due_at is None
    assert [(leg.outcome, leg.reply) for leg in ticket.legs] == [("terminated", "这是最终答复。"), ("recalled", None)]
    assert session.scalars(select(deadlines.Timer.id).where(deadlines.Timer.stopped_at.is_(None))).all() == []
    found = terminating.final_answers(session, by=cast.operator, phone="+86 138 0000 1234", item="050101")
    assert [one.reply for one in found] == ["这是最终答复。"]
    assert not terminating.final_answers(session, by=cast.operator, phone="13800009999")
    again = filed()
    assert [one.ticket_id for one in terminating.earlier_answers(session, again, by=cast.operator)] == [ticket.id]
    assert list(terminating.earlier_answers(session, filed(item="050102"), by=cast.operator)) == []
    the_same_again(session, hotline)


def test_a_refused_termination_leaves_the_department_at_work(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.dispatch()
    hotline.sign()
    terminating.ask_termination(session, hotline.ticket(), reason="难", evidence="无", reply="不办", by=cast.water, at=hotline.at)
    with pytest.raises(Forbidden):
        applying.refuse(session, hotline.ticket(), Ask.TERMINATION, reason="先初审", by=cast.supervisor, at=hotline.at)
    terminating.approve_termination(session, hotline.ticket(), by=cast.reviewer, at=hotline.at)
    applying.refuse(session, hotline.ticket(), Ask.TERMINATION, reason="依据不足", by=cast.supervisor, at=hotline.at)
    assert hotline.ticket().state is State.HANDLING
    hotline.resolve()
    assert hotline.ticket().state is State.RESOLVED


def test_only_what_was_answered_and_is_over_can_be_excluded(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.answered()
    with pytest.raises(Conflict):
        excluding.ask_exclusion(session, hotline.ticket(), reason="legacy", evidence="已立项", by=cast.water, at=hotline.at)
    revisiting.close(session, hotline.ticket(), contacted=True, solved="partly", satisfied=3, by=cast.revisitor, at=hotline.at)
    with pytest.raises(Forbidden):
        excluding.ask_exclusion(session, hotline.ticket(), reason="legacy", evidence="已立项", by=cast.roads, at=hotline.at)
    excluding.ask_exclusion(session, hotline.ticket(), reason="legacy", evidence="已立项", by=cast.water, at=hotline.at)
    assert requests_desk.to_judge_count(session, cast.reviewer) == 1 and requests_desk.to_judge_count(session, cast.supervisor) == 0
    excluding.approve_exclusion(session, hotline.ticket(), by=cast.reviewer, at=hotline.at)
    assert [one.request.reason for one in requests_desk.to_judge(session, cast.supervisor).rows] == ["历史遗留（已立项）"]
    excluding.exclude(session, hotline.ticket(), by=cast.supervisor, at=hotline.at)
    assert hotline.ticket().excluded and requests_desk.to_judge_count(session, cast.supervisor) == 0
    assert [one.number for one in requests_desk.excluded(session, cast.roads).rows] == [hotline.number]
    with pytest.raises(Forbidden):
        requests_desk.excluded(session, cast.admin)
    the_same_again(session, hotline)


def test_the_desk_goes_on_where_the_page_before_ended(session: Session, cast: Cast, filed: Filed, at: datetime) -> None:
    for _ in range(3):
        one = Hotline(session, cast, filed(), at)
        one.dispatch()
        easing.ask_extension(session, one.ticket(), limit="1 workday", reason="管道大修", by=cast.water, at=at)
    first = requests_desk.to_judge(session, cast.supervisor, limit=2)
    assert first.after is not None
    rest = requests_desk.to_judge(session, cast.supervisor, after=int(first.after), limit=2)
    assert len(first.rows) == 2 and len(rest.rows) == 1 and rest.after is None


def test_co_handlers_follow_one_another(session: Session, cast: Cast, third: Person, hotline: Hotline) -> None:
    hotline.dispatch(co_handlers=["zhujian", "chengguan"], in_order=True)
    hotline.sign()
    assert [leg.department_code for leg in hotline.ticket().current_legs] == ["gongshui", "zhujian"]
    assert co_handling.start_next(session, hotline.ticket().id, at=hotline.at) is None, "the first has not answered"
    answer(session, hotline, cast.roads)
    with pytest.raises(Conflict) as early:
        hotline.resolve()
    assert "城管局" in early.value.sentence, "the lead waits for whose turn is to come"
    started = co_handling.start_next(session, hotline.ticket().id, at=hotline.at)
    assert started is not None and started.department_code == "chengguan" and last(session, hotline.ticket()).kind == "ticket.co_handler_started"
    assert co_handling.start_next(session, hotline.ticket().id, at=hotline.at) is None
    answer(session, hotline, third)
    hotline.resolve()
    assert hotline.ticket().state is State.RESOLVED
    the_same_again(session, hotline)


def test_the_next_begins_where_the_one_before_gave_its_part_back(session: Session, cast: Cast, third: Person, hotline: Hotline) -> None:
    hotline.dispatch(co_handlers=["zhujian", "chengguan"], in_order=True)
    returning.ask_return(session, hotline.ticket(), reason="duty", basis="与道路无关", by=cast.roads, at=hotline.at)
    returning.approve_return(session, hotline.ticket(), by=cast.dispatcher, at=hotline.at)
    assert co_handling.start_next(session, hotline.ticket().id, at=hotline.at) is not None


def test_without_a_lead_nobodys_turn_to_help_comes(session: Session, cast: Cast, third: Person, hotline: Hotline) -> None:
    hotline.dispatch(co_handlers=["zhujian", "chengguan"], in_order=True)
    hotline.ask_return()
    returning.approve_return(session, hotline.ticket(), by=cast.dispatcher, at=hotline.at)
    assert turns.waiting(session, hotline.ticket()) == [] and hotline.ticket().current_legs == []


def test_a_co_handlers_own_limit_is_never_beyond_the_leads(session: Session, cast: Cast, hotline: Hotline) -> None:
    with pytest.raises(Refused) as problem:
        hotline.dispatch(co_handlers=["zhujian"], limits={"zhujian": "30 workday"})
    assert problem.value.field == "limit"


def test_a_co_handler_that_is_called_in_late_ends_with_the_lead(session: Session, cast: Cast, hotline: Hotline) -> None:
    lead = hotline.dispatch().due_at
    hotline.at += timedelta(days=3)
    helper = co_handling.add_co_handler(session, hotline.ticket(), department="zhujian", reason="路面", by=cast.dispatcher, at=hotline.at)
    assert helper is not None and helper.due_at is not None and lead is not None and helper.due_at <= lead
    own = co_handling.add_co_handler(session, hotline.ticket(), department="linhu", reason="属地", limit="2 小时", by=cast.dispatcher, at=hotline.at)
    assert own is not None and own.due_at == hotline.at + 2 * HOUR
    the_same_again(session, hotline)


def test_the_lead_answers_without_a_co_handler_when_it_says_why(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.dispatch(co_handlers=["zhujian"])
    hotline.sign()
    resolving.resolve(
        session, hotline.ticket(), result="solved", reply="已修好", contacted_at=hotline.at, without="住建局来函说明无须参与", by=cast.water, at=hotline.at
    )
    ticket = hotline.ticket()
    assert ticket.state is State.RESOLVED and [leg.outcome for leg in ticket.legs] == [None, "absent"]
    assert last(session, ticket).data["absent"] == ["住建局"]
    the_same_again(session, hotline)


def test_a_third_dispatch_is_a_ruling_that_only_a_dispatcher_makes(session: Session, cast: Cast, hotline: Hotline) -> None:
    for _ in range(2):
        hotline.dispatch()
        hotline.ask_return()
        returning.approve_return(session, hotline.ticket(), by=cast.dispatcher, at=hotline.at)
    hotline.cast = Cast(**{**vars(cast), "dispatcher": cast.operator})
    with pytest.raises(Forbidden):
        hotline.dispatch()
    hotline.cast = cast
    assert hotline.dispatch().forced and last(session, hotline.ticket()).data["ruling"]


@pytest.mark.parametrize(("reason", "said", "wrong"), [("duty", None, True), ("unreachable", None, False), ("duty", False, False)])
def test_a_wrong_dispatch_counts_against_dispatching(session: Session, cast: Cast, hotline: Hotline, reason: str, said: bool | None, wrong: bool) -> None:
    hotline.dispatch()
    hotline.ask_return(reason=reason)
    leg = returning.approve_return(session, hotline.ticket(), wrong_dispatch=said, by=cast.dispatcher, at=hotline.at)
    assert leg.wrong_dispatch is wrong
    day = datetime(2026, 11, 20, tzinfo=SHANGHAI)
    assert requests_desk.dispatch_accuracy(session, since=day, until=day + timedelta(days=1)) == (int(not wrong), 1)


def test_the_chain_of_hops_is_a_to_b_to_a(session: Session, cast: Cast, hotline: Hotline) -> None:
    for unit, clerk in (("gongshui", cast.water), ("zhujian", cast.roads)):
        hotline.dispatch(unit)
        returning.ask_return(session, hotline.ticket(), reason="duty", basis="不属本单位", by=clerk, at=hotline.at)
        returning.approve_return(session, hotline.ticket(), by=cast.dispatcher, at=hotline.at)
    hotline.dispatch("gongshui")
    assert [leg.department_code for leg in returning.hops(hotline.ticket())] == ["gongshui", "zhujian", "gongshui"]


def test_every_record_beside_a_ticket_is_one_event_and_changes_nothing_that_replay_would_miss(session: Session, cast: Cast, hotline: Hotline) -> None:
    due = hotline.dispatch().due_at
    hotline.sign()
    before = len(session.scalars(select(Event.id).where(Event.subject_kind == "ticket", Event.subject_id == hotline.ticket().id)).all())
    noticing.notify(session, hotline.ticket(), missing=["身份证"], by=cast.water, at=hotline.at)
    handing_over.hand_over(session, hotline.ticket(), owner=cast.water_colleague.id, by=cast.water, at=hotline.at)
    consulting.consult(session, hotline.ticket(), units=["linhu"], text="谁管", by=cast.dispatcher, at=hotline.at)
    consulting.conclude_consult(session, hotline.ticket(), text="供水集团管", by=cast.dispatcher, at=hotline.at)
    instructing.instruct(session, hotline.ticket(), leader="某市长", text="抓紧", by=cast.supervisor, at=hotline.at)
    easing.ask_pause(session, hotline.ticket(), reason="judicial", text="法院受理", by=cast.water, at=hotline.at)
    after = session.scalars(select(Event.id).where(Event.subject_kind == "ticket", Event.subject_id == hotline.ticket().id)).all()
    assert len(after) == before + 6
    ticket = hotline.ticket()
    assert ticket.instructed and ticket.legs[0].due_at == due and ticket.legs[0].owner_id == cast.water_colleague.id
    the_same_again(session, hotline)
