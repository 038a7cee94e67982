"""话务台: recordings come in, and what was said becomes a ticket."""

import re
from datetime import datetime

import pytest

from asr.protocol import Channel, Transcript, Utterance
from hotline.db import Session
from hotline.people import Person
from tests.web.conftest import POWER, WATER, As, Somebody, recording, state
from tickets import calls
from tickets.call import Call
from tickets.ticket import Ticket

SAID, WRITTEN = "我们小区停水三天了没人管", "我们小区停水3天了没人管"
FORM = {"kind": "complaint", "body": SAID, "phone": "13800001234", "confidentiality": "open", "suggested": WATER, "then": "leave"}


def _heard(hertz: int, now: datetime) -> int:
    """A call with a transcript, of its own bytes."""
    with Session.begin() as s:
        by = s.query(Person).filter(Person.login == "huawu1").one()
        call, _ = calls.receive(s, sha256=f"{hertz:064x}", size=9, name=f"{hertz}.wav", by=by, at=now, phone="13800005678", auto=False)
        s.flush()
        operator = Utterance(0, 0.0, 1.0, "您好请讲", 0.9, ())
        citizen = Utterance(1, 1.2, 4.0, SAID, 0.4, ())
        calls.transcribed(s, call, Transcript(5.0, (Channel(0, "operator", (operator,)), Channel(1, "citizen", (citizen,)))), at=now)
        return call.id


def _upload(who: Somebody, hertz: int, name: str = "call.wav", **fields: str) -> object:
    return who.post("/calls", files={"recording": (name, recording(hertz=hertz), "audio/wav")}, **fields)


def _tickets(number_from: str) -> Ticket:
    with Session() as s:
        return s.query(Ticket).filter(Ticket.number == number_from).one()


def test_an_uploaded_recording_is_in_the_list_and_can_be_heard_in_parts(as_: As) -> None:
    operator = as_("operator")
    answer = _upload(operator, 301, name="夜间来电.wav", phone="13800009999", auto="yes")
    assert answer.status_code == 303  # type: ignore[attr-defined]
    page = operator.sees("/calls")
    assert "夜间来电.wav" in page and "待转写" in page and "138****9999" in page and "13800009999" not in page
    with Session() as s:
        call = s.query(Call).filter(Call.name == "夜间来电.wav").one()
    assert call.auto
    part = operator.get(f"/calls/{call.id}/recording", Range="bytes=0-3")
    assert part.status_code == 206 and part.content == b"RIFF" and part.headers["content-range"] == f"bytes 0-3/{call.size}"
    assert operator.get(f"/calls/{call.id}/recording").content == recording(hertz=301)


def test_without_the_tick_the_call_waits_for_an_operator(as_: As) -> None:
    _upload(as_("operator"), 302, name="no-auto.wav")
    with Session() as s:
        assert not s.query(Call).filter(Call.name == "no-auto.wav").one().auto


def test_no_file_and_a_wrong_number_are_told_beside_the_field(as_: As) -> None:
    operator = as_("operator")
    answer = operator.post("/calls", phone="13800009999")
    assert answer.status_code == 422 and "请选择一个录音文件" in answer.text
    answer = _upload(operator, 303, phone="12x")  # type: ignore[assignment]
    assert answer.status_code == 422 and "电话号码格式不对" in answer.text and 'value="12x"' in answer.text


def test_the_list_is_sent_again_only_when_it_has_changed(as_: As) -> None:
    operator = as_("operator")
    page = operator.sees("/calls/list")
    seen = page.split("seen=")[1].split('"')[0]
    assert operator.get(f"/calls/list?seen={seen}").status_code == 204
    _upload(operator, 304)
    assert operator.get(f"/calls/list?seen={seen}").status_code == 200


def test_a_call_shows_who_said_what_beside_a_prefilled_form(as_: As, now: datetime) -> None:
    page = as_("operator").sees(f"/calls/{_heard(401, now)}")
    assert 'class="utterance operator"' in page and 'class="utterance citizen"' in page and 'data-start="1.2"' in page
    assert re.search(rf'id="body"[^>]*>{WRITTEN}</textarea>', page)
    assert f'value="{WATER}" form="filing" checked' in page and "安和供水集团" in page and "<mark>停水</mark>" in page
    assert 'value="complaint" required checked' in page
    assert "13800005678" not in page and "138****5678" in page


def test_filing_a_call_makes_a_ticket_with_its_number_and_its_clock(as_: As, now: datetime) -> None:
    operator, call = as_("operator"), _heard(402, now)
    answer = operator.post(f"/calls/{call}/ticket", **(FORM | {"phone": ""}))
    assert answer.status_code == 303, answer.text[-500:]
    number = answer.headers["location"].split("/")[2].split("?")[0]
    made = _tickets(number)
    assert made.item_code == WATER and made.phone == "13800005678" and made.received_at == now and state(number) == "filed"
    assert operator.sees(f"/calls/{call}").count(f"/tickets/{number}") == 1
    assert f"/calls/{call}" in operator.sees(f"/tickets/{number}")


def test_a_call_becomes_one_ticket_only(as_: As, now: datetime) -> None:
    operator, call = as_("operator"), _heard(403, now)
    operator.post(f"/calls/{call}/ticket", **FORM)
    answer = operator.post(f"/calls/{call}/ticket", **FORM)
    assert answer.status_code == 409 and "已经登记过工单" in answer.text


def test_an_operator_may_dispatch_at_once_as_the_responsibility_list_says(as_: As) -> None:
    answer = as_("operator").post("/new", **(FORM | {"then": "dispatch", "channel": "window"}))
    number = answer.headers["location"].split("/")[2].split("?")[0]
    with Session() as s:
        made = s.query(Ticket).filter(Ticket.number == number).one()
        assert made.state == "dispatched" and made.lead_code == "gongshui" and made.decided_by == "person" and made.channel == "window"


def test_an_operator_may_answer_on_the_spot(as_: As) -> None:
    operator = as_("operator")
    answer = operator.post("/new", **(FORM | {"then": "answer", "kind": "inquiry", "reply": "明早六点恢复供水。"}))
    number = answer.headers["location"].split("/")[2].split("?")[0]
    assert state(number) == "closed" and "明早六点恢复供水" in operator.sees(f"/tickets/{number}")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": ""}, "请选择诉求类型"),
        ({"body": " "}, "请填写诉求内容"),
        ({"phone": "1380000"}, None),
        ({"phone": "138-0000-12"}, "电话号码格式不对"),
        ({"item": "没有这种事项"}, "请从列表中选择"),
        ({"item": "999999 不存在"}, "没有编码为"),
        ({"then": "dispatch", "suggested": ""}, "请先选定事项"),
        ({"then": "answer", "reply": ""}, "请填写答复内容"),
        ({"kind": "stuck", "trips": "很多"}, "应填 0 到 9999"),
    ],
)
def test_what_was_typed_stays_when_it_is_refused(as_: As, fields: dict[str, str], sentence: str | None) -> None:
    answer = as_("operator").post("/new", **(FORM | {"channel": "window", "address": "湖滨路 9 号", "caller_name": "李敏"} | fields))
    if sentence is None:
        assert answer.status_code == 303
        return
    assert answer.status_code in (404, 422) and sentence in answer.text
    assert 'value="湖滨路 9 号"' in answer.text and 'value="李敏"' in answer.text


def test_nothing_is_half_done_when_the_second_step_is_refused(as_: As) -> None:
    answer = as_("operator").post("/new", **(FORM | {"then": "dispatch", "suggested": "", "title": "只此一件的标题"}))
    assert answer.status_code == 422
    with Session() as s:
        assert s.query(Ticket).filter(Ticket.title == "只此一件的标题").count() == 0


def test_a_stuck_matter_keeps_its_burden_and_others_have_none(as_: As) -> None:
    operator = as_("operator")
    burden = {"trips": "5", "departments": "4", "materials": "20", "days": "8"}
    stuck = operator.post("/new", **(FORM | burden | {"kind": "stuck"})).headers["location"].split("/")[2].split("?")[0]
    assert _tickets(stuck).burden == {"trips": 5, "departments": 4, "materials": 20, "days": 8}
    page = operator.sees(f"/tickets/{stuck}")
    assert "几个部门" in page and "<td>4</td>" in page and "办成后" in page
    other = operator.post("/new", **(FORM | burden)).headers["location"].split("/")[2].split("?")[0]
    assert _tickets(other).burden == {}


def test_the_suggestion_follows_the_text_and_never_chooses_by_itself(as_: As) -> None:
    operator = as_("operator")
    sure = operator.post("/suggestion", body="停水了", suggested="").text
    assert "有把握" in sure and f'value="{WATER}" form="filing">' in sure
    unsure = operator.post("/suggestion", body="楼下噪音大", suggested=POWER).text
    assert "把握不足" in unsure and f'value="{POWER}" form="filing" checked' in unsure
    assert "请先转 119" in operator.post("/suggestion", body="燃气味很大").text
    assert "填写诉求内容后" in operator.post("/suggestion", body="").text


def test_without_scripts_a_button_asks_for_advice_and_keeps_the_form(as_: As) -> None:
    page = as_("operator").post("/new", **(FORM | {"then": "suggest", "address": "湖滨路 9 号"}))
    assert page.status_code == 200 and "安和供水集团" in page.text and "湖滨路 9 号" in page.text


@pytest.mark.parametrize("who", ["clerk@gongshui", "revisitor", "discipline", "admin", "auditor"])
def test_only_the_centre_hears_calls(as_: As, now: datetime, who: str) -> None:
    call, somebody = _heard(404, now), as_(who)
    for path in ("/calls", "/calls/list", f"/calls/{call}", f"/calls/{call}/recording"):
        assert somebody.get(path).status_code == 403
    assert _upload(somebody, 305).status_code == 403  # type: ignore[attr-defined]


@pytest.mark.parametrize("who", ["clerk@gongshui", "reviewer", "revisitor", "supervisor", "admin"])
def test_only_operators_and_dispatchers_file(as_: As, now: datetime, who: str) -> None:
    somebody = as_(who)
    assert somebody.get("/new").status_code == 403
    assert somebody.post("/new", **FORM).status_code == 403
    assert somebody.post("/suggestion", body="停水").status_code == 403
    assert somebody.post(f"/calls/{_heard(405, now)}/ticket", **FORM).status_code == 403


def test_a_call_that_failed_can_be_tried_again_once(as_: As, now: datetime) -> None:
    operator, call = as_("operator"), _heard(406, now)
    assert operator.post(f"/calls/{call}/retry").status_code == 409
    with Session.begin() as s:
        s.query(Call).filter(Call.id == call).update({"state": "failed"})
    assert operator.post(f"/calls/{call}/retry").headers["location"].startswith(f"/calls/{call}")


def test_an_hour_of_telephone_sound_is_not_too_large(as_: As) -> None:
    answer = as_("operator").post("/calls", files={"recording": ("long.wav", b"RIFF" + bytes(29_000_000), "audio/wav")})
    assert answer.status_code == 303
    with Session() as s:
        assert s.query(Call).filter(Call.name == "long.wav").one().size == 29_000_004
