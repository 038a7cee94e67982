"""登记."""

from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hotline.errors import Forbidden, NotFound, Refusal, Refused
from hotline.privacy import phone_number
from tests.tickets.conftest import Cast
from tickets import access
from tickets.filing import Matter, file
from tickets.numbers import ALPHABET, check_digit, is_number, query_code
from tickets.ticket import Ticket


def test_a_filed_ticket_waits_for_dispatch_with_a_number_a_code_and_a_deadline(filed: Callable[..., Ticket], at: datetime) -> None:
    ticket = filed(area="990102001")
    assert ticket.state.label == "待派单"
    assert ticket.number.startswith("12345-990102-20261120-") and is_number(ticket.number)
    assert len(ticket.query_code) == 6
    assert ticket.due_at is not None and ticket.due_at > at


def test_the_title_is_the_first_sentence_where_nobody_gave_one(filed: Callable[..., Ticket]) -> None:
    assert filed(body="路灯坏了。已经一个月了").title == "路灯坏了"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"body": "  \n "}, "body"),
        ({"body": "水" * 40_000}, "body"),
        ({"kind": "angry"}, "kind"),
        ({"item": "999999"}, "item"),
        ({"area": "123456"}, "area"),
        ({"area": 'x".y.z'}, "area"),
        ({"phone": "电话没有"}, "phone"),
        ({"channel": "pigeon"}, "channel"),
        ({"confidentiality": "secret"}, "confidentiality"),
        ({"burden": {"trips": -5}}, "trips"),
    ],
)
def test_what_cannot_be_filed_is_refused_with_a_sentence_and_the_field(filed: Callable[..., Ticket], fields: dict[str, object], field: str) -> None:
    with pytest.raises(Refusal) as problem:
        filed(**fields)
    assert problem.value.field == field


def test_only_the_centre_files(session: Session, cast: Cast, at: datetime) -> None:
    with pytest.raises(Forbidden):
        file(session, Matter(body="停水", kind="help"), by=cast.water, at=at)


def test_control_characters_do_not_get_in(filed: Callable[..., Ticket]) -> None:
    assert filed(body="停\x00水\x07了\u202e吗\n三天").body == "停水了吗\n三天"


@pytest.mark.parametrize("spelling", ["13800001234", "+86 138 0000 1234", "0086-138-0000-1234", "１３８００００１２３４", "138 0000 1234", "(138)00001234"])
def test_a_phone_number_has_one_spelling(spelling: str) -> None:
    assert phone_number(spelling) == "13800001234"


@pytest.mark.parametrize("wrong", ["138", "abc", "238000012345678", "1380000123"])
def test_what_is_no_phone_number_is_refused(wrong: str) -> None:
    if wrong == "138":
        assert phone_number("12345") == "12345"
        return
    with pytest.raises(Refused):
        phone_number(wrong)


def test_a_callers_number_is_not_in_the_database_in_the_clear(session: Session, filed: Callable[..., Ticket]) -> None:
    ticket = filed(phone="13800001234", caller_name="王小明")
    session.flush()
    row = session.execute(text("SELECT t::text FROM ticket t WHERE id = :id"), {"id": ticket.id}).scalar_one()
    assert "13800001234" not in row and "王小明" not in row
    assert ticket.phone == "13800001234"


def test_an_anonymous_caller_leaves_no_trace(filed: Callable[..., Ticket]) -> None:
    ticket = filed(confidentiality="anonymous", phone="13800001234", caller_name="王小明")
    assert ticket.phone is None and ticket.phone_hash is None and ticket.caller_name is None


def test_a_stranger_does_not_find_the_ticket(session: Session, cast: Cast, filed: Callable[..., Ticket]) -> None:
    ticket = filed()
    for stranger in (cast.water, cast.roads, cast.discipline, cast.admin):
        with pytest.raises(NotFound):
            access.find(session, ticket.number, stranger)


def test_numbers_of_one_area_and_day_rise_and_every_area_counts_for_itself(filed: Callable[..., Ticket]) -> None:
    first, second, other = (filed(area=area).number for area in ("990102001", "990102", None))
    assert [number.split("-")[3] for number in (first, second, other)] == ["000001", "000002", "000001"]


def test_filing_asks_once_and_writes_once(session: Session, filed: Callable[..., Ticket], cast: Cast, at: datetime) -> None:
    filed(area="990102")  # the first of the day makes the area's counter
    statements: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *call: statements.append(call[2]))
    file(session, Matter(body="停水", kind="help", item="050101", area="990102"), by=cast.operator, at=at)
    assert len(statements) == 2


def test_the_ticket_that_was_filed_is_the_one_that_is_read_again(session: Session, cast: Cast, at: datetime) -> None:
    ticket = file(session, Matter(body="停水", kind="help", item="050101", phone="13800001234"), by=cast.operator, at=at)
    said = {name: getattr(ticket, name) for name in Ticket.__table__.columns.keys()}  # noqa: SIM118
    assert ticket in session and not session.is_modified(ticket)
    session.expire(ticket)
    assert session.get(Ticket, ticket.id) is ticket
    assert {name: getattr(ticket, name) for name in said} == said


def test_what_is_refused_halfway_leaves_nothing_to_commit(session: Session, filed: Callable[..., Ticket], cast: Cast, at: datetime) -> None:
    known = filed()
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text("SELECT setval('ticket_id_seq', :id, false)"), {"id": known.id})  # the next one would have an id that is taken
        file(session, Matter(body="停水", kind="help"), by=cast.operator, at=at)
    assert session.scalar(select(func.count()).select_from(Ticket)) == 1
    session.commit()


@given(st.from_regex(r"[0-9]{20}", fullmatch=True), st.integers(0, 19), st.integers(1, 9))
def test_one_wrong_digit_in_a_number_is_noticed(digits: str, place: int, by: int) -> None:
    wrong = digits[:place] + str((int(digits[place]) + by) % 10) + digits[place + 1 :]
    assert check_digit(wrong) != check_digit(digits)


def test_a_query_code_cannot_be_misread() -> None:
    assert len(ALPHABET) == 32 and not set("01OI") & set(ALPHABET)
    codes = {query_code(n) for n in range(5000)}
    assert len(codes) == 5000 and {len(code) for code in codes} == {6} and set("".join(codes)) <= set(ALPHABET)
