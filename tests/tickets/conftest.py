"""A small city and its cast: who files, dispatches, answers, judges, asks, supervises; and a stranger who must see nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import pytest
from sqlalchemy.orm import Session

from hotline.people import Department, Person
from hotline.roles import Role
from sla import versions
from tickets import access
from tickets.catalogue import Area, Item, Responsibility
from tickets.filing import Matter, file
from tickets.ticket import Ticket


@dataclass(frozen=True)
class Cast:
    """The people of the small city."""

    operator: Person
    dispatcher: Person
    water: Person
    water_colleague: Person
    roads: Person
    reviewer: Person
    revisitor: Person
    supervisor: Person
    discipline: Person
    admin: Person


@pytest.fixture
def city(session: Session, at: datetime) -> None:
    founded(session, at)


@pytest.fixture
def cast(session: Session, city: None) -> Cast:
    return hired(session)


def populated(session: Session, at: datetime) -> Cast:
    """The small city and its cast in a session of the test's own."""
    founded(session, at)
    return hired(session)


def founded(session: Session, at: datetime) -> None:
    """The city: areas, units, items, and who answers for what."""
    versions.seed(session, at=at)
    session.add(Area(code="990100", name="安和市", level="city", aliases=[]))
    session.flush()
    session.add(Area(code="990102", name="临湖区", parent_code="990100", level="district", aliases=["临湖"]))
    session.flush()
    session.add(Area(code="990102001", name="湖滨街道", parent_code="990102", level="street", aliases=["翠湖花园"]))
    kinds = {"gongshui": "utility", "zhujian": "department", "linhu": "district", "jijian": "discipline"}
    for (code, kind), name in zip(kinds.items(), ("供水集团", "住建局", "临湖区政府", "纪检监察"), strict=True):
        session.add(Department(code=code, name=f"安和市{name}", short=name, kind=kind))
    session.add(Item(code="05", name="公共服务", level=1))
    session.flush()
    session.add(Item(code="0501", name="供水", parent_code="05", level=2))
    session.flush()
    session.add(Item(code="050101", name="停水", parent_code="0501", level=3))
    session.add(Item(code="050102", name="水质", parent_code="0501", level=3))
    session.flush()
    for item, area, lead in (("05", None, "zhujian"), ("0501", None, "gongshui"), ("0501", "990102", "linhu"), ("050102", None, "gongshui")):
        session.add(Responsibility(item_code=item, area_code=area, lead=lead, co_handlers=[], basis="职责分工", valid_from=date(2024, 1, 1)))
    session.flush()


def hired(session: Session) -> Cast:
    """The people."""

    def person(login: str, role: Role, department: str | None = None) -> Person:
        somebody = Person(login=login, name=login, roles=[role.value], department_code=department)
        session.add(somebody)
        return somebody

    people = Cast(
        operator=person("op", Role.OPERATOR),
        dispatcher=person("di", Role.DISPATCHER),
        water=person("wa", Role.CLERK, "gongshui"),
        water_colleague=person("wb", Role.CLERK, "gongshui"),
        roads=person("ro", Role.CLERK, "zhujian"),
        reviewer=person("re", Role.REVIEWER),
        revisitor=person("rv", Role.REVISITOR),
        supervisor=person("su", Role.SUPERVISOR),
        discipline=person("ji", Role.DISCIPLINE),
        admin=person("ad", Role.ADMIN),
    )
    session.flush()
    return people


@pytest.fixture
def filed(session: Session, cast: Cast, at: datetime) -> Callable[..., Ticket]:
    """Files a ticket by the operator and reads it back as the dispatcher sees it."""

    def make(**fields: object) -> Ticket:
        matter = Matter(**({"body": "小区停水三天了没人管", "kind": "complaint", "item": "050101", "phone": "13800001234"} | fields))  # type: ignore[arg-type]
        ticket = file(session, matter, by=cast.operator, at=at)
        return access.find(session, ticket.number, cast.dispatcher)

    return make
