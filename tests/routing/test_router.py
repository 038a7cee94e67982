"""The trained classifier at work: what it suggests, why, and when it keeps its hands off."""

from collections.abc import Mapping
from time import perf_counter, process_time

import pytest

from routing.corpus import Utterance
from routing.protocol import Classifier, Routing

CALLS = (
    ("我们家住在和平小区八号楼，从昨天早上开始就停水了，到现在还没有来，给自来水公司打电话一直没有人接。", "gongshui", "help"),
    ("旁边有一个工地，每天晚上十二点以后还在施工，声音特别大，全家人都没有办法睡觉，我要投诉。", "chengguan", "complaint"),
    ("我们在工地上干活，一共十二个人，老板说干完活就给钱，现在都三个月了工资一分钱没有给。", "renshe", "complaint"),
    ("请问一下我在外地看病住院，回来以后职工医保怎么报销，需要带什么材料？", "yibao", "inquiry"),
    ("三号窗口的工作人员态度特别差，头都不抬，问两句就不耐烦，让我自己看墙上，我要反映政务大厅这个窗口。", "zhengwu", "fault"),
)


@pytest.mark.parametrize(("text", "unit", "kind"), CALLS)
def test_an_ordinary_call_goes_where_it_belongs(router: Classifier, units: Mapping[str, str], text: str, unit: str, kind: str) -> None:
    routing = router.suggest(text)
    assert units[routing.suggestions[0].item] == unit
    assert routing.suggestions[0].because
    assert not routing.unknown


def test_most_of_these_calls_need_no_dispatcher_and_get_the_right_kind(router: Classifier) -> None:
    found = [router.suggest(text) for text, _, _ in CALLS]
    assert sum(one.dispatch for one in found) >= 3
    assert sum(one.kind == kind for one, (_, _, kind) in zip(found, CALLS, strict=True)) >= 3


def test_a_short_text_gets_suggestions_and_the_wish_for_one_more_sentence(router: Classifier) -> None:
    routing = router.suggest("小区停水三天了没人管")
    assert routing.suggestions[0].item == "090481"
    assert routing.suggestions[0].because == ("停水",)
    assert routing.needs_more and routing.unknown
    assert not routing.dispatch
    assert "再问一句" in routing.reason


def test_thirty_characters_are_enough(router: Classifier) -> None:
    text = "我们和平小区八号楼从昨天早上开始就停水了到现在还没有来给自来水公司打电话没人接"
    assert [router.suggest(text[:size]).needs_more for size in (29, 30)] == [True, False]


def test_the_deciding_words_stand_in_the_text(router: Classifier, utterances: list[Utterance]) -> None:
    for one in utterances[::40]:
        for suggestion in router.suggest(one.text).suggestions:
            assert all(word in one.text for word in suggestion.because)
            assert len(suggestion.because) <= 4


def test_suggestions_are_ordered_and_their_confidence_is_a_probability(router: Classifier) -> None:
    for text, _, _ in CALLS:
        routing = router.suggest(text, k=7)
        sure = [one.confidence for one in routing.suggestions]
        assert sure == sorted(sure, reverse=True)
        assert 0 < sum(sure) <= 1 + 1e-6
        assert len(sure) == 7
        assert routing.suggestions[0].confidence <= routing.unit_confidence + 1e-9 <= 1 + 1e-6


def test_traditional_characters_are_routed_like_simplified_ones(router: Classifier) -> None:
    simplified = router.suggest("小区的自来水停了三天，供水公司电话打不通")
    traditional = router.suggest("小區的自來水停了三天，供水公司電話打不通")
    assert [one.item for one in simplified.suggestions] == [one.item for one in traditional.suggestions]
    assert traditional.suggestions[0].confidence == pytest.approx(simplified.suggestions[0].confidence)


def test_a_misheard_call_still_goes_where_it_belongs(router: Classifier, units: Mapping[str, str]) -> None:
    routing = router.suggest("我们家住在和平小趣从昨天早上开时就停谁了到现再还没有来自来谁公司打店话一直没有人接")
    assert units[routing.suggestions[0].item] == "gongshui"


def test_an_alarm_is_never_dispatched_silently(router: Classifier) -> None:
    routing = router.suggest("楼道里闻到好大的煤气味，四楼那家敲门没有人应，我都不敢开灯，你们燃气公司赶紧派人来看看吧。")
    assert [alarm.code for alarm in routing.alarms] == ["gas"]
    assert not routing.dispatch
    assert routing.reason == routing.alarms[0].sentence


def test_the_area_comes_with_its_words_which_are_no_reasons_for_the_item(router: Classifier) -> None:
    routing = router.suggest("临湖区翠湖花园门口的路灯坏了半个多月了，晚上黑漆漆的，老人摔了好几次，请派人来修一下。")
    assert (routing.area, routing.area_because) == ("990102001", ("临湖区", "翠湖花园"))
    assert not {"临湖", "临湖区", "翠湖花园"} & {word for one in routing.suggestions for word in one.because}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "内容为空"),
        ("   \n", "内容为空"),
        ("😀😀🚒", "内容为空"),
        ("水", "几乎没有汉字"),
        ("13800000000", "只有数字"),
        ("123 456 789", "只有数字"),
        ("Hello, my water supply is broken, please help me as soon as possible.", "几乎没有汉字"),
        ("こんにちは、水道が止まっています。助けてください。", "不是中文"),
        ("안녕하세요 물이 안 나와요 도와주세요", "不是中文"),
        ("\x00\x01\x02", "内容为空"),
        ("a" * 100_000, "几乎没有汉字"),
    ],
)
def test_what_cannot_be_read_is_unknown_with_a_reason(router: Classifier, text: str, said: str) -> None:
    routing = router.suggest(text)
    assert routing == Routing(unknown=True, needs_more=routing.needs_more, reason=routing.reason, model_version=routing.model_version)
    assert said in routing.reason


@pytest.mark.parametrize("text", ["水" * 100_000, "小区停水三天了没人管" * 10_000, "😀" * 100_000, "1" * 100_000, "\ud83d" * 1000])
def test_a_hundred_thousand_characters_take_no_longer_than_a_long_letter(router: Classifier, text: str) -> None:
    began = perf_counter()
    routing = router.suggest(text)
    assert perf_counter() - began < 2
    assert routing.unknown and routing.reason and not routing.dispatch


def test_what_resembles_nothing_is_left_to_a_person(router: Classifier) -> None:
    routing = router.suggest("噫吁嚱危乎高哉蜀道之难难于上青天蚕丛及鱼凫开国何茫然尔来四万八千岁不与秦塞通人烟西当太白有鸟道")
    assert not routing.dispatch
    assert "人工判断" in routing.reason or "派单员" in routing.reason


def test_a_suggestion_takes_less_than_three_milliseconds_of_processor_time(router: Classifier, utterances: list[Utterance]) -> None:
    texts = [one.text for one in utterances[::15]]
    router.suggest(texts[0])
    best = float("inf")
    for _ in range(3):
        began = process_time()
        for text in texts:
            router.suggest(text)
        best = min(best, (process_time() - began) / len(texts))
    assert best < 0.003
