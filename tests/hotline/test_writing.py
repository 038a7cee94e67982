"""Rows written together."""

from datetime import datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from hotline.outbox import Claim, Event
from hotline.writing import new, write

DONE = "SELECT 1"


def happened(at: datetime, number: int, **more: object) -> Event:
    return Event(id=number, kind="thing.done", subject_kind="thing", subject_id=7, at=at, data={"说": ["停水", None, 0.25]}, **more)


def test_rows_of_several_tables_are_read_back_as_they_were_said(session: Session, at: datetime) -> None:
    write(session, [new(happened(at, 90_000_001)), new(happened(at, 90_000_002)), new(Claim(event_id=90_000_002, job="某事"))], then=DONE)
    one, other = session.scalars(select(Event).order_by(Event.id)).all()
    assert (one.id, one.at, one.data, one.changes) == (90_000_001, at, {"说": ["停水", None, 0.25]}, None)
    assert session.get(Claim, (other.id, "某事")) is not None


def test_the_number_that_the_server_gave_comes_back(session: Session, at: datetime) -> None:
    event = happened(at, 0)
    del event.id
    number = write(session, [new(event)], then="SELECT id FROM new_event").id
    assert session.get_one(Event, number).subject_id == 7


def test_all_are_written_or_none(session: Session, at: datetime) -> None:
    with pytest.raises(IntegrityError), session.begin_nested():
        write(session, [new(happened(at, 90_000_001)), new(Claim(event_id=90_000_009, job="某事"))], then=DONE)
    assert session.scalar(select(func.count()).select_from(Event)) == 0


def test_rows_of_one_table_that_do_not_hold_the_same_are_refused(session: Session, at: datetime) -> None:
    numbered, other = happened(at, 90_000_001), happened(at, 0)
    del other.id
    with pytest.raises(ProgrammingError), session.begin_nested():
        write(session, [new(numbered), new(other)], then=DONE)
