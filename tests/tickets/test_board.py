"""督办数: counted from the legs, kept for half a minute, and counted anew by whoever finds them old."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from tests.tickets.conftest import Cast
from tickets import board, dispatching
from tickets.board import Standing
from tickets.ticket import Ticket

Filed = Callable[..., Ticket]


def _dispatch(s: Session, ticket: Ticket, cast: Cast, at: datetime) -> Ticket:
    dispatching.dispatch(s, ticket, department="gongshui", basis="职责分工", by=cast.dispatcher, at=at)
    s.flush()
    return ticket


def test_a_departments_open_legs_are_counted_by_how_they_stand(session: Session, filed: Filed, cast: Cast, at: datetime) -> None:
    leg = _dispatch(session, filed(), cast, at).legs[0]
    _dispatch(session, filed(), cast, at)
    filed()
    assert leg.due_at
    found = board.count(session, at=at)
    assert found.totals["filed"] == 1 and found.totals["dispatched"] == 2 and found.overdue == 0
    assert board.count(session, at=leg.due_at - timedelta(hours=1)).standings == (Standing("gongshui", open=2, unsigned=2, near=2, overdue=0),)
    late = board.count(session, at=leg.due_at + timedelta(hours=1))
    assert late.standings[0].overdue == 2 == late.overdue


def test_kept_figures_are_shown_with_their_moment_until_they_are_old(session: Session, filed: Filed, cast: Cast, at: datetime) -> None:
    assert board.keep(session, at=at) == 1
    filed()
    soon = at + timedelta(seconds=20)
    assert board.counted(session, at=soon).at == at and board.counted(session, at=soon).totals["filed"] == 0
    later = at + timedelta(seconds=40)
    assert board.counted(session, at=later).at == later and board.counted(session, at=later).totals["filed"] == 1


def test_of_several_beats_one_counts(session: Session, cast: Cast, at: datetime) -> None:
    assert board.keep(session, at=at) == 1
    assert board.keep(session, at=at + timedelta(seconds=1)) == 0
    assert board.keep(session, at=at - timedelta(seconds=60)) == 0
    assert board.keep(session, at=at + timedelta(seconds=6)) == 1


def test_the_board_names_departments_the_most_overdue_first(session: Session, filed: Filed, cast: Cast, at: datetime) -> None:
    leg = _dispatch(session, filed(), cast, at).legs[0]
    assert leg.due_at
    late = leg.due_at + timedelta(hours=1)
    assert [row.name for row in board.rows(session, board.count(session, at=late))] == ["安和市供水集团"]
    assert board.overdue(session, cast.supervisor, at=late) == [leg] and board.overdue(session, cast.supervisor, at=at) == []


def test_the_figures_of_whoever_a_ticket_is_about_do_not_count_it(session: Session, filed: Filed, cast: Cast, at: datetime) -> None:
    filed()
    by_id = _dispatch(session, filed(kind="fault", concerns=cast.supervisor.id), cast, at)
    filed(kind="fault", concerns_name=cast.reviewer.name)
    assert board.keep(session, at=at) == 1
    everybody, concerned, named = (board.counted(session, person, at=at) for person in (cast.dispatcher, cast.supervisor, cast.reviewer))
    assert (everybody.totals["filed"], everybody.totals["dispatched"]) == (2, 1)
    assert (concerned.totals["filed"], concerned.totals["dispatched"], concerned.standings) == (2, 0, ())
    assert (named.totals["filed"], named.totals["dispatched"]) == (1, 1)
    leg = by_id.legs[0]
    assert leg.due_at
    late = leg.due_at + timedelta(days=1)
    assert board.counted(session, cast.supervisor, at=late).overdue == 0 < board.counted(session, cast.dispatcher, at=late).overdue
    assert board.rows(session, concerned, cast.supervisor) == []
