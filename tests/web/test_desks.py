"""The desks: each shows its own work in the order in which it should be done, and to nobody else."""

import pytest

from hotline.db import Session
from hotline.people import Department
from tests.web.conftest import POWER, WATER, As, Stage, return_until, state, version
from tickets import organisation
from tickets.ticket import Ticket

DESKS = {
    "/dispatch": "dispatcher",
    "/dispatch/returns": "dispatcher",
    "/inbox": "clerk",
    "/review": "reviewer",
    "/revisits": "revisitor",
    "/board": "supervisor",
}


@pytest.mark.parametrize(("path", "post"), DESKS.items())
def test_a_desk_is_for_its_own_post(as_: As, path: str, post: str) -> None:
    for role in ("operator", "dispatcher", "clerk", "reviewer", "revisitor", "supervisor", "discipline", "admin"):
        assert as_(role).get(path).status_code == (200 if role == post else 403), role


def test_the_dispatcher_sees_the_suggestion_and_dispatches_from_the_list(as_: As, ticket: Stage) -> None:
    number = ticket("filed", body="翠湖花园从昨晚开始停水", item=None)
    dispatcher = as_("dispatcher")
    page = dispatcher.sees("/dispatch")
    assert number in page and "<mark>停水</mark>" not in page.split(number)[0][-40:]
    assert 'value="gongshui ' in page and "协办：" in page
    fields = {"department": "gongshui", "item": WATER, "back": "/dispatch", "co_handler1": "shuili"}
    answer = dispatcher.post(f"/tickets/{number}/dispatch", version=version(number), **fields)
    assert answer.headers["location"].startswith("/dispatch?done=dispatch")
    assert number in dispatcher.sees(answer.headers["location"])
    assert state(number) == "dispatched"


def test_a_ticket_without_a_suggestion_is_opened_to_choose_its_item(as_: As, ticket: Stage) -> None:
    number = ticket("filed", body="说不清楚的一件事", item=None)
    dispatcher = as_("dispatcher")
    assert "选定事项并派单" in dispatcher.sees("/dispatch")
    answer = dispatcher.post(f"/tickets/{number}/dispatch", version=version(number), department="gongshui", item="")
    assert answer.status_code == 422 and "请先选定事项" in answer.text
    assert dispatcher.post(f"/tickets/{number}/dispatch", version=version(number), department="gongdian", item=f"{POWER} 供电服务").status_code == 303


def test_returns_show_the_chain_of_units_and_are_ruled_on_there(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    dispatcher = as_("dispatcher")
    dispatcher.post(f"/tickets/{number}/redispatch", version=version(number), department="zhujian", reason="试派")
    return_until(number, None)
    clerk = as_("clerk@zhujian")
    assert clerk.post(f"/tickets/{number}/return-request", version=version(number), reason="duty", basis="不属住建", suggests="gongshui").status_code == 303
    page = dispatcher.sees("/dispatch/returns")
    part = page[page.index("不属住建") - 900 : page.index("不属住建")]
    assert part.index("供水集团") < part.index("住建") and "建议：" in part
    answer = dispatcher.post(f"/tickets/{number}/return-ruling", version=version(number), ruling="approve", back="/dispatch/returns")
    assert answer.headers["location"].startswith("/dispatch/returns") and state(number) == "filed"


def test_the_inbox_shows_own_legs_by_deadline_and_signs_in_place(as_: As, ticket: Stage) -> None:
    number = ticket("dispatched")
    clerk = as_("clerk@gongshui")
    page = clerk.sees("/inbox")
    assert number in page and "data-due" in page
    assert number not in as_("clerk@jiaoyu").sees("/inbox")
    assert number in clerk.sees("/inbox?tab=unsigned") and number not in clerk.sees("/inbox?tab=handling")
    answer = clerk.post(f"/tickets/{number}/signature", version=version(number), back="/inbox?tab=unsigned")
    assert answer.headers["location"].startswith("/inbox?tab=unsigned&done=sign")
    assert number in clerk.sees("/inbox?tab=handling")


def test_the_reviewer_reads_question_and_answer_side_by_side(as_: As, ticket: Stage) -> None:
    passed, sent_back = ticket("resolved"), ticket("resolved")
    reviewer = as_("reviewer")
    page = reviewer.sees("/review")
    assert passed in page and "管道已修好，供水已恢复。" in page
    assert reviewer.post(f"/tickets/{passed}/review", version=version(passed), verdict="pass", back="/review").headers["location"].startswith("/review")
    answer = reviewer.post(f"/tickets/{sent_back}/review", version=version(sent_back), verdict="reject", reason=" ")
    assert answer.status_code == 422 and "请写明退回原因" in answer.text
    reviewer.post(f"/tickets/{sent_back}/review", version=version(sent_back), verdict="reject", reason="没有答复水质")
    assert (state(passed), state(sent_back)) == ("revisiting", "handling")


def test_a_long_queue_goes_on_behind_the_fiftieth(as_: As, ticket: Stage) -> None:
    with Session() as s:
        waiting = s.query(Ticket).filter(Ticket.state == "filed").count()
    for n in range(max(0, 52 - waiting)):
        ticket("filed", title=f"排队第 {n} 件")
    dispatcher = as_("dispatcher")
    page = dispatcher.sees("/dispatch")
    more = page.split('class="more"><a class="button" href="')[1].split('"')[0].replace("&amp;", "&")
    behind = dispatcher.sees(more)
    assert "queue" in behind
    assert dispatcher.get("/dispatch?after=nonsense").status_code == 422


def test_a_chief_has_a_tab_for_the_units_below_and_others_have_none(as_: As, ticket: Stage) -> None:
    with Session.begin() as s:
        s.merge(Department(code="linhu-zhan", name="临湖区抢修站", short="临湖抢修站", kind="department", parent_code="linhu"))
        organisation.repath(s)
    number = ticket("dispatched", department="linhu-zhan")
    page = as_("chief@linhu").sees("/inbox")
    assert "下属单位<b>1</b>" in page and number not in page
    below = as_("chief@linhu").sees("/inbox?tab=below")
    assert number in below and "临湖抢修站" in below and "/signature" not in below
    assert number in as_("chief@linhu").sees(f"/tickets/{number}")
    for who in ("clerk@linhu", "chief@gongshui"):
        assert "下属单位" not in as_(who).sees("/inbox") and number not in as_(who).sees("/inbox?tab=below")
        assert as_(who).get(f"/tickets/{number}").status_code == 404
