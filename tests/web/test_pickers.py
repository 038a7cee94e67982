"""Choosing a unit or an item: typed or picked, found by a few characters; no page carries all of them."""

import re

import pytest

from hotline import clock
from hotline.db import Session
from hotline.people import Department
from tests.web.conftest import As, Stage, state, version


def options(page: str) -> list[str]:
    return re.findall(r'<option value="([^"]+)"', page)


def test_typing_finds_units_and_items_by_a_few_characters(as_: As) -> None:
    dispatcher = as_("dispatcher")
    assert options(dispatcher.sees("/choices/departments?department=供水"))[0].startswith("gongshui ")
    assert "zhujian 市住房和城乡建设局" in options(dispatcher.sees("/choices/departments?suggests=住建"))
    assert options(dispatcher.sees("/choices/departments?unit=zhujian%20市住房和城乡建设局")) == ["zhujian 市住房和城乡建设局"]
    assert not any(one.startswith("jijian ") for one in options(dispatcher.sees("/choices/departments?department=纪检")))
    assert 0 < len(options(dispatcher.sees("/choices/departments"))) <= 50
    assert any(one.startswith("090481 ") for one in options(dispatcher.sees("/choices/items?item=0904")))


@pytest.mark.parametrize("path", ["/new", "/dispatch", "/tickets"])
def test_no_page_carries_all_units_or_items(as_: As, ticket: Stage, path: str) -> None:
    ticket("filed")
    page = as_("dispatcher").sees(path)
    with Session() as s:
        codes = {code for (code,) in s.query(Department.code)}
    assert len(codes & {one.split(" ")[0] for one in options(page)}) < 5


def test_without_javascript_a_name_is_enough(as_: As, ticket: Stage) -> None:
    number = ticket("filed")
    dispatcher = as_("dispatcher")
    sent = {"version": str(version(number)), "item": "090481", "basis": "职责分工"}
    said = dispatcher.post(f"/tickets/{number}/dispatch", department="市", **sent)
    assert said.status_code == 422 and "可能是：" in said.text and state(number) == "filed"
    said = dispatcher.post(f"/tickets/{number}/dispatch", department="没有的单位", **sent)
    assert said.status_code == 404 or "没有编码或名称为“没有的单位”的单位" in said.text
    done = dispatcher.post(f"/tickets/{number}/dispatch", department="市城管局", co_handlers="gongshui", **sent)
    assert done.status_code == 303 and state(number) == "dispatched"
    assert clock.now()
