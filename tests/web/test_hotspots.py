"""热点, 相似工单 and 派单质量 as pages: who sees them, what they link to, and merging from texts side by side."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from hotline.clock import local
from hotline.db import Session
from tests.web.conftest import WATER, As, Stage, World, state
from tickets import hotspots, learning
from tickets.ticket import Ticket

BURST = ("金桂苑小区停水三天了，物业和供水集团都没人管", "金桂苑停水已经三天，希望尽快恢复供水", "金桂苑停水了三天，供水集团没人管")
Remembered = Callable[..., list[str]]


@pytest.fixture
def remembered(ticket: Stage, world: World) -> Remembered:
    """Three callers' tickets of one burst pipe, remembered as the worker does."""

    def make(to: str = "filed", place: str = "金桂苑") -> list[str]:
        numbers = [ticket(to, body=body.replace("金桂苑", place), phone=f"1380000{n:04}") for n, body in enumerate(BURST)]
        for number in numbers:
            with Session.begin() as s:
                found = s.query(Ticket).filter(Ticket.number == number).one()
                hotspots.follow(s, found.id)
                learning.learn(s, found.id)
        return numbers

    return make


def test_hot_spots_lead_to_their_tickets(as_: As, remembered: Remembered) -> None:
    numbers = remembered(place="紫荆花园")
    page = as_("supervisor").sees("/hotspots")
    assert "多人反映的同一件事" in page and numbers[-1] in page
    with Session() as s:
        cluster = s.query(hotspots.Likeness.cluster_id).join(Ticket, Ticket.id == hotspots.Likeness.ticket_id).filter(Ticket.number == numbers[-1]).scalar()
    behind = as_("supervisor").sees(f"/hotspots/tickets?cluster={cluster}")
    assert all(number in behind for number in numbers)


def test_a_surge_leads_to_the_tickets_of_its_day(as_: As, remembered: Remembered, now: datetime) -> None:
    numbers = [number for place in ("紫藤苑", "云杉里") for number in remembered(place=place)]
    day = local(now - timedelta(hours=1)).date()
    page = as_("supervisor").sees(f"/hotspots?day={day}")
    link = f"/hotspots/tickets?item={WATER}&amp;area=&amp;day={day}"
    assert link in page
    behind = as_("supervisor").sees(link.replace("&amp;", "&"))
    assert all(number in behind for number in numbers)


def test_a_day_that_is_no_day_is_refused_in_a_sentence(as_: As) -> None:
    answer = as_("supervisor").get("/hotspots?day=yesterday")
    assert answer.status_code == 422 and "日期应写作" in answer.text


@pytest.mark.parametrize("who", ["operator", "clerk@gongshui", "discipline", "admin", "auditor"])
def test_hot_spots_are_the_supervisors(as_: As, who: str) -> None:
    assert as_(who).get("/hotspots").status_code == 403
    assert as_(who).get("/hotspots/tickets?cluster=1").status_code == 403


def test_what_is_alike_stands_side_by_side_and_is_merged_from_there(as_: As, remembered: Remembered) -> None:
    first, second, _ = remembered(place="听涛园")
    page = as_("dispatcher").sees(f"/tickets/{second}/alike")
    assert first in page and "<mark>听涛园" in page and page.count("并入") >= 2
    assert f'action="/tickets/{second}/merge"' in page and f'name="master" value="{first}"' in page
    assert f"/tickets/{second}/alike" in as_("dispatcher").sees(f"/tickets/{second}")
    with Session() as s:
        version = s.query(Ticket.version).filter(Ticket.number == second).scalar()
    answer = as_("dispatcher").post(f"/tickets/{second}/merge", version=version, master=first, reason="反映的是同一件事")
    assert answer.status_code == 303 and state(second) == "merged"


def test_an_operator_compares_but_does_not_merge_and_a_department_does_neither(as_: As, remembered: Remembered) -> None:
    number = remembered("dispatched", place="望江楼")[-1]
    page = as_("operator").sees(f"/tickets/{number}/alike")
    assert "望江楼" in page and "/merge" not in page
    assert as_("clerk@gongshui").get(f"/tickets/{number}/alike").status_code == 403
    assert "/alike" not in as_("clerk@gongshui").sees(f"/tickets/{number}")


def test_beside_what_is_alike_stands_who_had_such_tickets_before(as_: As, ticket: Stage, world: World) -> None:
    old = ticket("dispatched", body="望月楼门前的路灯杆倒在人行道上，挡住了路")
    with Session.begin() as s:
        s.execute(update(Ticket).where(Ticket.number == old).values(filed_at=Ticket.filed_at - timedelta(days=100)))
        hotspots.follow(s, s.query(Ticket.id).filter(Ticket.number == old).scalar())
    page = as_("dispatcher").sees(f"/tickets/{ticket(body='望月楼路灯杆倒了，人行道挡住不好走')}/alike")
    assert "没有说同一件事" in page and old in page and "以往相似的工单" in page


def test_nothing_alike_is_said(as_: As, ticket: Stage) -> None:
    assert "没有说同一件事的工单" in as_("dispatcher").sees(f"/tickets/{ticket(body='桂花巷十二号门口的井盖不见了，夜里危险')}/alike")


def test_the_quality_of_routing_is_shown_with_counts_beside_shares(as_: As, remembered: Remembered) -> None:
    remembered("handling", place="松涛苑")
    for who in ("supervisor", "admin"):
        page = as_(who).sees("/accuracy")
        assert "事项建议正确" in page and "<svg" in page and "100.00%" in page and "不足 10 件" in page
        assert "松涛苑" not in page
    assert as_("supervisor").get("/accuracy?days=3").status_code == 422
    assert as_("dispatcher").get("/accuracy").status_code == 403


def test_both_are_one_click_away_for_those_who_may(as_: As) -> None:
    board = as_("supervisor").sees("/board")
    assert 'href="/hotspots"' in board and 'href="/accuracy"' in board
    assert 'href="/hotspots"' not in as_("admin").sees("/accuracy")


def test_a_short_text_is_asked_about_and_nothing_is_chosen_beforehand(as_: As, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    from routing.protocol import Routing, Suggestion

    short = Routing((Suggestion(WATER, 0.97, ("停水",)),), unknown=True, needs_more=True, reason="描述不足 30 字，请再问一句时间、地点和经过。", kind="help")
    monkeypatch.setattr(world.app.state.classifier, "suggest", lambda text, k=5: short)
    page = as_("operator").post("/suggestion", body="停水了").text
    assert "请再问一句" in page and "系统不猜" in page
    form = as_("operator").post("/new", body="停水了", then="suggest").text
    assert f'value="{WATER}" form="filing" checked' not in form
