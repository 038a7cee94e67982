"""未诉先办: what many callers say, and what comes oftener than on such a day. Kept day by day; nobody reads the tickets of years for it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, text
from sqlalchemy.orm import Session

from hotline.clock import SHANGHAI, local
from hotline.people import Person
from hotline.roles import Role
from routing import likeness as craft
from tests.tickets.conftest import Cast
from tickets import access, accuracy, dispatching, hotspots, likeness
from tickets.filing import Matter, file
from tickets.hotspots import DailyCount
from tickets.learning import How, Lesson
from tickets.ticket import Ticket

BURST = ("翠湖花园小区停水三天了，物业和供水集团都没人管", "翠湖花园停水已经三天，希望尽快恢复供水", "我们翠湖花园从前天开始就没有水了，打供水集团电话没人接")
LAMPS = ("建设街的路灯坏了半个多月，晚上看不见路", "建设街路灯不亮，晚上看不见，老人摔了一跤")
STREET = "990102001"
Said = Callable[..., Ticket]


@pytest.fixture
def said(session: Session, cast: Cast, at: datetime) -> Said:
    """Files what a citizen said, and follows it as the worker does."""

    def make(body: str, *, hours: float = 0, **fields: object) -> Ticket:
        matter = Matter(**({"body": body, "kind": "complaint", "item": "050101", "area": STREET} | fields))  # type: ignore[arg-type]
        ticket = file(session, matter, by=cast.operator, at=at + timedelta(hours=hours))
        hotspots.follow(session, ticket.id)
        return access.find(session, ticket.number, cast.dispatcher)

    return make


def test_hot_spots_are_ranked_by_different_callers_not_by_who_calls_most(session: Session, said: Said, cast: Cast, at: datetime) -> None:
    for n, body in enumerate(BURST):
        said(body, hours=n, phone=f"1380000000{n}")
    for n in range(5):
        said(LAMPS[n % 2], hours=n, phone="13900000000", item="050102")
    found = hotspots.clusters(session, cast.supervisor, at=at + timedelta(days=1))
    assert [(one.callers, one.tickets) for one in found] == [(3, 3), (1, 5)]
    assert {ticket.body for ticket in hotspots.in_cluster(session, cast.supervisor, found[0].id, at=at + timedelta(days=1))} == set(BURST)


def test_a_ticket_between_two_brings_them_together(session: Session, said: Said, cast: Cast, at: datetime) -> None:
    apart = ("翠湖花园停水已经三天，希望尽快恢复供水，几百户人家都等着", "我们翠湖花园从前天开始就没有水了，打供水集团电话没人接，什么时候能来水啊")
    for n, body in enumerate((apart[0], apart[1], apart[0], apart[1])):
        said(body, hours=n, phone=f"1380000000{n}")
    assert [one.tickets for one in hotspots.clusters(session, cast.supervisor, at=at + timedelta(days=1))] == [2, 2]
    said("翠湖花园小区停水三天了，物业和供水集团都没人管，老人孩子没水喝，请尽快恢复", hours=5, phone="13900000000")
    assert [one.tickets for one in hotspots.clusters(session, cast.supervisor, at=at + timedelta(days=1))] == [5]


def test_callers_without_a_number_are_told_apart_from_different_callers(session: Session, said: Said, cast: Cast, at: datetime) -> None:
    for n, phone in enumerate(("13800000001", "", "")):
        said(BURST[n], hours=n, phone=phone)
    (found,) = hotspots.clusters(session, cast.supervisor, at=at + timedelta(days=1))
    assert (found.callers, found.unnamed, found.tickets) == (1, 2, 3)


def test_a_hot_spot_cools_down_when_the_window_has_passed(session: Session, said: Said, cast: Cast, at: datetime) -> None:
    for n, body in enumerate(BURST):
        said(body, hours=n)
    assert hotspots.clusters(session, cast.supervisor, at=at + timedelta(days=hotspots.DAYS + 1)) == []
    assert hotspots.clusters(session, cast.admin, at=at + timedelta(days=1)) == []


def test_more_than_on_the_same_weekday_of_four_weeks_is_a_surge(session: Session, said: Said, at: datetime, cast: Cast) -> None:
    for week in range(1, 5):
        said(LAMPS[0], hours=-24 * 7 * week)
    for n in range(8):
        said(LAMPS[0], hours=n / 10)
    found = hotspots.surges(session, cast.supervisor, day=local(at).date())
    assert [(one.area, one.area_name, one.tickets, one.before) for one in found] == [("990102", "临湖区", 8, (1, 1, 1, 1)), (None, "全市", 8, (1, 1, 1, 1))]
    assert found[0].usual == 1 and found[0].chance < 0.001
    assert len(hotspots.of_day(session, cast.supervisor, day=local(at).date(), item="050101", area="990102")) == 8
    assert hotspots.of_day(session, cast.supervisor, day=local(at).date(), item="050101", area="990103") == []


def test_as_many_as_ever_is_no_surge_nor_are_four_out_of_nowhere(session: Session, said: Said, cast: Cast, at: datetime) -> None:
    for week in range(5):
        for n in range(6):
            said(LAMPS[0], hours=-24 * 7 * week + n / 10)
    for n in range(4):
        said(LAMPS[1], hours=n / 10, item="050102")
    assert hotspots.surges(session, cast.supervisor, day=local(at).date()) == []


def test_yesterdays_many_do_not_make_today_usual(session: Session, said: Said, cast: Cast, at: datetime) -> None:
    for n in range(30):
        said(LAMPS[0], hours=-24 + n / 10)
    for n in range(7):
        said(LAMPS[0], hours=n / 10)
    assert hotspots.surges(session, cast.supervisor, day=local(at).date())[0].before == (0, 0, 0, 0)


def test_neither_a_hot_spot_nor_a_surge_tells_anybody_of_what_is_about_them(session: Session, said: Said, cast: Cast, at: datetime) -> None:
    about = [said(BURST[n % 3], hours=n / 10, kind="fault", concerns=cast.supervisor.id) for n in range(3)]
    for n in range(5):
        said(BURST[n % 3], hours=n / 10, phone=f"1380000000{n}")
    other = Person(login="other", name="别的督办员", roles=[Role.SUPERVISOR.value])
    soon, day = at + timedelta(hours=8), local(at).date()
    assert [one.tickets for one in hotspots.clusters(session, other, at=soon)] == [8]
    assert [one.tickets for one in hotspots.surges(session, other, day=day)] == [8, 8]
    (mine,) = hotspots.clusters(session, cast.supervisor, at=soon)
    assert (mine.tickets, mine.latest.id in {ticket.id for ticket in about}) == (5, False)
    assert [one.tickets for one in hotspots.surges(session, cast.supervisor, day=day)] == [5, 5]


def test_a_ticket_that_a_dispatcher_puts_under_another_item_is_counted_there(session: Session, said: Said, cast: Cast, at: datetime) -> None:
    ticket = said(LAMPS[0], area=None)
    dispatching.dispatch(session, ticket, department="zhujian", item="050102", area="990102", by=cast.dispatcher, at=at)
    hotspots.follow(session, ticket.id)
    counted = {(row.item_code, row.area_code): row.tickets for row in session.query(DailyCount)}
    assert counted == {("050101", ""): 0, ("050102", "990102"): 1}


MANY = 20_000
PLACES = ["翠湖花园", "和平小区", "建设街", "人民路", "南门市场", "新港码头", "金桂苑", "银杏里", "长虹厂宿舍", "二中门口"]
WHATS = ["停水三天了没人管", "路灯坏了晚上看不见", "半夜施工吵得睡不着", "垃圾没有人收拾", "下水道堵了污水外溢", "物业乱收停车费", "老板拖欠三个月工资"]


@pytest.fixture(scope="module")
def many(engine: Engine) -> Any:
    """20,000 tickets of a year, put into the index as plain rows; everything is undone afterwards."""
    chance = Random(5)
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(bind=connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as s:
            by = Person(login="many", name="many", roles=["operator"])
            s.add(by)
            s.flush()
            now = datetime(2026, 11, 20, 10, 0, tzinfo=SHANGHAI)
            bodies = [f"{chance.choice(PLACES)}{chance.randrange(400)}号{chance.choice(WHATS)}，{chance.choice(PLACES)}的居民" for _ in range(MANY)]
            filed = [now - (MANY - n) * timedelta(minutes=26) for n in range(MANY)]
            s.execute(insert(Ticket), [
                {"number": f"many-{n}", "query_code": f"{n:06x}", "state": "filed", "kind": "help", "channel": "phone", "title": "x", "body": bodies[n],
                 "received_at": filed[n], "filed_at": filed[n], "filed_by_id": by.id} for n in range(MANY)
            ])  # fmt: skip
            rows = s.execute(text("SELECT id, filed_at, body FROM ticket WHERE number LIKE 'many-%' ORDER BY id")).all()
            s.execute(insert(likeness.Likeness), [{"ticket_id": row.id, "at": row.filed_at, "item_code": None, "area_code": None, "phone_hash": None,
                                                  "cluster_id": row.id // 3 * 3 if row.id % 10 < 3 else None} for row in rows])  # fmt: skip
            keys = [(key, row.id) for row in rows for key in craft.keys(craft.read(row.body))]
            both = {"keys": [key for key, _ in keys], "ids": [of for _, of in keys]}
            s.execute(text("INSERT INTO likeness_key (key, ticket_id) SELECT unnest(:keys), unnest(:ids)"), both)
            days = [(local(rows[0].filed_at) + timedelta(days=n)).date() for n in range(365)]
            s.execute(insert(DailyCount), [{"day": day, "item_code": f"{i:06}", "area_code": STREET, "tickets": 3} for day in days for i in range(60)])
            s.execute(insert(Lesson), [{"ticket_id": row.id, "filed_at": row.filed_at, "settled_at": row.filed_at, "suggested_item": "000001", "item": "000001",
                                        "unit": "x", "first_unit": "x", "confidence": 0.9, "how": How.CONFIRMED} for row in rows])  # fmt: skip
            for table in ("ticket", "likeness", "likeness_key", "daily_count", "lesson"):
                s.execute(text(f"ANALYZE {table}"))
            yield s
        outer.rollback()


def plans(s: Session, do: Callable[[], object]) -> list[str]:
    """The plan of every statement that `do` sends."""
    sent: list[tuple[str, Any]] = []

    def note(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        if statement.lstrip().upper().startswith("SELECT") and "advisory" not in statement:
            sent.append((statement, parameters))

    connection = s.connection()
    event.listen(connection, "before_cursor_execute", note)
    do()
    event.remove(connection, "before_cursor_execute", note)
    return ["\n".join(row[0] for row in connection.exec_driver_sql("EXPLAIN " + statement, parameters)) for statement, parameters in sent]


BIG = ("Seq Scan on ticket", "Seq Scan on likeness", "Seq Scan on likeness_key", "Seq Scan on daily_count", "Seq Scan on lesson")


@pytest.mark.slow
def test_among_twenty_thousand_tickets_nothing_is_read_from_end_to_end(many: Session, at: datetime) -> None:
    someone = many.query(likeness.Likeness).order_by(likeness.Likeness.ticket_id.desc()).offset(100).limit(1).one()
    ticket = many.get_one(Ticket, someone.ticket_id)
    boss = Person(login="boss", name="boss", roles=[Role.SUPERVISOR.value])
    asked: dict[str, Callable[[], object]] = {
        "near duplicates": lambda: likeness.near_duplicates(many, ticket, by=boss),
        "similar past tickets": lambda: likeness.past(many, ticket.body, by=boss),
        "same caller": lambda: likeness.open_matter_of_caller(many, phone=None, phone_hash="0" * 64, text=ticket.body, at=at),
        "hot spots": lambda: hotspots.clusters(many, boss, at=at),
        "one hot spot": lambda: hotspots.in_cluster(many, boss, ticket.id // 3 * 3, at=at),
        "accuracy": lambda: accuracy.quality(many, at=at, days=7),
        "surges": lambda: hotspots.surges(many, boss, day=local(at).date()),
        "one surge": lambda: hotspots.of_day(many, boss, day=local(at).date(), item="000001", area=None),
    }
    for name, do in asked.items():
        for plan in plans(many, do):
            assert not any(scan in plan for scan in BIG), (name, plan)


@pytest.mark.slow
def test_what_is_alike_is_found_among_twenty_thousand(many: Session) -> None:
    """The keys find nearly all that comparing with everything would find, though the texts are much alike and made of few words."""
    chance = Random(6)
    window = many.query(Ticket.id, Ticket.body).filter(Ticket.number.like("many-%")).order_by(Ticket.id.desc()).limit(700).all()
    prints = {row.id: craft.read(row.body) for row in window}
    found = wanted = 0
    for row in chance.sample(window, 30):
        ticket = many.get_one(Ticket, row.id)
        like = {other for other, seen in prints.items() if other != row.id and craft.likeness(prints[row.id], seen) >= 0.5}
        near = {one.ticket.id for one in likeness.near_duplicates(many, ticket, limit=30)}
        wanted, found = wanted + min(len(like), 30), found + len(like & near)
    assert found >= 0.9 * wanted, (found, wanted)
