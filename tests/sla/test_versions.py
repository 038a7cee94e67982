"""Versions and recompute: nothing moves silently, and a preview tells the truth."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.errors import NotFound
from sla import recompute, timers, versions
from sla.calendar import Day
from sla.calendars import standard
from sla.limit import Limit
from sla.policies import load
from sla.policy import Matter
from sla.timers import Terms, Timer
from sla.versions import CalendarVersion, PolicyVersion

When = Callable[[str], datetime]


def test_what_is_shipped_is_saved_once(s: Session, at: datetime) -> None:
    versions.seed(s, at=at)
    assert versions.calendar_names(s) == ["allday", "standard", "summer"]
    assert s.scalar(select(func.count()).select_from(PolicyVersion)) == 2
    assert versions.current_policy(s)[1] == load("policies")
    assert versions.current_calendar(s, "standard")[1] == standard()


def test_a_version_is_added_only_when_it_says_something_else(s: Session, at: datetime) -> None:
    first, _ = versions.current_calendar(s, "standard")
    assert versions.save_calendar(s, standard(), at=at, by="zhou") == first
    second = versions.save_calendar(s, standard().with_days({date(2026, 11, 23): Day("off", "台风")}), at=at, by="zhou")
    assert second > first
    assert versions.current_calendar(s, "standard")[0] == second
    assert versions.calendar_at(s, first) == standard()
    assert not versions.calendar_at(s, second).is_workday(date(2026, 11, 23))
    assert versions.history(s, CalendarVersion, "standard") == [(second, at, "zhou"), (first, at, "system")]
    third = versions.save_calendar(s, standard(), at=at, by="zhou")
    assert third > second


def test_an_unknown_version_is_not_found(s: Session) -> None:
    for look in (lambda: versions.policy_at(s, 0), lambda: versions.calendar_at(s, 0)):
        with pytest.raises(NotFound, match="没有第 0 版"):
            look()
    with pytest.raises(NotFound, match="没有名为“moon”的日历"):
        versions.current_calendar(s, "moon")
    with pytest.raises(NotFound, match="没有名为“moon”的时限规则"):
        versions.current_policy(s, "moon")


def test_a_process_keeps_only_so_many_versions_built(s: Session, at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "KEPT", 2)
    monkeypatch.setattr(versions, "_kept", {})
    for name in ("standard", "allday", "summer", "standard"):
        assert versions.current_calendar(s, name)[1].name == name
    assert len(versions._kept) <= 2


def closed_monday(s: Session, at: datetime) -> tuple[int, "versions.Calendar"]:
    calendar = standard().with_days({date(2026, 11, 23): Day("off", "台风停工")})
    return versions.save_calendar(s, calendar, at=at, by="zhou"), calendar


def start(s: Session, terms: Terms, at: datetime, subject: str = "leg:1", clock: str = "resolve", limit: Limit | None = None) -> Timer:
    return timers.start(s, subject=subject, clock=clock, at=at, terms=terms, limit=limit)


def test_a_changed_calendar_moves_nothing_until_it_is_applied(s: Session, terms: Terms, moment: When, at: datetime) -> None:
    moved = start(s, terms, moment("2026-11-16 10:00"))
    kept = start(s, terms, moment("2026-11-12 10:00"), "leg:2")
    version, calendar = closed_monday(s, at)
    assert (moved.due_at, moved.calendar_version) == (moment("2026-11-23 17:00"), terms.calendar_version)

    def new(timer: Timer) -> Terms:
        return replace(versions.terms_of(s, timer), calendar=calendar, calendar_version=version)

    found = recompute.preview(recompute.open_timers(s, calendar_versions=[terms.calendar_version]), new, at=at)
    assert (found.looked_at, len(found.moves), found.earlier, found.overdue) == (2, 1, 0, 0)
    assert found.sentence == "1 个计时将移动（提前 0，推后 1），其中 0 个立即超期。"
    assert (found.moves[0].old, found.moves[0].new) == (moment("2026-11-23 17:00"), moment("2026-11-24 17:00"))
    assert moved.due_at == moment("2026-11-23 17:00")
    assert recompute.apply(s, list(recompute.open_timers(s, lock=True)), new, at=at) == found
    assert (moved.due_at, moved.calendar_version) == (moment("2026-11-24 17:00"), version)
    assert moved.original_due_at == moment("2026-11-23 17:00")
    assert (kept.due_at, kept.calendar_version) == (moment("2026-11-19 17:00"), version)


def test_a_shorter_limit_says_how_many_become_overdue(s: Session, terms: Terms, moment: When) -> None:
    begun = [start(s, terms, moment(f"2026-11-{day} 10:00"), f"leg:{day}") for day in (16, 18, 19, 20)]
    own = start(s, terms, moment("2026-11-16 10:00"), "leg:own", limit=Limit.parse("9 workday"))
    rules = [replace(rule, limits={**rule.limits, "resolve": Limit.parse("3 workday")}) if rule.key == "complaint" else rule for rule in terms.policy.rules]
    policy = replace(terms.policy, rules=tuple(rules))
    version = versions.save_policy(s, policy, at=moment("2026-11-20 10:00"), by="zhou")
    at = moment("2026-11-23 18:00")

    def new(timer: Timer) -> Terms:
        return replace(versions.terms_of(s, timer), policy=policy, policy_version=version, rule=policy.rule(timer.rule))

    found = recompute.apply(s, list(recompute.open_timers(s, policy_versions=[terms.policy_version], lock=True)), new, at=at)
    assert found.sentence == "4 个计时将移动（提前 4，推后 0），其中 1 个立即超期。"
    assert [timer.due_at for timer in begun] == [moment(f"2026-11-{day} 17:00") for day in (19, 23, 24, 25)]
    assert {timer.limit for timer in begun} == {"3 workday"}
    assert (own.limit, own.due_at) == ("9 workday", moment("2026-11-27 17:00"))


def test_a_rule_that_is_gone_leaves_its_clocks_alone(s: Session, terms: Terms, at: datetime) -> None:
    timer = start(s, terms, at)
    due = timer.due_at
    policy = replace(terms.policy, rules=tuple(rule for rule in terms.policy.rules if rule.key != "complaint"))

    def new(timer: Timer) -> Terms:
        return replace(terms, policy=policy, rule=policy.rule(timer.rule))

    found = recompute.preview([timer], new, at=at)
    assert (found.orphans, found.moves) == (1, ())
    assert found.sentence.endswith("另有 1 个因规则已删除而不动。")
    assert recompute.apply(s, [timer], new, at=at).orphans == 1
    assert recompute.apply(s, [timer], lambda _: None, at=at).moves == ()
    assert recompute.preview([timer], lambda t: replace(terms, rule=replace(terms.rule, limits={})), at=at).orphans == 1
    assert timer.due_at == due


def test_a_paused_clock_stays_paused_when_it_is_recomputed(s: Session, terms: Terms, moment: When) -> None:
    start(s, terms, moment("2026-11-16 10:00"))
    timer = timers.pause(s, subject="leg:1", clock="resolve", at=moment("2026-11-17 10:00"), reason="judicial", terms=terms)
    recompute.apply(s, [timer], lambda _: terms, at=moment("2026-11-18 10:00"))
    assert (timer.state, timer.next_at) == ("paused", None)


def test_the_terms_of_a_matter_name_their_versions(s: Session) -> None:
    terms = versions.terms_for(s, Matter("help", urgency="life"))
    assert terms.rule.key == "urgent_life"
    assert terms.calendar.name == "allday"
    assert versions.calendar_at(s, terms.calendar_version).name == "allday"
    assert versions.policy_at(s, terms.policy_version) == terms.policy
