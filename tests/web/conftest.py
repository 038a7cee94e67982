"""The pages as people see them: one demo city for all of these tests, and a signed-in somebody for each post. Every test makes its own tickets."""

import io
import re
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import Engine, select, update

from app import create_app
from hotline import clock, people, privacy
from hotline.db import Session, bind
from hotline.people import Person
from hotline.settings import Settings
from routing.protocol import Alarm, Routing, Suggestion
from sla import versions
from tests.conftest import _cloned
from tests.web.browsing import chromium as chromium
from tests.web.browsing import open_ as open_
from tests.web.browsing import playwright as playwright
from tests.web.browsing import site as site
from tickets import access, dispatching, resolving, setup, signing
from tickets.filing import Matter, file
from tickets.suggesting import advise
from tickets.ticket import Leg, Ticket

PASSWORD = "correct horse battery"
WATER, POWER = "090481", "090482"


class Scripted:
    """A classifier of three sentences: water (sure), noise (unsure), gas (alarm)."""

    def suggest(self, text: str, k: int = 5) -> Routing:
        if "燃气" in text:
            alarm = Alarm("gas", ("燃气",), "可能是燃气泄漏，请先转 119。", "urgent")
            return Routing((Suggestion(WATER, 0.9, ("燃气",)),), reason="涉及紧急情形。", alarms=(alarm,), kind="help", model_version="scripted")
        if "停水" in text:
            return Routing((Suggestion(WATER, 0.93, ("停水",)), Suggestion(POWER, 0.04)), dispatch=True, kind="complaint", model_version="scripted")
        if "噪音" in text:
            return Routing((Suggestion(POWER, 0.41, ("噪音",)),), reason="把握不足，请派单员决定。", kind="complaint", model_version="scripted")
        return Routing(reason="没有足够把握的事项。", unknown=True, model_version="scripted")




@dataclass(frozen=True)
class World:
    """The city that all tests of this folder share."""

    app: Litestar
    engine: Engine
    data: Path
    key: Path


@pytest.fixture(scope="session")
def city(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    data = tmp_path_factory.mktemp("web")
    with _cloned(server, template) as url:
        engine = bind(url)
        privacy.unlock(data / "secret.key")
        with Session.begin() as s:
            versions.seed(s, at=clock.now())
            setup.load(s)
        app = create_app(Settings(data=data))
        app.state.classifier = Scripted()
        yield World(app, engine, data, data / "secret.key")
        engine.dispose()


@pytest.fixture
def world(city: World) -> World:
    """The city, with this process looking at its database and holding its key: other tests look elsewhere."""
    Session.configure(bind=city.engine)
    privacy.unlock(city.key)
    return city


@pytest.fixture
def client(world: World) -> Iterator[TestClient[Litestar]]:
    with TestClient(world.app, raise_server_exceptions=False) as test_client:
        yield test_client


class Somebody:
    """A signed-in person at a browser without JavaScript. Forms carry the token that the site gave out."""

    def __init__(self, client: TestClient[Litestar], person: Person, token: str) -> None:
        self.client, self.person, self.token = client, person, token
        sent = client.get("/sign-in").headers.get("set-cookie", "")
        self.csrf = match[1] if (match := re.search(r"form=([0-9a-f]+)", sent)) else ""

    def _cookies(self) -> dict[str, str]:
        return {"Cookie": f"hotline={self.token}; form={self.csrf}"}

    def get(self, path: str, **headers: str) -> Response:
        return self.client.get(path, headers=self._cookies() | headers, follow_redirects=False)

    def post(self, path: str, files: Any = None, **fields: Any) -> Response:
        self.client.cookies.clear()
        return self.client.post(path, data={"_csrf_token": self.csrf, **fields}, files=files, headers=self._cookies(), follow_redirects=False)

    def sees(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, (answer.status_code, answer.text[-800:])
        return answer.text


As = Callable[[str], Somebody]


@pytest.fixture
def as_(client: TestClient[Litestar]) -> As:
    """The first person who holds a post, or a department's clerk (`clerk@gongshui`)."""

    def sign_in(who: str) -> Somebody:
        role, _, department = who.partition("@")
        with Session.begin() as s:
            found = s.query(Person).filter(Person.roles.contains([role])).order_by(Person.id)
            person = (found.filter(Person.department_code == department) if department else found).first()
            assert person is not None, who
            token = people.sign_in(s, person, at=clock.now())
        client.cookies.clear()
        return Somebody(client, person, token)

    return sign_in


@pytest.fixture
def now() -> datetime:
    """The pages live by the real clock."""
    return clock.now()


Stage = Callable[..., str]


@pytest.fixture
def ticket(world: World, now: datetime) -> Stage:
    """Makes a ticket by the verbs themselves, an hour ago, and takes it as far as `to`; returns its number."""

    def make(to: str = "filed", *, body: str = "翠湖花园小区停水三天了，物业和供水集团都没人管", department: str = "gongshui", **more: Any) -> str:
        began = now - timedelta(hours=1)
        with Session.begin() as s:
            operator = _first(s, "operator")
            matter = Matter(**({"body": body, "kind": "complaint", "item": WATER, "phone": "13800001234", "caller_name": "王建国"} | more))
            made = file(s, matter, by=operator, at=began, advice=advise(s, Scripted(), body, at=began))
            number = made.number
        for step in STEPS[: list(REACHED).index(to)]:
            with Session.begin() as s:
                STEPS_DO[step](s, access.find(s, number, _first(s, "dispatcher"), lock=True), department, began)
        return number

    return make


REACHED = ("filed", "dispatched", "handling", "resolved", "revisiting")
STEPS = ("dispatch", "sign", "resolve", "review")


def _first(s: Any, role: str, department: str | None = None) -> Person:
    found = s.query(Person).filter(Person.roles.contains([role])).order_by(Person.id)
    person = (found.filter(Person.department_code == department) if department else found).first()
    assert person is not None
    return person


def _dispatch(s: Any, t: Ticket, department: str, began: datetime) -> None:
    dispatching.dispatch(s, t, department=department, basis="职责分工", by=_first(s, "dispatcher"), at=began + timedelta(minutes=5))


def _sign(s: Any, t: Ticket, department: str, began: datetime) -> None:
    signing.sign(s, t, by=_first(s, "clerk", department), at=began + timedelta(minutes=10))


def _resolve(s: Any, t: Ticket, department: str, began: datetime) -> None:
    said = {"result": "solved", "reply": "管道已修好，供水已恢复。", "contacted_at": began + timedelta(minutes=20)}
    resolving.resolve(s, t, **said, by=_first(s, "clerk", department), at=began + timedelta(minutes=30))


def _review(s: Any, t: Ticket, department: str, began: datetime) -> None:
    resolving.pass_review(s, t, by=_first(s, "reviewer"), at=began + timedelta(minutes=40))


STEPS_DO = {"dispatch": _dispatch, "sign": _sign, "resolve": _resolve, "review": _review}


def state(number: str) -> str:
    """Where a ticket stands, from the database."""
    with Session() as s:
        return str(s.query(Ticket.state).filter(Ticket.number == number).scalar())


def version(number: str) -> int:
    """The version of a ticket that a form would carry."""
    with Session() as s:
        return int(s.query(Ticket.version).filter(Ticket.number == number).scalar())


def return_until(number: str, until: datetime | None) -> None:
    """Moves the end of the return window (退单窗) of a ticket's legs; None: no end. Policies give from half an hour to days."""
    with Session.begin() as s:  # behind the application's back: no event tells of it
        held = select(Ticket.id).where(Ticket.number == number)
        s.execute(update(Leg).where(Leg.ticket_id.in_(held)).values(return_until=until).execution_options(synchronize_session=False))


def recording(seconds: float = 1.0, hertz: int = 440) -> bytes:
    """A recording: a tone, so that each one asked for has bytes of its own."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"".join(int(9000 * ((i * hertz // 8000) % 2)).to_bytes(2, "little") for i in range(int(8000 * seconds))))
    return buffer.getvalue()
