"""查找: the box in the bar, the filters, the saved searches, and the board's numbers that lead to their lists."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from hotline.db import Session
from tests.web.conftest import As, Stage
from tickets.views import SavedView


def _numbers(page: str) -> list[str]:
    return re.findall(r'class="title" href="/tickets/([^"]+)"', page)


def test_the_box_finds_a_ticket_by_number_and_by_what_was_said(as_: As, ticket: Stage) -> None:
    number = ticket(body="滨湖路斑马线上的窨井盖翘起来了")
    operator = as_("operator")
    there = operator.post("/tickets/find", q=number).headers["location"]
    assert operator.get(there).headers["location"] == f"/tickets/{number}"
    there = operator.post("/tickets/find", q="窨井蓋 滨湖路").headers["location"]
    assert _numbers(operator.sees(there)) == [number]


def test_a_telephone_number_never_stands_in_an_address(as_: As, ticket: Stage) -> None:
    number = ticket(phone="13877006655")
    operator = as_("operator")
    for typed in ("138 7700 6655", "+86 13877006655", "１３８７７００６６５５"):
        there = operator.post("/tickets/find", q=typed).headers["location"]
        assert "6655" not in there
        page = operator.sees(there)
        assert number in _numbers(page) and "13877006655" not in page and "同一来电号码" in page
    assert "6655" not in operator.get("/tickets?q=13877006655").headers["location"]


def test_a_single_character_is_refused_on_the_page_with_what_was_typed(as_: As) -> None:
    answer = as_("operator").get("/tickets?q=水")
    assert answer.status_code == 422 and "至少要两个字" in answer.text and 'value="水"' in answer.text


@pytest.mark.parametrize("query", ["kind=x", "state=9", "light=pink", "received_from=yesterday", "after=~", "order=up", "area=nowhere"])
def test_what_cannot_be_understood_is_refused_in_words(as_: As, query: str) -> None:
    answer = as_("operator").get(f"/tickets?{query}")
    assert answer.status_code == 422 and 'class="refused"' in answer.text


def test_filters_narrow_and_stay_filled_in(as_: As, ticket: Stage) -> None:
    held = ticket("dispatched", body="青年公园喷泉停水了没人修")
    ticket(body="青年公园喷泉停水了没人修")
    page = as_("supervisor").sees("/tickets?q=青年公园&kind=complaint&state=dispatched&unit=gongshui&light=green&received_from=2020-01-01&area=&item=09")
    assert _numbers(page) == [held]
    assert 'value="complaint" checked' in page and 'value="gongshui ' in page and 'value="2020-01-01"' in page


def test_a_department_finds_only_its_own(as_: As, ticket: Stage) -> None:
    own = ticket("dispatched", body="紫藤花架倒塌压坏水管")
    other = ticket(body="紫藤花架倒塌压坏水管")
    assert _numbers(as_("clerk@gongshui").sees("/tickets?q=紫藤花架")) == [own]
    assert _numbers(as_("operator").sees("/tickets?q=紫藤花架")) == [other, own]
    assert _numbers(as_("admin").sees("/tickets?q=紫藤花架")) == []


def test_a_search_is_kept_under_a_name_shared_and_removed(as_: As, ticket: Stage) -> None:
    clerk = as_("clerk@gongshui")
    done = clerk.post("/saved-views", name="本单位红灯", query="light=red&q=停水&nonsense=1", shared="1")
    assert done.status_code == 303 and parse_qs(urlsplit(done.headers["location"]).query)["light"] == ["red"]
    with Session() as s:
        kept = s.query(SavedView).filter(SavedView.name == "本单位红灯").one()
    assert "本单位红灯" in clerk.sees("/tickets")
    assert "本单位红灯" in as_("chief@gongshui").sees("/tickets")
    stranger = as_("supervisor")
    assert "本单位红灯" not in stranger.sees("/tickets")
    assert stranger.post(f"/saved-views/{kept.id}/removal").status_code == 404
    assert clerk.post(f"/saved-views/{kept.id}/removal").status_code == 303
    assert "本单位红灯" not in clerk.sees("/tickets")


def test_a_search_without_a_name_is_not_kept(as_: As) -> None:
    answer = as_("operator").post("/saved-views", name=" ", query="light=red")
    assert answer.status_code == 422 and "起个名字" in answer.text


def test_every_number_of_the_board_leads_to_as_many_tickets(as_: As, ticket: Stage) -> None:
    ticket("dispatched", department="gongdian", body="变压器嗡嗡响")
    ticket("handling", department="gongdian", body="路灯线路老化")
    supervisor = as_("supervisor")
    row = next(line for line in re.findall(r"<tr>.*?</tr>", supervisor.sees("/board"), re.S) if "unit=gongdian" in line)
    for address, number in re.findall(r'<a[^>]*href="(/tickets[^"]+)">(?:<b>)?(\d+)', row):
        assert len(_numbers(supervisor.sees(address.replace("&amp;", "&")))) == int(number), address
