"""A chief (部门负责人) sees what the units below do; nobody else sees more than before."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from hotline.errors import Forbidden, NotFound
from hotline.people import Department, Person
from hotline.roles import Role
from tests.tickets.conftest import Cast
from tests.tickets.test_organisation import _units, plan_of
from tickets import access, attaching, consulting, desks, dispatching, organisation, searching, signing
from tickets.attachment import Upload
from tickets.revealing import hidden_from
from tickets.searching import Wanted
from tickets.ticket import Leg, Ticket


@pytest.fixture
def street(session: Session, cast: Cast) -> Department:
    """A street office below the district government, with a station below it."""
    for code, parent in (("hubin", "linhu"), ("hubin-zhan", "hubin")):
        session.add(Department(code=code, name=code, short=code, kind="department", parent_code=parent))
        session.flush()
    organisation.repath(session)
    session.expire_all()
    return session.get_one(Department, "hubin")


def person(session: Session, login: str, department: str, *roles: Role) -> Person:
    somebody = Person(login=login, name=login, roles=[role.value for role in roles], department_code=department)
    session.add(somebody)
    session.flush()
    return somebody


@pytest.fixture
def chief(session: Session, street: Department) -> Person:
    return person(session, "qu-zhang", "linhu", Role.CHIEF)


@pytest.fixture
def far(session: Session, cast: Cast, street: Department, filed: Callable[..., Ticket], at: datetime) -> Ticket:
    """A ticket that the station handles."""
    ticket = filed()
    dispatching.dispatch(session, ticket, department="hubin-zhan", by=cast.dispatcher, at=at)
    return ticket


def seen(session: Session, by: Person, at: datetime, **wanted: str) -> list[str]:
    return [one.ticket.number for one in searching.search(session, Wanted(**wanted), by=by, at=at).rows]  # type: ignore[arg-type]


def test_a_chief_finds_the_tickets_of_all_units_below(session: Session, cast: Cast, chief: Person, far: Ticket, at: datetime) -> None:
    assert access.find(session, far.number, chief).id == far.id
    assert seen(session, chief, at) == seen(session, chief, at, text="停水") == seen(session, chief, at, order="due") == [far.number]
    assert seen(session, chief, at, unit="hubin-zhan") == [far.number]
    assert [leg.department_code for leg in desks.inbox(session, chief, below=True).rows] == ["hubin-zhan"]
    assert desks.inbox(session, chief).rows == ()
    assert not hidden_from(far, chief)
    session.add(Upload(sha256="0" * 64, name="现场.jpg", size=1, media="image/jpeg", by_id=cast.operator.id, at=at))
    session.flush()
    attaching.bring(session, far, list(session.scalars(select(Upload.id))), by=cast.operator, at=at)
    attaching.attach(session, far, by=cast.operator, at=at)
    [photo] = attaching.of_ticket(session, far)
    assert attaching.find(session, access.find(session, far.number, chief), photo.id) is photo


def test_neither_a_clerk_above_nor_a_chief_beside_sees_them(
    session: Session, cast: Cast, chief: Person, far: Ticket, filed: Callable[..., Ticket], at: datetime
) -> None:
    upper = filed()
    dispatching.dispatch(session, upper, department="linhu", by=cast.dispatcher, at=at)
    for somebody in (person(session, "qu-clerk", "linhu", Role.CLERK), person(session, "water-chief", "gongshui", Role.CHIEF)):
        with pytest.raises(NotFound):
            access.find(session, far.number, somebody)
        assert far.number not in seen(session, somebody, at) and desks.inbox(session, somebody, below=True).rows == ()
    below = person(session, "zhan-zhang", "hubin-zhan", Role.CHIEF)
    assert seen(session, below, at) == [far.number]
    assert set(seen(session, chief, at)) == {upper.number, far.number}


def test_a_chief_sees_and_does_not_act_for_the_units_below(session: Session, cast: Cast, chief: Person, far: Ticket, at: datetime) -> None:
    assert access.moves_for(access.find(session, far.number, chief), chief) == []
    with pytest.raises(Forbidden, match="没有承办"):
        signing.sign(session, far, by=chief, at=at)


def test_a_chief_sees_what_a_unit_below_was_asked_about(session: Session, cast: Cast, chief: Person, filed: Callable[..., Ticket], at: datetime) -> None:
    ticket = filed()
    consulting.consult(session, ticket, units=["hubin"], text="由谁办", by=cast.dispatcher, at=at)
    assert seen(session, chief, at) == [ticket.number]
    assert hidden_from(access.find(session, ticket.number, chief), chief)


def test_what_is_about_the_chief_stays_hidden_below_as_well(session: Session, cast: Cast, chief: Person, filed: Callable[..., Ticket], at: datetime) -> None:
    ticket = filed(kind="fault", concerns=chief.id)
    dispatching.dispatch(session, ticket, department="hubin", by=cast.dispatcher, at=at)
    assert seen(session, chief, at) == [] and desks.inbox(session, chief, below=True).rows == ()
    with pytest.raises(NotFound):
        access.find(session, ticket.number, chief)


def test_a_unit_that_moves_takes_its_tickets_out_of_the_chiefs_sight(session: Session, chief: Person, far: Ticket, at: datetime) -> None:
    session.get_one(Department, "hubin").parent_code = "zhujian"
    organisation.repath(session)
    assert seen(session, chief, at) == []


@pytest.mark.slow
def test_a_chief_of_six_hundred_units_among_sixty_thousand_reads_no_table_whole(session: Session, city: None) -> None:
    session.execute(insert(Department), _units())
    organisation.repath(session)
    session.execute(text("ANALYZE department"))
    session.expire_all()
    county = person(session, "xian-zhang", "p7", Role.CHIEF)
    for asked in (
        access.visible_to(county).where(Ticket.number == "x").with_only_columns(Ticket.id),
        access.visible_to(county, listed=True).with_only_columns(Ticket.id).order_by(Ticket.id.desc()).limit(50),
        desks.held(select(Leg.id), county, below=True).order_by(Leg.due_at, Leg.id).limit(50),
    ):
        plan = plan_of(session, asked)
        assert "Seq Scan on department" not in plan, plan
