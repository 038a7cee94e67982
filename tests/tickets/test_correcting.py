"""A person's correction of an utterance stands in the transcript and is kept as a pair."""

from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.errors import Conflict, Forbidden, NotFound, Refused
from hotline.outbox import Event
from tests.tickets.conftest import Cast
from tests.tickets.test_calls import heard
from tickets import calls, correcting
from tickets.call import Call


@pytest.fixture
def call(session: Session, cast: Cast, at: datetime) -> Call:
    received, _ = calls.receive(session, sha256="c" * 64, size=10, name="x.wav", by=cast.operator, at=at)
    session.flush()
    calls.transcribed(session, received, heard((0, "您好请将"), (1, "脆胡花园停水三天了"), (1, "妖三八零零零零一二三四"), names=("operator", "citizen")), at=at)
    return received


def test_a_correction_stands_in_the_transcript_and_the_pair_is_kept(session: Session, cast: Cast, call: Call, at: datetime) -> None:
    correcting.correct(session, call, 1, "翠湖花园停水四天了", by=cast.operator, at=at)
    correcting.correct(session, call, 1, "翠湖花园停了3天水", by=cast.reviewer, at=at)
    session.flush()
    row = calls.utterances(call)[1]
    assert (row["text"], row["heard"], row["corrected"]) == ("翠湖花园停了3天水", "脆胡花园停水三天了", True)
    (pair,) = correcting.pairs(session)
    assert (pair.recognised, pair.corrected) == ("脆胡花园停水三天了", "翠湖花园停了3天水")
    assert (pair.sha256, pair.channel, pair.start, pair.end) == ("c" * 64, 1, 1.0, 1.9)
    events = session.scalars(select(Event).where(Event.kind == "call.corrected")).all()
    assert [event.by_id for event in events] == [cast.operator.id, cast.reviewer.id] and "翠湖" not in str([event.data for event in events])


def test_a_number_in_a_correction_is_masked_and_measures_nothing(session: Session, cast: Cast, call: Call, at: datetime) -> None:
    correcting.correct(session, call, 2, "13800001234是我的", by=cast.operator, at=at)
    session.flush()
    assert "1380000" not in str(call.transcript) and list(correcting.pairs(session)) == []


def test_who_and_what_cannot_be_corrected(session: Session, cast: Cast, call: Call, at: datetime) -> None:
    with pytest.raises(Forbidden):
        correcting.correct(session, call, 1, "别的话", by=cast.water, at=at)
    with pytest.raises(NotFound):
        correcting.correct(session, call, 9, "别的话", by=cast.operator, at=at)
    for text in ("", "长" * 501):
        with pytest.raises(Refused):
            correcting.correct(session, call, 1, text, by=cast.operator, at=at)
    call.transcript = None
    with pytest.raises(Conflict):
        correcting.correct(session, call, 0, "别的话", by=cast.operator, at=at)


def test_what_was_right_is_no_pair(session: Session, cast: Cast, call: Call, at: datetime) -> None:
    correcting.correct(session, call, 0, "您好请将", by=cast.operator, at=at)
    session.flush()
    assert list(correcting.pairs(session)) == []
