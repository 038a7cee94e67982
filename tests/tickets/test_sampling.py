"""回访抽样 and closing: nothing closes without an answer that passed review; who is asked is drawn so that anybody can check it."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.errors import Conflict, Forbidden
from hotline.outbox import Event
from hotline.people import system
from tests.tickets.conftest import Cast
from tickets import access, deadlines, dispatching, resolving, revisiting, sampling, signing
from tickets.lifecycle import MOVES, State, Verb
from tickets.sampling import value_of
from tickets.ticket import Ticket

Filed = Callable[..., Ticket]


@given(st.text(alphabet="0123456789abcdef", min_size=32, max_size=32), st.integers(1, 10**6), st.integers(1, 5))
def test_a_draw_is_the_same_for_everybody_and_lies_between_nought_and_one(seed: str, number: int, round: int) -> None:
    value = value_of(seed, f"12345-{number}", round)
    assert value == value_of(seed, f"12345-{number}", round) and 0 <= value < 1


def test_of_many_tickets_about_the_share_is_drawn() -> None:
    drawn = sum(value_of("5eed", f"12345-990102-20261120-{number:06d}", 1) < 0.2 for number in range(5000))
    assert 900 < drawn < 1100


def test_only_an_answer_and_a_passed_review_lead_to_closing() -> None:
    into = {move.verb: move.sources for move in MOVES if move.to is State.CLOSED}
    assert set(into) == {Verb.ANSWER, Verb.CLOSE, Verb.SKIP_REVISIT}
    assert into[Verb.CLOSE] == into[Verb.SKIP_REVISIT] == {State.REVISITING}
    assert {move.verb for move in MOVES if move.to is State.REVISITING} == {Verb.PASS_REVIEW, Verb.FOLLOW}
    assert {source for move in MOVES if move.verb is Verb.PASS_REVIEW for source in move.sources} == {State.RESOLVED}
    assert {move.verb for move in MOVES if move.to is State.RESOLVED} == {Verb.RESOLVE} and "reply" in next(m.needs for m in MOVES if m.verb is Verb.RESOLVE)


@pytest.fixture
def passed(session: Session, cast: Cast, filed: Filed, at: datetime) -> Callable[..., Ticket]:
    """A ticket of some kind whose answer has passed review."""

    def make(kind: str) -> Ticket:
        ticket = filed(kind=kind)
        dispatching.dispatch(session, ticket, department="gongshui", by=cast.dispatcher, at=at)
        signing.sign(session, ticket, by=cast.water, at=at)
        resolving.resolve(session, ticket, result="explained", reply="已说明", contacted_at=at, by=cast.water, at=at)
        resolving.pass_review(session, ticket, by=cast.reviewer, at=at)
        session.flush()
        return ticket

    return make


def reviewed(session: Session, ticket: Ticket) -> Event:
    return session.scalars(select(Event).where(Event.kind == "ticket.review_passed", Event.subject_id == ticket.id)).one()


@pytest.mark.parametrize("kind", ["complaint", "report", "help", "stuck", "promise", "agency"])
def test_of_these_kinds_every_citizen_is_asked(session: Session, passed: Callable[..., Ticket], at: datetime, kind: str) -> None:
    ticket = passed(kind)
    assert deadlines.revisit_share(session, ticket) == 1 and "revisit" not in reviewed(session, ticket).data
    with pytest.raises(Conflict):
        revisiting.skip_revisit(session, ticket, by=system(session), at=at)


def test_praise_is_closed_after_review_with_the_draw_in_its_event(session: Session, cast: Cast, passed: Callable[..., Ticket], at: datetime) -> None:
    ticket = passed("praise")
    with pytest.raises(Forbidden):
        revisiting.skip_revisit(session, ticket, by=cast.revisitor, at=at)
    revisiting.skip_revisit(session, access.find(session, ticket.number, cast.dispatcher), by=system(session), at=at)
    assert ticket.state is State.CLOSED and ticket.solved == "unsampled" and ticket.satisfied is None
    told = session.scalars(select(Event.data).where(Event.kind == "ticket.revisit_skipped")).one()
    assert told["draw"] == value_of(told["seed"], ticket.number, 1) and not told["asked"]


def test_a_share_of_inquiries_is_asked_and_the_seed_of_the_month_is_kept(session: Session, passed: Callable[..., Ticket], at: datetime) -> None:
    drawn = [reviewed(session, passed("inquiry")).data["revisit"] for _ in range(3)]
    assert {one["seed"] for one in drawn} == {sampling.seed_of(session, at)}
    assert all(one["asked"] == (Decimal(one["draw"]) < Decimal(one["share"])) for one in drawn)
