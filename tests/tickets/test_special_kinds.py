"""The special matters: 办不成事 with its track, 找茬 that the person concerned never learns of, 差评 as a matter of its own."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.errors import Forbidden, NotFound, Refusal, Refused
from hotline.outbox import Event
from hotline.people import Person, system
from hotline.roles import Role
from sla import timers
from tests.tickets.conftest import Cast
from tickets import access, bad_rating, desks, dispatching, filing, replay, resolving, revisiting, signing, triaging, triggers
from tickets.discipline_case import DisciplineCase
from tickets.lifecycle import State, Verb
from tickets.ticket import Ticket
from tickets.tracks import OBSTACLES, SHOULD, Track, track_of

Filed = Callable[..., Ticket]
BURDEN = {"trips": 5, "departments": 4, "materials": 20, "days": 8}


def test_every_answer_of_the_two_questions_has_a_track_or_stays_unclear() -> None:
    tracks = {(should, obstacle): track_of(should, obstacle) for should in SHOULD for obstacle in OBSTACLES}
    assert tracks["yes", "none"] is Track.SIMPLE and tracks["yes", "policy"] is Track.SPECIAL and tracks["yes", "people"] is Track.HUMAN
    assert {tracks["no", obstacle] for obstacle in OBSTACLES} == {Track.EXPLAIN}
    assert {tracks["unclear", obstacle] for obstacle in OBSTACLES} == {None}


def test_a_stuck_matter_triaged_at_filing_has_the_limits_of_its_track(session: Session, filed: Filed) -> None:
    due = {track: filed(kind="stuck", should=should, obstacle=obstacle).due_at for track, (should, obstacle) in {
        "simple": ("yes", "none"), "general": ("unclear", "none"), "special": ("yes", "policy"), "explain": ("no", "policy"), "human": ("yes", "people"),
    }.items()}  # fmt: skip
    order = sorted(due, key=lambda track: due[track])  # type: ignore[arg-type, return-value]
    assert order[0] == "simple" and order[-1] == "special" and due["explain"] == due["human"]


def test_a_later_triage_moves_what_runs_and_takes_the_right_of_return(session: Session, cast: Cast, filed: Filed, at: datetime) -> None:
    ticket = filed(kind="stuck")
    leg = dispatching.dispatch(session, ticket, department="gongshui", by=cast.dispatcher, at=at)
    before = leg.due_at
    assert leg.return_until is not None
    triaging.triage(session, ticket, should="yes", obstacle="people", note="窗口不收件", by=cast.dispatcher, at=at)
    assert before is not None and leg.due_at is not None and leg.due_at < before
    assert leg.forced and leg.return_until is None and ticket.track == Track.HUMAN


def test_what_a_person_will_not_do_is_put_before_discipline(session: Session, cast: Cast, filed: Filed, at: datetime) -> None:
    ticket = filed(kind="stuck", should="yes", obstacle="people")
    assert triggers.check(session, ticket.id, at=at) == [], "nobody holds it yet"
    dispatching.dispatch(session, ticket, department="gongshui", by=cast.dispatcher, at=at)
    session.flush()
    assert [trigger.key for trigger in triggers.check(session, ticket.id, at=at)] == ["human_refusal"]
    case = session.scalars(select(DisciplineCase).where(DisciplineCase.ticket_id == ticket.id)).one()
    assert case.department_code == "gongshui"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "stuck", "should": "maybe", "obstacle": "none"}, "should"),
        ({"kind": "stuck", "should": "yes", "obstacle": "weather"}, "obstacle"),
        ({"kind": "help", "should": "yes", "obstacle": "none"}, "should"),
        ({"kind": "bad_rating"}, "kind"),
        ({"kind": "fault"}, "concerns_name"),
        ({"kind": "fault", "concerns": 99_999}, "concerns"),
        ({"kind": "help", "origin": "12345-0"}, "origin"),
    ],
)
def test_a_special_matter_that_is_wrongly_filed_is_refused_by_field(filed: Filed, fields: dict[str, object], field: str) -> None:
    with pytest.raises(Refusal) as problem:
        filed(**fields)
    assert problem.value.field == field


def test_only_a_stuck_matter_is_triaged(session: Session, cast: Cast, filed: Filed, at: datetime) -> None:
    ticket = filed(kind="help")
    assert Verb.TRIAGE not in [move.verb for move in access.moves_for(ticket, cast.dispatcher)]
    with pytest.raises(Refused):
        triaging.triage(session, ticket, should="yes", obstacle="none", by=cast.dispatcher, at=at)
    with pytest.raises(Forbidden):
        triaging.triage(session, filed(kind="stuck"), should="yes", obstacle="none", by=cast.water, at=at)


def answered(session: Session, cast: Cast, ticket: Ticket, at: datetime, result: str = "solved") -> Ticket:
    dispatching.dispatch(session, ticket, department="gongshui", by=cast.dispatcher, at=at)
    signing.sign(session, ticket, by=cast.water, at=at)
    resolving.resolve(session, ticket, result=result, reply="办好了", contacted_at=at, by=cast.water, at=at)
    resolving.pass_review(session, ticket, by=cast.reviewer, at=at)
    return ticket


def test_the_burden_is_asked_again_at_closing_so_that_before_and_after_can_be_proved(session: Session, cast: Cast, filed: Filed, at: datetime) -> None:
    ticket = answered(session, cast, filed(kind="stuck", burden=BURDEN, window="3号窗口", application="AH-2026-1"), at)
    with pytest.raises(Refused) as problem:
        revisiting.close(session, ticket, contacted=True, solved="yes", satisfied=5, by=cast.revisitor, at=at)
    assert problem.value.field == "trips"
    after = {"trips": 1, "departments": 1, "materials": 3, "days": 1}
    revisiting.close(session, ticket, contacted=True, solved="yes", satisfied=5, burden=after, by=cast.revisitor, at=at)
    assert (ticket.burden, ticket.burden_after) == (BURDEN, after)


@pytest.fixture
def accused(session: Session, cast: Cast) -> Person:
    """A clerk of the water company who is rude at the window; water and water_colleague are the unit's others."""
    person = Person(login="rude", name="马冷脸", roles=[Role.CLERK.value], department_code="gongshui")
    session.add(person)
    session.flush()
    return person


def test_a_fault_goes_to_the_unit_of_the_person_concerned_who_never_learns_of_it(
    session: Session, cast: Cast, filed: Filed, accused: Person, at: datetime
) -> None:
    ticket = filed(kind="fault", concerns_name="马冷脸", window="6号窗口")
    assert ticket.concerns_id == accused.id
    assert dispatching.dispatch_as_suggested(session, ticket.id, at=at) is not None
    session.flush()
    assert ticket.lead_code == "gongshui"
    assert access.find(session, ticket.number, cast.water).number == ticket.number, "the colleague looks into it"
    for nobody in (accused, cast.roads):
        with pytest.raises(NotFound):
            access.find(session, ticket.number, nobody)
    assert [leg.ticket_id for leg in desks.inbox(session, cast.water).rows] == [ticket.id]
    assert desks.inbox(session, accused).rows == ()
    assert access.moves_for(ticket, accused) == [] and access.leg_of(ticket, accused) is None
    with pytest.raises(Refused):
        signing.sign(session, ticket, owner=accused.id, by=cast.water, at=at)
    with pytest.raises(Forbidden):
        signing.sign(session, ticket, by=accused, at=at)


def test_the_person_concerned_is_kept_out_of_the_centre_too(session: Session, cast: Cast, filed: Filed, at: datetime) -> None:
    ticket = filed(kind="fault", concerns=cast.supervisor.id)
    with pytest.raises(NotFound):
        access.find(session, ticket.number, cast.supervisor)
    with pytest.raises(Forbidden):
        access.check(ticket, Verb.URGE, cast.supervisor)
    assert access.find(session, ticket.number, cast.dispatcher)
    assert session.scalars(access.visible_to(cast.supervisor)).all() == []


def test_where_only_a_name_is_known_nobody_of_that_name_sees_it(session: Session, cast: Cast, filed: Filed, accused: Person, at: datetime) -> None:
    session.add(Person(login="rude2", name="马冷脸", roles=[Role.OPERATOR.value]))
    session.flush()
    ticket = filed(kind="fault", concerns_name="马冷脸")
    assert ticket.concerns_id is None
    for person in session.scalars(select(Person).where(Person.name == "马冷脸")):
        with pytest.raises(NotFound):
            access.find(session, ticket.number, person)


def test_who_stands_in_for_the_person_concerned_does_not_see_it_meanwhile(session: Session, cast: Cast, filed: Filed, accused: Person) -> None:
    ticket = filed(kind="fault", concerns=accused.id)
    assert access.find(session, ticket.number, cast.operator)
    cast.operator.on_behalf_of = accused.id
    with pytest.raises(NotFound):
        access.find(session, ticket.number, cast.operator)


def test_an_investigation_ends_with_a_verdict(session: Session, cast: Cast, filed: Filed, at: datetime) -> None:
    with pytest.raises(Refused) as problem:
        answered(session, cast, filed(kind="fault", window="6号窗口"), at, result="solved")
    assert problem.value.field == "result"
    assert answered(session, cast, filed(kind="fault", window="6号窗口"), at, result="partly_substantiated").state is State.REVISITING


def test_a_window_is_heard_in_what_the_citizen_says(session: Session, cast: Cast, at: datetime) -> None:
    ticket = filing.file(session, filing.Matter(body="工作人员一直看手机。六号窗口。", kind="fault"), by=system(session), at=at)
    assert ticket.window == "六号窗口"


@pytest.fixture
def rated(session: Session, cast: Cast, filed: Filed, at: datetime) -> Ticket:
    """What a bad rating made."""
    ticket = answered(session, cast, filed(), at)
    revisiting.redo(session, ticket, contacted=True, solved="no", satisfied=1, reason="没人来", by=cast.revisitor, at=at)
    event = session.scalars(select(Event).where(Event.kind == "ticket.redone")).one()
    made = bad_rating.open_for(session, event, at=at)
    assert made is not None
    return access.find(session, made.number, cast.dispatcher)


def test_a_bad_rating_is_a_matter_of_its_own_verified_within_a_workday(session: Session, cast: Cast, rated: Ticket, at: datetime) -> None:
    assert rated.kind.label == "差评整改" and rated.origin_id is not None and rated.phone == "13800001234"
    verify = timers.find(session, f"ticket:{rated.id}", "dispatch")
    assert verify is not None and verify.limit == "1 workday"
    with pytest.raises(Refused):
        dispatching.dispatch(session, rated, department="gongshui", by=cast.dispatcher, at=at)
    bad_rating.verify(session, rated, verdict="valid", note="电话核实，确实没人来", by=cast.operator, at=at)
    leg = dispatching.dispatch(session, rated, department="gongshui", by=cast.dispatcher, at=at)
    rectify = timers.find(session, f"leg:{leg.id}", "rectify")
    assert rectify is not None and rectify.limit == "5 workday" and leg.return_until is None
    signing.sign(session, rated, by=cast.water, at=at)
    resolving.resolve(session, rated, result="solved", reply="已上门致歉并修好", contacted_at=at, by=cast.water, at=at)
    assert rectify.stopped_at == at


def test_a_rating_that_does_not_stand_is_closed_by_a_second_person(session: Session, cast: Cast, rated: Ticket, at: datetime) -> None:
    with pytest.raises(Refused):
        revisiting.answer(session, rated, reply="误评", by=cast.dispatcher, at=at)
    bad_rating.verify(session, rated, verdict="mistaken", note="诉求人说按错了", by=cast.operator, at=at)
    with pytest.raises(Forbidden):
        revisiting.answer(session, rated, reply="误评", by=cast.operator, at=at)
    revisiting.answer(session, rated, reply="经复核为误评", by=cast.dispatcher, at=at)
    assert rated.state is State.CLOSED


def test_the_special_matters_are_built_again_from_their_events(session: Session, cast: Cast, filed: Filed, rated: Ticket, at: datetime) -> None:
    bad_rating.verify(session, rated, verdict="valid", note="属实", by=cast.operator, at=at)
    dispatching.dispatch(session, rated, department="gongshui", by=cast.dispatcher, at=at)
    stuck = filed(kind="stuck", burden=BURDEN, window="3号窗口")
    leg = dispatching.dispatch(session, stuck, department="gongshui", by=cast.dispatcher, at=at)
    triaging.triage(session, stuck, should="yes", obstacle="people", by=cast.dispatcher, at=at + timedelta(hours=1))
    fault = filed(kind="fault", concerns=cast.roads.id)
    praise = answered(session, cast, filed(kind="praise"), at)
    revisiting.skip_revisit(session, praise, by=system(session), at=at)
    session.flush()
    assert leg.forced and replay.replay(session, [rated, stuck, fault, praise]) == []


def test_a_bad_rating_of_a_bad_rating_makes_no_third(session: Session, cast: Cast, rated: Ticket, at: datetime) -> None:
    bad_rating.verify(session, rated, verdict="valid", note="属实", by=cast.operator, at=at)
    answered(session, cast, rated, at)
    revisiting.redo(session, rated, contacted=True, solved="no", satisfied=1, reason="还是没人来", by=cast.revisitor, at=at)
    event = session.scalars(select(Event).where(Event.kind == "ticket.redone", Event.subject_id == rated.id)).one()
    assert bad_rating.open_for(session, event, at=at) is None
