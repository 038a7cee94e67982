"""A city with a past, for measuring: a database of its own with any number of tickets, built in minutes.

A few dozen tickets go through the verbs themselves; their rows, with their legs, clocks and events, are then copied in SQL, a copy for each
ticket of the past: shifted in time, spread over the departments, and saying one of three thousand texts of the project's corpus.
"""

from collections.abc import Iterator, Mapping, Sequence
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
QUIET: Final = "SET synchronous_commit = off; SET maintenance_work_mem = '512MB'; SET work_mem = '256MB'; SET lock_timeout = 0"


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
    with psycopg.connect(libpq_url(url)) as c:
        c.execute(QUIET)
        indexes = _without_indexes(c)
        _texts(c)
        _copies(c, models, tickets, at)
        for statement in indexes:
            c.execute(statement)
        c.commit()
        c.autocommit = True
        c.execute("VACUUM (ANALYZE)")
        c.execute("CHECKPOINT")


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
    c.execute("CREATE TEMP TABLE said (n int PRIMARY KEY, body text, folded text, pairs bigint[])")
    with c.cursor().copy("COPY said FROM STDIN") as copy:
        for n, one in enumerate(corpus.read()):
            row = text_row(_Said(one.text))
            copy.write_row((n, one.text, row["folded"], row["keys"]))
    c.execute("ANALYZE said")


class _Said:
    """A text as the text index asks for it."""

    id, wants, address = 0, "", "翠湖花园 3 栋"

    def __init__(self, body: str) -> None:
        self.title = self.body = body


def _copies(c: psycopg.Connection[Any], models: Mapping[str, Sequence[int]], tickets: int, at: datetime) -> None:
    """`past`: one row for each ticket of the past: its number, its model, its text, its department, and how long ago it was."""
    open_ = [number for step in STEPS[:-1] for number in models[step]]
    kinds = "('department', 'utility', 'district')"
    c.execute(f"CREATE TEMP TABLE unit AS SELECT row_number() OVER (ORDER BY code) - 1 AS n, code FROM department WHERE kind IN {kinds}")
    base = c.execute("SELECT max(id) FROM ticket").fetchone()[0]  # type: ignore[index]
    c.execute(
        """CREATE TEMP TABLE past AS SELECT n, %(base)s + n AS id, (n * 7919) %% (SELECT count(*) FROM said) AS said,
               (SELECT code FROM unit WHERE unit.n = (past.n / 3) %% (SELECT count(*) FROM unit)) AS unit,
               CASE WHEN n > %(done)s THEN (%(open)s::bigint[])[1 + n %% %(opens)s] ELSE (%(closed)s::bigint[])[1 + n %% %(closeds)s] END AS model,
               (%(tickets)s - n) * %(past)s::interval / %(tickets)s AS ago
           FROM generate_series(1::bigint, %(tickets)s) AS past(n)""",
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
    c.execute("ANALYZE past")
    # A code that no new ticket is given.
    code = " || ".join(f"substr('{ALPHABET}', ((past.n >> {5 * place}) & 31)::int + 1, 1)" for place in range(5))
    number = "'12345-990102-20200101-' || lpad(past.n::text, 9, '0')"
    said = "JOIN said ON said.n = past.said"
    _copy(c, Ticket, "m.id", {"id": "past.id", "number": number, "query_code": f"'.' || {code}", "title": "left(said.body, 30)", "body": "said.body",
                              "lead_code": "CASE WHEN m.lead_code IS NOT NULL THEN past.unit END"}, said)  # fmt: skip
    c.execute(
        f"INSERT INTO ticket_text (ticket_id, folded, keys) SELECT past.id, said.folded, sliced.keys FROM past {said} "
        f"JOIN (SELECT slice, said.n, array_agg(pair + (slice << {PAIR_BITS})) AS keys FROM said, unnest(said.pairs) AS pair, "
        f"generate_series(0::bigint, (SELECT max(id) >> {SLICE_BITS} FROM past)) AS slice GROUP BY slice, said.n) sliced "
        f"ON sliced.n = past.said AND sliced.slice = past.id >> {SLICE_BITS}"
    )
    row = "1000 + past.n * 16 + m.rank"
    _copy(c, Leg, "m.ticket_id", {"id": "1000 + past.n", "ticket_id": "past.id", "department_code": "past.unit"})
    about = "CASE split_part(m.subject, ':', 1) WHEN 'ticket' THEN split_part(m.subject, ':', 2)::bigint ELSE " \
            "(SELECT ticket_id FROM leg WHERE id = split_part(m.subject, ':', 2)::bigint) END"  # fmt: skip
    subject = "split_part(m.subject, ':', 1) || ':' || CASE split_part(m.subject, ':', 1) WHEN 'ticket' THEN past.id ELSE 1000 + past.n END"
    _copy(c, Timer, about, {"id": row, "subject": subject})
    _copy(c, Event, "m.subject_id", {"id": row, "subject_id": "past.id", "place": row, "relayed_at": "m.at", "changes": "NULL"})
    for table in (Ticket, Leg, Timer, Event):
        c.execute(f"SELECT setval(pg_get_serial_sequence('{table.__tablename__}', 'id'), (SELECT max(id) FROM {table.__tablename__}))")


def _copy(c: psycopg.Connection[Any], table: type[Base], of: str, other: Mapping[str, str], joined: str = "") -> None:
    """A copy of the model's rows for each ticket of the past. of: the model ticket of a row m; other: what differs, moments apart."""
    name, columns = table.__tablename__, table.__table__.columns
    c.execute(f"CREATE TEMP TABLE model_{name} AS SELECT m.*, {of} AS of, row_number() OVER (PARTITION BY {of} ORDER BY m.id) - 1 AS rank FROM {name} m")
    value = {column.name: f"m.{column.name} - past.ago" if isinstance(column.type, DateTime) else f'm."{column.name}"' for column in columns} | dict(other)
    names, given = ", ".join(f'"{name}"' for name in value), ", ".join(value.values())
    c.execute(f"INSERT INTO {name} ({names}) SELECT {given} FROM past {joined} JOIN model_{name} m ON m.of = past.model")


def _without_indexes(c: psycopg.Connection[Any]) -> list[str]:
    """Takes the indexes and foreign keys of the growing tables away; returns the statements that make them again."""
    names = [table.__tablename__ for table in GROWING]
    constraints = c.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = ANY(%s::regclass[]) AND contype IN ('f', 'u')",
        [names],
    ).fetchall()
    for table, name, _ in constraints:
        c.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    indexes = c.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = ANY(%s::regclass[]) AND NOT indisprimary", [names]
    ).fetchall()
    for name, _ in indexes:
        c.execute(f"DROP INDEX {name}")
    again = [f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}" for table, name, definition in constraints]
    return [definition for _, definition in indexes] + sorted(again, key=lambda statement: "FOREIGN" in statement)
