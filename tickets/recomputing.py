"""重算: a changed policy or calendar moves running tickets only when somebody orders it, after seeing what would move; and it is kept who did."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.outbox import record
from hotline.people import Person
from sla import recompute, versions
from sla.calendar import Calendar
from sla.policy import Policy
from sla.recompute import NewTerms, Preview
from sla.timers import Terms, Timer
from sla.versions import CalendarVersion, PolicyVersion
from tickets import deadlines
from tickets.ticket import Leg, Ticket


def preview_policy(s: Session, policy: Policy, *, at: datetime) -> Preview:
    """What would move if this policy held for the tickets that are open; changes nothing."""
    return recompute.preview(recompute.open_timers(s, policy_versions=_policies(s, policy.name)), _under_policy(s, policy, 0), at=at)


def apply_policy(s: Session, policy: Policy, *, by: Person, at: datetime) -> Preview:
    """Saves the policy and moves the open tickets to it. Each ticket that moves has it in its timeline."""
    older = _policies(s, policy.name)
    version = versions.save_policy(s, policy, at=at, by=by.login)
    timers = list(recompute.open_timers(s, policy_versions=older, lock=True))
    done = recompute.apply(s, timers, _under_policy(s, policy, version), at=at)
    _keep(s, timers, done, s.get_one(PolicyVersion, version), "policy.applied", by=by, at=at)
    return done


def preview_calendar(s: Session, calendar: Calendar, *, at: datetime) -> Preview:
    """What would move if this calendar held for the tickets that are open; changes nothing."""
    return recompute.preview(recompute.open_timers(s, calendar_versions=_calendars(s, calendar.name)), _under_calendar(s, calendar, 0), at=at)


def apply_calendar(s: Session, calendar: Calendar, *, by: Person, at: datetime) -> Preview:
    """Saves the calendar and moves the open tickets to it."""
    older = _calendars(s, calendar.name)
    version = versions.save_calendar(s, calendar, at=at, by=by.login)
    timers = list(recompute.open_timers(s, calendar_versions=older, lock=True))
    done = recompute.apply(s, timers, _under_calendar(s, calendar, version), at=at)
    _keep(s, timers, done, s.get_one(CalendarVersion, version), "calendar.applied", by=by, at=at)
    return done


def _under_policy(s: Session, policy: Policy, version: int) -> NewTerms:
    """The same rule of the new policy, with the calendar that the clock has."""

    def terms(timer: Timer) -> Terms:
        kept = versions.terms_of(s, timer)
        return Terms(policy, version, kept.calendar, kept.calendar_version, policy.rule(timer.rule))

    return terms


def _under_calendar(s: Session, calendar: Calendar, version: int) -> NewTerms:
    """The policy and rule that the clock has, on the new calendar."""

    def terms(timer: Timer) -> Terms:
        kept = versions.terms_of(s, timer)
        return Terms(kept.policy, kept.policy_version, calendar, version, kept.rule)

    return terms


def _keep(s: Session, timers: list[Timer], done: Preview, version: PolicyVersion | CalendarVersion, kind: str, *, by: Person, at: datetime) -> None:
    """Mirrors the new deadlines where lists read them, and writes down who moved what."""
    moved = {move.timer_id: move for move in done.moves}
    by_ticket: dict[int, list[dict[str, str]]] = defaultdict(list)
    for timer in timers:
        subject, number = deadlines.subject(timer.subject)
        whose = s.get(Leg, number) if subject == "leg" else s.get(Ticket, number)
        if whose is None:
            continue
        deadlines.mirror(whose, timer)
        if move := moved.get(timer.id):
            ticket_id = whose.ticket_id if isinstance(whose, Leg) else whose.id
            by_ticket[ticket_id].append({"clock": timer.clock, "old": move.old.isoformat(), "new": move.new.isoformat()})
    record(s, kind, version, by=by, at=at, looked_at=done.looked_at, moved=len(done.moves), overdue=done.overdue)
    for ticket in s.scalars(select(Ticket).where(Ticket.id.in_(by_ticket))):
        record(s, "ticket.recomputed", ticket, by=by, at=at, cause=kind, version=version.id, moves=by_ticket[ticket.id])


def _policies(s: Session, name: str) -> list[int]:
    return list(s.scalars(select(PolicyVersion.id).where(PolicyVersion.name == name)))


def _calendars(s: Session, name: str) -> list[int]:
    return list(s.scalars(select(CalendarVersion.id).where(CalendarVersion.name == name)))
