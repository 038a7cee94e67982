"""The organisation: a tree of any size that is never read whole, people in several units, deputies and leave."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Select, func, insert, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from hotline import capacity, people
from hotline.capacity import Deputy, Leave, Membership, act_in, capacities, signed_in
from hotline.errors import Forbidden, NotFound, Refused
from hotline.outbox import Event
from hotline.people import Department, Person
from hotline.roles import Role
from hotline.words import found_by
from tests.tickets.conftest import Cast
from tickets import access, accounts, dispatching, organisation, personnel, signing
from tickets.ticket import Ticket
from tickets.timeline import timeline

MANY = 60_000


@dataclass(frozen=True)
class Province:
    """60,000 units: 100 under the top, 20 under each, 29 under each of those."""

    session: Session


def _units() -> list[dict[str, Any]]:
    rows = []
    for a in range(100):
        rows.append({"code": f"p{a}", "name": f"第{a}县人民政府", "short": f"第{a}县", "kind": "district", "parent_code": None})
        for b in range(20):
            rows.append({"code": f"p{a}-{b}", "name": f"第{a}县第{b}镇", "short": f"{a}县{b}镇", "kind": "department", "parent_code": f"p{a}"})
            rows += [
                {"code": f"p{a}-{b}-{c}", "name": f"{a}县{b}镇第{c}村委会", "short": f"{a}-{b}-{c}村", "kind": "department", "parent_code": f"p{a}-{b}"}
                for c in range(29)
            ]
    return rows


def plan_of(s: Session, query: Select[Any]) -> str:
    """The plan of a query as its numbers stand."""
    compiled = query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    return "\n".join(s.scalars(text("EXPLAIN " + str(compiled).replace(":", "\\:").replace("\\:\\:", "\\:\\:"))))


@pytest.mark.slow
def test_sixty_thousand_units_are_found_by_indexes(session: Session, city: None) -> None:
    session.execute(insert(Department), _units())
    organisation.repath(session)
    session.execute(text("ANALYZE department"))
    assert session.scalar(select(func.count()).select_from(Department)) >= MANY
    town = session.get_one(Department, "p7-3", populate_existing=True)
    assert town.path == "/p7/p7-3/"
    assert session.scalar(select(func.count()).select_from(organisation.branch(town).subquery())) == 30
    nodes, more = organisation.children(session, "p7")
    assert (len(nodes), more, nodes[0].below) == (20, None, 29)
    assert len(organisation.children(session, None, limit=50)[0]) == 50
    assert organisation.search(session, "7县3镇第11村")[0].code == "p7-3-11"
    assert [one.code for one in organisation.above(session, session.get_one(Department, "p7-3-11", populate_existing=True))] == ["p7", "p7-3"]
    assert organisation.unit_named(session, "7-3-11村").code == "p7-3-11"
    d = Department
    for asked in (
        organisation.branch(town),
        select(d.code).where(d.parent_code == "p7", d.code > "p7-1").order_by(d.code).limit(50),
        select(d.code).where(found_by(d.words, "7县3镇第11村")),
        select(Person.id).where(found_by(Person.words, "张三")),
    ):
        plan = plan_of(session, asked)
        assert "Seq Scan on department" not in plan, plan
    assert "ix_department_path" in plan_of(session, organisation.branch(town))
    assert "ix_department_words" in plan_of(session, select(d.code).where(found_by(d.words, "7县3镇第11村")))


def test_a_unit_is_named_by_code_by_what_was_picked_or_by_a_name_that_is_its_own(session: Session, city: None) -> None:
    for typed in ("gongshui", "gongshui 供水集团", "供水集团", " 安和市供水集团 ", "供水"):
        assert organisation.unit_named(session, typed).code == "gongshui"
    with pytest.raises(Refused, match=r"可能是：.*供水集团（gongshui）"):
        organisation.unit_named(session, "安和市")
    with pytest.raises(NotFound, match="没有编码或名称为"):
        organisation.unit_named(session, "气象台")
    session.get_one(Department, "gongshui").active = False
    with pytest.raises(Refused, match="已停用"):
        organisation.unit_named(session, "gongshui")


def member(s: Session, person: Person, unit: str, role: Role) -> None:
    s.add(Membership(person_id=person.id, department_code=unit, roles=[role.value]))
    s.flush()


def token_of(s: Session, person: Person, key: str, at: datetime) -> str:
    token = people.sign_in(s, person, at=at)
    s.flush()
    if key:
        capacity.choose(s, token, key, at=at)
    s.flush()
    s.expunge_all()
    return token


def test_somebody_of_two_units_acts_in_the_one_they_chose(session: Session, cast: Cast, filed: Callable[..., Ticket], at: datetime) -> None:
    number = filed().number
    dispatching.dispatch(session, access.find(session, number, cast.dispatcher), department="zhujian", by=cast.dispatcher, at=at)
    member(session, cast.water, "zhujian", Role.CHIEF)
    own = signed_in(session, token_of(session, cast.water, "", at), at=at)
    assert own and (own.department_code, own.roles) == ("gongshui", ["clerk"])
    with pytest.raises(NotFound):
        access.find(session, number, own)
    there = signed_in(session, token_of(session, own, "unit:zhujian", at), at=at)
    assert there and (there.department_code, there.roles, there.department and there.department.short) == ("zhujian", ["chief"], "住建局")
    assert access.find(session, number, there).number == number
    session.flush()
    assert session.scalar(select(Person.department_code).where(Person.id == there.id)) == "gongshui"  # nothing was written back


def test_a_deputy_acts_with_the_posts_of_whom_they_stand_in_for_and_the_timeline_says_so(
    session: Session, cast: Cast, filed: Callable[..., Ticket], at: datetime
) -> None:
    number = filed().number
    dispatching.dispatch(session, access.find(session, number, cast.dispatcher), department="zhujian", by=cast.dispatcher, at=at)
    personnel.name_deputy(session, cast.roads, cast.water, first_day=at.date(), last_day=at.date(), reason="出差", by=cast.admin, at=at)
    session.flush()
    token = token_of(session, cast.water, f"for:{cast.roads.id}", at)
    acting = signed_in(session, token, at=at)
    assert acting and (acting.department_code, acting.on_behalf_of) == ("zhujian", cast.roads.id)
    ticket = access.find(session, number, acting, lock=True)
    leg = signing.sign(session, ticket, by=acting, at=at)
    assert leg.owner_id == acting.id
    event = session.scalars(select(Event).where(Event.kind == "ticket.signed")).one()
    assert event.data["on_behalf_of"] == cast.roads.id
    assert [entry.who for entry in timeline(session, ticket)][-1] == "wa（代ro）"
    tomorrow = signed_in(session, token, at=at + timedelta(hours=11))
    assert tomorrow and tomorrow.on_behalf_of == cast.roads.id
    late = at.replace(hour=23) + timedelta(hours=2)
    assert [one.key for one in capacities(session, acting.id, at=late)] == [""]


def test_administration_is_lent_to_nobody(session: Session, cast: Cast, at: datetime) -> None:
    cast.admin.roles = ["admin", "clerk"]
    cast.admin.department_code = "linhu"
    personnel.name_deputy(session, cast.admin, cast.water, first_day=at.date(), last_day=at.date(), reason="", by=cast.admin, at=at)
    (_, lent) = capacities(session, cast.water.id, at=at)
    assert lent.roles == ("clerk",)
    assert act_in(cast.water, lent).has(Role.CLERK) and not cast.water.has(Role.ADMIN)


def test_who_is_on_leave_is_given_nothing_their_deputy_is(session: Session, cast: Cast, filed: Callable[..., Ticket], at: datetime) -> None:
    ticket = filed()
    dispatching.dispatch(session, ticket, department="gongshui", by=cast.dispatcher, at=at)
    personnel.take_leave(session, cast.water_colleague, first_day=at.date(), last_day=date(2026, 11, 27), reason="年休", by=cast.water_colleague, at=at)
    with pytest.raises(Refused, match="请假至 11-27，没有代理人"):
        signing.sign(session, ticket, owner=cast.water_colleague.id, by=cast.water, at=at)
    personnel.name_deputy(session, cast.water_colleague, cast.roads, first_day=at.date(), last_day=date(2026, 11, 27), reason="", by=cast.admin, at=at)
    leg = signing.sign(session, ticket, owner=cast.water_colleague.id, by=cast.water, at=at)
    assert leg.owner_id == cast.roads.id


def test_nobody_signs_for_a_stranger(session: Session, cast: Cast, filed: Callable[..., Ticket], at: datetime) -> None:
    ticket = filed()
    dispatching.dispatch(session, ticket, department="gongshui", by=cast.dispatcher, at=at)
    with pytest.raises(Refused, match="本单位在岗人员"):
        signing.sign(session, ticket, owner=cast.roads.id, by=cast.water, at=at)
    member(session, cast.roads, "gongshui", Role.CLERK)
    assert signing.sign(session, ticket, owner=cast.roads.id, by=cast.water, at=at).owner_id == cast.roads.id


@pytest.mark.parametrize(("first", "last", "said"), [(21, 20, "早于开始"), (1, 19, "已经过去")])
def test_days_that_cannot_be_are_refused(session: Session, cast: Cast, at: datetime, first: int, last: int, said: str) -> None:
    days = {"first_day": date(2026, 11, first), "last_day": date(2026, 11, last)}
    with pytest.raises(Refused, match=said):
        personnel.take_leave(session, cast.water, **days, reason="", by=cast.admin, at=at)
    with pytest.raises(Refused, match=said):
        personnel.name_deputy(session, cast.water, cast.roads, **days, reason="", by=cast.admin, at=at)


def test_only_oneself_the_chief_and_the_administrator_order_a_deputy(session: Session, cast: Cast, at: datetime) -> None:
    day = {"first_day": at.date(), "last_day": at.date(), "reason": ""}
    for by in (cast.roads, cast.dispatcher):
        with pytest.raises(Forbidden):
            personnel.take_leave(session, cast.water, **day, by=by, at=at)
    cast.water_colleague.roles = ["chief"]
    leave = personnel.take_leave(session, cast.water, **day, by=cast.water_colleague, at=at)
    personnel.end_leave(session, leave.id, by=cast.water, at=at)
    assert session.scalars(select(Leave.ended_at)).one() is not None
    deputy = personnel.name_deputy(session, cast.water, cast.roads, **day, by=cast.water, at=at)
    personnel.end_deputy(session, deputy.id, by=cast.admin, at=at)
    assert session.scalars(select(Deputy.ended_at)).one() == at
    assert len(capacities(session, cast.roads.id, at=at)) == 1


def test_accounts_are_kept_by_the_administrator_and_every_change_is_an_event(session: Session, cast: Cast, at: datetime) -> None:
    given = accounts.add(session, login="li", name="李四", roles=["clerk"], department="linhu", by=cast.admin, at=at)
    assert len(given["password"]) == 12
    accounts.change(session, login="li", name="李四", roles=["chief"], department="linhu", memberships={"zhujian": ["clerk"]}, by=cast.admin, at=at)
    accounts.close(session, login="li", by=cast.admin, at=at)
    accounts.reset(session, login="li", by=cast.admin, at=at)
    kinds = list(session.scalars(select(Event.kind).where(Event.subject_kind == "person").order_by(Event.id)))
    assert kinds == ["person.added", "person.changed", "person.closed", "person.reset"]
    with pytest.raises(Forbidden):
        accounts.add(session, login="wang", name="王五", roles=["clerk"], department="linhu", by=cast.dispatcher, at=at)
    with pytest.raises(Refused, match="您自己"):
        accounts.close(session, login="ad", by=cast.admin, at=at)
    with pytest.raises(Refused, match="另一位管理员"):
        accounts.change(session, login="ad", name="ad", roles=["auditor"], department=None, memberships={}, by=cast.admin, at=at)
