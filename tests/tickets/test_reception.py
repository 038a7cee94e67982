"""受理: what a hotline does not take is told where to go, and all of it is kept and counted."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.errors import Forbidden, NotFound, Refusal
from hotline.outbox import Event
from tests.tickets.conftest import Cast
from tickets import reception, revisiting
from tickets.ticket import Ticket

Filed = Callable[..., Ticket]


@pytest.mark.parametrize("result", [result for result, known in reception.RESULTS.items() if not known.ticket])
def test_every_result_that_is_no_ticket_is_kept_with_the_channel_that_was_told(session: Session, cast: Cast, result: str, at: datetime) -> None:
    for channel in reception.RESULTS[result].channels or ("",):
        kept = reception.receive(session, result=result, channel=channel, phone="138 0000 1234", by=cast.operator, at=at)
        assert kept.channel == channel and kept.phone == "13800001234"
        assert reception.find(session, kept.number, cast.dispatcher) is kept
        assert session.scalars(select(Event.kind).where(Event.subject_kind == "reception", Event.subject_id == kept.id)).all() == ["reception.kept"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"result": "maybe"}, "result"), ({"result": "urgent"}, "channel"), ({"result": "route", "channel": "12"}, "channel"), ({"result": "repeat"}, "ticket")],
)
def test_what_is_wrongly_kept_is_refused_by_field(session: Session, cast: Cast, fields: dict[str, str], field: str, at: datetime) -> None:
    with pytest.raises(Refusal) as problem:
        reception.receive(session, **fields, by=cast.operator, at=at)  # type: ignore[arg-type]
    assert problem.value.field == field


def test_only_the_centre_receives_and_reads(session: Session, cast: Cast, at: datetime) -> None:
    with pytest.raises(Forbidden):
        reception.receive(session, result="secret", by=cast.water, at=at)
    with pytest.raises(Forbidden):
        reception.listed(session, cast.water)


def test_a_repeat_names_the_ticket_that_was_answered(session: Session, cast: Cast, filed: Filed, at: datetime) -> None:
    ticket = filed()
    kept = reception.receive(session, result="repeat", ticket=ticket, by=cast.operator, at=at)
    assert kept.ticket_id == ticket.id


def test_contacts_are_counted_with_the_tickets_and_what_was_answered_on_the_spot(session: Session, cast: Cast, filed: Filed, at: datetime) -> None:
    reception.receive(session, result="urgent", channel="119", by=cast.operator, at=at)
    reception.receive(session, result="urgent", channel="120", by=cast.operator, at=at)
    filed()
    revisiting.answer(session, filed(kind="inquiry"), reply="带身份证", by=cast.operator, at=at)
    session.flush()
    counted = reception.numbers(session, since=at - timedelta(hours=1), until=at + timedelta(hours=1))
    assert (counted["urgent"], counted["ticket"], counted["direct"], counted["secret"]) == (2, 2, 1, 0)


def test_the_person_concerned_does_not_find_a_contact_about_themselves(session: Session, cast: Cast, filed: Filed, at: datetime) -> None:
    ticket = filed(kind="fault", concerns=cast.supervisor.id)
    kept = reception.receive(session, result="urge", ticket=ticket, by=cast.operator, at=at)
    assert reception.listed(session, cast.supervisor) == []
    with pytest.raises(NotFound):
        reception.find(session, kept.number, cast.supervisor)
