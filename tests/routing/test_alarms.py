"""Urgent and sensitive matters: found as people say them, not found where people only talk about them."""

from pathlib import Path

import pytest

from hotline.errors import NotFound, Refused
from routing.alarms import Alarms


@pytest.fixture(scope="module")
def alarms() -> Alarms:
    return Alarms.load()


@pytest.mark.parametrize(
    ("text", "code", "level"),
    [
        ("楼道里闻到好大的煤气味，敲门没人应", "gas", "urgent"),
        ("我家燃气好像漏了一直有味道", "gas", "urgent"),
        ("快点快点对面楼着火了", "fire", "urgent"),
        ("楼下棚子里的电动车起火了，浓烟滚滚", "fire", "urgent"),
        ("喂我被关在电梯里了没有人来", "trapped", "urgent"),
        ("有个小孩掉进窨井里了", "trapped", "urgent"),
        ("我真的不想活了你们谁也别劝", "self_harm", "urgent"),
        ("楼顶有个人要跳楼", "self_harm", "urgent"),
        ("有人在夜市持刀打起来了", "violence", "urgent"),
        ("他天天家暴我身上都是伤", "violence", "urgent"),
        ("老人晕倒在路边没有呼吸了", "life", "urgent"),
        ("門口的電線斷了掉在水裡", "collapse", "urgent"),
        ("我们三百多个业主明天一起去政府讨说法", "mass", "sensitive"),
        ("工友准备堵路拉横幅", "mass", "sensitive"),
        ("村干部收红包贪污低保款", "corruption", "sensitive"),
        ("我要实名举报一家黑作坊", "report", "sensitive"),
        ("老师在厕所扇孩子耳光，这是体罚", "minor", "sensitive"),
        ("我们几十个工人的血汗钱一分没给", "wages", "sensitive"),
    ],
)
def test_what_cannot_wait_raises_a_flag(alarms: Alarms, text: str, code: str, level: str) -> None:
    found = {alarm.code: alarm for alarm in alarms.check(text)}
    assert found[code].level == level
    assert found[code].sentence
    assert found[code].words
    assert all(word in text for word in found[code].words)


@pytest.mark.parametrize(
    "text",
    [
        "小区停水三天了没人管",
        "社区要搞消防演练，着火了怎么逃生",
        "建议多宣传预防燃气泄漏的知识",
        "充电桩乱拉线，怕着火",
        "路边商店清仓跳楼价吵得不行",
        "违建拆了又搭起来了",
        "我想举办一个读书会",
        "请问去北京看病医保怎么报销",
        "夜市聚集了很多摊贩，垃圾没人扫",
        "这个小区被困难户占了车位",
        "冰雹把大棚薄膜全打穿了",
        "",
    ],
)
def test_talk_about_it_raises_none(alarms: Alarms, text: str) -> None:
    assert alarms.check(text) == ()


def test_a_misheard_word_is_found_by_its_sound(alarms: Alarms) -> None:
    assert [alarm.code for alarm in alarms.check("师傅楼下然汽谢楼了快来人")] == ["gas"]


def test_the_urgent_come_before_the_sensitive(alarms: Alarms) -> None:
    found = alarms.check("我要举报这家厂，现在厂房着火了")
    assert [alarm.level for alarm in found] == ["urgent", "sensitive"]


RULE = '[[alarm]]\ncode = "flood"\nlevel = "urgent"\nsentence = "转移群众。"\nwords = ["淹到(腰|胸)"]\n'


def test_a_city_can_have_its_own_rules(tmp_path: Path) -> None:
    own = tmp_path / "alarms.toml"
    own.write_text(RULE, "utf-8")
    assert [alarm.code for alarm in Alarms.load(own).check("水淹到胸口了，起火了")] == ["flood"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[[alarm]\n", "写法有误"),
        ("title = 1\n", "没有 [[alarm]]"),
        (RULE.replace("urgent", "red"), "第 1 条规则（flood）的 code、level 或 sentence"),
        (RULE.replace('["淹到(腰|胸)"]', "[]"), "words 或 unless"),
        (RULE + 'unless = "演练"\n', "words 或 unless"),
        (RULE + 'heard = ["起火"]\n', "heard 没写对"),
        (RULE.replace("|胸)", "|胸"), "写错的正则"),
        (RULE + RULE, "重复的 code"),
    ],
)
def test_a_rule_that_is_written_wrong_is_named(tmp_path: Path, content: str, said: str) -> None:
    own = tmp_path / "alarms.toml"
    own.write_text(content, "utf-8")
    with pytest.raises(Refused) as refused:
        Alarms.load(own)
    assert said in refused.value.sentence


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Alarms.load(tmp_path / "alarms.toml")
