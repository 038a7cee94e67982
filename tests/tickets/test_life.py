"""The life of a ticket, from dispatch to the archive: who may do what, when, and what it leaves behind."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.clock import SHANGHAI
from hotline.errors import Conflict, Forbidden, NotFound, Refused
from hotline.outbox import Event
from sla import timers
from sla.timers import Timer
from tests.tickets.conftest import Cast
from tickets import access, contacting, desks, dispatching, easing, filing, resolving, returning, revealing, revisiting, signing, urging
from tickets.catalogue import Item
from tickets.lifecycle import State
from tickets.ticket import Leg, Ticket

Filed = Callable[..., Ticket]
HOUR = timedelta(hours=1)


class Hotline:
    """The verbs, said shortly: each reads the ticket anew as its person sees it."""

    def __init__(self, s: Session, cast: Cast, ticket: Ticket, at: datetime) -> None:
        self.s, self.cast, self.number, self.at = s, cast, ticket.number, at

    def ticket(self) -> Ticket:
        self.s.flush()
        return access.find(self.s, self.number, self.cast.dispatcher)

    def dispatch(self, department: str = "gongshui", **more: object) -> Leg:
        return dispatching.dispatch(self.s, self.ticket(), department=department, by=self.cast.dispatcher, at=self.at, **more)  # type: ignore[arg-type]

    def sign(self) -> Leg:
        return signing.sign(self.s, self.ticket(), by=self.cast.water, at=self.at)

    def resolve(self, *, after: timedelta = HOUR) -> Leg:
        self.at += after
        return resolving.resolve(self.s, self.ticket(), result="solved", reply="已抢修恢复供水。", contacted_at=self.at, by=self.cast.water, at=self.at)

    def ask_return(self, **more: object) -> Leg:
        fields: dict[str, object] = {"reason": "duty", "basis": "不属于供水管网", "suggests": "zhujian"} | more
        return returning.ask_return(self.s, self.ticket(), by=self.cast.water, at=self.at, **fields)  # type: ignore[arg-type]

    def pass_review(self) -> None:
        resolving.pass_review(self.s, self.ticket(), by=self.cast.reviewer, at=self.at)

    def answered(self) -> "Hotline":
        """All the way to the revisit."""
        self.dispatch()
        self.sign()
        self.resolve()
        self.pass_review()
        return self


@pytest.fixture
def hotline(session: Session, cast: Cast, filed: Filed, at: datetime) -> Hotline:
    return Hotline(session, cast, filed(), at)


def kinds(s: Session, ticket: Ticket) -> list[str]:
    return list(s.scalars(select(Event.kind).where(Event.subject_kind == "ticket", Event.subject_id == ticket.id).order_by(Event.id)))


def test_a_ticket_lives_from_filing_to_closing_with_one_event_for_each_verb(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.answered()
    revisiting.close(session, hotline.ticket(), contacted=True, solved="yes", satisfied=5, by=cast.revisitor, at=hotline.at)
    ticket = hotline.ticket()
    assert ticket.state is State.CLOSED and ticket.satisfied == 5 and ticket.due_at is None
    assert kinds(session, ticket) == ["ticket.filed", "ticket.dispatched", "ticket.signed", "ticket.resolved", "ticket.review_passed", "ticket.closed"]
    assert all(leg.ended_at for leg in ticket.legs)


def test_the_legs_clock_runs_from_dispatch_and_not_from_signing(session: Session, cast: Cast, hotline: Hotline) -> None:
    due = hotline.dispatch().due_at
    assert due is not None
    hotline.at += 3 * HOUR
    assert hotline.sign().due_at == due


def test_a_dispatch_needs_an_item_and_a_department_that_answers(session: Session, cast: Cast, filed: Filed, at: datetime) -> None:
    nameless = Hotline(session, cast, filed(item=None), at)
    with pytest.raises(Refused) as problem:
        nameless.dispatch()
    assert problem.value.field == "item"
    for department in ("jijian", "nobody"):
        with pytest.raises(NotFound) as missing:
            nameless.dispatch(department, item="050101")
        assert missing.value.field == "department"


def test_a_department_sees_a_ticket_from_its_dispatch_on_and_its_neighbour_never(session: Session, cast: Cast, hotline: Hotline) -> None:
    with pytest.raises(NotFound):
        access.find(session, hotline.number, cast.water)
    hotline.dispatch()
    assert access.find(session, hotline.number, cast.water).number == hotline.number
    assert access.find(session, hotline.number, cast.water_colleague).number == hotline.number
    with pytest.raises(NotFound):
        access.find(session, hotline.number, cast.roads)


def test_a_signature_names_one_owner_of_the_same_department(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.dispatch()
    with pytest.raises(Refused) as problem:
        signing.sign(session, hotline.ticket(), owner=cast.roads.id, by=cast.water, at=hotline.at)
    assert problem.value.field == "owner"
    leg = signing.sign(session, hotline.ticket(), owner=cast.water_colleague.id, by=cast.water, at=hotline.at)
    assert leg.owner_id == cast.water_colleague.id


def test_who_does_not_hold_the_ticket_cannot_sign_it(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.dispatch()
    for other in (cast.roads, cast.dispatcher, cast.operator):
        with pytest.raises(Forbidden):
            signing.sign(session, hotline.ticket(), by=other, at=hotline.at)


def test_a_returned_ticket_can_be_dispatched_again(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.dispatch()
    hotline.ask_return()
    assert hotline.ticket().state is State.RETURNING
    returning.approve_return(session, hotline.ticket(), by=cast.dispatcher, at=hotline.at)
    ticket = hotline.ticket()
    assert ticket.state is State.FILED and ticket.lead_code is None and ticket.returns == 1
    assert ticket.due_at is not None, "the citizen's clock goes on"
    hotline.dispatch("zhujian")
    assert hotline.ticket().lead_code == "zhujian"


def test_the_dispatch_after_two_returns_is_a_ruling_that_cannot_be_returned(session: Session, cast: Cast, hotline: Hotline) -> None:
    for _ in range(2):
        hotline.dispatch()
        hotline.ask_return()
        returning.approve_return(session, hotline.ticket(), by=cast.dispatcher, at=hotline.at)
    assert hotline.dispatch().forced
    with pytest.raises(Refused):
        hotline.ask_return()


def test_a_refused_return_stays_and_cannot_be_asked_again(session: Session, cast: Cast, hotline: Hotline) -> None:
    due = hotline.dispatch().due_at
    hotline.ask_return()
    hotline.at += HOUR
    returning.refuse_return(session, hotline.ticket(), reason="管网归供水集团", by=cast.dispatcher, at=hotline.at)
    ticket = hotline.ticket()
    assert ticket.state is State.HANDLING
    assert ticket.lead_leg is not None and ticket.lead_leg.due_at == due, "the clock ran meanwhile"
    with pytest.raises(Refused):
        hotline.ask_return()


@pytest.mark.parametrize(("fields", "field"), [({"reason": "lazy"}, "reason"), ({"basis": " "}, "basis"), ({"suggests": "nobody"}, "suggests")])
def test_a_return_needs_a_reason_a_basis_and_a_real_suggestion(hotline: Hotline, fields: dict[str, object], field: str) -> None:
    hotline.dispatch()
    with pytest.raises((Refused, NotFound)) as problem:
        hotline.ask_return(**fields)
    assert problem.value.field == field


def test_after_the_return_window_it_is_too_late(session: Session, hotline: Hotline) -> None:
    leg = hotline.dispatch()
    assert leg.return_until is not None
    hotline.at = leg.return_until + timedelta(seconds=1)
    with pytest.raises(Refused):
        hotline.ask_return()


def test_the_lead_answers_when_every_co_handler_has(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.dispatch(co_handlers=["zhujian"])
    hotline.sign()
    with pytest.raises(Conflict) as problem:
        hotline.resolve()
    assert "住建局" in problem.value.sentence
    signing.sign(session, hotline.ticket(), by=cast.roads, at=hotline.at)
    resolving.resolve(session, hotline.ticket(), result="solved", reply="路面已恢复", contacted_at=hotline.at, by=cast.roads, at=hotline.at)
    assert hotline.ticket().state is State.HANDLING, "a co-handler's answer goes to the lead"
    hotline.resolve()
    assert hotline.ticket().state is State.RESOLVED


def test_a_co_handlers_return_ends_only_its_own_part(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.dispatch(co_handlers=["zhujian"])
    returning.ask_return(session, hotline.ticket(), reason="duty", basis="与道路无关", by=cast.roads, at=hotline.at)
    assert hotline.ticket().state is State.DISPATCHED
    returning.approve_return(session, hotline.ticket(), by=cast.dispatcher, at=hotline.at)
    ticket = hotline.ticket()
    assert ticket.state is State.DISPATCHED and [leg.department_code for leg in ticket.current_legs] == ["gongshui"]


def test_a_department_holds_a_ticket_only_once(hotline: Hotline) -> None:
    with pytest.raises(Refused):
        hotline.dispatch(co_handlers=["gongshui"])


def test_a_redispatch_opens_a_new_leg_and_leaves_the_citizens_clock(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.dispatch()
    due = hotline.ticket().due_at
    hotline.at += HOUR
    dispatching.redispatch(session, hotline.ticket(), department="zhujian", reason="错派", by=cast.dispatcher, at=hotline.at)
    ticket = hotline.ticket()
    assert [leg.outcome for leg in ticket.legs] == ["recalled", None]
    assert ticket.lead_code == "zhujian" and ticket.due_at == due


def test_a_rejected_answer_resumes_where_the_clock_stopped(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.dispatch()
    hotline.sign()
    due = hotline.resolve().due_at
    hotline.at += 2 * HOUR
    resolving.reject_review(session, hotline.ticket(), reason="没有答复诉求", by=cast.reviewer, at=hotline.at)
    ticket = hotline.ticket()
    assert ticket.state is State.HANDLING and ticket.lead_leg is not None
    assert due is not None and ticket.lead_leg.due_at is not None and ticket.lead_leg.due_at >= due


def test_an_answer_needs_a_result_a_text_and_a_contact(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.dispatch()
    hotline.sign()
    good = {"result": "solved", "reply": "已处理", "contacted_at": hotline.at}
    for field, wrong in (("result", "done"), ("reply", ""), ("contacted_at", None), ("contacted_at", hotline.at + HOUR), ("contacted_at", hotline.at - HOUR)):
        with pytest.raises(Refused) as problem:
            resolving.resolve(session, hotline.ticket(), by=cast.water, at=hotline.at, **(good | {field: wrong}))  # type: ignore[arg-type]
        assert problem.value.field == field
    assert hotline.ticket().state is State.HANDLING


def test_what_was_not_solved_comes_back_to_the_department_that_led(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.answered()
    with pytest.raises(Refused):
        revisiting.close(session, hotline.ticket(), contacted=True, solved="no", satisfied=1, by=cast.revisitor, at=hotline.at)
    leg = revisiting.redo(session, hotline.ticket(), contacted=True, solved="no", satisfied=1, reason="又停水了", by=cast.revisitor, at=hotline.at)
    ticket = hotline.ticket()
    assert (ticket.state, ticket.round, ticket.lead_code) == (State.DISPATCHED, 2, "gongshui")
    assert leg.forced and leg.round == 2
    hotline.sign()
    hotline.resolve()
    hotline.pass_review()
    revisiting.close(session, hotline.ticket(), contacted=True, solved="yes", satisfied=4, by=cast.revisitor, at=hotline.at)
    assert hotline.ticket().state is State.CLOSED


def test_a_satisfied_citizen_does_not_get_a_redo(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.answered()
    with pytest.raises(Refused):
        revisiting.redo(session, hotline.ticket(), contacted=True, solved="yes", satisfied=5, reason="再办", by=cast.revisitor, at=hotline.at)


def test_three_misses_over_two_half_days_close_a_ticket_as_unreached(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.answered()
    misses = [revisiting.miss_revisit(session, hotline.ticket(), outcome="no_answer", by=cast.revisitor, at=hotline.at) for _ in range(3)]
    assert misses == [False, False, False], "three times in one morning are not enough"
    assert revisiting.miss_revisit(session, hotline.ticket(), outcome="off", by=cast.revisitor, at=hotline.at + 5 * HOUR)
    ticket = hotline.ticket()
    assert ticket.state is State.CLOSED and ticket.solved == "unreached" and ticket.satisfied is None


def test_who_filed_a_ticket_does_not_revisit_it(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.answered()
    cast.operator.roles = ["operator", "revisitor"]
    assert hotline.number not in [ticket.number for ticket in desks.to_revisit(session, cast.operator).rows]
    with pytest.raises(Forbidden):
        revisiting.close(session, hotline.ticket(), contacted=True, solved="yes", satisfied=5, by=cast.operator, at=hotline.at)


def test_an_answer_on_the_spot_closes_at_once(session: Session, cast: Cast, filed: Filed, at: datetime) -> None:
    ticket = filed(kind="inquiry")
    with pytest.raises(Refused):
        revisiting.answer(session, ticket, reply="", by=cast.operator, at=at)
    revisiting.answer(session, ticket, reply="供水服务电话见市水务公告。", by=cast.operator, at=at)
    assert ticket.state is State.CLOSED


def test_a_verb_out_of_turn_is_a_conflict_that_says_where_the_ticket_stands(session: Session, cast: Cast, hotline: Hotline) -> None:
    with pytest.raises(Conflict) as problem:
        hotline.pass_review()
    assert "待派单" in problem.value.sentence


def test_the_second_of_two_people_on_one_ticket_is_told(session: Session, cast: Cast, hotline: Hotline) -> None:
    seen = hotline.ticket().version
    hotline.dispatch()
    with pytest.raises(Conflict):
        access.find(session, hotline.number, cast.dispatcher, version=seen)


def test_an_urge_and_a_supervision_are_kept_and_change_nothing_else(session: Session, cast: Cast, hotline: Hotline) -> None:
    due = hotline.dispatch().due_at
    urging.urge(session, hotline.ticket(), text="市民再次来电", by=cast.operator, at=hotline.at)
    urging.supervise(session, hotline.ticket(), text="今日内到场", by=cast.supervisor, at=hotline.at)
    ticket = hotline.ticket()
    assert ticket.state is State.DISPATCHED and ticket.legs[0].due_at == due
    assert kinds(session, ticket)[-2:] == ["ticket.urged", "ticket.supervised"]
    with pytest.raises(Forbidden):
        urging.supervise(session, hotline.ticket(), text="快", by=cast.water, at=hotline.at)


def test_a_look_at_the_caller_needs_a_reason_and_is_kept(session: Session, cast: Cast, hotline: Hotline) -> None:
    hotline.dispatch()
    with pytest.raises(Refused):
        revealing.reveal(session, hotline.ticket(), reason=" ", by=cast.water, at=hotline.at)
    _, phone = revealing.reveal(session, hotline.ticket(), reason="联系诉求人", by=cast.water, at=hotline.at)
    assert phone == "13800001234"
    assert kinds(session, hotline.ticket())[-1] == "ticket.revealed"


def test_a_department_never_learns_who_asked_for_confidence(session: Session, cast: Cast, filed: Filed, at: datetime) -> None:
    hotline = Hotline(session, cast, filed(confidentiality="confidential"), at)
    hotline.dispatch()
    with pytest.raises(Forbidden):
        revealing.reveal(session, hotline.ticket(), reason="联系诉求人", by=cast.water, at=at)


def test_the_buttons_are_those_the_table_leaves_open_to_that_person(session: Session, cast: Cast, hotline: Hotline) -> None:
    def buttons(person: object) -> list[str]:
        return [move.label for move in access.moves_for(hotline.ticket(), person)]  # type: ignore[arg-type]

    assert "派单" in buttons(cast.dispatcher) and buttons(cast.water) == []
    hotline.dispatch()
    assert buttons(cast.water) == ["签收", "登记联系", "申请退单", "申请延期", "申请挂起", "补充附件"]
    assert buttons(cast.roads) == [] and buttons(cast.admin) == []
    hotline.sign()
    assert buttons(cast.water) == [
        "登记联系", "申请退单", "答复", "转交承办人", "一次性告知", "申请终止", "申请延期", "申请挂起", "补充附件",
    ]  # fmt: skip


def test_where_the_dispatcher_corrects_the_item_the_citizens_clock_goes_by_its_rule(session: Session, cast: Cast, filed: Filed, at: datetime) -> None:
    hotline = Hotline(session, cast, filed(item=None), at)
    days = hotline.ticket().due_at
    session.add(Item(code="0904", name="公用服务", level=2))
    session.flush()
    session.add(Item(code="090481", name="供水服务", parent_code="0904", level=3))
    session.flush()
    hotline.dispatch(item="090481")
    assert days is not None and hotline.ticket().due_at == at + timedelta(hours=26), "utilities are counted in hours, day and night"


def test_a_deadline_in_a_year_without_an_arrangement_is_provisional(session: Session, cast: Cast, filed: Filed) -> None:
    published, unpublished = (datetime(2026, month, 24, 10, tzinfo=SHANGHAI) for month in (11, 12))
    for at, provisional in ((published, False), (unpublished, True)):
        ticket = filing.file(session, filing.Matter(body="停水", kind="complaint", item="050101"), by=cast.operator, at=at)
        assert ticket.provisional is provisional


def test_a_contact_stops_the_first_contact_clock_and_nothing_else(session: Session, cast: Cast, hotline: Hotline) -> None:
    leg = hotline.dispatch()
    hotline.sign()
    hotline.at += HOUR
    with pytest.raises(Refused):
        contacting.contact(session, hotline.ticket(), text=" ", by=cast.water, at=hotline.at)
    contacting.contact(session, hotline.ticket(), text="电话联系，约好下午上门", by=cast.water, at=hotline.at)
    state = {timer.clock: timer.stopped_at for timer in session.scalars(select(Timer).where(Timer.subject == f"leg:{leg.id}"))}
    assert state["first_contact"] == hotline.at and state["resolve"] is None
    assert hotline.ticket().legs[0].contacted_at == hotline.at
    with pytest.raises(Forbidden):
        contacting.contact(session, hotline.ticket(), text="我来联系", by=cast.roads, at=hotline.at)


def test_an_extension_moves_the_deadline_keeps_the_original_and_has_its_limits(session: Session, cast: Cast, hotline: Hotline) -> None:
    leg = hotline.dispatch()
    original = leg.due_at
    with pytest.raises(Forbidden):
        easing.extend(session, hotline.ticket(), limit="3 workday", reason="管道大修", by=cast.water, at=hotline.at)
    with pytest.raises(Refused):
        easing.extend(session, hotline.ticket(), limit="30 workday", reason="管道大修", by=cast.supervisor, at=hotline.at)
    easing.extend(session, hotline.ticket(), limit="3 workday", reason="管道大修", by=cast.supervisor, at=hotline.at)
    timer = timers.find(session, f"leg:{leg.id}", "resolve")
    assert timer is not None and original is not None and timer.original_due_at == original
    assert hotline.ticket().legs[0].due_at == timer.due_at > original


def test_a_pause_for_a_listed_reason_never_makes_the_deadline_earlier(session: Session, cast: Cast, hotline: Hotline) -> None:
    due = hotline.dispatch().due_at
    hotline.sign()
    with pytest.raises((Refused, NotFound)):
        easing.pause(session, hotline.ticket(), reason="tired", text="人手不足", by=cast.supervisor, at=hotline.at)
    easing.pause(session, hotline.ticket(), reason="waiting_citizen", text="等市民补充房号", by=cast.supervisor, at=hotline.at)
    hotline.at += timedelta(days=4)
    easing.resume(session, hotline.ticket(), text="已补充", by=cast.supervisor, at=hotline.at)
    after = hotline.ticket().legs[0].due_at
    assert due is not None and after is not None and after > due
    with pytest.raises(Conflict):
        easing.resume(session, hotline.ticket(), text="再恢复", by=cast.supervisor, at=hotline.at)
