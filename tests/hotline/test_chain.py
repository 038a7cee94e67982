"""The chain of events: whatever is done to it behind the application's back is found."""

from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session as Session_

from hotline import chain
from hotline.outbox import Event, record, record_all, relay


class Thing:
    """Any row with an id."""

    __tablename__ = "thing"
    id = 7


@pytest.fixture
def events(session: Session_, at: datetime) -> list[int]:
    """Ten events, eight of them relayed and linked."""
    written = [record(session, "thing.done", Thing(), by=None, at=at, n=n, share=0.1 * n, words="停水了").id for n in range(10)]
    assert relay(session, send=lambda s, event: None, at=at, limit=8) == 8
    session.flush()
    session.expire_all()
    return written


def test_a_chain_that_nobody_touched_is_whole(session: Session_, events: list[int]) -> None:
    found = chain.check(session)
    assert (found.rows, found.first_bad, found.why, found.unlinked) == (10, None, "", 2)


@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        ("UPDATE event SET data = jsonb_set(data, '{n}', '99') WHERE id = :fourth", 3),
        ("UPDATE event SET at = at + interval '1 second' WHERE id = :fourth", 3),
        ("UPDATE event SET by_id = 1 WHERE id = :fourth", 3),
        ("UPDATE event SET changes = '{}' WHERE id = :fourth", 3),
        ("UPDATE event SET seal = repeat('0', 64) WHERE id = :fourth", 3),
        ("UPDATE event SET kind = 'thing.undone' WHERE id = :last", 9),
        ("DELETE FROM event WHERE id = :fourth", 4),
    ],
)
def test_a_change_behind_the_applications_back_is_found_with_the_first_bad_row(
    session: Session_, events: list[int], statement: str, first_bad: int
) -> None:
    session.execute(text(statement), {"fourth": events[3], "last": events[9]} if ":last" in statement else {"fourth": events[3]})
    found = chain.check(session)
    assert found.first_bad == events[first_bad] and found.why


def test_a_row_put_in_by_hand_has_no_seal_that_fits(session: Session_, events: list[int]) -> None:
    columns = "subject_kind, subject_id, at, data, seal"
    copied = f"INSERT INTO event (kind, {columns}) SELECT 'thing.undone', {columns} FROM event WHERE id = :n RETURNING id"
    number = session.scalar(text(copied), {"n": events[0]})
    assert chain.check(session).first_bad == number


def test_rows_cut_off_at_the_end_are_missed_by_whoever_kept_the_head(session: Session_, events: list[int]) -> None:
    head = chain.check(session).head
    session.execute(text("DELETE FROM event WHERE id >= :n"), {"n": events[6]})
    assert chain.check(session).why == ""
    assert "末尾" in chain.check(session, head=head).why


def test_events_written_together_are_sealed_too(session: Session_, events: list[int], at: datetime) -> None:
    record_all(session, [Event(kind="thing.swept", subject_kind="thing", subject_id=n, at=at, by_id=None, data={}) for n in range(3)])
    assert (chain.check(session).rows, chain.check(session).first_bad) == (13, None)


def test_events_from_before_there_were_seals_are_taken_in_once(session: Session_, events: list[int], at: datetime) -> None:
    session.execute(text("UPDATE event SET seal = NULL, place = NULL, link = NULL"))
    assert chain.check(session).first_bad == events[0]
    assert chain.adopt(session, limit=3) == 10
    assert chain.check(session).first_bad is None
    assert chain.adopt(session) == 0
