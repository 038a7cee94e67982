"""What is stored for reading holds no telephone or identity number, however it was spoken."""

import pytest

from asr.spoken import MASK, joined, masked


@pytest.mark.parametrize(
    "text",
    [
        "我的电话是13800001234",
        "我的电话是一三八零零零零幺二三四",
        "我的电话是妖三八零零零零妖二三四",
        "我的电话是138 0000 1234",
        "我的电话是138-0000-1234",
        "我的电话是一三八\n零零零零\n一二三四",
        "我的电话是１３８００００１２３４",
        "我的电话是八六二五七三九",
        "身份证号是44010219900101123X",
        "身份证号是四四零幺零二一九九零零幺零幺幺二三四",
    ],
)
def test_a_long_number_is_masked_however_it_is_spoken(text: str) -> None:
    shown = masked(text)
    assert shown.startswith(("我的电话是" + MASK, "身份证号是" + MASK))
    assert not any(digit in shown for digit in "0123456789零一二三四五六七八九")


@pytest.mark.parametrize(
    "text",
    [
        "我住在解放大道一千二百零八号三栋二单元五零二",
        "二零二六年二月十三号",
        "欠了四十六万八千元工资",
        "打12345没人接",
        "停水三天了",
        "2026-02-13那天",
        "2026.02.13那天",
        "一共跑了三趟，两个部门",
        "",
    ],
)
def test_what_is_no_personal_number_stays(text: str) -> None:
    assert masked(text) == text


def test_utterances_masked_together_can_be_parted_again() -> None:
    said = ["我的电话一三八", "零零零零一二三四", "麻烦了"]
    assert masked("\n".join(said)).split("\n") == [f"我的电话{MASK}", "", "麻烦了"]


def test_words_become_text_without_blanks_except_between_latin_ones() -> None:
    assert joined(["小区", "停水", "三天", "了"]) == "小区停水三天了"
    assert joined(["用", "hello", "world", "说"]) == "用hello world说"
    assert joined([]) == ""
