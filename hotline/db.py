"""The database session, and the base of every table. `with Session.begin() as s:` stands at the edge; the domain never commits."""

import time
from datetime import datetime
from enum import StrEnum
from select import POLLIN, poll
from typing import Any, Final

import psycopg
from sqlalchemy import BigInteger, DateTime, Engine, Enum, MetaData, create_engine, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, sessionmaker
from sqlalchemy.orm import Session as Session_

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table. Whole numbers are bigint, moments timestamptz; a dict or list is JSONB."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {
        int: BigInteger,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        list[dict[str, Any]]: JSONB,
        list[str]: JSONB,
    }


def word(words: type[StrEnum]) -> Enum:
    """A column that holds one of these words, stored as text: a new word needs no migration."""
    return Enum(words, native_enum=False, length=20, values_callable=lambda kinds: [kind.value for kind in kinds])


Session: sessionmaker[Session_] = sessionmaker(expire_on_commit=False)


def connect(url: str, *, application: str = "hotline", pool_size: int = 10) -> Engine:
    """An engine for `url` with our time-outs. lock_timeout: nobody waits for a row longer than 5 s."""
    engine = create_engine(
        psycopg_url(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        hide_parameters=True,  # an error message repeats them, and they are citizens' data
        connect_args={
            "application_name": application,
            "connect_timeout": 5,
            "options": "-c lock_timeout=5s -c timezone=UTC -c idle_in_transaction_session_timeout=60s",
        },
    )
    event.listen(engine, "checkout", _is_there)
    return engine


TRUSTED: Final = 5.0
"""Seconds after an answer for which a connection that keeps quiet is taken to be there."""
ANSWERED: Final = "answered"


def _is_there(connection: Any, record: Any, _: Any) -> None:
    """Asks a pooled connection whether it is still there; where not, the pool makes a new one.

    A server that ends a connection says so on it, and one that has nothing to say keeps quiet: a look at the socket saves asking each time.
    """
    now = time.monotonic()
    try:
        if now - record.info.get(ANSWERED, 0.0) < TRUSTED and not _says_something(connection):
            return
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error as error:
        raise DisconnectionError from error
    record.info[ANSWERED] = now


def _says_something(connection: Any) -> bool:
    socket = poll()
    socket.register(connection.fileno(), POLLIN)
    return bool(socket.poll(0))


def bind(url: str, *, application: str = "hotline", pool_size: int = 10) -> Engine:
    """Binds `Session` to the database at `url`; a door calls it once."""
    engine = connect(url, application=application, pool_size=pool_size)
    Session.configure(bind=engine)
    return engine


def psycopg_url(url: str) -> str:
    """The same address with SQLAlchemy's name for the driver, whichever spelling the administrator used."""
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url


def libpq_url(url: str) -> str:
    """The same address as psycopg itself and the broker want it."""
    return psycopg_url(url).replace("postgresql+psycopg://", "postgresql://", 1)
