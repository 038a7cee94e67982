"""What kind of matter a call is: what the citizen says of it goes before what a model makes of it."""

import pytest

from routing.alarms import Alarms
from routing.kinds import kind_of
from routing.text import fold


def heard(text: str, guessed: str) -> str:
    folded = fold(text)
    return kind_of(folded.words(), guessed, 0.4, Alarms.load().check(folded))[0]


@pytest.mark.parametrize(
    ("text", "guessed", "kind"),
    [
        ("你好我要投诉我们小区旁边的工地半夜还在施工", "help", "complaint"),
        ("您好我今天打电话是想表扬一个公交车司机", "help", "praise"),
        ("我想给你们提个建议路口加一个红绿灯", "complaint", "suggestion"),
        ("我要實名舉報一家黑作坊", "complaint", "report"),
        ("想咨询一下居住证怎么办要带什么材料", "help", "inquiry"),
    ],
)
def test_a_citizen_who_says_what_the_call_is_for_is_believed(text: str, guessed: str, kind: str) -> None:
    assert heard(text, guessed) == kind


def test_nobody_reports_without_saying_so() -> None:
    assert heard("人民路的路灯不亮已经一个多星期没有人来修", "report") == "complaint"
    assert heard("举报我们村会计虚报冒领危房改造的钱", "report") == "report"
    assert heard("窗口的人收了好处费才给办", "report") == "report"


def test_asking_politely_is_no_inquiry() -> None:
    assert heard("我想问一下你们到底管不管三天没水了", "complaint") == "complaint"


def test_who_is_stuck_or_was_treated_badly_stays_so_whatever_the_call_is_called() -> None:
    assert heard("我要投诉我跑了五趟四个部门还是办不下来", "stuck") == "stuck"


def test_what_was_said_about_an_earlier_complaint_says_nothing_of_this_call() -> None:
    assert heard("我打电话投诉过两次了没有人理我想问路灯什么时候修", "help") == "help"
