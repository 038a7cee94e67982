"""Choosing a unit or an item: typed or picked, found by a few characters; no page carries all of them."""

import re

import pytest

from hotline import clock
from hotline.db import Session
from hotline.people import Department
from sla.timers import Timer
from tests.web.conftest import As, Stage, state, version
from tickets.catalogue import Area
from tickets.ticket import Leg, Ticket


def options(page: str) -> list[str]:
    return re.findall(r'<option value="([^"]+)"', page)


def test_typing_finds_units_and_items_by_a_few_characters(as_: As) -> None:
    dispatcher = as_("dispatcher")
    assert options(dispatcher.sees("/choices/departments?department=供水"))[0].startswith("gongshui ")
    assert "zhujian 市住房和城乡建设局" in options(dispatcher.sees("/choices/departments?suggests=住建"))
    assert options(dispatcher.sees("/choices/departments?unit=zhujian%20市住房和城乡建设局")) == ["zhujian 市住房和城乡建设局"]
    assert not any(one.startswith("jijian ") for one in options(dispatcher.sees("/choices/departments?department=纪检")))
    assert 0 < len(options(dispatcher.sees("/choices/departments"))) <= 50
    assert options(dispatcher.sees("/choices/areas?area=临湖"))[0].startswith("990102 ")
    assert any(one.startswith("990102001 ") and one.endswith("（临湖区）") for one in options(dispatcher.sees("/choices/areas?area=翠湖花园")))
    assert 0 < len(options(dispatcher.sees("/choices/areas"))) <= 20
    assert any(one.startswith("090481 ") for one in options(dispatcher.sees("/choices/items?item=0904")))


@pytest.mark.parametrize("path", ["/new", "/dispatch", "/tickets"])
def test_no_page_carries_all_units_items_or_areas(as_: As, ticket: Stage, path: str) -> None:
    ticket("filed")
    page = as_("dispatcher").sees(path)
    with Session() as s:
        codes = {code for (code,) in s.query(Department.code)} | {code for (code,) in s.query(Area.code)}
    assert len(codes & {one.split(" ")[0] for one in options(page)}) < 5


def test_without_javascript_a_name_is_enough(as_: As, ticket: Stage) -> None:
    number = ticket("filed")
    dispatcher = as_("dispatcher")
    sent = {"version": str(version(number)), "item": "090481", "basis": "职责分工"}
    said = dispatcher.post(f"/tickets/{number}/dispatch", department="市", **sent)
    assert said.status_code == 422 and "可能是：" in said.text and state(number) == "filed"
    said = dispatcher.post(f"/tickets/{number}/dispatch", department="没有的单位", **sent)
    assert said.status_code == 404 or "没有编码或名称为“没有的单位”的单位" in said.text
    done = dispatcher.post(f"/tickets/{number}/dispatch", department="市城管局", co_handler1="gongshui", **sent)
    assert done.status_code == 303 and state(number) == "dispatched"
    assert clock.now()


def test_an_area_is_named_by_its_name_a_landmark_or_its_code(as_: As, ticket: Stage) -> None:
    dispatcher = as_("dispatcher")
    for typed, code in (("临湖区", "990102"), ("翠湖花园", "990102001"), ("990102001 湖滨街道（临湖区）", "990102001")):
        number = ticket("filed")
        sent = {"version": str(version(number)), "item": "090481", "department": "gongshui", "area": typed}
        assert dispatcher.post(f"/tickets/{number}/dispatch", **sent).status_code == 303
        with Session() as s:
            assert s.query(Ticket.area_code).filter(Ticket.number == number).scalar() == code
    number = ticket("filed")
    sent = {"version": str(version(number)), "item": "090481", "department": "gongshui"}
    for typed, said in (("没有的地方", "没有找到区划"), ("街道", "可能是："), ("999999", "没有编码为“999999”的区划")):
        answer = dispatcher.post(f"/tickets/{number}/dispatch", area=typed, **sent)
        assert answer.status_code in (404, 422) and said in answer.text and state(number) == "filed"
    assert "翠湖" in as_("operator").post("/new", kind="complaint", body="翠湖没水", area="没有的地方", then="leave").text
    assert as_("supervisor").get("/tickets?area=临湖区").status_code == 200


def test_each_co_handler_has_a_limit_of_its_own(as_: As, ticket: Stage) -> None:
    number = ticket("filed")
    sent = {"version": str(version(number)), "item": "090481", "department": "gongshui"}
    lines = {"co_handler1": "zhujian", "co_limit1": "2 小时", "co_limit2": "9 小时", "co_handler3": "chengguan"}
    refused = as_("dispatcher").post(f"/tickets/{number}/dispatch", **sent, **lines, co_limit3="不是时限")
    assert refused.status_code == 422 and 'value="2 小时"' in refused.text and 'value="不是时限"' in refused.text
    place = f"ticket:{number}:dispatch"
    assert as_("dispatcher").post("/drafts", place=place, aside="/", **sent, **lines).status_code == 303
    kept = as_("dispatcher").sees(f"/tickets/{number}")
    assert 'name="co_handler2"' in kept and re.search(r'value="chengguan[^"]*"', kept) and 'value="2 小时"' in kept
    assert as_("dispatcher").post(f"/tickets/{number}/dispatch", **sent, **lines).status_code == 303
    with Session() as s:
        legs = {leg.department_code: leg for leg in s.query(Leg).join(Ticket).filter(Ticket.number == number)}
        assert set(legs) == {"gongshui", "zhujian", "chengguan"}
        given = dict(s.query(Timer.subject, Timer.limit).filter(Timer.clock == "resolve", Timer.own_limit).all())
        assert given == given | {f"leg:{legs['zhujian'].id}": "2 hour"} and f"leg:{legs['chengguan'].id}" not in given
