"""暂存 and 情况已变: nobody's words are lost, and nobody overwrites what they have not seen."""

import re

from hotline import clock
from tests.web.conftest import As, Stage, state, version


def test_what_was_put_aside_comes_back_with_a_sentence_and_goes_when_it_is_sent(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    page, clerk = f"/tickets/{number}", as_("clerk@gongshui")
    assert f'name="place" value="ticket:{number}:resolve"' in clerk.sees(page)
    said = {"place": f"ticket:{number}:resolve", "version": str(version(number)), "result": "solved", "reply": "已派人抢修，预计今晚恢复"}
    assert clerk.post("/drafts", **said, aside=page).headers["location"].startswith(page)
    shown = clerk.sees(page)
    assert "暂存的内容" in shown and "预计今晚恢复</textarea>" in shown and "暂存之后工单有过变动" not in shown
    dispatcher = as_("dispatcher")
    assert "预计今晚恢复" not in dispatcher.sees(page)
    assert dispatcher.post(f"{page}/urges", version=version(number), text="催办").status_code == 303
    assert "暂存之后工单有过变动" in clerk.sees(page)
    sent = clerk.post(f"{page}/reply", place=said["place"], version=version(number), result="unreachable", reply="电话打不通，已短信告知")
    assert sent.status_code == 303 and state(number) == "resolved"
    assert "预计今晚恢复" not in clerk.sees(page) and "暂存的内容" not in clerk.sees(page)


def test_a_filing_that_was_put_aside_comes_back_and_can_be_thrown_away(as_: As) -> None:
    operator = as_("operator")
    body = f"物业不修电梯{clock.now().timestamp()}"
    quiet = operator.client.post(
        "/drafts", data={"_csrf_token": operator.csrf, "place": "new", "body": body, "kind": "complaint", "phone": "13900001111"},
        headers={"Cookie": f"hotline={operator.token}; form={operator.csrf}", "X-Quiet": "1"},
    )  # fmt: skip
    assert quiet.status_code == 204
    shown = operator.sees("/new")
    assert body in shown and "13900001111" in shown and 'value="complaint" required checked' in shown
    assert operator.post("/drafts/removal", place="new", back="/new").status_code == 303
    assert body not in operator.sees("/new")
    operator.post("/drafts", place="new", body=body, aside="/new")
    assert operator.post("/new", kind="complaint", channel="window", confidentiality="open", body=body, place="new").status_code == 303
    assert body not in operator.sees("/new"), "it was sent"
    assert operator.post("/drafts", place="../x", body=body).status_code == 422


def test_a_conflict_shows_what_others_did_meanwhile(as_: As, ticket: Stage) -> None:
    number = ticket("dispatched")
    seen = version(number)
    as_("dispatcher").post(f"/tickets/{number}/urges", version=seen, text="老人急用水")
    late = as_("clerk@gongshui").post(f"/tickets/{number}/signature", version=seen)
    assert late.status_code == 409
    happened = re.search(r"您打开页面之后：</b>(.*?)</section>", late.text, re.S)
    assert happened and "老人急用水" in happened[1] and "派单给" not in happened[1]
