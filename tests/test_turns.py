"""顺序协办 by itself: where one co-handler has answered, the worker begins the next one's part, once however often the event is delivered."""

from datetime import datetime, timedelta

import worker
from hotline.db import Session
from tests.test_consequences import city, somebody, told
from tickets import access, dispatching, resolving, signing
from tickets.filing import Matter, file

__all__ = ["city"]


def test_an_answer_begins_the_next_co_handlers_part_once(city: None, at: datetime) -> None:
    now = at - timedelta(minutes=5)
    with Session.begin() as s:
        number = file(s, Matter(body="停水三天", kind="complaint", item="090481", phone="13800001234"), by=somebody(s, "operator"), at=now).number
    with Session.begin() as s:
        ticket = access.find(s, number, somebody(s, "dispatcher"), lock=True)
        helpers = {"co_handlers": ["shuili", "zhujian"], "in_order": True}
        dispatching.dispatch(s, ticket, department="gongshui", by=somebody(s, "dispatcher"), at=now, **helpers)  # type: ignore[arg-type]
        signing.sign(s, ticket, by=somebody(s, "clerk", "shuili"), at=now)
        resolving.resolve(s, ticket, result="explained", reply="已配合", contacted_at=now, by=somebody(s, "clerk", "shuili"), at=now)
    assert worker.start_co_handler in worker.SUBSCRIBERS["ticket.resolved"]
    for event in told("ticket.resolved") * 2:
        worker.start_co_handler(event)
    with Session() as s:
        ticket = access.find(s, number, somebody(s, "dispatcher"))
        assert [leg.department_code for leg in ticket.legs] == ["gongshui", "shuili", "zhujian"]
    assert len(told("ticket.co_handler_started")) == 1
