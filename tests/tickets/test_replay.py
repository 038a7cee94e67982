"""Replaying a ticket's events gives its row, its legs and its clocks again."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from alembic import command
from sqlalchemy import inspect, select, text
from sqlalchemy.orm import Session

from hotline import chain, outbox
from hotline.db import connect
from hotline.migrate import configuration, migrate
from hotline.outbox import Event
from hotline.people import Person
from tests.tickets.conftest import Cast, populated
from tickets import access, baseline, dispatching, easing, resolving, returning, revisiting, signing
from tickets.filing import Matter, file
from tickets.replay import every_ticket, fold, replay
from tickets.ticket import Ticket
from tickets.timeline import timeline


@pytest.fixture
def lived(session: Session, cast: Cast, filed: Callable[..., Ticket], at: datetime) -> Ticket:
    """A ticket that was returned, extended, paused, answered, rejected, answered again and came back for another round."""
    ticket = filed()
    hour = timedelta(hours=1)
    dispatching.dispatch(session, ticket, department="zhujian", item="050101", by=cast.dispatcher, at=at)
    returning.ask_return(session, ticket, reason="duty", basis="供水不归住建", suggests="gongshui", by=cast.roads, at=at + hour)
    returning.approve_return(session, ticket, by=cast.dispatcher, at=at + hour)
    dispatching.dispatch(session, ticket, department="gongshui", by=cast.dispatcher, at=at + hour)
    signing.sign(session, ticket, by=cast.water, at=at + hour)
    easing.extend(session, ticket, limit="1 workday", reason="管道老旧", by=cast.supervisor, at=at + hour)
    easing.pause(session, ticket, reason="waiting_citizen", text="等诉求人在家", by=cast.supervisor, at=at + hour)
    easing.resume(session, ticket, text="诉求人已到家", by=cast.supervisor, at=at + timedelta(days=3))
    answer = {"result": "solved", "reply": "已恢复供水", "by": cast.water}
    resolving.resolve(session, ticket, contacted_at=at + timedelta(days=3), at=at + timedelta(days=3, hours=1), **answer)
    resolving.reject_review(session, ticket, reason="没有写原因", by=cast.reviewer, at=at + timedelta(days=3, hours=2))
    resolving.resolve(session, ticket, contacted_at=at + timedelta(days=3), at=at + timedelta(days=3, hours=3), **answer)
    resolving.pass_review(session, ticket, by=cast.reviewer, at=at + timedelta(days=3, hours=4))
    revisiting.redo(session, ticket, contacted=True, solved="no", satisfied=1, reason="又停了", by=cast.revisitor, at=at + timedelta(days=4))
    session.flush()
    session.expunge_all()
    return session.get_one(Ticket, ticket.id)


def test_a_whole_life_is_built_again_from_its_events(session: Session, lived: Ticket) -> None:
    assert replay(session, [lived]) == []


@pytest.mark.parametrize(
    ("statement", "column"),
    [
        ("UPDATE ticket SET title = '改过的标题'", "title"),
        ("UPDATE ticket SET due_at = due_at + interval '1 day'", "due_at"),
        ("UPDATE leg SET outcome = 'recalled' WHERE outcome = 'returned'", "outcome"),
        ("UPDATE timer SET due_at = due_at + interval '1 day' WHERE clock = 'resolve'", "due_at"),
        ("DELETE FROM event WHERE kind = 'ticket.extended'", "extensions"),
    ],
)
def test_a_row_changed_behind_the_applications_back_differs(session: Session, lived: Ticket, statement: str, column: str) -> None:
    session.execute(text(statement))
    session.expire_all()
    assert column in {difference.column for difference in replay(session, [lived])}


def test_a_deadline_that_the_rules_do_not_give_differs_even_where_the_events_tell_it(session: Session, lived: Ticket) -> None:
    moved = session.scalars(events_of(lived)).all()
    for event in moved:
        if event.changes:
            event.changes = {
                name: values | ({"due_at": "2030-01-01T00:00:00+00:00"} if "due_at" in values else {}) for name, values in event.changes.items()
            }
    session.execute(text("UPDATE timer SET due_at = '2030-01-01T00:00:00Z'"))
    session.execute(text("UPDATE leg SET due_at = '2030-01-01T00:00:00Z'"))
    session.expire_all()
    assert "due_at by the rules" in {difference.column for difference in replay(session, [lived])}


def test_a_step_that_no_move_allows_is_told() -> None:
    _, wrong = fold([{"ticket:1": {"state": "filed"}}, None, {"ticket:1": {"state": "closed"}}, {"ticket:1": {"state": "handling"}}])
    assert wrong == [("ticket:1", "state", "closed", "handling")]


def test_a_change_without_its_event_is_refused(session: Session, lived: Ticket) -> None:
    lived.title = "没有记录的改动"
    with pytest.raises(RuntimeError, match=f"ticket:{lived.id}"):
        session.commit()
    session.rollback()


def test_the_citizens_number_and_name_stay_out_of_the_events(session: Session, lived: Ticket) -> None:
    for event in session.scalars(events_of(lived)):
        for values in (event.changes or {}).values():
            assert not {"phone", "phone_hash", "caller_name"} & values.keys()


def events_of(ticket: Ticket):  # type: ignore[no-untyped-def]
    return select(Event).where(Event.subject_kind == "ticket", Event.subject_id == ticket.id).order_by(Event.id)


def test_tickets_from_before_events_told_their_changes_are_replayed_from_where_they_stood(empty_database: str, at: datetime) -> None:
    engine = connect(empty_database)
    hour = timedelta(hours=1)
    with Session(engine, expire_on_commit=False) as s:
        cast = populated(s, at)
        numbers = [file(s, Matter(body="小区停水三天了没人管", kind="complaint", item="050101"), by=cast.operator, at=at).number for _ in range(3)]
        for number in numbers[1:]:
            ticket = access.find(s, number, cast.dispatcher)
            dispatching.dispatch(s, ticket, department="gongshui", by=cast.dispatcher, at=at + hour)
            signing.sign(s, ticket, by=cast.water, at=at + hour)
        easing.extend(s, access.find(s, numbers[2], cast.supervisor), limit="1 workday", reason="管道老旧", by=cast.supervisor, at=at + hour)
        s.commit()
        clerk = cast.water.id
    with engine.begin() as connection:
        command.downgrade(configuration(connection), "0001")
        assert "changes" not in {column["name"] for column in inspect(connection).get_columns("event")}
    migrate(engine)
    with Session(engine, expire_on_commit=False) as s:
        assert len({difference.number for tickets in every_ticket(s) for difference in replay(s, tickets)}) == 3
        chain.adopt(s)
        assert baseline.write(s, at=at + 2 * hour) == 3
        s.commit()
    with Session(engine, expire_on_commit=False) as s:
        assert [difference for tickets in every_ticket(s) for difference in replay(s, tickets)] == []
        by = s.get_one(Person, clerk)
        answer = {"result": "solved", "reply": "已恢复供水", "contacted_at": at + 3 * hour}
        resolving.resolve(s, access.find(s, numbers[2], by), **answer, by=by, at=at + 4 * hour)  # type: ignore[arg-type]
        file(s, Matter(body="又停水了", kind="complaint", item="050101"), by=by_name(s, "op"), at=at + 4 * hour)
        s.commit()
        assert baseline.write(s, at=at + 5 * hour) == 0
        outbox.relay(s, send=lambda s, event: None, at=at + 5 * hour)
        s.commit()
        assert [difference for tickets in every_ticket(s) for difference in replay(s, tickets)] == []
        assert chain.check(s).first_bad is None
        assert "以此时为起点" in timeline(s, access.find(s, numbers[0], by_name(s, "op")))[-1].headline
    engine.dispose()


def by_name(s: Session, login: str) -> Person:
    return s.scalars(select(Person).where(Person.login == login)).one()
