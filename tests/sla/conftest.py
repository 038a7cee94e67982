"""A city's policies and calendars in the database, and the moments the tests are told at."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from hotline.clock import SHANGHAI
from hotline.db import Base, connect
from sla import timers, versions
from sla.policy import Matter
from sla.timers import Terms


@pytest.fixture
def moment() -> Callable[[str], datetime]:
    """A moment in Shanghai from "2026-02-13 16:00"."""
    return lambda text: datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.fixture(scope="session")
def tables(engine: Engine) -> Engine:
    """The tables of this package, also where no migration has made them yet."""
    Base.metadata.create_all(engine, tables=TABLES)
    return engine


@pytest.fixture
def s(tables: Engine, session: Session, at: datetime) -> Session:
    """A session in which the shipped policies and calendars are saved; undone after the test."""
    versions.seed(session, at=at)
    return session


@pytest.fixture
def terms(s: Session) -> Terms:
    """What an ordinary complaint is given."""
    return versions.terms_for(s, Matter("complaint"))


@pytest.fixture
def committed(empty_database: str, at: datetime) -> Iterator[sessionmaker[Session]]:
    """Sessions that really commit, in a database of the test's own."""
    engine = connect(empty_database, application="tests", pool_size=8)
    Base.metadata.create_all(engine, tables=TABLES)
    factory = sessionmaker(engine, expire_on_commit=False)
    with factory.begin() as s:
        versions.seed(s, at=at)
    yield factory
    engine.dispose()


TABLES = [timers.Timer.__table__, versions.PolicyVersion.__table__, versions.CalendarVersion.__table__]
