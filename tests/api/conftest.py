"""The API as its clients see it: a client for each of the cast, on a database of its own with a small city."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from app import create_app
from hotline import privacy
from hotline.db import Session, bind
from hotline.people import Person, set_password
from hotline.settings import Settings
from sla import versions
from tickets import setup

PASSWORD = "correct horse battery"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def client(empty_database: str, data: Path, at: datetime) -> Iterator[TestClient[Any]]:
    engine = bind(empty_database)
    privacy.unlock(data / "secret.key")
    with Session.begin() as s:
        versions.seed(s, at=at)
        setup.load(s)
    with TestClient(create_app(Settings(data=data)), raise_server_exceptions=False) as test_client:
        yield test_client
    engine.dispose()


Headers = Callable[[str], dict[str, str]]


@pytest.fixture
def as_(client: TestClient[Any]) -> Headers:
    """The Authorization header of the first person who holds a post, or of a department's clerk (`clerk@gongshui`)."""

    def headers(who: str) -> dict[str, str]:
        role, _, department = who.partition("@")
        with Session.begin() as s:
            people = s.query(Person).filter(Person.roles.contains([role])).order_by(Person.id)
            person = (people.filter(Person.department_code == department) if department else people).first()
            assert person is not None, who
            set_password(person, PASSWORD)
            login = person.login
        answer = client.post("/api/v1/sign-ins", json={"login": login, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    return headers
