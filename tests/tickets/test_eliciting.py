"""The five elements of a call are proposed from what was said: nothing invented, the same every time."""

from typing import Any

import pytest

from asr.names import Names
from tickets.eliciting import elicit, summary

PLACES = Names(["翠湖花园", "人民路", "人民路小学", "光明小区", "高新区"])


def call(*lines: str) -> list[dict[str, Any]]:
    """Lines of "话务员：…", "市民：…", or of one voice for both."""
    speakers = {"话务员": "operator", "市民": "citizen"}
    rows = [line.partition("：") for line in lines]
    return [{"speaker": speakers[who], "text": text} if text else {"speaker": "mono", "text": who} for who, _, text in rows]


def test_a_call_gives_who_when_where_what_and_what_is_asked_for() -> None:
    found = elicit(
        call(
            "话务员：您好安和市12345热线请问有什么可以帮您",
            "市民：喂你好我叫李敏我家住在翠湖花园3号楼",
            "市民：从昨天早上8点开始就停水了到现在还没有来",
            "市民：你们能不能帮忙问一下什么时候来水",
        ),
        PLACES,
    )
    assert (found.who, found.when, found.where) == ("李敏", "昨天早上8点", "翠湖花园3号楼")
    assert found.wants == "能不能帮忙问一下什么时候来水"
    assert "停水" in found.what and "能不能" not in found.what and "您好" not in found.summary
    assert "停水" in found.summary and len(found.title) <= 30


@pytest.mark.parametrize(
    ("lines", "who"),
    [
        (("市民：我姓王",), "王"),
        (("市民：我是张师傅",), "张师傅"),
        (("话务员：好的陈女士您请说", "市民：楼道灯坏了"), "陈女士"),
        (("市民：我叫欧阳明在光明小区",), "欧阳明"),
        (("市民：王师傅把我的车撞了",), ""),
        (("市民：我是业主楼上漏水",), ""),
    ],
)
def test_who_is_only_who_says_so_or_is_so_addressed(lines: tuple[str, ...], who: str) -> None:
    assert elicit(call(*lines), PLACES).who == who


@pytest.mark.parametrize(
    ("said", "when"),
    [
        ("停水已经3天了", "已经3天了"),
        ("2026年2月13号下午3点半停的", "2026年2月13号下午3点半"),
        ("每天晚上10点到凌晨2点施工", "每天晚上10点到凌晨2点"),
        ("3号楼的电梯坏了", ""),
        ("上个星期打过电话", "上个星期"),
    ],
)
def test_when_is_a_time_and_not_a_house(said: str, when: str) -> None:
    assert elicit(call("市民：" + said), PLACES).when == when


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ("人民路小学门口堵得厉害", "人民路小学门口"),
        ("我在高新区住在光明小区5栋2单元", "光明小区5栋2单元"),
        ("我要投诉我们家住在春风里小区南门对面的工地", "春风里小区南门对面"),
        ("物业不作为", ""),
    ],
)
def test_where_is_the_place_that_was_told_most_exactly(said: str, where: str) -> None:
    assert elicit(call("市民：" + said), PLACES).where == where


def test_one_voice_for_both_is_read_without_the_operators_greeting() -> None:
    found = elicit(call("您好安和市12345热线请讲喂你好人民路的路灯不亮已经有一个多星期了请你们赶快派人来修一下吧"), PLACES)
    assert found.title.startswith("人民路的路灯不亮") and found.wants.startswith("请你们赶快派人来修")
    assert "12345" not in found.summary


def test_a_summary_leaves_out_what_was_said_before_and_stays_short() -> None:
    said = ["小区大门坏了快1个月没有人修", "我跟你说啊", "小区的大门坏了1个月了没有人修", *(f"第{n}次打电话说第{n}件不同的事情都没有结果" for n in range(40))]
    chosen = summary(said)
    assert chosen[0] == said[0] and said[2] not in chosen and sum(map(len, chosen)) <= 300
    assert chosen == summary(said) and [said.index(one) for one in chosen] == sorted(said.index(one) for one in chosen)


def test_of_nothing_nothing_is_made() -> None:
    assert elicit(call("话务员：您好请讲", "市民：嗯", "市民：你好"), PLACES) == elicit([], PLACES)
