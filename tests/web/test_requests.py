"""What is asked for and recorded beside a ticket, on the pages: forms that work without JavaScript, lists of what waits, and what everybody reads."""

from hotline.db import Session
from tests.web.conftest import As, Stage, return_until, state
from tests.web.test_ticket import _buttons, _post
from tickets.application import Application
from tickets.ticket import Ticket


def terminated(as_: As, number: str) -> str:
    """Takes a ticket that is being handled to its final answer."""
    said = {"reason": "政策不允许", "evidence": "市政府令第 12 号", "reply": "经两级复核，这是最终答复。"}
    _post(as_("clerk@gongshui"), number, "termination-requests", **said)
    _post(as_("reviewer"), number, "termination-requests/approval")
    _post(as_("supervisor"), number, "termination")
    return number


def test_a_request_waits_on_the_desk_with_its_count_until_it_is_granted(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    clerk, supervisor = as_("clerk@gongshui"), as_("supervisor")
    _post(clerk, number, "extension-requests", limit="24 小时", reason="管道要换")
    assert "申请延期中" in clerk.sees(f"/tickets/{number}") and "申请延期" not in _buttons(clerk.sees(f"/tickets/{number}"))
    desk = supervisor.sees("/requests")
    assert number in desk and "管道要换" in desk and 'class="count"' in desk
    page = supervisor.sees(f"/tickets/{number}")
    assert "驳回延期" in _buttons(page) and 'value="24小时"' in page
    _post(supervisor, number, "extensions", limit="24小时", reason="管道要换", application=_waiting(number))
    assert number not in supervisor.sees("/requests")
    assert "已批准" in clerk.sees(f"/tickets/{number}")


def test_a_paused_leg_is_blue_wherever_it_is_shown(as_: As, ticket: Stage) -> None:
    number = ticket("handling", department="jiaoyu")
    clerk, supervisor = as_("clerk@jiaoyu"), as_("supervisor")
    _post(clerk, number, "pause-requests", reason="waiting_citizen", text="等房号")
    _post(supervisor, number, "pauses", reason="waiting_citizen", text="等房号", application=_waiting(number))
    for page in (clerk.sees("/inbox"), clerk.sees(f"/tickets/{number}")):
        assert 'class="due blue"' in page and "挂起" in page
    assert "‖ 挂起" in supervisor.sees("/board")
    _post(supervisor, number, "resumptions", text="已补")
    assert 'class="due blue"' not in clerk.sees(f"/tickets/{number}")


def test_a_final_answer_needs_two_approvals_and_is_told_to_the_same_caller_later(as_: As, ticket: Stage) -> None:
    number = terminated(as_, ticket("handling", phone="13900007788"))
    assert state(number) == "terminated"
    assert "这是最终答复" in as_("operator").sees(f"/tickets/{number}")
    again = ticket("filed", phone="13900007788")
    page = as_("operator").sees(f"/tickets/{again}")
    assert "同一事项已作最终答复" in page and number in page
    other = ticket("filed", phone="13900007789")
    assert "同一事项已作最终答复" not in as_("operator").sees(f"/tickets/{other}")


def test_an_excluded_ticket_is_on_a_list_that_all_but_administrators_read(as_: As, ticket: Stage) -> None:
    number = terminated(as_, ticket("handling"))
    clerk, reviewer, supervisor = as_("clerk@gongshui"), as_("reviewer"), as_("supervisor")
    refused = _post(clerk, number, "exclusion-requests", 422, reason="lazy", evidence="看一看")
    assert "剔除原因只能是" in refused and "看一看</textarea>" in refused
    _post(clerk, number, "exclusion-requests", reason="unsupported", evidence="市政府令第 12 号")
    assert number in reviewer.sees("/requests") and number not in supervisor.sees("/requests")
    _post(reviewer, number, "exclusion-requests/approval")
    _post(supervisor, number, "exclusion")
    assert number in as_("clerk@jiaoyu").sees("/exclusions") and "已剔除" in clerk.sees(f"/tickets/{number}")
    assert as_("admin").get("/exclusions").status_code == 403


def test_a_second_notice_is_red_and_counted_and_each_can_be_printed(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    clerk, supervisor = as_("clerk@gongshui"), as_("supervisor")
    _post(clerk, number, "notices", missing="身份证复印件\n产权证\n", text="电话告知")
    first = clerk.sees(f"/tickets/{number}")
    assert 'class="violation"' not in first
    _post(clerk, number, "notices", missing="水费单")
    assert 'class="violation"' in supervisor.sees(f"/tickets/{number}")
    assert "水费单" in supervisor.sees("/notice-violations")
    link = first.split("/notices/")[1].split('"')[0]
    sheet = clerk.sees(f"/tickets/{number}/notices/{link}")
    assert "产权证" in sheet and "王*" in sheet
    assert as_("clerk@jiaoyu").get(f"/tickets/{number}/notices/{link}").status_code == 404


def test_units_are_consulted_on_the_ticket(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    dispatcher, asked = as_("dispatcher"), as_("clerk@jiaoyu")
    wrong = _post(dispatcher, number, "consultations", 422, text="学校门前的管道归谁")
    assert "请至少选择一个会商单位" in wrong and "学校门前的管道归谁</textarea>" in wrong
    _post(dispatcher, number, "consultations", units="jiaoyu", text="学校门前的管道归谁", meets_at="2099-01-05T09:00")
    assert number in asked.sees("/inbox") and "提交会商意见" in asked.sees("/inbox")
    page = asked.sees(f"/tickets/{number}")
    assert _buttons(page) == ["会商意见", "补充附件"] and "会商中" in page
    _post(asked, number, "opinions", text="校外归供水集团")
    _post(dispatcher, number, "consultations/conclusion", text="由供水集团负责")
    assert "校外归供水集团" in dispatcher.sees(f"/tickets/{number}") and _buttons(asked.sees(f"/tickets/{number}")) == []


def test_a_leaders_instruction_marks_the_ticket_and_has_a_list(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    _post(as_("dispatcher"), number, "instructions", leader="某市长", text="请三日内报结果", dated="2026-01-05")
    supervisor = as_("supervisor")
    assert "批示件" in supervisor.sees(f"/tickets/{number}") and "请三日内报结果" in supervisor.sees("/instructions")
    assert "批示件" in as_("clerk@gongshui").sees("/inbox")
    assert as_("clerk@gongshui").get("/instructions").status_code == 403


def test_co_handlers_wait_for_their_turn_and_the_lead_may_say_why_one_is_absent(as_: As, ticket: Stage) -> None:
    number = ticket("filed")
    helpers = {"co_handler1": "shuili", "co_limit1": "2 小时", "co_handler2": "zhujian", "in_order": "yes"}
    _post(as_("dispatcher"), number, "dispatch", department="gongshui", item="090481", **helpers)
    page = as_("dispatcher").sees(f"/tickets/{number}")
    assert "随后依次协办" in page and as_("clerk@zhujian").get(f"/tickets/{number}").status_code == 404
    clerk = as_("clerk@gongshui")
    _post(clerk, number, "signature")
    assert "缺席说明" in clerk.sees(f"/tickets/{number}")
    _post(clerk, number, "reply", 409, result="unreachable", reply="已修好")
    _post(clerk, number, "reply", result="unreachable", reply="已修好", without="两家均已电话说明无须参与")
    assert state(number) == "resolved" and "缺席" in as_("reviewer").sees(f"/tickets/{number}")


def test_the_way_of_a_ticket_from_unit_to_unit_is_seen_at_a_glance(as_: As, ticket: Stage) -> None:
    number = ticket("dispatched")
    clerk, dispatcher = as_("clerk@gongshui"), as_("dispatcher")
    return_until(number, None)
    _post(clerk, number, "return-request", reason="duty", basis="不属本单位", suggests="zhujian")
    _post(dispatcher, number, "return-ruling", ruling="approve")
    _post(dispatcher, number, "dispatch", department="zhujian", item="090481")
    page = dispatcher.sees(f"/tickets/{number}")
    assert 'aria-label="经手单位"' in page and "无责退单" in page


def _waiting(number: str) -> int:
    with Session() as s:
        found = s.query(Application.id).join(Ticket, Ticket.id == Application.ticket_id).filter(Ticket.number == number)
        return int(found.order_by(Application.id.desc()).limit(1).scalar() or 0)
