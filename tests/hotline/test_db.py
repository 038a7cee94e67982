"""Connections: one that the server has ended is replaced before anybody notices."""

import pytest
from sqlalchemy import text

from hotline import db


def test_a_connection_that_the_server_ended_is_replaced_unnoticed(database_url: str) -> None:
    engine = db.connect(database_url, pool_size=1)
    administrator = db.connect(database_url)
    with engine.connect() as connection:
        first = connection.scalar(text("SELECT pg_backend_pid()"))
    with administrator.connect() as connection:
        connection.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": first})
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT pg_backend_pid()")) != first
    with engine.connect() as connection:
        again = connection.scalar(text("SELECT pg_backend_pid()"))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT pg_backend_pid()")) == again
    engine.dispose()
    administrator.dispose()


def test_a_connection_that_broke_on_our_side_is_replaced_unnoticed(database_url: str) -> None:
    engine = db.connect(database_url, pool_size=1)
    with engine.connect() as connection:
        held = connection.connection.driver_connection
    assert held is not None
    held.pgconn.finish()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()


def test_a_connection_that_kept_quiet_for_long_is_asked_before_it_is_used(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = db.connect(database_url, pool_size=1)
    with engine.connect() as connection:
        record = connection.connection._connection_record
    assert record is not None
    before = record.info[db.ANSWERED]
    with engine.connect():
        assert record.info[db.ANSWERED] == before
    monkeypatch.setattr(db, "TRUSTED", 0.0)
    with engine.connect():
        assert record.info[db.ANSWERED] > before
    engine.dispose()
