"""受理: what the first screen offers beside a new ticket: urge the open one, read back the answered one, send elsewhere, answer from the knowledge base."""

import re

from hotline import clock
from hotline.db import Session
from hotline.outbox import Event
from tests.web.conftest import As, Stage, _first, state
from tickets import access, revisiting
from tickets.call import Call, CallState
from tickets.reception import Reception
from tickets.ticket import Ticket

NEW = {"kind": "help", "channel": "phone", "confidentiality": "open", "body": "小区停水三天了，没水做饭，抢修了没有"}


def events(number: str) -> list[str]:
    with Session() as s:
        ticket = s.query(Ticket).filter(Ticket.number == number).one()
        return [kind for (kind,) in s.query(Event.kind).filter(Event.subject_kind == "ticket", Event.subject_id == ticket.id).order_by(Event.id)]


def test_a_known_caller_is_offered_the_open_ticket_before_a_new_one(as_: As, ticket: Stage) -> None:
    number = ticket("dispatched", phone="13900007001")
    operator = as_("operator")
    part = operator.post("/callers", phone="+86 139 0000 7001").text
    assert number in part and "催办已有单" in part
    answer = operator.post("/new", **NEW, phone="13900007001", urge=number)
    assert answer.status_code == 303 and number in answer.headers["location"]
    assert events(number)[-1] == "ticket.urged"
    with Session() as s:
        kept = s.query(Reception).join(Ticket, Ticket.id == Reception.ticket_id).filter(Ticket.number == number).one()
        assert (kept.result, kept.phone) == ("urge", "13900007001")
        assert s.query(Ticket).filter(Ticket.phone_hash == kept.phone_hash).count() == 1


def test_a_call_that_urged_leads_to_the_ticket(as_: As, ticket: Stage) -> None:
    number = ticket("dispatched", phone="13900007009")
    with Session.begin() as s:
        call = Call(sha256=f"{'ab' * 28}{clock.now().timestamp():.0f}"[:64], name="again.wav", size=1, received_at=clock.now(), received_by_id=1,
                    state=CallState.SILENT, phone="13900007009")  # fmt: skip
        s.add(call)
        s.flush()
        path = f"/calls/{call.id}"
    operator = as_("operator")
    assert "催办已有单" in operator.sees(path), "the number that called is known"
    assert operator.post(f"{path}/ticket", body="还是没水", urge=number).status_code == 303
    page = operator.sees(path)
    assert "催办已有工单" in page and f"/tickets/{number}" in page and 'id="filing"' not in page


def test_an_answered_matter_is_read_back_kept_as_a_repeat_or_filed_for_review_again(as_: As, ticket: Stage) -> None:
    number = ticket("revisiting", phone="13900007002")
    with Session.begin() as s:  # the citizen was asked and is content
        asks = _first(s, "revisitor")
        revisiting.close(s, access.find(s, number, asks), contacted=True, solved="yes", satisfied=4, by=asks, at=clock.now())
    operator = as_("operator")
    part = operator.post("/callers", phone="13900007002").text
    assert "管道已修好" in part and "按重复件登记" in part
    assert operator.post("/new", **NEW, phone="13900007002", repeat=number).status_code == 303
    assert state(number) == "closed"
    made = operator.post("/new", **NEW, phone="13900007002", recheck=number)
    again = re.search(r"/tickets/([\d-]+)", made.headers["location"])
    assert again and number in operator.sees(f"/tickets/{again[1]}")


def test_danger_and_other_channels_are_kept_without_a_ticket_and_counted(as_: As) -> None:
    operator = as_("operator")
    answer = operator.post("/new", **NEW, then="receive", outcome="urgent:119", reception_note="楼道起火", phone="13900007003")
    assert answer.status_code == 303 and "/receptions" in answer.headers["location"]
    page = operator.sees("/receptions")
    assert "119 消防" in page and "139****7003" in page and "13900007003" not in page
    number = re.search(r"SL-\d{8}", page)
    assert number and "请不要挂机" in operator.sees(f"/receptions/{number[0]}")
    for outcome in ("", "urgent", "nowhere:1"):
        refused = operator.post("/receptions", outcome=outcome)
        assert refused.status_code == 422 and 'role="alert"' in refused.text
    assert as_("clerk@gongshui").get("/receptions").status_code == 403


def test_an_answer_is_given_from_the_knowledge_base_by_article_and_version(as_: As) -> None:
    operator = as_("operator")
    offered = operator.post("/suggestion", body=NEW["body"], area="").text
    key = re.search(r'name="article" value="(\d+:\d+)"', offered)
    assert key is not None, "停水 has an article"
    made = operator.post("/new", **{**NEW, "kind": "inquiry"}, then="answer", suggested="090481", article=key[1], satisfied="5")
    assert made.status_code == 303, made.text[-500:]
    number = re.search(r"/tickets/([\d-]+)", made.headers["location"])
    assert number and state(number[1]) == "closed"
    page = operator.sees(f"/tickets/{number[1]}")
    assert f"引用知识 {key[1].split(':')[0]} 第 1 版" in page and "非常满意" in page


def test_the_knowledge_base_is_searched_read_flagged_and_put_right(as_: As) -> None:
    operator, owner = as_("operator"), as_("clerk@gongshui")
    found = re.search(r'/knowledge/(\d+)">自来水停水怎样查', operator.sees("/knowledge?q=停水没水"))
    assert found is not None
    path = f"/knowledge/{found[1]}"
    assert operator.get(f"{path}/edit").status_code == 403
    assert operator.post(f"{path}/flags", note="电话已换").status_code == 303
    assert "被指不准，请核对" in owner.sees("/knowledge") and "电话已换" in owner.sees(path)
    version = re.search(r'name="version" value="(\d+)"', owner.sees(f"{path}/edit"))
    assert version is not None
    changed = {"title": "自来水停水怎样查、怎样报修", "body": "新的答复。", "keywords": "停水 没水", "owner": "gongshui", "version": version[1]}
    assert owner.post(path, **changed).status_code == 303
    assert "被指不准" not in owner.sees("/knowledge") and "新的答复。" in owner.sees(path)
    assert "新的答复。" not in owner.sees(f"{path}?version={version[1]}")
    assert owner.post(path, **changed).status_code == 409, "somebody was quicker"


WRONG = [
    ({"body": "水" * 40_000}, "内容过长"),
    ({"item": "没有这个事项"}, "没有找到事项"),
    ({"area": "123456"}, "区划"),
    ({"phone": "电话没有"}, "电话号码格式不对"),
    ({"kind": "fault"}, "找茬要写明"),
    ({"kind": "stuck", "trips": "五"}, "应填 0 到 9999 的整数"),
    ({"body": "\u202e\x07"}, "请填写诉求内容"),
    ({"kind": "bad_rating"}, "差评整改由"),
]


def test_bad_input_is_refused_in_words_and_what_was_typed_is_still_there(as_: As) -> None:
    operator = as_("operator")
    for fields, sentence in WRONG:
        answer = operator.post("/new", **(NEW | {"address": "翠湖花园九栋"} | fields))
        assert answer.status_code in (404, 422) and sentence in answer.text, (fields, answer.status_code)
        assert "翠湖花园九栋" in answer.text, "nothing typed is lost"


def test_a_number_in_any_spelling_is_kept_as_one_and_odd_characters_are_left_out(as_: As) -> None:
    operator = as_("operator")
    made = operator.post("/new", **(NEW | {"phone": "＋８６ 139－0000－7011", "body": "停\x00水\u202e了\u3000三天"}))
    number = re.search(r"/tickets/([\d-]+)", made.headers["location"])
    with Session() as s:
        ticket = s.query(Ticket).filter(Ticket.number == (number and number[1])).one()
        assert ticket.phone == "13900007011" and ticket.body == "停水了\u3000三天"
