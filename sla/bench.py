"""`bench sla`: how fast deadlines are worked out and swept, every figure a ratio measured in the same run.

Two public packages are the yardstick where they are installed (dependency group `bench`); the database is one the caller names, and is left as found.
"""

import json as json_
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from datetime import time as clock
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session, sessionmaker

from hotline.clock import SHANGHAI
from hotline.db import connect
from sla import timers
from sla.calendar import Calendar, Day, five_days, hours_of
from sla.calendars import standard
from sla.limit import Limit
from sla.policies import load
from sla.sweep import Due, sweep
from sla.timers import Terms, Timer
from sla.worktime import add, elapsed_seconds

NOON: Final = datetime(2026, 11, 16, 12, 0, tzinfo=SHANGHAI)
HOLIDAYS: Final = [*(date(2026, 10, day) for day in range(1, 8)), date(2027, 1, 1)]
PLAIN: Final = Calendar("plain", five_days(hours_of("09:00-17:00")), {day: Day("off") for day in HOLIDAYS})
"""What the yardsticks can express too: one segment a day, weekends off, a list of holidays, no make-up workdays."""
STARTS: Final = [datetime(2026, 8, 24, 9, 0, tzinfo=SHANGHAI) + timedelta(days=7 * week + day) for week in range(8) for day in range(5)]
OPEN: Final = 1_000_000
DUE: Final = 10_000
BATCH: Final = 1000
ROUNDS: Final = 5
GO: Final = 0.15
DAYS: Final = (1, 5, 60)
SCHEMA: Final = "sla_bench"
POLICY: Final = load("policies")
LEDGER: Final = """
    CREATE TABLE happened (id bigserial PRIMARY KEY, kind text, subject_kind text, subject_id bigint, at timestamptz, data jsonb,
                           relayed_at timestamptz);
    CREATE INDEX ON happened (subject_kind, subject_id, id);
    CREATE INDEX ON happened (id) WHERE relayed_at IS NULL
"""
"""A table with the columns and indexes of the events: this package does not know how its caller writes them."""
WRITE: Final = """
    INSERT INTO happened (kind, subject_kind, subject_id, at, data)
    SELECT kind, 'leg', id, at, data FROM jsonb_to_recordset(:rows) AS step (kind text, id bigint, at timestamptz, data jsonb)
"""
COPIED: Final = [column.name for column in Timer.__table__.columns if column.name not in ("id", "subject", "next_at")]
COPY: Final = f"""
    INSERT INTO timer (subject, next_at, {", ".join(f'"{name}"' for name in COPIED)})
    SELECT 'leg:' || n, next_at + :ahead + n * interval '6 seconds', {", ".join(f'"{name}"' for name in COPIED)}
    FROM timer, generate_series(CAST(:first AS int), CAST(:last AS int)) AS n WHERE id = :model
"""
BARE: Final = """
    WITH claimed AS (SELECT id FROM timer WHERE next_at <= :at ORDER BY next_at, id LIMIT :batch FOR UPDATE SKIP LOCKED),
    advanced AS (
        UPDATE timer SET next_step = next_step + 1, next_at = CAST(steps -> (next_step + 1) ->> 1 AS timestamptz)
        FROM claimed WHERE timer.id = claimed.id RETURNING timer.id, timer.round)
    INSERT INTO happened (kind, subject_kind, subject_id, at, data)
    SELECT 'timer.overdue', 'leg', id, :at, jsonb_build_object('level', 3, 'round', round) FROM advanced
"""


def main(*, json: bool, url: str) -> dict[str, Any]:
    """Measures everything and prints it, as JSON or as lines. url: a PostgreSQL database; a schema of its own is made there and dropped."""
    report = {"deadlines": deadlines(), "sweep": sweeps(url)}
    print(json_.dumps(report, ensure_ascii=False, indent=1) if json else _lines(report))
    return report


def deadlines() -> dict[str, Any]:
    """Deadlines a second for 1, 5 and 60 workdays, and how many times faster that is than the faster yardstick."""
    ours = _rates(_ours)
    found: dict[str, Any] = {f"{days}_workdays_per_second": round(rate) for days, rate in ours.items()}
    found["cost_of_60_over_1"] = round(ours[1] / ours[60], 2)
    found["yardsticks"] = {}
    for name, make in YARDSTICKS.items():
        if find_spec(name) is None:
            found["yardsticks"][name] = "not installed"
            continue
        run = make()
        rates = _rates(run)
        found["yardsticks"][name] = {f"{days}_workdays_per_second": round(rate, 1) for days, rate in rates.items()}
        for days in (5, 60):
            key = f"times_faster_{days}"
            found[key] = round(min(found.get(key, float("inf")), ours[days] / rates[days]), 1)
    if find_spec("business_duration"):
        found["measuring_60_workdays"] = _measuring()
    return found


def sweeps(url: str) -> dict[str, Any]:
    """The empty sweep with 10,000 and 1,000,000 open clocks; then 10,000 due at one instant, against the bare SQL that writes the same rows."""
    with _schema(url) as engine:
        factory = sessionmaker(engine, expire_on_commit=False)
        _fill(engine, 1, DUE)
        few = _empty_sweep(factory)
        _fill(engine, DUE + 1, OPEN)
        many = _empty_sweep(factory)
        ours, bare = [], []
        for _ in range(ROUNDS):
            _make_due(engine)
            ours.append(_timed(lambda: _drain(factory, NOON)))
            _make_due(engine)
            bare.append(_timed(lambda: _bare(engine)))
    return {
        "empty_sweep_ms_at_10k": round(few * 1000, 3),
        "empty_sweep_ms_at_1m": round(many * 1000, 3),
        "empty_sweep_1m_over_10k": round(many / few, 2),
        "escalations_per_second": round(DUE / statistics.median(ours)),
        "bare_sql_per_second": round(DUE / statistics.median(bare)),
        "rate_over_bare_sql": round(statistics.median(bare) / statistics.median(ours), 2),
        "last_of_10k_late_by_seconds": round(max(ours), 2),
    }


def _timed(run: Callable[[], int]) -> float:
    began = time.perf_counter()
    done = run()
    passed = time.perf_counter() - began
    assert done == DUE, done
    return passed


def _ours(days: int) -> None:
    limit = Limit(Decimal(days), "workday")
    for start in STARTS:
        add(PLAIN, start, limit)


def _businesstimedelta() -> Callable[[int], None]:
    b, pytz = import_module("businesstimedelta"), import_module("pytz")

    zone = pytz.timezone("Asia/Shanghai")
    work = b.WorkDayRule(start_time=clock(9), end_time=clock(17), working_days=[0, 1, 2, 3, 4], tz=zone)
    rules = b.Rules([work, b.HolidayRule([*HOLIDAYS, date(2028, 1, 1)], tz=zone)])

    def run(days: int) -> None:
        for start in STARTS:
            start + b.BusinessTimeDelta(rules, hours=8 * days)

    return run


def _business_duration() -> Callable[[int], None]:
    """It cannot add, only measure between two moments: a deadline is found by halving a stretch of days until the measure fits to the minute."""
    duration = import_module("business_duration").businessDuration
    begins = [start.replace(tzinfo=None) for start in STARTS]

    def run(days: int) -> None:
        for start in begins:
            low, high = 0, (2 * days + 14) * 1440
            while low < high:
                middle = (low + high) // 2
                measured = duration(start, start + timedelta(minutes=middle), clock(9), clock(17), holidaylist=HOLIDAYS)
                low, high = (low, middle) if measured >= 480 * days else (middle + 1, high)

    return run


def _measuring() -> dict[str, Any]:
    """How fast business_duration and this engine measure the time between two moments, 60 workdays apart."""
    duration = import_module("business_duration").businessDuration
    pairs = [(start, add(PLAIN, start, Limit(Decimal(60), "workday")).due) for start in STARTS]
    plain = [(a.replace(tzinfo=None), b.replace(tzinfo=None)) for a, b in pairs]
    theirs = _rate(lambda _: [duration(a, b, clock(9), clock(17), holidaylist=HOLIDAYS) for a, b in plain], 60)
    ours = _rate(lambda _: [elapsed_seconds(PLAIN, a, b) for a, b in pairs], 60)
    return {"measures_per_second": round(ours), "business_duration_measures_per_second": round(theirs, 1), "times_faster": round(ours / theirs, 1)}


YARDSTICKS: Final = {"businesstimedelta": _businesstimedelta, "business_duration": _business_duration}


@contextmanager
def _schema(url: str) -> Iterator[Engine]:
    engine = connect(url, application="bench", pool_size=2)

    @event.listens_for(engine, "connect")
    def _(connection: Any, _: Any) -> None:
        connection.execute(f"SET search_path TO {SCHEMA}")
        connection.commit()

    try:
        with engine.begin() as c:
            c.execute(text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))
            c.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        Timer.metadata.create_all(engine, tables=[Timer.metadata.tables[Timer.__tablename__]])
        with engine.begin() as c:
            c.execute(text(LEDGER))
        yield engine
    finally:
        with engine.begin() as c:
            c.execute(text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))
        engine.dispose()


def _fill(engine: Engine, first: int, last: int) -> None:
    """Open clocks number first..last, copies of one that the engine started itself; their steps lie in the future, spread over ten weeks."""
    with Session(engine) as s, s.begin():
        terms = Terms(POLICY, 1, standard(), 1, POLICY.rule("complaint"))
        one = timers.start(s, subject="model", clock="resolve", at=NOON, terms=terms)
        s.execute(text(COPY), {"first": first, "last": last, "model": one.id, "ahead": timedelta(days=3)})
        s.delete(one)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        c.execute(text("VACUUM ANALYZE timer"))


def _make_due(engine: Engine) -> None:
    """The first 10,000 clocks fall overdue at one instant; the rest stays where it is."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        c.execute(text("TRUNCATE happened"))
        c.execute(text("UPDATE timer SET next_step = 2, steps = jsonb_set(steps, '{2,1}', to_jsonb(CAST(:at AS text))), next_at = :moment "
                       "WHERE id IN (SELECT id FROM timer ORDER BY id LIMIT :due)"), {"at": NOON.isoformat(), "moment": NOON, "due": DUE})
        c.execute(text("VACUUM ANALYZE timer"))


def _fire(s: Session, due: list[Due]) -> None:
    """Writes one event a step, as the caller of a sweep does."""
    rows = [{"kind": f"timer.{step.action}", "id": step.timer_id, "at": step.at, "data": {"level": step.level, "round": step.round}} for step in due]
    s.execute(text(WRITE), {"rows": json_.dumps(rows, default=datetime.isoformat)})


def _drain(factory: sessionmaker[Session], at: datetime) -> int:
    total = 0
    while True:
        with factory.begin() as s:
            done = sweep(s, at=at, fire=_fire, limit=BATCH)
        if not done:
            return total
        total += done


def _bare(engine: Engine) -> int:
    """The least that any program could do: the same rows updated and inserted, claimed in the same batches, with nothing decided outside SQL."""
    total = 0
    while True:
        with engine.begin() as c:
            done = c.execute(text(BARE), {"at": NOON, "batch": BATCH}).rowcount
        if not done:
            return total
        total += done


def _rates(run: Callable[[int], object]) -> dict[int, float]:
    """How many a second for each number of days: the best of several goes, taken in turn, so that a busy moment spoils no ratio."""
    best = dict.fromkeys(DAYS, 0.0)
    for _ in range(ROUNDS):
        for days in DAYS:
            best[days] = max(best[days], _rate(run, days))
    return best


def _rate(run: Callable[[int], object], days: int) -> float:
    count, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < GO or not count:
        run(days)
        count += len(STARTS)
    return count / passed


def _empty_sweep(factory: sessionmaker[Session]) -> float:
    """The median seconds of a sweep that finds nothing."""
    times = []
    for _ in range(300):
        began = time.perf_counter()
        with factory.begin() as s:
            assert sweep(s, at=NOON - timedelta(days=1), fire=_fire) == 0
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _lines(report: dict[str, Any]) -> str:
    return "\n".join(f"{part}.{name}: {value}" for part, figures in report.items() for name, value in figures.items())
