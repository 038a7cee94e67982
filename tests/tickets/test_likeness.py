"""Repeats: what speaks of one matter is found by text, place and time; a caller who asks again is led to the ticket that is open."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from tests.tickets.conftest import Cast
from tickets import access, hotspots, likeness
from tickets.filing import Matter, file
from tickets.lifecycle import State
from tickets.ticket import Ticket

STREET, OTHER_DISTRICT = "990102001", "990103"
BURST = "翠湖花园小区停水三天了，物业和供水集团都没人管"
BURST_AGAIN = "我们翠湖花园从前天开始就没有水了，打供水集团电话没人接，什么时候能来水"
BURST_WRITTEN = "翠湖花园停水已经三天，希望尽快恢复供水"
LAMP = "建设街和人民路交叉口的路灯坏了半个多月，晚上看不见路"

Said = Callable[..., Ticket]


@pytest.fixture
def said(session: Session, cast: Cast, at: datetime) -> Said:
    """Files what a citizen said, and puts it into the index as the worker does."""

    def make(body: str, *, hours: float = 0, **fields: object) -> Ticket:
        matter = Matter(**({"body": body, "kind": "complaint", "item": "050101", "phone": "13800001234"} | fields))  # type: ignore[arg-type]
        ticket = file(session, matter, by=cast.operator, at=at + timedelta(hours=hours))
        hotspots.follow(session, ticket.id)
        return access.find(session, ticket.number, cast.dispatcher)

    return make


def alike(session: Session, ticket: Ticket) -> list[str]:
    return [one.ticket.number for one in likeness.near_duplicates(session, ticket)]


def test_one_burst_pipe_in_the_words_of_three_callers_is_one_matter(session: Session, said: Said) -> None:
    first, lamp, second, third = said(BURST), said(LAMP, item="050102"), said(BURST_AGAIN, hours=5), said(BURST_WRITTEN, hours=9)
    assert set(alike(session, third)) == {first.number, second.number}
    assert alike(session, lamp) == []


def test_what_is_alike_says_why(session: Session, said: Said) -> None:
    first = said(BURST, area=STREET)
    second = said(BURST_AGAIN, hours=5, area=STREET)
    (found,) = likeness.near_duplicates(session, second)
    assert (found.ticket.number, found.same_item, found.same_place, found.same_caller) == (first.number, True, True, True)
    assert found.hours == pytest.approx(-5) and 0.2 < found.likeness < 1
    assert "翠湖花园" in found.words and all(word in second.body for word in found.words)


def test_what_was_said_a_month_ago_is_another_burst_pipe(session: Session, said: Said) -> None:
    said(BURST, hours=-24 * 30)
    assert alike(session, said(BURST_AGAIN)) == []


def test_another_district_is_another_matter_unless_the_words_are_the_same(session: Session, said: Said) -> None:
    first = said(BURST, area=STREET)
    assert alike(session, said(BURST_AGAIN, hours=1, area=OTHER_DISTRICT)) == []
    assert first.number in alike(session, said(BURST, hours=2, area=OTHER_DISTRICT))


@pytest.fixture(autouse=True)
def other_district(session: Session, city: None) -> None:
    from tickets.catalogue import Area

    session.add(Area(code=OTHER_DISTRICT, name="新港区", parent_code="990100", level="district", aliases=[]))
    session.flush()


def test_what_was_misheard_on_the_telephone_is_still_the_same_matter(session: Session, said: Said) -> None:
    first = said(BURST)
    assert alike(session, said("翠胡花园小区停谁三天了物业和供水机团都没人管", hours=1)) == [first.number]


def test_words_that_everybody_says_make_nothing_alike(session: Session, said: Said) -> None:
    said("您好，我要投诉，希望有关部门尽快处理一下，谢谢。楼上的邻居每天半夜装修")
    assert alike(session, said("您好，我要投诉，希望有关部门尽快处理一下，谢谢。公交车等了一个钟头没有来", hours=1, item="050102")) == []


def test_only_what_a_person_may_see_is_shown_to_him(session: Session, said: Said, cast: Cast) -> None:
    said(BURST)
    second = said(BURST_AGAIN, hours=1)
    assert likeness.near_duplicates(session, second, by=cast.dispatcher)
    assert likeness.near_duplicates(session, second, by=cast.water) == []
    assert likeness.near_duplicates(session, second, by=cast.admin) == []


@pytest.mark.parametrize("body", ["水", "1234567890", "😀😀", "Hello, no water here", "停" * 5000])
def test_no_text_upsets_the_index(session: Session, said: Said, body: str) -> None:
    said(body)
    assert isinstance(alike(session, said(body, hours=1)), list)


def test_a_ticket_is_indexed_and_counted_once_however_often_it_is_delivered(session: Session, said: Said, at: datetime) -> None:
    ticket = said(BURST)
    hotspots.follow(session, ticket.id)
    assert session.query(likeness.Likeness).count() == 1
    assert session.query(hotspots.DailyCount.tickets).scalar() == 1


def urged(session: Session, at: datetime, text: str, *, phone: str = "13800001234", **known: str) -> str | None:
    found = likeness.open_matter_of_caller(session, phone=phone, text=text, at=at + timedelta(days=1), **known)  # type: ignore[arg-type]
    return found.number if found else None


def test_the_same_matter_of_the_same_caller_is_to_be_urged(session: Session, said: Said, at: datetime) -> None:
    ticket = said(BURST)
    said(LAMP, item="050102")
    assert urged(session, at, BURST_AGAIN, item="050101") == ticket.number
    assert urged(session, at, "上次说的事情怎么还没有人来，帮我催一下", item="050101") == ticket.number


def test_who_asks_after_his_only_matter_means_that_one(session: Session, said: Said, at: datetime) -> None:
    ticket = said(BURST)
    assert urged(session, at, "我前天反映过停水的事情，到现在怎么样了") == ticket.number
    assert urged(session, at, "上次我反映过的那个事情，楼上夜里装修太吵了") is None


@pytest.mark.parametrize(
    "case",
    [{"phone": "13900000000"}, {"text": LAMP, "item": "050102"}, {"text": BURST_AGAIN, "area": OTHER_DISTRICT}, {"text": ""}],
    ids=["another caller", "another matter", "another district", "nothing said"],
)
def test_another_caller_matter_or_place_is_filed_anew(session: Session, said: Said, at: datetime, case: dict[str, str]) -> None:
    said(BURST, area=STREET)
    assert urged(session, at, **({"text": BURST_AGAIN} | case)) is None  # type: ignore[arg-type]


def test_a_second_lamp_of_the_same_caller_is_a_second_ticket(session: Session, said: Said, at: datetime) -> None:
    said("人民路和建设街交叉口的路灯坏了半个多月了，晚上黑漆漆的，老人走路不安全", item="050102")
    assert urged(session, at, "新港大道东段第三根路灯杆歪了，晚上也不亮，车来车往的", item="050102") is None


def test_a_matter_that_is_closed_is_filed_anew_and_one_without_a_number_is_nobodys(session: Session, said: Said, at: datetime) -> None:
    said(BURST, phone="").state = State.FILED
    assert likeness.open_matter_of_caller(session, phone=None, text=BURST_AGAIN, at=at) is None
    said(BURST).state = State.CLOSED
    session.flush()
    assert urged(session, at, BURST_AGAIN) is None


def test_past_tickets_are_those_that_a_department_had(session: Session, said: Said, at: datetime, cast: Cast) -> None:
    old = said(BURST, hours=-24 * 200)
    assert likeness.past(session, BURST_AGAIN, by=None) == []
    old.lead_code = "gongshui"
    session.flush()
    ((found, share),) = likeness.past(session, BURST_AGAIN, by=cast.operator)
    assert found.number == old.number and share > 0.2
    assert likeness.past(session, BURST_AGAIN, by=cast.admin) == []
