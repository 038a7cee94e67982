"""Replaying a ticket's events gives its row, its legs and its clocks again."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.outbox import Event
from tests.tickets.conftest import Cast
from tickets import dispatching, easing, resolving, returning, revisiting, signing
from tickets.replay import fold, replay
from tickets.ticket import Ticket


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
    from sqlalchemy import select

    return select(Event).where(Event.subject_kind == "ticket", Event.subject_id == ticket.id).order_by(Event.id)
