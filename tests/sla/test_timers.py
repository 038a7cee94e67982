"""Stored deadlines: what starts, stops, pauses, extends and restarts a clock, and what that does to its steps."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from hotline.errors import Conflict, NotFound, Refused
from sla import timers
from sla.light import Light
from sla.limit import Limit
from sla.policies import load
from sla.policy import Matter
from sla.sweep import Due, sweep
from sla.timers import Terms, Timer
from sla.versions import terms_for, terms_of

LEG = "leg:1"
When = Callable[[str], datetime]


def begin(s: Session, terms: Terms, at: datetime, *, clock: str = "resolve", subject: str = LEG) -> Timer:
    return timers.start(s, subject=subject, clock=clock, at=at, terms=terms)


def fired(s: Session, at: datetime) -> list[tuple[int, datetime]]:
    seen: list[Due] = []
    while sweep(s, at=at, fire=lambda _, due: seen.extend(due)):
        pass
    return [(due.level, due.at) for due in seen]


def test_a_clock_stores_its_deadline_and_every_step_of_its_ladder(s: Session, terms: Terms, moment: When) -> None:
    timer = begin(s, terms, moment("2026-02-13 16:00"))
    assert timer.due_at == timer.original_due_at == moment("2026-02-27 17:00")
    assert [(level, datetime.fromisoformat(at), action) for level, at, action in timer.steps] == [
        (1, moment("2026-02-25 13:00"), "remind"),
        (2, moment("2026-02-26 16:48"), "warn"),
        (3, moment("2026-02-27 17:00"), "overdue"),
        (4, moment("2026-02-28 17:00"), "supervise"),
        (5, moment("2026-03-05 17:00"), "interview"),
        (6, moment("2026-03-12 17:00"), "propose_transfer"),
    ]
    assert timer.next_at == moment("2026-02-25 13:00")
    assert not timer.provisional


def test_nobody_is_transferred_to_discipline_by_time_alone(s: Session, terms: Terms, moment: When) -> None:
    timer = begin(s, terms, moment("2026-02-13 16:00"))
    assert 7 not in [level for level, *_ in timer.steps]


def test_a_round_starts_once(s: Session, terms: Terms, at: datetime) -> None:
    begin(s, terms, at)
    with pytest.raises(Conflict):
        begin(s, terms, at)


def test_a_clock_the_rule_does_not_have_cannot_start(s: Session, at: datetime) -> None:
    terms = terms_for(s, Matter("inquiry"))
    with pytest.raises(Refused, match="没有这个时限"):
        begin(s, terms, at, clock="first_contact")
    with pytest.raises(NotFound, match="没有“sleep”这种时限"):
        begin(s, terms, at, clock="sleep")


def test_a_stopped_clock_fires_no_more(s: Session, terms: Terms, moment: When) -> None:
    begin(s, terms, moment("2026-02-13 16:00"))
    stopped = timers.stop(s, subject=LEG, clock="resolve", at=moment("2026-02-24 10:00"))
    assert stopped is not None
    assert stopped.state == "stopped"
    assert fired(s, moment("2026-12-31 10:00")) == []
    assert timers.stop(s, subject=LEG, clock="resolve", at=moment("2026-02-24 11:00")) is None
    assert timers.stop(s, subject="leg:2", clock="resolve", at=moment("2026-02-24 11:00")) is None


def test_closing_a_subject_stops_all_its_clocks(s: Session, terms: Terms, at: datetime) -> None:
    begin(s, terms, at)
    begin(s, terms, at, clock="sign")
    begin(s, terms, at, subject="leg:2")
    assert timers.stop_all(s, subject=LEG, at=at) == 2
    assert timers.find(s, "leg:2", "resolve").state == "running"  # type: ignore[union-attr]


def test_a_pause_gives_back_the_workdays_it_took(s: Session, terms: Terms, moment: When) -> None:
    begin(s, terms, moment("2026-11-16 10:00"))  # Monday; due the next Monday
    timers.pause(s, subject=LEG, clock="resolve", at=moment("2026-11-17 10:00"), reason="waiting_citizen", terms=terms)
    timer = timers.resume(s, subject=LEG, clock="resolve", at=moment("2026-11-19 15:00"), terms=terms)
    assert timer.original_due_at == moment("2026-11-23 17:00")
    assert timer.due_at == moment("2026-11-25 17:00")
    assert timer.state == "running"
    why = timers.deadline_of(timer, terms, at=moment("2026-11-20 10:00")).steps
    assert why[-1] == "2026年11月17日（周二）10:00 至 2026年11月19日（周四）15:00 挂起，期间不计时，截止时间移至 2026年11月25日（周三）17:00。"


def test_a_paused_clock_fires_nothing_until_its_cap_and_then_runs_on(s: Session, terms: Terms, moment: When) -> None:
    begin(s, terms, moment("2026-11-16 10:00"))
    paused = timers.pause(s, subject=LEG, clock="resolve", at=moment("2026-11-17 10:00"), reason="waiting_citizen", terms=terms)
    assert paused.light(moment("2026-11-18 10:00")) is Light.BLUE
    # The cap of five workdays ends on the 24th at 17:00; five closes are given back.
    assert paused.due_at == moment("2026-11-30 17:00")
    assert fired(s, moment("2026-11-24 17:00")) == []
    assert fired(s, moment("2026-11-30 17:00"))[-1] == (3, moment("2026-11-30 17:00"))
    assert paused.light(moment("2026-11-30 18:00")) is Light.RED
    resumed = timers.resume(s, subject=LEG, clock="resolve", at=moment("2026-12-01 10:00"), terms=terms)
    assert resumed.due_at == moment("2026-11-30 17:00")


def test_a_pause_without_a_cap_waits_as_long_as_it_takes(s: Session, terms: Terms, moment: When) -> None:
    begin(s, terms, moment("2026-11-16 10:00"))
    timer = timers.pause(s, subject=LEG, clock="resolve", at=moment("2026-11-17 10:00"), reason="judicial", terms=terms)
    assert timer.next_at is None
    assert timer.light(moment("2027-01-10 10:00")) is Light.BLUE
    assert fired(s, moment("2026-12-31 10:00")) == []
    assert timers.resume(s, subject=LEG, clock="resolve", at=moment("2026-12-01 10:00"), terms=terms).due_at == moment("2026-12-07 17:00")


def test_only_a_listed_reason_pauses_and_only_a_running_clock(s: Session, terms: Terms, at: datetime) -> None:
    begin(s, terms, at)
    with pytest.raises(Refused, match="不能以“tea”为由挂起"):
        timers.pause(s, subject=LEG, clock="resolve", at=at, reason="tea", terms=terms)
    timers.pause(s, subject=LEG, clock="resolve", at=at, reason="judicial", terms=terms)
    with pytest.raises(Conflict):
        timers.pause(s, subject=LEG, clock="resolve", at=at, reason="judicial", terms=terms)
    with pytest.raises(NotFound):
        timers.pause(s, subject="leg:9", clock="resolve", at=at, reason="judicial", terms=terms)


def test_a_running_clock_needs_no_resuming(s: Session, terms: Terms, at: datetime) -> None:
    begin(s, terms, at)
    with pytest.raises(Conflict):
        timers.resume(s, subject=LEG, clock="resolve", at=at, terms=terms)


def test_a_rejected_answer_resumes_where_it_stopped(s: Session, terms: Terms, moment: When) -> None:
    begin(s, terms, moment("2026-11-16 10:00"))
    timers.stop(s, subject=LEG, clock="resolve", at=moment("2026-11-20 16:00"))  # One close of five left, and the Monday's.
    timer = timers.resume(s, subject=LEG, clock="resolve", at=moment("2026-11-24 09:00"), terms=terms)
    assert timer.due_at == moment("2026-11-25 17:00")
    assert timer.stopped_at is None


def test_an_answer_that_was_late_is_late_still_but_supervision_does_not_run_while_it_was_reviewed(s: Session, terms: Terms, moment: When) -> None:
    begin(s, terms, moment("2026-11-16 10:00"))
    assert fired(s, moment("2026-11-24 10:00"))[-1] == (3, moment("2026-11-23 17:00"))
    timers.stop(s, subject=LEG, clock="resolve", at=moment("2026-11-24 10:00"))
    timer = timers.resume(s, subject=LEG, clock="resolve", at=moment("2026-11-26 10:00"), terms=terms)
    assert timer.due_at == moment("2026-11-23 17:00")
    assert timer.light(moment("2026-11-26 10:00")) is Light.RED
    assert fired(s, moment("2026-11-26 16:59")) == []
    assert fired(s, moment("2026-11-26 17:00")) == [(4, moment("2026-11-26 17:00"))]


def test_an_extension_moves_the_deadline_and_keeps_the_original(s: Session, terms: Terms, moment: When) -> None:
    begin(s, terms, moment("2026-11-16 10:00"))
    for _ in range(3):
        timer = timers.extend(s, subject=LEG, clock="resolve", at=moment("2026-11-20 10:00"), limit=Limit.parse("3 workday"), terms=terms)
    assert timer.original_due_at == moment("2026-11-23 17:00")
    assert timer.due_at == moment("2026-12-04 17:00")
    with pytest.raises(Refused, match="已延 3 次"):
        timers.extend(s, subject=LEG, clock="resolve", at=moment("2026-11-20 10:00"), limit=Limit.parse("3 workday"), terms=terms)


def test_an_extension_is_asked_for_before_the_deadline(s: Session, terms: Terms, moment: When) -> None:
    begin(s, terms, moment("2026-11-16 10:00"))
    with pytest.raises(Refused, match="已经超期"):
        timers.extend(s, subject=LEG, clock="resolve", at=moment("2026-11-23 17:00:01"), limit=Limit.parse("3 workday"), terms=terms)
    timers.stop(s, subject=LEG, clock="resolve", at=moment("2026-11-23 10:00"))
    with pytest.raises(Conflict):
        timers.extend(s, subject=LEG, clock="resolve", at=moment("2026-11-23 11:00"), limit=Limit.parse("3 workday"), terms=terms)


def test_a_paused_clock_can_be_extended_and_stays_paused(s: Session, terms: Terms, moment: When) -> None:
    begin(s, terms, moment("2026-11-16 10:00"))
    timers.pause(s, subject=LEG, clock="resolve", at=moment("2026-11-20 10:00"), reason="judicial", terms=terms)
    timer = timers.extend(s, subject=LEG, clock="resolve", at=moment("2026-11-30 10:00"), limit=Limit.parse("3 workday"), terms=terms)
    assert (timer.state, timer.next_at) == ("paused", None)
    assert timers.resume(s, subject=LEG, clock="resolve", at=moment("2026-12-01 10:00"), terms=terms).due_at == moment("2026-12-07 17:00")


def test_no_level_happens_twice_in_a_round_when_the_deadline_moves(s: Session, terms: Terms, moment: When) -> None:
    begin(s, terms, moment("2026-11-16 10:00"))
    assert [level for level, _ in fired(s, moment("2026-11-23 10:00"))] == [1, 2]
    timer = timers.extend(s, subject=LEG, clock="resolve", at=moment("2026-11-23 11:00"), limit=Limit.parse("3 workday"), terms=terms)
    assert [step.level for step in timer.reached()] == [1, 2]
    assert fired(s, moment("2026-11-26 17:00")) == [(3, moment("2026-11-26 17:00"))]


def test_a_redo_is_a_new_round_with_its_own_ladder(s: Session, terms: Terms, moment: When) -> None:
    begin(s, terms, moment("2026-11-16 10:00"))
    fired(s, moment("2026-11-23 17:00"))
    timers.stop(s, subject=LEG, clock="resolve", at=moment("2026-11-24 10:00"))
    redo = terms_for(s, Matter("complaint", tags=frozenset({"redo"})))
    again = timers.restart(s, subject=LEG, clock="resolve", at=moment("2026-11-25 10:00"), terms=redo)
    assert (again.round, again.limit, again.due_at) == (2, "3 workday", moment("2026-11-30 17:00"))
    assert [level for level, _ in fired(s, moment("2026-11-30 17:00"))] == [1, 2, 3]


def test_a_restart_stops_the_round_that_runs(s: Session, terms: Terms, moment: When) -> None:
    first = begin(s, terms, moment("2026-11-16 10:00"))
    timers.restart(s, subject=LEG, clock="resolve", at=moment("2026-11-17 10:00"), terms=terms)
    assert (first.state, first.next_at) == ("stopped", None)
    assert timers.restart(s, subject="leg:7", clock="resolve", at=moment("2026-11-17 10:00"), terms=terms).round == 1


def test_a_limit_of_its_own_replaces_the_rules(s: Session, terms: Terms, moment: When) -> None:
    timer = timers.start(s, subject=LEG, clock="resolve", at=moment("2026-11-16 10:00"), terms=terms, limit=Limit(Decimal(2), "workday"))
    assert (timer.due_at, timer.own_limit) == (moment("2026-11-18 17:00"), True)


def test_reminders_wait_for_the_office_but_not_where_the_clock_never_sleeps(s: Session, moment: When) -> None:
    ordinary = begin(s, terms_for(s, Matter("x", tags=frozenset({"seven_days"}))), moment("2026-11-16 20:00"))
    # Half of seven days is Friday 20 at 08:00, before the office opens; the warning falls on Saturday morning.
    assert [at for _, at, _ in ordinary.steps][:2] == ["2026-11-20T09:00:00+08:00", "2026-11-23T09:00:00+08:00"]
    urgent = begin(s, terms_for(s, Matter("help", urgency="life")), moment("2026-11-21 02:00"), subject="leg:2")
    assert [at for _, at, _ in urgent.steps][:3] == ["2026-11-21T03:00:00+08:00", "2026-11-21T03:36:00+08:00", "2026-11-21T04:00:00+08:00"]


def test_a_clock_knows_the_terms_it_was_given(s: Session, terms: Terms, at: datetime) -> None:
    timer = begin(s, terms, at)
    given = terms_of(s, timer)
    assert given.rule == terms.rule
    assert given.calendar == terms.calendar


def test_the_play_policy_runs_through_its_ladder_in_seconds(s: Session, at: datetime) -> None:
    terms = terms_for(s, Matter("complaint"), policy="play")
    assert terms.policy == load("play")
    begin(s, terms, at)
    assert fired(s, at + timedelta(minutes=1)) == [
        (1, at + timedelta(seconds=10)),
        (2, at + timedelta(seconds=16)),
        (3, at + timedelta(seconds=20)),
        (4, at + timedelta(seconds=25)),
        (5, at + timedelta(seconds=30)),
        (6, at + timedelta(seconds=35)),
    ]
