"""再次来电: the same citizen about the same open matter urges it, whether an operator or the machine takes the call."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.errors import Conflict
from tests.tickets.conftest import Cast
from tickets import calling_again, calls, revisiting
from tickets.call import Call, CallState
from tickets.lifecycle import State
from tickets.reception import Reception
from tickets.suggesting import Advice, Suggested
from tickets.ticket import Ticket

Filed = Callable[..., Ticket]
FIRST = "人民路的路灯不亮，已经有一个多星期了，从小学到公园这一段，晚上什么都看不见。昨天晚上，我妈妈下楼散步，差一点受伤。"
AGAIN = "我上个星期打过电话，反映人民路的路灯不亮。今天都第五天了，一个电话也没有接到，路灯还是不亮。麻烦你们帮我催一下，好吧？"


def advice(item: str | None = "050101", **more: Any) -> Advice:
    named = (Suggested(item, "停水", "gongshui", "供水集团", (), 0.9, (), ""),) if item else ()
    return Advice(**({"suggestions": named, "dispatch": False, "unknown": False, "needs_more": False, "reason": "", "kind": "help", "area": None, "alarms": (),
                      "model_version": "scripted"} | more))  # fmt: skip


@pytest.fixture
def call(session: Session, cast: Cast, at: datetime) -> Callable[..., Call]:
    """A transcribed call."""

    def make(said: str = AGAIN, phone: str = "13800001234", number: int = 1) -> Call:
        made, _ = calls.receive(session, sha256=f"{number:064d}", size=1, name="x.wav", by=cast.operator, at=at, phone=phone)
        made.state, made.transcript = CallState.TRANSCRIBED, {"utterances": [{"speaker": "citizen", "text": said, "start": 0, "end": 1, "confidence": 1}]}
        session.flush()
        return made

    return make


def test_a_call_about_the_same_open_matter_urges_it(session: Session, filed: Filed, call: Callable[..., Call], at: datetime) -> None:
    ticket = filed(body=FIRST)
    made = call()
    assert calls.file_from(session, made, advice(), at=at).id == ticket.id
    session.flush()
    assert made.state is CallState.FILED and made.ticket_id is None
    contact = session.scalars(select(Reception)).one()
    assert (contact.result, contact.ticket_id, contact.call_id) == ("urge", ticket.id, made.id)
    assert len(session.scalars(select(Ticket)).all()) == 1


@pytest.mark.parametrize(("said", "phone"), [(AGAIN, "13900009999"), (AGAIN, ""), ("我要办社保卡，医院说刷不出来，怎么补一张新的？", "13800001234")])
def test_another_caller_or_another_matter_is_a_ticket_of_its_own(
    session: Session, filed: Filed, call: Callable[..., Call], at: datetime, said: str, phone: str
) -> None:
    ticket = filed(body=FIRST)
    assert calls.file_from(session, call(said, phone), advice("050102"), at=at).id != ticket.id


def test_a_matter_that_is_closed_is_not_urged(session: Session, cast: Cast, filed: Filed, call: Callable[..., Call], at: datetime) -> None:
    ticket = filed(body=FIRST)
    revisiting.answer(session, ticket, reply="已修好", by=cast.operator, at=at)
    session.flush()
    assert calls.file_from(session, call(), advice(), at=at).id != ticket.id
    with pytest.raises(Conflict):
        calling_again.urge(session, ticket, said="催", by=cast.operator, at=at)


def test_a_call_that_speaks_of_danger_is_a_ticket_of_its_own(session: Session, filed: Filed, call: Callable[..., Call], at: datetime) -> None:
    ticket = filed(body=FIRST)
    assert calls.file_from(session, call(), advice(alarms=("漏电",)), at=at).id != ticket.id


def test_the_operator_sees_the_callers_tickets_open_ones_first(session: Session, cast: Cast, filed: Filed, at: datetime) -> None:
    opened, closed = filed(body=FIRST), filed()
    revisiting.answer(session, closed, reply="已修好", by=cast.operator, at=at)
    session.flush()
    known = calling_again.tickets_of(session, "+86 138 0000 1234", by=cast.operator)
    assert [(one.ticket.id, one.open) for one in known] == [(opened.id, True), (closed.id, False)] and closed.state is State.CLOSED
    assert calling_again.tickets_of(session, "不知道", by=cast.operator) == [] == calling_again.tickets_of(session, "", by=cast.operator)
    about = filed(kind="fault", concerns=cast.operator.id)
    assert about.id not in [one.ticket.id for one in calling_again.tickets_of(session, "13800001234", by=cast.operator)]
