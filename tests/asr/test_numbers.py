"""Numbers become digits where they are numbers; what only looks like one stays a word."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.edits import applied
from asr.numbers import in_digits, value

NUMBERS = {
    "我住在解放大道一千二百零八号三栋二单元五零二": "我住在解放大道1208号3栋2单元502",
    "二零二六年二月十三号下午三点半": "2026年2月13号下午3点半",
    "一月一号": "1月1号",
    "九八年买的九零后": "98年买的90后",
    "早上八点二十分到九点十五": "早上8点20分到9点15",
    "凌晨两点": "凌晨2点",
    "晚上十一点以后": "晚上11点以后",
    "等了二十四小时十分钟": "等了24小时10分钟",
    "欠了四十六万八千元工资": "欠了468000元工资",
    "欠了三百万": "欠了300万",
    "每月两百五十块": "每月250块",
    "工资两万三": "工资23000",
    "一千二": "1200",
    "三块五": "3块5",
    "停水两天了": "停水2天了",
    "跑了三趟": "跑了3趟",
    "百分之三十": "30%",
    "百分之三点五": "3.5%",
    "三点五公里": "3.5公里",
    "幺幺零": "110",
    "打一二三四五": "打12345",
    "妖二零九室": "1209室",
    "幺二零九室": "1209室",
    "十三路公交车": "13路公交车",
    "三十多户人家": "30多户人家",
    "八十一平方": "81平方",
    "两个半小时": "2个半小时",
    "零下五度": "零下5度",
}
WORDS = [
    "等一下", "一定要来", "三番五次", "万一", "十分着急", "一个人", "两个部门", "一点也不好", "一天到晚", "有一天", "一块地", "三天两头",
    "不管三七二十一", "千万别", "百分之百",
    "七八百块钱", "三四天", "十几个人", "几十万", "十来天", "一百二三十", "十七八岁", "四五点", "二十几",
    "第三次", "第十五中学", "周五", "星期三", "初十", "十一假期", "三点建议", "三分之一", "二七路", "五一路", "老三", "五险一金", "九九八十一", "",
]  # fmt: skip


@pytest.mark.parametrize(("said", "written"), NUMBERS.items())
def test_a_number_is_written_in_digits(said: str, written: str) -> None:
    assert applied(said, in_digits(said)) == written


@pytest.mark.parametrize("said", WORDS)
def test_a_word_stays_a_word(said: str) -> None:
    assert in_digits(said) == []


def spoken(number: int) -> str:
    """A number below a hundred million as it is read."""
    if number >= 10_000:
        rest = number % 10_000
        return spoken(number // 10_000) + "万" + (("零" if rest < 1000 else "") + spoken(rest) if rest else "")
    text, gap = "", False
    for size, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // size % 10
        if digit:
            text += ("零" if gap and text else "") + "零一二三四五六七八九"[digit] + unit
        gap = not digit
    return text.removeprefix("一") if text.startswith("一十") else text


@given(st.integers(1, 99_999_999))
def test_every_number_is_read_back_as_it_was_spoken(number: int) -> None:
    assert value(spoken(number)) == number


@given(st.text("零一二三四五六七八九两十百千万亿点半第几来多年月号元块天路个分之百周", max_size=30))
def test_whatever_is_said_changes_stay_in_their_places(said: str) -> None:
    edits = in_digits(said)
    assert all(0 <= edit.start < edit.end <= len(said) for edit in edits)
    assert all(one.end <= other.start for one, other in pairwise(edits))
    assert in_digits(applied(said, edits)) == [] or applied(said, edits) != said
