"""A call: received once, transcribed, filed; what goes wrong is said, and nothing is lost."""

from datetime import datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asr.protocol import Channel, Transcript, Utterance
from hotline.errors import Conflict, NotFound, Refused
from hotline.outbox import Event
from tests.tickets.conftest import Cast
from tickets import calls
from tickets.call import Call, CallState
from tickets.suggesting import Advice

SHA = "a" * 64


def heard(*lines: tuple[int, str], names: tuple[str, ...] = ("mono",), truncated: bool = False) -> Transcript:
    utterances = [Utterance(channel, float(n), n + 0.9, text, 0.9, ()) for n, (channel, text) in enumerate(lines)]
    channels = tuple(Channel(number, name, tuple(u for u in utterances if u.channel == number)) for number, name in enumerate(names))
    return Transcript(float(len(lines)), channels, truncated)


@pytest.fixture
def call(session: Session, cast: Cast, at: datetime) -> Call:
    received, _ = calls.receive(session, sha256=SHA, size=10, name="停水.wav", by=cast.operator, at=at, phone="138 0000 1234")
    session.flush()
    return received


def test_a_recording_becomes_a_call_that_waits(session: Session, call: Call) -> None:
    assert call.state is CallState.WAITING and call.phone == "13800001234"
    assert session.scalar(select(Event.kind).where(Event.subject_kind == "call", Event.subject_id == call.id)) == "call.received"


def test_the_same_recording_is_the_same_call(session: Session, cast: Cast, call: Call, at: datetime) -> None:
    again, new = calls.receive(session, sha256=SHA, size=10, name="again.wav", by=cast.operator, at=at)
    assert again.id == call.id and not new
    assert session.scalar(select(func.count()).select_from(Call)) == 1


def test_a_file_name_cannot_reach_outside_the_folder_or_into_a_page(session: Session, cast: Cast, at: datetime) -> None:
    received, _ = calls.receive(session, sha256="b" * 64, size=1, name="../../etc/<script>.wav", by=cast.operator, at=at)
    assert "/" not in received.name and "<" not in received.name


def test_what_was_heard_is_kept_and_numbers_in_it_are_masked(session: Session, call: Call, at: datetime) -> None:
    calls.transcribed(session, call, heard((0, "您好请讲"), (1, "我的电话是一三八零零零零一二三四"), names=("operator", "citizen")), at=at)
    assert call.state is CallState.TRANSCRIBED
    assert [utterance["speaker"] for utterance in calls.utterances(call)] == ["operator", "citizen"]
    assert "一二三四" not in str(call.transcript)
    assert calls.said_by_citizen(call).startswith("我的电话是")


def test_silence_waits_for_an_operator(session: Session, call: Call, at: datetime) -> None:
    calls.transcribed(session, call, heard(), at=at)
    assert call.state is CallState.SILENT and call.problem


def test_a_truncated_recording_says_so_and_keeps_what_there_is(session: Session, call: Call, at: datetime) -> None:
    calls.transcribed(session, call, heard((0, "停水了"), truncated=True), at=at)
    assert call.state is CallState.TRANSCRIBED and call.problem_code == "truncated"


def test_a_second_delivery_of_the_work_changes_nothing(session: Session, call: Call, at: datetime) -> None:
    calls.transcribed(session, call, heard((0, "停水了")), at=at)
    calls.transcribed(session, call, heard((0, "别的话")), at=at)
    calls.failed(session, call, Refused("坏了"), "broken", at=at)
    assert calls.said_by_citizen(call) == "停水了" and call.state is CallState.TRANSCRIBED
    assert session.scalar(select(func.count()).where(Event.kind == "call.transcribed")) == 1


def test_a_call_that_waits_for_a_model_is_taken_up_once_there_is_one(session: Session, call: Call, at: datetime) -> None:
    calls.waits(session, call, Refused("还没有语音模型"), "model_missing")
    session.flush()
    assert calls.requeue_waiting(session, at=at) == 1
    session.flush()
    assert calls.requeue_waiting(session, at=at) == 0
    assert call.problem is None and call.state is CallState.WAITING


def test_what_failed_can_be_tried_again_and_what_was_filed_cannot(session: Session, cast: Cast, call: Call, at: datetime) -> None:
    calls.failed(session, call, Refused("这个文件不是录音"), "not_audio", at=at)
    calls.retry(session, call, by=cast.operator, at=at)
    assert call.state is CallState.WAITING
    calls.transcribed(session, call, heard((0, "停水了")), at=at)
    with pytest.raises(Conflict):
        calls.retry(session, call, by=cast.operator, at=at)


def test_a_call_is_filed_once_and_its_clock_began_when_it_came_in(session: Session, cast: Cast, call: Call, at: datetime) -> None:
    calls.transcribed(session, call, heard((0, "我们小区停水三天了"), (0, "没人管")), at=at)
    advice = Advice((), dispatch=False, unknown=True, needs_more=False, reason="", kind="complaint", area=None, alarms=(), model_version="x")
    later = at.replace(hour=15)
    ticket = calls.file_from(session, call, advice, at=later)
    assert ticket.received_at == at and ticket.filed_at == later and ticket.body == "我们小区停水3天了\n没人管"
    assert ticket.phone == "13800001234" and ticket.title == "小区停水3天了"
    with pytest.raises(Conflict):
        calls.link(call, ticket)


def test_a_call_that_is_not_there_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        calls.find(session, 4711)
