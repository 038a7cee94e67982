"""派单质量: every figure worked out by hand on a few lessons; shares are cut, never rounded up."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.tickets.conftest import Cast
from tickets import accuracy
from tickets.accuracy import Share
from tickets.filing import Matter, file
from tickets.learning import How, Lesson

WATER, QUALITY = "050101", "050102"


@pytest.fixture
def taught(session: Session, cast: Cast, at: datetime) -> Any:
    """Writes a lesson: what was suggested, how sure, where it went, and what was right."""

    def make(suggested: str | None, right: str | None, confidence: float | None = 0.9, *, days: float = 1, **more: Any) -> None:
        when = at - timedelta(days=days)
        ticket = file(session, Matter(body="停水了", kind="help"), by=cast.operator, at=when)
        known = {"settled_at": when, "item": right, "how": How.CONFIRMED, "unit": "gongshui", "first_unit": "gongshui"} if right else {}
        said = {"suggested_item": suggested, "suggested_unit": "gongshui" if suggested else None, "confidence": confidence, "unknown": suggested is None}
        usual = {"ticket_id": ticket.id, "filed_at": when, "model": "m", "by_itself": False, "misrouted": False, "lost": 0}
        session.add(Lesson(**(usual | said | known | more)))
        session.flush()

    return make


@pytest.mark.parametrize(
    ("num", "den", "percent", "few"),
    [(2, 3, "66.66%", True), (14, 15, "93.33%", False), (0, 0, "—", True), (16209, 16213, "99.97%", False), (5, 5, "100.00%", True)],
)
def test_a_share_is_cut_to_two_decimals_and_of_few_is_marked(num: int, den: int, percent: str, few: bool) -> None:
    assert (Share(num, den).percent, Share(num, den).few) == (percent, few)


def test_accuracy_and_coverage_are_counted_over_what_is_settled(session: Session, taught: Any, at: datetime) -> None:
    taught(WATER, WATER, by_itself=True)
    taught(WATER, WATER)
    taught(WATER, QUALITY, by_itself=True, misrouted=True, lost=90, how=How.RETURNED, unit="zhujian")
    taught(None, WATER, None)
    taught(WATER, None)
    taught(WATER, WATER, days=40)
    found = accuracy.quality(session, at=at)
    assert (found.item, found.unit) == (Share(2, 3), Share(2, 3))
    assert (found.itself, found.itself_right) == (Share(2, 4), Share(1, 2))
    assert found.learnt == {"派单确认": 3, "退单后改派": 1}


def test_every_department_has_its_own_figures(session: Session, taught: Any, at: datetime) -> None:
    taught(WATER, WATER, by_itself=True)
    taught(WATER, QUALITY, misrouted=True, unit="zhujian")
    units = {unit.name: unit for unit in accuracy.quality(session, at=at).units}
    assert (units["安和市供水集团"].suggested, units["安和市供水集团"].sent, units["安和市供水集团"].itself) == (Share(1, 1), Share(1, 2), Share(1, 2))
    assert (units["安和市住建局"].suggested, units["安和市住建局"].sent) == (Share(0, 1), Share(0, 0))


def test_confidence_is_set_beside_what_came_true(session: Session, taught: Any, at: datetime) -> None:
    for right in (WATER, WATER, WATER, QUALITY):
        taught(WATER, right, 0.85)
    taught(WATER, WATER, 1.0)
    found = accuracy.quality(session, at=at)
    assert [(one.low, one.right) for one in found.bins] == [(0.8, Share(3, 4)), (0.9, Share(1, 1))]
    assert found.error == pytest.approx(0.4 / 5)


def test_drift_is_told_week_by_week_of_all_that_came(session: Session, taught: Any, at: datetime) -> None:
    taught(None, None, None)
    taught(WATER, None, 0.5)
    taught(WATER, WATER, 0.9, days=7)
    weeks = accuracy.quality(session, at=at, trained={WATER: 50, "010101": 50}).weeks
    assert [(str(one.monday), one.tickets, one.unknown) for one in weeks] == [("2026-11-16", 2, Share(1, 2)), ("2026-11-09", 1, Share(0, 1))]
    assert weeks[0].said == pytest.approx(0.5) and weeks[0].shift is not None and weeks[0].shift > 0
    assert not weeks[0].drifted  # of two tickets nothing can be told
    assert accuracy.quality(session, at=at).weeks[0].shift is None


def test_a_marked_shift_of_many_is_drift(session: Session, taught: Any, at: datetime) -> None:
    for _ in range(40):
        taught(WATER, None)
    trained = {f"{branch:02}0101": 50 for branch in range(1, 9)}
    assert accuracy.quality(session, at=at, trained=trained).weeks[0].drifted
    assert not accuracy.quality(session, at=at, trained={WATER: 50}).weeks[0].drifted


def test_the_confusions_that_cost_most_come_first(session: Session, taught: Any, at: datetime) -> None:
    for lost in (30, 60):
        taught(WATER, QUALITY, misrouted=True, lost=lost, unit="zhujian")
    for _ in range(3):
        taught(QUALITY, WATER)
    first, second = accuracy.quality(session, at=at).confusions
    assert (first.suggested, first.right, first.first_unit, first.unit) == ("停水", "水质", "安和市供水集团", "安和市住建局")
    assert (first.tickets, first.returned, first.lost, first.each) == (2, 2, 90, 45)
    assert (second.tickets, second.lost) == (3, 0)


def test_of_nothing_there_is_nothing_to_tell(session: Session, at: datetime) -> None:
    found = accuracy.quality(session, at=at)
    assert (found.item, found.error, found.weeks, found.confusions, found.units) == (Share(0, 0), None, [], [], [])
