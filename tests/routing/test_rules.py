"""The keyword classifier: what a city has on its first morning."""

from routing.places import Gazetteer, Place
from routing.protocol import Classifier
from routing.rules import KeywordClassifier

WORDS = {"090481": ("停水", "自来水"), "030501": ("路灯",)}
LONG = "我们和平小区从昨天早上开始就停水了，到现在还没有来，家里有老人和孩子，做饭都没有办法做。"


def test_it_suggests_by_the_words_it_was_given() -> None:
    classifier: Classifier = KeywordClassifier(WORDS)
    routing = classifier.suggest("停水了，路灯也不亮，自来水公司电话打不通")
    assert [one.item for one in routing.suggestions] == ["090481", "030501"]
    assert routing.suggestions[0].because == ("停水", "自来水")
    assert sum(one.confidence for one in routing.suggestions) == 1.0


def test_it_never_dispatches_by_itself_unless_told_to() -> None:
    assert not KeywordClassifier(WORDS).suggest(LONG).dispatch
    assert KeywordClassifier(WORDS, dispatch=0.9).suggest(LONG).dispatch


def test_without_words_it_knows_nothing_and_says_so() -> None:
    routing = KeywordClassifier({}).suggest(LONG)
    assert routing.unknown
    assert "人工判断" in routing.reason
    assert routing.suggestions == ()


def test_area_alarms_and_kind_come_with_it() -> None:
    places = Gazetteer([Place("9901", "临湖区", "99", "district")])
    routing = KeywordClassifier(WORDS, places=places, dispatch=0.1).suggest("我要投诉临湖区的路灯，" + "电线断了掉在地上，" * 4)
    assert (routing.area, routing.kind) == ("9901", "complaint")
    assert [alarm.code for alarm in routing.alarms] == ["collapse"]
    assert not routing.dispatch
