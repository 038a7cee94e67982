"""A city with a past, for measuring: a database of its own with any number of tickets, built in minutes.

A few dozen tickets go through the verbs themselves; their rows, with their legs, clocks and events, are then copied in SQL, a copy for each
ticket of the past: shifted in time, spread over the departments, and saying one of three thousand texts of the project's corpus.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import DateTime, create_engine, make_url, select
from sqlalchemy.orm import Session as Session_
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import NullPool

from hotline.db import Base, libpq_url, psycopg_url
from hotline.migrate import migrate
from hotline.outbox import Event
from hotline.people import Person
from hotline.roles import Role
from routing import corpus
from sla import versions
from sla.timers import Timer
from tickets import access, dispatching, resolving, revisiting, setup, signing
from tickets.catalogue import Item
from tickets.filing import Matter, file
from tickets.numbers import ALPHABET
from tickets.ticket import Leg, Ticket
from tickets.wording import PAIR_BITS, SLICE_BITS, TicketText, text_row

OPEN_SHARE: Final = 0.05
PAST: Final = timedelta(days=365)
STEPS: Final = ("filed", "dispatched", "handling", "resolved", "revisiting", "closed")
EACH: Final = 5  # models for each step
GROWING: Final = (Ticket, TicketText, Leg, Timer, Event)
"""The tables that grow with every ticket."""


@contextmanager
def city(server: str, tickets: int, *, at: datetime) -> Iterator[str]:
    """The address of a database with so many tickets, gone afterwards. server: any database there; its account may create databases."""
    name = f"hotline_bench_{uuid4().hex[:8]}"
    with psycopg.connect(libpq_url(server), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    try:
        url = make_url(psycopg_url(server)).set(database=name).render_as_string(hide_password=False)
        _build(url, tickets, at)
        yield url
    finally:
        with psycopg.connect(libpq_url(server), autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def somebody(s: Session_, role: Role, department: str | None = None) -> Person:
    """The first person of a post, of a department where one is named."""
    found = select(Person).where(Person.roles.contains([role.value])).order_by(Person.id)
    return s.scalars(found.where(Person.department_code == department) if department else found).first() or s.get_one(Person, 1)


def _build(url: str, tickets: int, at: datetime) -> None:
    engine = create_engine(url, poolclass=NullPool)
    migrate(engine)
    with sessionmaker(engine, expire_on_commit=False).begin() as s:
        versions.seed(s, at=at)
        setup.load(s)
        s.flush()
        models = _models(s, at)
    with _quiet(url) as c:
        keys, indexes = _without_indexes(c)
        c.execute("CREATE SCHEMA past")
        _texts(c)
        _plan(c, models, tickets, at)
        copies = {table.__tablename__: _copy(c, table) for table in GROWING}
        c.execute("ANALYZE")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # A table after the other would leave all processors but one idle; the longest first.
        list(pool.map(lambda name: _fill(url, name, copies[name], indexes[name]), ("timer", "ticket_text", "event", "ticket", "leg")))
    with _quiet(url) as c:
        for key in keys:
            c.execute(key)
        c.execute("DROP SCHEMA past CASCADE")
    with _quiet(url, autocommit=True) as c:
        c.execute("CHECKPOINT")


@contextmanager
def _quiet(url: str, *, autocommit: bool = False) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(libpq_url(url), autocommit=autocommit) as c:
        c.execute("SET synchronous_commit = off; SET maintenance_work_mem = '512MB'; SET work_mem = '256MB'; SET lock_timeout = 0")
        yield c


def _fill(url: str, table: str, copy: str, indexes: Sequence[str]) -> None:
    with _quiet(url) as c:
        c.execute(copy)
        if table != "ticket_text":
            c.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
        for index in indexes:
            c.execute(index)
    with _quiet(url, autocommit=True) as c:
        c.execute(f"VACUUM (ANALYZE) {table}")


def _models(s: Session_, at: datetime) -> Mapping[str, list[int]]:
    """Tickets that went through the verbs, by how far they came."""
    utterances = [one for one in corpus.read() if s.get(Item, one.item)]
    return {step: [_life(s, utterances[7 * n], step, at) for n in range(EACH)] for step in STEPS}


def _life(s: Session_, said: corpus.Utterance, until: str, at: datetime) -> int:
    operator, dispatcher, unit = somebody(s, Role.OPERATOR), somebody(s, Role.DISPATCHER), "gongshui"
    clerk, hour = somebody(s, Role.CLERK, unit), timedelta(minutes=30)
    matter = Matter(body=said.text, kind="complaint", item=said.item, area="990102", phone="13800001234", caller_name="王建国", address="翠湖花园 3 栋")
    ticket = file(s, matter, by=operator, at=at)
    held = access.find(s, ticket.number, dispatcher, lock=True)
    acts = (
        lambda: dispatching.dispatch(s, held, department=unit, basis="职责分工", by=dispatcher, at=at + hour),
        lambda: signing.sign(s, held, by=clerk, at=at + 2 * hour),
        lambda: resolving.resolve(s, held, result="solved", reply="已修好，供水已恢复。", contacted_at=at + 2 * hour, by=clerk, at=at + 3 * hour),
        lambda: resolving.pass_review(s, held, by=somebody(s, Role.REVIEWER), at=at + 4 * hour),
        lambda: revisiting.close(s, held, contacted=True, solved="yes", satisfied=5, by=somebody(s, Role.REVISITOR), at=at + 5 * hour),
    )
    for act in acts[: STEPS.index(until)]:
        act()
        s.flush()
    return ticket.id


def _texts(c: psycopg.Connection[Any]) -> None:
    """What citizens say: the corpus, in one spelling, with its pairs of characters as slice 0 has them."""
    c.execute("CREATE UNLOGGED TABLE past.said (n int PRIMARY KEY, body text, folded text, pairs bigint[])")
    with c.cursor().copy("COPY past.said FROM STDIN") as copy:
        for n, one in enumerate(corpus.read()):
            row = text_row(_Said(one.text))
            copy.write_row((n, one.text, row["folded"], row["keys"]))
    c.execute("ANALYZE past.said")


class _Said:
    """A text as the text index asks for it."""

    id, wants, address = 0, "", "翠湖花园 3 栋"

    def __init__(self, body: str) -> None:
        self.title = self.body = body


def _plan(c: psycopg.Connection[Any], models: Mapping[str, Sequence[int]], tickets: int, at: datetime) -> None:
    """`past.ticket`: one row for each ticket of the past: its number, its model, its text, its department, and how long ago it was."""
    open_ = [number for step in STEPS[:-1] for number in models[step]]
    kinds = "('department', 'utility', 'district')"
    c.execute(f"CREATE TABLE past.unit AS SELECT row_number() OVER (ORDER BY code) - 1 AS n, code FROM department WHERE kind IN {kinds}")
    base = c.execute("SELECT max(id) FROM ticket").fetchone()[0]  # type: ignore[index]
    c.execute(
        """CREATE UNLOGGED TABLE past.ticket AS SELECT counted.n, %(base)s + counted.n AS id, said, unit.code AS unit, ago,
               CASE WHEN counted.n > %(done)s THEN (%(open)s::bigint[])[1 + counted.n %% %(opens)s]
                    ELSE (%(closed)s::bigint[])[1 + counted.n %% %(closeds)s] END AS model
           FROM (SELECT n, (n * 7919) %% (SELECT count(*) FROM past.said) AS said, (n / 3) %% (SELECT count(*) FROM past.unit) AS unit,
                        (%(tickets)s - n) * %(past)s::interval / %(tickets)s AS ago
                 FROM generate_series(1::bigint, %(tickets)s) AS numbers(n)) counted JOIN past.unit ON unit.n = counted.unit ORDER BY counted.n""",
        {
            "base": base,
            "tickets": tickets,
            "done": int(tickets * (1 - OPEN_SHARE)),
            "open": open_,
            "opens": len(open_),
            "closed": list(models["closed"]),
            "closeds": len(models["closed"]),
            "past": PAST,
        },
    )
    c.execute("ANALYZE past.ticket")


def _copy(c: psycopg.Connection[Any], table: type[Base]) -> str:
    """The statement that copies the models' rows of a table, for each ticket of the past: what differs is told by OTHER, moments are shifted."""
    name = table.__tablename__
    if table is TicketText:
        return TEXTS
    of, joined, other = OTHER[table]
    c.execute(
        f"CREATE TABLE past.model_{name} AS SELECT m.*, {of} AS of, row_number() OVER (PARTITION BY {of} ORDER BY m.id) - 1 AS rank FROM {name} m"
    )
    columns = table.__table__.columns
    value = {column.name: f"m.{column.name} - past.ago" if isinstance(column.type, DateTime) else f'm."{column.name}"' for column in columns} | dict(other)
    names, given = ", ".join(f'"{name}"' for name in value), ", ".join(value.values())
    return f"INSERT INTO {name} ({names}) SELECT {given} FROM past.ticket past {joined} JOIN past.model_{name} m ON m.of = past.model"


# A code that no new ticket is given.
CODE: Final = "'.' || " + " || ".join(f"substr('{ALPHABET}', ((past.n >> {5 * place}) & 31)::int + 1, 1)" for place in range(5))
NUMBER: Final = "'12345-990102-20200101-' || lpad(past.n::text, 9, '0')"
SAID: Final = "JOIN past.said ON said.n = past.said"
ROW: Final = "1000 + past.n * 16 + m.rank"
OF_TICKET: Final = "split_part(m.subject, ':', 1) = 'ticket'"
SUBJECT: Final = "split_part(m.subject, ':', 2)::bigint"
OTHER: Final[Mapping[type[Base], tuple[str, str, Mapping[str, str]]]] = {
    Ticket: ("m.id", SAID, {"id": "past.id", "number": NUMBER, "query_code": CODE, "title": "left(said.body, 30)", "body": "said.body",
                            "lead_code": "CASE WHEN m.lead_code IS NOT NULL THEN past.unit END"}),
    Leg: ("m.ticket_id", "", {"id": "1000 + past.n", "ticket_id": "past.id", "department_code": "past.unit"}),
    Timer: (f"CASE WHEN {OF_TICKET} THEN {SUBJECT} ELSE (SELECT ticket_id FROM leg WHERE id = {SUBJECT}) END", "",
            {"id": ROW, "subject": f"CASE WHEN {OF_TICKET} THEN 'ticket:' || past.id ELSE 'leg:' || 1000 + past.n END"}),
    Event: ("m.subject_id", "", {"id": ROW, "subject_id": "past.id", "place": ROW, "relayed_at": "m.at", "changes": "NULL"}),
}  # fmt: skip
"""For each table: the model ticket of a row m, what is joined, and what differs in a copy."""
TEXTS: Final = f"""
INSERT INTO ticket_text (ticket_id, folded, keys) SELECT past.id, said.folded, sliced.keys FROM past.ticket past {SAID}
JOIN (SELECT slice, said.n, array_agg(pair + (slice << {PAIR_BITS})) AS keys FROM past.said, unnest(said.pairs) AS pair,
      generate_series(0::bigint, (SELECT max(id) >> {SLICE_BITS} FROM past.ticket)) AS slice GROUP BY slice, said.n) sliced
ON sliced.n = past.said AND sliced.slice = past.id >> {SLICE_BITS} ORDER BY past.id"""


def _without_indexes(c: psycopg.Connection[Any]) -> tuple[list[str], dict[str, list[str]]]:
    """Takes the indexes and foreign keys of the growing tables away; returns the statements that make them again: keys, and indexes by table."""
    names = [table.__tablename__ for table in GROWING]
    constraints = c.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), contype = 'f' FROM pg_constraint "
        "WHERE conrelid = ANY(%s::regclass[]) AND contype IN ('f', 'u')",
        [names],
    ).fetchall()
    keys: list[str] = []
    again: dict[str, list[str]] = {name: [] for name in names}
    for table, name, definition, foreign in constraints:
        c.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        (keys if foreign else again[table]).append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    indexes = c.execute(
        "SELECT indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
        "WHERE indrelid = ANY(%s::regclass[]) AND NOT indisprimary",
        [names],
    ).fetchall()
    for table, name, definition in indexes:
        c.execute(f"DROP INDEX {name}")
        again[table].append(definition)
    return keys, again
