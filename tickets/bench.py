"""`bench tickets`: filing against bare SQL, and lists of a large city against those of a small one; every figure a ratio measured in the same run.

The cities are databases of their own (tickets/bench_city.py), on the server that the caller names, and gone afterwards.
"""

import json
import multiprocessing
import secrets
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session as Session_
from sqlalchemy.orm import sessionmaker

from hotline import privacy
from hotline.db import connect, libpq_url
from hotline.outbox import Event
from hotline.people import Person
from hotline.roles import Role
from sla.timers import Timer
from tickets import bench_city, board, desks, searching
from tickets.bench_city import GROWING, somebody
from tickets.filing import Matter, file
from tickets.searching import Wanted
from tickets.ticket import Ticket
from tickets.wording import TicketText

SMALL: Final = 10_000
ROUNDS, EACH, TIMES, LOOKS = 5, 150, 3, 96
WRITERS: Final = 2
SECONDS: Final = 5.0
MATTER: Final = Matter(
    body="翠湖花园小区停水三天了，物业和供水集团都没人管，老人小孩用水困难，希望尽快恢复供水。", kind="complaint",
    item="090481", area="990102", phone="13800001234", caller_name="王建国", address="翠湖花园 3 栋",
)  # fmt: skip
WORDS: Final = ("小区", "停水", "物业", "社保", "噪音", "燃气", "工资", "学校", "公交", "路灯", "井盖", "医保", "户口", "犀牛", "量子", "潜艇")
"""From the commonest to words that nobody says."""
Look = Callable[[Session_, int], object]


def main(*, json: bool, url: str, key: Path, tickets: int, at: datetime, say: Callable[[str], None]) -> dict[str, Any]:
    """Builds, measures and prints. url: a database on the server to use; key: the file of the key that seals citizens' data."""
    began = time.perf_counter()
    say(f"建两座城市：{min(SMALL, tickets):,} 件和 {tickets:,} 件工单……")
    with bench_city.city(url, min(SMALL, tickets), at=at) as small, bench_city.city(url, tickets, at=at) as large:
        report: dict[str, Any] = {"tickets": tickets, "events": _events(large), "built_in_seconds": round(time.perf_counter() - began)}
        say("列表：大城与小城比……")
        # Before filing, which leaves thousands of tickets behind that all say the same.
        report["lists"], plans = _lists(small, large, at)
        report["sequential_scans"] = [plan for plan in plans if plan["sequential"]]
        say("登记：与裸 SQL 比……")
        report["filing"] = {mode: _filing(large, at, mode) for mode in ("on", "off")}
        report["filing"]["writers"] = {mode: _writers(large, key, mode) for mode in ("on", "off")}
        report["plans"] = plans
    print(_as_json(report) if json else _lines(report))
    return report


# Filing


def _filing(url: str, at: datetime, mode: str) -> dict[str, Any]:
    """Seconds for a ticket, by turns: filed by the verb; and in bare SQL its row alone, all its rows one by one, and all of them in one statement."""
    with _engine(url, mode) as engine, psycopg.connect(libpq_url(url)) as c:
        make = sessionmaker(engine, expire_on_commit=False)
        c.execute(f"SET synchronous_commit = {mode}")
        operator, _ = _file_some(make, at, 30)
        with _heard(engine) as heard:
            _file(make, operator, at)
        with make() as s:
            rows = _Rows(s, s.scalars(select(Ticket).order_by(Ticket.id.desc()).limit(1)).one())
        together = _Together(*heard[-1])
        runs: dict[str, Callable[[], None]] = {
            "ours": lambda: _file(make, operator, at), "bare": lambda: rows.insert(c, 1), "rows": lambda: rows.insert(c, 9), "one": lambda: together.insert(c),
        }  # fmt: skip
        seconds = _by_turns(runs)
    (ours, cpu), (bare, _), (all_rows, rows_cpu), (one, one_cpu) = (seconds[name] for name in ("ours", "bare", "rows", "one"))
    return {
        "filed_per_second": round(1 / ours), "bare_insert_per_second": round(1 / bare), "same_rows_in_bare_sql_per_second": round(1 / all_rows),
        "same_rows_in_one_bare_statement_per_second": round(1 / one), "rate_over_bare_insert": round(bare / ours, 3),
        "rate_over_same_rows": round(all_rows / ours, 3), "same_rows_in_one_bare_statement_over_bare_insert": round(bare / one, 3),
        "our_cpu_ms": round(cpu * 1000, 2), "same_rows_cpu_ms": round(rows_cpu * 1000, 2), "one_bare_statement_cpu_ms": round(one_cpu * 1000, 2),
        "statements": len(heard),
    }  # fmt: skip


class _Rows:
    """The rows of a filed ticket, to be inserted again in bare SQL: the ticket's first, then its text, clocks and event."""

    def __init__(self, s: Session_, ticket: Ticket) -> None:
        subject, mine = f"ticket:{ticket.id}", "currval('ticket_id_seq')"
        wheres = (
            (Ticket, Ticket.id == ticket.id, {"number": "%(token)s", "query_code": "%(code)s"}),
            (TicketText, TicketText.ticket_id == ticket.id, {"ticket_id": mine}),
            (Timer, Timer.subject == subject, {"subject": f"'ticket:' || {mine}"}),
            (Event, Event.subject_id == ticket.id, {"subject_id": mine}),
        )
        self.statements = [statement for table, where, other in wheres for statement in self._again(s, table, where, other)]

    @staticmethod
    def _again(s: Session_, table: Any, where: Any, other: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
        columns = [column.name for column in table.__table__.columns if column.name != "id"]
        names = ", ".join(f'"{name}"' for name in columns)
        given = ", ".join(other.get(name, f"%({name})s") for name in columns)
        condition = where.compile(s.bind, compile_kwargs={"literal_binds": True})
        for row in s.connection().exec_driver_sql(f"SELECT {names} FROM {table.__tablename__} WHERE {condition}").mappings():
            yield f"INSERT INTO {table.__tablename__} ({names}) VALUES ({given})", {name: _given(table, name, row[name]) for name in columns}

    def insert(self, c: psycopg.Connection[Any], many: int) -> None:
        token = secrets.token_hex(12)
        for statement, row in self.statements[:many]:
            c.execute(statement, {**row, "token": token, "code": secrets.token_urlsafe(8)[:6]})
        c.commit()


class _Together:
    """All rows of a filed ticket in the one statement that writes them, sent again by the bare driver: what filing cannot be faster than."""

    def __init__(self, statement: str, parameters: Any) -> None:
        self._statement, self._held = statement, json.loads(parameters[0])

    def insert(self, c: psycopg.Connection[Any]) -> None:
        id_, *clocks = c.execute("SELECT nextval('ticket_id_seq'), nextval('timer_id_seq'), nextval('timer_id_seq')").fetchone()  # type: ignore[misc]
        held = self._held
        held["ticket"][0] |= {"id": id_, "number": secrets.token_hex(12), "query_code": secrets.token_urlsafe(8)[:6]}
        held["ticket_text"][0]["ticket_id"] = held["event"][0]["subject_id"] = id_
        for clock, number in zip(held["timer"], clocks, strict=False):
            clock |= {"id": number, "subject": f"ticket:{id_}"}
        c.execute(self._statement, [json.dumps(held, ensure_ascii=False)])
        c.commit()


def _given(table: Any, name: str, value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict | list) and table.__table__.columns[name].type.__class__.__name__ == "JSONB" else value


def _file(make: sessionmaker[Session_], operator: Person, at: datetime) -> None:
    with make.begin() as s:
        file(s, MATTER, by=operator, at=at)


def _file_some(make: sessionmaker[Session_], at: datetime, many: int) -> tuple[Person, int]:
    with make() as s:
        operator = somebody(s, Role.OPERATOR)
    for _ in range(many):
        _file(make, operator, at)
    return operator, many


def _writers(url: str, key: Path, mode: str) -> dict[str, Any]:
    """Tickets a second filed by one process and by several at once."""
    rates = {many: _together(url, key, mode, many) for many in (1, WRITERS)}
    return {"one": round(rates[1]), f"{WRITERS}": round(rates[WRITERS]), "times": round(rates[WRITERS] / rates[1], 2)}


def _together(url: str, key: Path, mode: str, many: int) -> float:
    processes = multiprocessing.get_context("spawn")
    ready, answers = processes.Barrier(many), processes.Queue()
    running = [processes.Process(target=_write, args=(url, str(key), mode, ready, answers)) for _ in range(many)]
    for process in running:
        process.start()
    total = sum(answers.get(timeout=120) for _ in running)
    for process in running:
        process.join()
    return float(total) / SECONDS


def _write(url: str, key: str, mode: str, ready: Any, answers: Any) -> None:
    privacy.unlock(Path(key))
    with _engine(url, mode) as engine:
        make = sessionmaker(engine, expire_on_commit=False)
        with make() as s:
            at = s.scalars(select(Ticket.filed_at).order_by(Ticket.id.desc()).limit(1)).one()
        operator, filed = _file_some(make, at, 30)
        ready.wait(60)
        end, filed = time.perf_counter() + SECONDS, 0
        while time.perf_counter() < end:
            _file(make, operator, at)
            filed += 1
    answers.put(filed)


# Lists


def _lists(small: str, large: str, at: datetime) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """p95 of each list in both cities, by turns, and every plan of the large one."""
    found: dict[str, Any] = {}
    plans: list[dict[str, Any]] = []
    with _engine(small, "off") as few, _engine(large, "off") as many:
        for name, look in _looks(few, many, at).items():
            p95 = _p95({"small": (few, look), "large": (many, look)})
            found[name] = {f"p95_ms_{city}": round(seconds * 1000, 2) for city, seconds in p95.items()} | {"ratio": round(p95["large"] / p95["small"], 2)}
            plans += _plans(many, name, look)
    return found, plans


def _looks(few: Engine, many: Engine, at: datetime) -> Mapping[str, Look]:
    for engine in (few, many):
        with Session_(engine) as s, s.begin():
            board.keep(s, at=at)
    with Session_(many) as s:
        clerk, operator, supervisor = somebody(s, Role.CLERK, "gongshui"), somebody(s, Role.OPERATOR), somebody(s, Role.SUPERVISOR)
    return {
        "department_inbox": lambda s, n: desks.inbox(s, clerk),
        "two_character_word": lambda s, n: searching.search(s, Wanted(text=WORDS[n % len(WORDS)]), by=operator, at=at),
        "two_words_of_a_department": lambda s, n: searching.search(s, Wanted(text=f"{WORDS[n % 4]} {WORDS[4 + n % 5]}"), by=clerk, at=at),
        "newest_in_a_district": lambda s, n: searching.search(s, Wanted(area="990102", item="09"), by=operator, at=at),
        "overdue_by_deadline": lambda s, n: searching.search(s, Wanted(order=searching.DUE), by=operator, at=at),
        "supervisor_counts": lambda s, n: board.rows(s, board.counted(s, at=at)),
        "supervisor_counts_anew": lambda s, n: board.rows(s, board.count(s, at=at)),
        "supervisor_overdue": lambda s, n: board.overdue(s, supervisor, at=at),
    }


def _p95(looks: Mapping[str, tuple[Engine, Look]]) -> dict[str, float]:
    """By turns; of each city the best of several rounds, each with a p95 of its own: a busy moment spoils no ratio."""
    times: dict[str, list[list[float]]] = {name: [[] for _ in range(TIMES)] for name in looks}
    for n in range(-2 * len(WORDS), TIMES * LOOKS):
        for name, (engine, look) in looks.items():
            began = time.perf_counter()
            with Session_(engine) as s:
                look(s, n % LOOKS)
            if n >= 0:  # what comes before fills the caches
                times[name][n // LOOKS].append(time.perf_counter() - began)
    return {name: min(statistics.quantiles(taken, n=20)[-1] for taken in rounds) for name, rounds in times.items()}


def _plans(engine: Engine, name: str, look: Look) -> list[dict[str, Any]]:
    """What the planner does for each statement of a list: the nodes that read the growing tables."""
    with _heard(engine) as heard, Session_(engine) as s:
        look(s, 0)
    found = []
    with engine.connect() as c:
        for statement, parameters in heard:
            plan = c.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()[0]["Plan"]
            nodes = list(_nodes(plan))
            growing = [node for node in nodes if node.get("Relation Name") in {table.__tablename__ for table in GROWING} or "Bitmap Index" in node["Node Type"]]
            reads = [" ".join(filter(None, (node["Node Type"], node.get("Relation Name"), node.get("Index Name")))) for node in growing]
            found.append({"list": name, "reads": reads, "sequential": [node["Relation Name"] for node in growing if node["Node Type"] == "Seq Scan"]})
    return found


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for under in plan.get("Plans", ()):
        yield from _nodes(under)


# What both use


@contextmanager
def _engine(url: str, mode: str) -> Iterator[Engine]:
    engine = connect(url, application="bench", pool_size=2)

    @event.listens_for(engine, "connect")
    def _(connection: Any, _: Any) -> None:
        connection.execute(f"SET synchronous_commit = {mode}")
        connection.commit()

    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _heard(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are sent meanwhile, with their parameters."""
    heard: list[tuple[str, Any]] = []

    def hear(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        heard.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(engine, "before_cursor_execute", hear)


def _by_turns(runs: Mapping[str, Callable[[], None]]) -> dict[str, tuple[float, float]]:
    """Seconds, and seconds of this process's processor, of one run of each: the best of several rounds, taken in turn: a busy moment spoils no ratio."""
    best = dict.fromkeys(runs, (float("inf"), float("inf")))
    for _ in range(ROUNDS):
        for name, run in runs.items():
            began, busy = time.perf_counter(), time.process_time()
            for _ in range(EACH):
                run()
            passed, used = (time.perf_counter() - began) / EACH, (time.process_time() - busy) / EACH
            best[name] = min(best[name][0], passed), min(best[name][1], used)
    return best


def _events(url: str) -> int:
    with psycopg.connect(libpq_url(url)) as c:
        return int(c.execute("SELECT count(*) FROM event").fetchone()[0])  # type: ignore[index]


def _as_json(report: Mapping[str, Any]) -> str:
    return json.dumps(report, ensure_ascii=False, indent=1)


def _lines(report: Mapping[str, Any]) -> str:
    lines: list[str] = []
    _flat(lines, "", report)
    return "\n".join(lines)


def _flat(lines: list[str], path: str, value: Any) -> None:
    if isinstance(value, Mapping) and path != "plans":
        for name, under in value.items():
            _flat(lines, f"{path}.{name}".lstrip("."), under)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        lines.extend(f"{path}: {one}" for one in value)
    else:
        lines.append(f"{path}: {value}")
