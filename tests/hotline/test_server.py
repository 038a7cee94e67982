"""An external PostgreSQL is looked at before the hotline stands on it; what will not do is refused with what to change."""

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

from hotline import server as checks
from hotline.db import libpq_url
from hotline.errors import Refused
from hotline.server import check_server


@pytest.fixture
def made(server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database made with the options of the test's parameter."""
    name = f"hotline_test_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(libpq_url(server), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 {}").format(sql.Identifier(name), sql.SQL(request.param)))
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def check(url: str) -> None:
    check_server(create_engine(url, poolclass=NullPool))


def test_the_embedded_database_will_do(database_url: str) -> None:
    check(database_url)


@pytest.mark.parametrize("made", ["ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C.UTF-8'"], indirect=True)
def test_an_ordinary_utf8_database_will_do(made: str) -> None:
    check(made)


@pytest.mark.parametrize("made", ["ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C'"], indirect=True)
def test_a_database_that_knows_no_chinese_letters_is_refused(made: str) -> None:
    with pytest.raises(Refused, match=r"字符类型（LC_CTYPE）是 C，.*LOCALE 'C.UTF-8'"):
        check(made)


@pytest.mark.parametrize("made", ["ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'"], indirect=True)
def test_a_database_that_is_not_utf8_is_refused(made: str) -> None:
    with pytest.raises(Refused, match=r"编码是 LATIN1，需要 UTF-8"):
        check(made)


def test_a_database_that_is_too_old_is_refused(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "OLDEST", 99)
    with pytest.raises(Refused, match=r"版本是 PostgreSQL \d+，需要 15"):
        check(database_url)


@pytest.mark.parametrize("made", [""], indirect=True)
def test_an_account_that_may_not_make_tables_is_told_what_to_ask_for(made: str) -> None:
    account = f"reader_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(libpq_url(made), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(sql.Identifier(account)))
        try:
            with pytest.raises(Refused, match=r"无权建表.*ALTER DATABASE"):
                check(make_url(made).set(username=account, password="x").render_as_string(hide_password=False))
        finally:
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(account)))


def test_a_server_that_is_away_is_a_sentence_without_the_password() -> None:
    with pytest.raises(Refused, match="连不上数据库") as caught:
        check("postgresql+psycopg://hotline:geheim@127.0.0.1:1/hotline?connect_timeout=2")
    assert "geheim" not in caught.value.sentence
