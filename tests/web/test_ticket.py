"""The page of a ticket: what it shows to whom, and every button on it."""

from datetime import timedelta

import pytest

from hotline.clock import now
from hotline.db import Session
from hotline.outbox import Event
from tests.web.conftest import WATER, As, Somebody, Stage, return_until, state, version
from tickets.ticket import Ticket


def _post(who: Somebody, number: str, what: str, expect: int = 303, **fields: object) -> str:
    answer = who.post(f"/tickets/{number}/{what}", version=version(number), **fields)
    assert answer.status_code == expect, (answer.status_code, answer.text[-600:])
    return answer.text


def _buttons(page: str) -> list[str]:
    return [part.split("</summary>")[0] for part in page.split('<details class="move')[1:] for part in [part.split("<summary>")[1]]]


def test_a_ticket_goes_through_its_whole_life_on_the_pages(as_: As, ticket: Stage) -> None:
    number = ticket("filed")
    dispatcher, clerk = as_("dispatcher"), as_("clerk@gongshui")
    _post(dispatcher, number, "dispatch", department="gongshui", item=f"{WATER} 供水服务", co_handler1="shuili", basis="特许经营协议")
    assert state(number) == "dispatched"
    _post(clerk, number, "signature")
    helper = as_("clerk@shuili")
    _post(helper, number, "signature")
    _post(clerk, number, "reply", 422, result="solved", reply="好了", contacted_at="2020-01-01T00:00")
    early = _post(clerk, number, "reply", 409, result="unreachable", reply="已修好管道")
    assert "协办单位还没有答复" in early and "已修好管道</textarea>" in early
    _post(helper, number, "reply", result="unreachable", reply="已到场配合")
    _post(clerk, number, "reply", result="unreachable", reply="已修好管道")
    assert state(number) == "resolved"
    reviewer = as_("reviewer")
    _post(reviewer, number, "review", verdict="reject", reason="没有说明何时恢复")
    assert state(number) == "handling"
    _post(clerk, number, "reply", result="unreachable", reply="已修好管道，六点恢复")
    _post(reviewer, number, "review", verdict="pass")
    assert state(number) == "revisiting"
    _post(as_("revisitor"), number, "revisits", outcome="reached", contacted="yes", solved="yes", satisfied="5")
    assert state(number) == "closed"
    page = dispatcher.sees(f"/tickets/{number}")
    assert "已解决" in page and "非常满意" in page and "回访办结" in page
    _post(reviewer, number, "archive")
    assert state(number) == "archived"


@pytest.mark.parametrize(
    ("stage", "who", "buttons"),
    [
        ("filed", "operator", ["派单", "直办办结", "撤单", "催办", "补充附件", "查看诉求人信息"]),
        ("dispatched", "dispatcher", ["改派", "增加协办", "发起会商", "登记批示", "并单", "撤单", "催办", "补充附件", "查看诉求人信息"]),
        ("dispatched", "clerk@gongshui", ["签收", "登记联系", "申请退单", "申请延期", "申请挂起", "补充附件", "查看诉求人信息"]),
        (
            "handling",
            "clerk@gongshui",
            ["答复", "登记联系", "一次性告知", "转交承办人", "申请退单", "申请延期", "申请挂起", "申请终止", "补充附件", "查看诉求人信息"],
        ),
        ("handling", "supervisor", ["登记批示", "督办", "催办", "批准延期", "批准挂起", "补充附件", "查看诉求人信息"]),
        ("resolved", "reviewer", ["审核通过", "审核退回", "补充附件", "查看诉求人信息"]),
        ("revisiting", "revisitor", ["回访", "催办", "补充附件", "查看诉求人信息"]),
    ],
)
def test_everybody_gets_the_buttons_of_their_post_and_no_others(as_: As, ticket: Stage, stage: str, who: str, buttons: list[str]) -> None:
    assert _buttons(as_(who).sees(f"/tickets/{ticket(stage)}")) == buttons


def test_a_stranger_finds_no_such_ticket_and_can_do_nothing_to_it(as_: As, ticket: Stage) -> None:
    number = ticket("dispatched")
    for stranger in (as_("clerk@jiaoyu"), as_("discipline"), as_("admin"), as_("auditor")):
        assert stranger.get(f"/tickets/{number}").status_code == 404
        assert stranger.get(f"/tickets/{number}/print").status_code == 404
        assert stranger.get(f"/tickets?q={number}").status_code == 404
        for what in ("signature", "reply", "urges", "supervisions", "reveal", "archive", "review", "dispatch", "return-request", "return-ruling", "revisits"):
            answer = stranger.post(f"/tickets/{number}/{what}", version=1, reason="x", text="x", outcome="off")
            assert answer.status_code == 404, what
    assert state(number) == "dispatched"


def test_a_colleague_sees_what_the_unit_holds_and_another_post_is_refused_in_words(as_: As, ticket: Stage) -> None:
    number = ticket("dispatched")
    reviewer = as_("reviewer")
    page = _post(reviewer, number, "supervisions", 403, text="快办")
    assert "须由督办员操作" in page
    page = _post(reviewer, number, "signature", 403)
    assert "没有承办这件工单" in page
    assert state(number) == "dispatched"


def test_a_stale_form_is_told_so_and_keeps_what_was_typed(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    clerk, old = as_("clerk@gongshui"), version(number)
    _post(as_("supervisor"), number, "supervisions", text="今天务必答复")
    answer = clerk.post(f"/tickets/{number}/reply", version=old, result="solved", reply="写了很久的答复", contacted_at="2026-11-20T10:00")
    assert answer.status_code == 409
    assert "工单已有变动" in answer.text and "写了很久的答复</textarea>" in answer.text and "今天务必答复" in answer.text
    assert 'value="solved" required checked' in answer.text and 'value="2026-11-20T10:00"' in answer.text
    assert f'name="version" value="{version(number)}"' in answer.text


def test_a_refused_field_says_why_beside_it(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    return_until(number, None)
    page = _post(as_("clerk@gongshui"), number, "return-request", 422, reason="duty", basis="  ")
    assert '<span class="wrong" role="alert">请写明退单依据。</span>' in page


def test_a_returned_ticket_can_be_dispatched_again(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    clerk, dispatcher = as_("clerk@gongshui"), as_("dispatcher")
    return_until(number, None)
    _post(clerk, number, "return-request", reason="duty", basis="三定方案第三条", suggests="zhujian")
    page = dispatcher.sees(f"/tickets/{number}")
    assert "三定方案第三条" in page and _buttons(page)[:2] == ["同意退单", "驳回退单"]
    _post(dispatcher, number, "return-ruling", ruling="approve")
    assert state(number) == "filed"
    _post(dispatcher, number, "dispatch", department="zhujian", item=WATER)
    page = dispatcher.sees(f"/tickets/{number}")
    assert "本轮已退单 1 次" in page and "已退单" in page


def test_a_refused_return_stays_and_cannot_be_asked_again(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    clerk, dispatcher = as_("clerk@gongshui"), as_("dispatcher")
    return_until(number, None)
    _post(clerk, number, "return-request", reason="duty", basis="三定方案第三条")
    _post(dispatcher, number, "return-ruling", ruling="refuse", reason="供水属特许经营范围", leg="")
    assert state(number) == "handling"
    assert "申请退单" not in _buttons(clerk.sees(f"/tickets/{number}"))


def test_a_return_that_comes_too_late_has_a_closed_button_with_the_reason(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    return_until(number, now() - timedelta(minutes=1))
    page = as_("clerk@gongshui").sees(f"/tickets/{number}")
    assert "已过退单时限" in page and "<button disabled>申请退单</button>" in page


def test_redispatch_and_co_handlers_open_legs(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    dispatcher = as_("dispatcher")
    assert "与现主办单位相同" in _post(dispatcher, number, "redispatch", 422, department="gongshui", reason="x")
    _post(dispatcher, number, "redispatch", department="zhujian", reason="属住建职责")
    _post(dispatcher, number, "co-handlers", department="gongshui", reason="配合查管道")
    page = dispatcher.sees(f"/tickets/{number}")
    assert "已收回" in page and page.count('class="leg') >= 3


def test_urging_and_supervising_are_kept_with_their_words(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    _post(as_("operator"), number, "urges", text="市民再次来电")
    _post(as_("supervisor"), number, "supervisions", text="一小时内反馈")
    page = as_("clerk@gongshui").sees(f"/tickets/{number}")
    assert "市民再次来电" in page and "一小时内反馈" in page


def test_the_caller_is_masked_until_somebody_says_why_and_every_look_is_kept(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    clerk = as_("clerk@gongshui")
    page = clerk.sees(f"/tickets/{number}")
    assert "138****1234" in page and "13800001234" not in page and "王**" in page and "王建国" not in page
    assert "请写明查看原因" in clerk.post(f"/tickets/{number}/reveal", reason="").text
    shown = clerk.post(f"/tickets/{number}/reveal", reason="上门前联系")
    assert shown.status_code == 200 and "13800001234" in shown.text and "王建国" in shown.text
    again = clerk.sees(f"/tickets/{number}")
    assert "13800001234" not in again and "上门前联系" in again
    with Session() as s:
        assert s.query(Event).filter(Event.kind == "ticket.revealed", Event.by_id == clerk.person.id).count() >= 1


def test_a_department_never_learns_who_asked_for_confidence(as_: As, ticket: Stage) -> None:
    number = ticket("handling", confidentiality="confidential")
    clerk = as_("clerk@gongshui")
    for path in (f"/tickets/{number}", f"/tickets/{number}/print"):
        page = clerk.sees(path)
        assert "保密" in page and "138****1234" not in page and "王**" not in page and "查看诉求人信息" not in page
    answer = clerk.post(f"/tickets/{number}/reveal", reason="好奇")
    assert answer.status_code == 403 and "13800001234" not in answer.text
    assert "王**" in as_("operator").sees(f"/tickets/{number}")


def test_the_page_says_why_the_deadline_is_what_it_is(as_: As, ticket: Stage) -> None:
    page = as_("clerk@gongshui").sees(f"/tickets/{ticket('handling')}")
    assert "为何是这个时间" in page and "起算" in page and "截止时间" in page
    assert "data-due" in page and 'class="shape"' in page


def test_a_department_does_not_hear_the_call(as_: As, ticket: Stage) -> None:
    assert "录音与转写" not in as_("clerk@gongshui").sees(f"/tickets/{ticket('handling')}")


def test_a_ticket_prints_on_one_sheet(as_: As, ticket: Stage) -> None:
    page = as_("clerk@gongshui").sees(f"/tickets/{ticket('resolved')}/print")
    assert "管道已修好" in page and "领导签批" in page


def test_a_ticket_is_found_by_number_and_by_query_code(as_: As, ticket: Stage) -> None:
    number, operator = ticket("filed"), as_("operator")
    with Session() as s:
        code = s.query(Ticket).filter(Ticket.number == number).one().query_code
    for asked in (number, f"  {number} ", code, code.lower()):
        assert operator.get(f"/tickets?q={asked}").headers["location"] == f"/tickets/{number}"
    assert operator.get("/tickets?q=").status_code == 200


def test_what_citizens_wrote_is_text_and_never_markup(as_: As, ticket: Stage) -> None:
    number = ticket("filed", body="<script>alert(1)</script>停水", title="<img src=x>")
    for who, path in (("operator", f"/tickets/{number}"), ("dispatcher", "/dispatch")):
        page = as_(who).sees(path)
        assert "<script>alert" not in page and "<img src=x>" not in page
