"""查找: by number, code, telephone, words, area, item, unit, state, light and time; only what one may see; page after page without a gap."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hotline.errors import Refused
from hotline.people import Person
from sla.light import Light
from tests.tickets.conftest import Cast
from tickets import access, dispatching, easing, searching, signing, wording
from tickets.lifecycle import State
from tickets.searching import DUE, Wanted, caller, named, search
from tickets.ticket import Kind, Ticket

Filed = Callable[..., Ticket]
SOON = timedelta(minutes=5)


@pytest.fixture
def found(session: Session, cast: Cast, at: datetime) -> Callable[..., list[str]]:
    """The titles that somebody (the dispatcher) finds."""

    def find(by: Person | None = None, moment: datetime | None = None, **wanted: object) -> list[str]:
        page = search(session, Wanted(**wanted), by=by or cast.dispatcher, at=moment or at)  # type: ignore[arg-type]
        return [line.ticket.title for line in page.rows]

    return find


Found = Callable[..., list[str]]


def _dispatched(s: Session, ticket: Ticket, cast: Cast, at: datetime, unit: str = "gongshui") -> Ticket:
    dispatching.dispatch(s, ticket, department=unit, basis="职责分工", by=cast.dispatcher, at=at)
    return ticket


def test_words_of_two_characters_and_more_are_found_wherever_they_stand(filed: Filed, found: Found) -> None:
    filed(title="甲", body="翠湖花园小区停水三天了")
    filed(title="乙", body="人民路12号停电")
    assert found(text="停水") == ["甲"]
    assert found(text="水三") == ["甲"]
    assert found(text="人民路12号") == ["乙"]
    assert found(text="小区 停水") == ["甲"]
    assert found(text="小区 停电") == []


def test_all_pairs_of_a_word_are_not_yet_the_word(filed: Filed, found: Found) -> None:
    filed(title="甲", body="停水了，又来水，来停车")
    assert found(text="水来停") == ["甲"]
    assert found(text="停水来") == []


def test_words_do_not_run_from_one_field_into_the_next(filed: Filed, found: Found) -> None:
    filed(title="小区停", body="水管坏了", wants="赶快修好", address="翠湖花园")
    assert found(text="停水") == []
    assert found(text="翠湖花园") == ["小区停"] and found(text="修好") == ["小区停"]


@pytest.mark.parametrize("typed", ["環境衛生", "环境卫生", "環境卫生", "环境，卫生"])
def test_traditional_characters_find_simplified_ones(filed: Filed, found: Found, typed: str) -> None:
    filed(title="甲", body="小区环境卫生太差")
    assert found(text=typed) == ["甲"]


def test_simplified_characters_find_traditional_full_width_and_capitals(filed: Filed, found: Found) -> None:
    filed(title="甲", body="電梯ＡＢＣ故障")
    assert found(text="电梯abc故障") == ["甲"]


def test_a_single_character_is_refused_with_what_to_do(found: Found) -> None:
    with pytest.raises(Refused, match="至少要两个字") as refusal:
        found(text="小区 水")
    assert refusal.value.field == "q"


def test_only_punctuation_narrows_nothing(filed: Filed, found: Found) -> None:
    filed(title="甲")
    assert found(text="，。！") == ["甲"]


def test_a_text_of_twenty_thousand_characters_is_found_to_its_last_word(filed: Filed, found: Found) -> None:
    filed(title="甲", body="停水" * 9_990 + "月季园丁")
    assert found(text="月季园丁") == ["甲"]


@pytest.mark.parametrize("typed", ["13800001234", "138 0000 1234", "+86 138-0000-1234", "0086 13800001234", "１３８００００１２３４", "(138)0000.1234"])
def test_a_telephone_number_is_found_in_every_spelling(filed: Filed, found: Found, typed: str) -> None:
    filed(title="甲", phone="13800001234")
    filed(title="乙", phone="13900001234")
    assert caller(typed) and found(caller=caller(typed)) == ["甲"]


@pytest.mark.parametrize("typed", ["停水", "12345", "2026-11-20停水", "13800001234567890123456789012"])
def test_what_is_no_telephone_number_is_not_taken_for_one(typed: str) -> None:
    assert caller(typed) == ""


def test_trying_numbers_does_not_tell_a_department_who_asked_for_confidence(
    session: Session, filed: Filed, found: Found, cast: Cast, at: datetime
) -> None:
    _dispatched(session, filed(title="甲", confidentiality="confidential"), cast, at)
    _dispatched(session, filed(title="乙"), cast, at)
    assert found(caller=caller("13800001234")) == ["乙", "甲"]
    assert found(by=cast.water, caller=caller("13800001234")) == ["乙"]


def test_a_number_and_a_query_code_name_one_ticket(session: Session, filed: Filed, cast: Cast) -> None:
    ticket = filed()
    assert named(session, f" {ticket.number} ", cast.dispatcher) is ticket
    assert named(session, ticket.query_code.lower(), cast.dispatcher) is ticket
    assert named(session, ticket.number[:-1] + str((int(ticket.number[-1]) + 1) % 10), cast.dispatcher) is None
    assert named(session, ticket.number, cast.water) is None


def test_an_area_and_an_item_take_all_below_them(filed: Filed, found: Found) -> None:
    filed(title="街道", area="990102001", item="050101")
    filed(title="全市", item="050102")
    assert found(area="990102") == ["街道"] and found(area="990102001") == ["街道"]
    assert found(item="05") == ["全市", "街道"] and found(item="050102") == ["全市"]
    with pytest.raises(Refused, match="没有编码为“99”的区划"):
        found(area="99")


def test_kind_state_and_time_narrow(session: Session, filed: Filed, found: Found, cast: Cast, at: datetime) -> None:
    filed(title="甲", kind="help")
    _dispatched(session, filed(title="乙"), cast, at)
    assert found(kinds=(Kind.HELP,)) == ["甲"]
    assert found(states=(State.DISPATCHED,)) == ["乙"]
    assert found(states=(State.DISPATCHED, State.FILED)) == ["乙", "甲"]
    assert found(received_from=at, received_until=at + SOON) == ["乙", "甲"]
    assert found(received_until=at) == [] and found(received_from=at + SOON) == []


def test_a_department_finds_what_it_holds_or_held_and_nothing_else(session: Session, filed: Filed, found: Found, cast: Cast, at: datetime) -> None:
    _dispatched(session, filed(title="甲"), cast, at)
    filed(title="乙")
    for wanted in ({}, {"text": "停水"}, {"caller": caller("13800001234")}, {"order": DUE}, {"unit": "gongshui"}):
        assert found(by=cast.water, **wanted) == ["甲"]
        assert found(by=cast.roads, **wanted) == [] == found(by=cast.admin, **wanted)


def test_a_units_list_is_of_its_own_legs(session: Session, filed: Filed, found: Found, cast: Cast, at: datetime) -> None:
    ticket = _dispatched(session, filed(title="甲"), cast, at)
    assert found(unit="gongshui", states=(State.DISPATCHED,)) == ["甲"] and found(unit="zhujian") == []
    signing.sign(session, access.find(session, ticket.number, cast.water, lock=True), by=cast.water, at=at)
    session.flush()
    line = search(session, Wanted(unit="gongshui", states=(State.HANDLING,)), by=cast.supervisor, at=at).rows[0]
    assert line.leg is not None and line.leg.department_code == "gongshui"
    dispatching.redispatch(
        session, access.find(session, ticket.number, cast.dispatcher, lock=True), department="zhujian", reason="职责不符", by=cast.dispatcher, at=at
    )
    assert found(unit="gongshui") == [] and found(unit="gongshui", ever=True) == ["甲"]


def test_the_light_is_that_of_the_page(session: Session, filed: Filed, found: Found, cast: Cast, at: datetime) -> None:
    ticket = filed(title="甲")
    assert ticket.due_at and ticket.warn_at
    for moment, light in ((at, Light.GREEN), (ticket.warn_at, Light.AMBER), (ticket.due_at, Light.AMBER), (ticket.due_at + SOON, Light.RED)):
        assert [one for one in (Light.GREEN, Light.AMBER, Light.RED, Light.BLUE, Light.GREY) if found(moment=moment, light=one)] == [light]


def test_a_clock_that_stands_still_is_blue(session: Session, filed: Filed, found: Found, cast: Cast, at: datetime) -> None:
    ticket = _dispatched(session, filed(title="甲"), cast, at)
    held = access.find(session, ticket.number, cast.water, lock=True)
    signing.sign(session, held, by=cast.water, at=at)
    session.flush()
    easing.pause(session, held, reason=_some_reason(session, held), text="等待诉求人补充材料", by=cast.supervisor, at=at)
    session.flush()
    assert found(light=Light.BLUE) == ["甲"] == found(light=Light.BLUE, unit="gongshui") and found(light=Light.GREEN) == []


def _some_reason(s: Session, ticket: Ticket) -> str:
    from tickets.deadlines import policy_of

    return next(iter(policy_of(s, ticket).pauses)).reason


@pytest.mark.parametrize("order", ["new", DUE])
@pytest.mark.parametrize("text", ["", "停水"])
@pytest.mark.parametrize("unit", ["", "gongshui"])
def test_page_after_page_gives_every_ticket_once_in_order(
    session: Session, filed: Filed, cast: Cast, at: datetime, order: str, text: str, unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wording, "SLICE_BITS", 2)  # a slice is four tickets
    monkeypatch.setattr(searching, "SLICE_BITS", 2)
    numbers = [filed(kind=("complaint", "inquiry", "help")[n % 3]) for n in range(11)]
    if unit:
        for ticket in numbers:
            _dispatched(session, ticket, cast, at)
        session.flush()
    seen: list[searching.Found] = []
    after, wanted = None, Wanted(order=order, text=text, unit=unit)
    while True:
        page = search(session, wanted, by=cast.dispatcher, at=at, after=after, limit=3)
        seen += page.rows
        if not (after := page.after):
            break
    ids = [line.ticket.id for line in seen]
    assert sorted(ids) == sorted(ticket.id for ticket in numbers)
    if order == DUE:
        dues: list[Any] = [line.leg.due_at if line.leg else line.ticket.due_at for line in seen]
        assert dues == sorted(dues)
    else:
        assert ids == sorted(ids, reverse=True)


@pytest.mark.parametrize("order", ["new", DUE])
def test_a_damaged_page_key_is_refused(session: Session, cast: Cast, at: datetime, order: str) -> None:
    for after in ("x", "~", "~5", "2026~x", "9" * 40):
        with pytest.raises(Refused, match="翻页位置无效"):
            search(session, Wanted(order=order), by=cast.dispatcher, at=at, after=after)
