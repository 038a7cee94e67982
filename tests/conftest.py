"""The database of the tests: one server per run, migrated once into a template, a database of its own for each worker.

The server is an embedded one in a temporary folder, or the one at TEST_DATABASE_URL. When tests are spread over processes (pytest -n), the
process that hands them out starts it: it outlives the others.
"""

import os
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.orm import Session as Session_
from sqlalchemy.pool import NullPool

from hotline import privacy
from hotline.clock import SHANGHAI
from hotline.db import connect, libpq_url, psycopg_url
from hotline.embedded import Embedded, running
from hotline.migrate import migrate

FAILURE = "could-not-start"
run: pytest.StashKey["Run"] = pytest.StashKey()


class Run:
    """What one test run shares. name: how its databases' names begin. data: folder of the embedded server, None for an external one."""

    def __init__(self, name: str, data: str | None) -> None:
        self.name = name
        self.data = Path(data) if data else None
        self._own: Embedded | None = None

    @classmethod
    def begin(cls) -> "Run":
        """A new run, in the process that will also end it."""
        name = f"hotline_test_{uuid.uuid4().hex[:8]}"
        if os.environ.get("TEST_DATABASE_URL"):
            return cls(name, None)
        data = tempfile.mkdtemp(prefix="hotline-test-")
        os.chmod(data, 0o711)
        return cls(name, data)

    def start(self) -> None:
        """Starts the embedded server; what goes wrong is left for the waiting workers to read."""
        if self.data and not self._own:
            self._own = Embedded(self.data, durable=False)
            try:
                self._own.start()
            except Exception as error:
                (self.data / FAILURE).write_text(repr(error))
                raise

    def url(self, patience: float = 90.0) -> str:
        """The server's address, once it is up."""
        if not self.data:
            return psycopg_url(os.environ["TEST_DATABASE_URL"])
        end = time.monotonic() + patience
        while not (url := running(self.data)):
            if (self.data / FAILURE).exists():
                pytest.exit(f"no test database: {(self.data / FAILURE).read_text()}", returncode=3)
            if time.monotonic() > end:
                pytest.exit(f"no test database within {patience:.0f} s", returncode=3)
            time.sleep(0.05)
        return url

    def end(self) -> None:
        """Leaves nothing behind."""
        if self._own:
            self._own.stop()
        if self.data:
            shutil.rmtree(self.data, ignore_errors=True)
        else:
            self._drop_all()

    def _drop_all(self) -> None:
        with psycopg.connect(libpq_url(self.url()), autocommit=True) as admin:
            for (name,) in admin.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [self.name]).fetchall():
                admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", None)
    config.stash[run] = Run(*given["run"]) if given else Run.begin()
    if not given and getattr(config.option, "dist", "no") != "no" and config.option.tx:
        threading.Thread(target=config.stash[run].start, daemon=True).start()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    ours = node.config.stash[run]
    node.workerinput["run"] = (ours.name, str(ours.data) if ours.data else None)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and run in config.stash:
        config.stash[run].end()


@pytest.fixture(autouse=True, scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A key of the run's own, with which events are sealed and numbers hashed."""
    privacy.unlock(Path(tmp_path_factory.mktemp("key")) / "secret.key")


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> str:
    """The address of the server's first database."""
    if not hasattr(pytestconfig, "workerinput"):
        pytestconfig.stash[run].start()
    return pytestconfig.stash[run].url()


@pytest.fixture(scope="session")
def template(server: str, pytestconfig: pytest.Config) -> str:
    """The name of a migrated, empty database; the first worker to need it makes it while the others wait."""
    name = f"{pytestconfig.stash[run].name}_template"
    half = sql.Identifier(f"{name}_half")
    with psycopg.connect(libpq_url(server), autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(half))
            engine = create_engine(_named(server, f"{name}_half"), poolclass=NullPool)
            migrate(engine)
            engine.dispose()
            admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(half, sql.Identifier(name)))
    return name


@pytest.fixture(scope="session")
def database_url(server: str, template: str) -> Iterator[str]:
    """This worker's own database. Whoever commits to it disturbs the tests after him: use `session`, or `empty_database`."""
    with _cloned(server, template) as url:
        yield url


@pytest.fixture(scope="session")
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on this worker's database."""
    engine = connect(database_url, application="tests")
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session_]:
    """A session whose every write is undone after the test; a commit inside is a savepoint."""
    with engine.connect() as connection:
        outer = connection.begin()
        with Session_(bind=connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as s:
            yield s
        outer.rollback()


@pytest.fixture
def empty_database(server: str, template: str) -> Iterator[str]:
    """A fresh migrated database of the test's own: for tests that commit, or run several processes."""
    with _cloned(server, template) as url:
        yield url


@pytest.fixture
def at() -> datetime:
    """A Friday morning in the working time of an ordinary week."""
    return datetime(2026, 11, 20, 10, 0, tzinfo=SHANGHAI)


@contextmanager
def _cloned(server: str, template: str) -> Iterator[str]:
    name = f"{template.removesuffix('_template')}_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(libpq_url(server), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield _named(server, name)
    finally:
        with psycopg.connect(libpq_url(server), autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _named(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)
