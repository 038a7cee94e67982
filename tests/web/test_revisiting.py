"""回访台: a blind card, neutral answers, and what follows from them."""

import pytest

from hotline.db import Session
from hotline.people import Person
from tests.web.conftest import As, Stage, state, version
from tickets.ticket import Leg, Revisit, Ticket


def test_the_card_hides_the_unit_until_it_is_over(as_: As, ticket: Stage) -> None:
    number = ticket("revisiting")
    revisitor = as_("revisitor")
    queue, card = revisitor.sees("/revisits"), revisitor.sees(f"/revisits/{number}")
    assert number in queue and "管道已修好，供水已恢复。" in card
    for page in (queue, card.split("<main")[1].split("办理答复")[0]):
        assert "供水集团有限公司" not in page
    revisitor.post(f"/tickets/{number}/revisits", version=version(number), outcome="reached", contacted="yes", solved="yes", satisfied="4")
    assert state(number) == "closed"
    assert "供水集团" in revisitor.sees(f"/tickets/{number}")


def test_nothing_is_chosen_beforehand_and_all_five_levels_are_there(as_: As, ticket: Stage) -> None:
    card = as_("revisitor").sees(f"/revisits/{ticket('revisiting')}").split("<main")[1]
    assert " checked" not in card and "selected" not in card
    for level in ("非常满意", "满意", "基本满意", "不满意", "非常不满意"):
        assert f">{level}</label>" in card


def test_an_unsatisfied_citizen_brings_the_ticket_back_with_a_reason(as_: As, ticket: Stage) -> None:
    number = ticket("revisiting")
    revisitor = as_("revisitor")
    said = {"outcome": "reached", "contacted": "no", "solved": "no", "satisfied": "1", "comment": "根本没人来"}
    answer = revisitor.post(f"/tickets/{number}/revisits", version=version(number), **said)
    assert answer.status_code == 422 and "请写明重办原因" in answer.text
    assert "根本没人来</textarea>" in answer.text and 'value="1" required checked' in answer.text and "供水集团有限公司" not in answer.text
    assert revisitor.post(f"/tickets/{number}/revisits", version=version(number), **said, reason="现场未修").status_code == 303
    with Session() as s:
        made = s.query(Ticket).filter(Ticket.number == number).one()
        leg = s.query(Leg).filter(Leg.ticket_id == made.id, Leg.ended_at.is_(None)).one()
        assert made.round == 2 and made.state == "dispatched" and leg.forced and leg.department_code == "gongshui"


@pytest.mark.parametrize(("left_out", "sentence"), [("contacted", "是否联系过"), ("solved", "是否解决"), ("satisfied", "满意程度")])
def test_every_question_has_to_be_answered(as_: As, ticket: Stage, left_out: str, sentence: str) -> None:
    number = ticket("revisiting")
    said = {"outcome": "reached", "contacted": "yes", "solved": "yes", "satisfied": "5"} | {left_out: ""}
    answer = as_("revisitor").post(f"/tickets/{number}/revisits", version=version(number), **said)
    assert answer.status_code == 422 and sentence in answer.text
    assert state(number) == "revisiting"


def test_a_call_that_reached_nobody_is_counted(as_: As, ticket: Stage) -> None:
    number = ticket("revisiting")
    revisitor = as_("revisitor")
    assert revisitor.post(f"/tickets/{number}/revisits", version=version(number), outcome="no_answer", back="/revisits").status_code == 303
    assert state(number) == "revisiting"
    assert "已拨 1 次" in revisitor.sees(f"/revisits/{number}") and "无人接听" in revisitor.sees(f"/revisits/{number}")
    with Session() as s:
        assert s.query(Revisit).join(Ticket, Ticket.id == Revisit.ticket_id).filter(Ticket.number == number).count() == 1
    revisitor.post(f"/tickets/{number}/revisits", version=version(number), outcome="declined")
    assert state(number) == "closed"


def test_the_number_to_dial_is_shown_once_and_the_look_is_kept(as_: As, ticket: Stage) -> None:
    number = ticket("revisiting")
    revisitor = as_("revisitor")
    assert "13800001234" not in revisitor.sees(f"/revisits/{number}")
    assert "13800001234" in revisitor.post(f"/revisits/{number}/caller").text
    assert "13800001234" not in revisitor.sees(f"/revisits/{number}")
    assert "查看来电人信息" in as_("supervisor").sees(f"/tickets/{number}")


def test_who_filed_a_ticket_does_not_revisit_it(as_: As, ticket: Stage) -> None:
    number = ticket("revisiting")
    revisitor = as_("revisitor")
    with Session.begin() as s:
        me = s.query(Person).filter(Person.login == revisitor.person.login).one().id
        s.query(Ticket).filter(Ticket.number == number).update({"filed_by_id": me})
    assert number not in revisitor.sees("/revisits")
    assert "请由其他回访员回访" in revisitor.sees(f"/revisits/{number}")
    said = {"outcome": "reached", "contacted": "yes", "solved": "yes", "satisfied": "5"}
    answer = revisitor.post(f"/tickets/{number}/revisits", version=version(number), **said)
    assert answer.status_code == 403 and "登记人不能回访" in answer.text


def test_others_have_no_card(as_: As, ticket: Stage) -> None:
    number = ticket("revisiting")
    for role in ("operator", "reviewer", "clerk@gongshui"):
        assert as_(role).get(f"/revisits/{number}").status_code == 403
        answer = as_(role).post(f"/tickets/{number}/revisits", version=version(number), outcome="no_answer")
        assert answer.status_code == 403
    assert state(number) == "revisiting"
