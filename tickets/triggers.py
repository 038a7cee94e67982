"""非时限触发: what moves a ticket up the ladder beside time. The rows are the policy's; here the facts are counted and what fired is kept."""

from collections import Counter
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.outbox import Event, record
from hotline.people import system
from sla.triggers import Trigger
from tickets import access, deadlines, discipline
from tickets.ticket import Ticket
from tickets.tracks import Track

EVENTS = ("ticket.return_approved", "ticket.redone", "ticket.supervised", "ticket.urged", "ticket.triaged", "ticket.dispatched",
          "ticket.extended", "ticket.instructed", "ticket.notified")  # fmt: skip
"""After these a ticket's facts have changed."""


def check(s: Session, ticket_id: int, *, at: datetime, after: str = "") -> list[Trigger]:
    """Fires every row of the ticket's policy whose facts have come true, once each. Returns those that fired now.

    after: the kind of event that it follows; a mere dispatch tells nothing new but of a 人为不给办, and the ticket is not locked for it.
    """
    found = s.execute(select(Ticket.number, Ticket.track).where(Ticket.id == ticket_id)).one_or_none()
    if found is None or (after == "ticket.dispatched" and found.track != Track.HUMAN):
        return []
    ticket = access.find(s, found.number, system(s), lock=True)
    events = s.execute(select(Event.kind, Event.data).where(Event.subject_kind == "ticket", Event.subject_id == ticket.id).order_by(Event.id)).all()
    fired = {data["key"] for kind, data in events if kind == "ticket.triggered"}
    violations = sum(kind == "ticket.notified" and data["violation"] for kind, data in events)
    facts = _facts(ticket, Counter(kind for kind, _ in events), violations, at)
    new = [trigger for trigger in deadlines.policy_of(s, ticket).triggered(facts) if trigger.key not in fired]
    for trigger in new:
        _fire(s, ticket, trigger, at=at)
    return new


def _facts(ticket: Ticket, counted: Counter[str], violations: int, at: datetime) -> dict[str, int]:
    returned = [leg for leg in ticket.legs if leg.outcome == "returned"]
    bad = ticket.satisfied is not None and ticket.satisfied <= 2
    return {
        "returns": len(returned),
        "returning_units": len({leg.department_code for leg in returned if not leg.wrong_dispatch}),  # 无责退单 is nobody's shirking
        "extensions": counted["ticket.extended"],
        "leader_instruction": int(ticket.instructed),
        "second_notices": violations,
        "reworks": ticket.round - 1,
        "bad_ratings": ticket.round - 1 + int(bad and ticket.closed_at is not None),
        "unsatisfied": int(bad),
        "urges": counted["ticket.urged"],
        "repeats": 1 + counted["ticket.urged"],
        "human_refusal": int(ticket.track == Track.HUMAN and bool(ticket.legs)),
        "supervised": counted["ticket.supervised"],
        "overdue": int(any(leg.due_at is not None and leg.due_at < at for leg in ticket.current_legs)),
    }


def _fire(s: Session, ticket: Ticket, trigger: Trigger, *, at: datetime) -> None:
    leg = ticket.lead_leg or next((leg for leg in reversed(ticket.legs) if leg.lead), None)
    record(
        s, "ticket.triggered", ticket, by=system(s), at=at, key=trigger.key, level=trigger.level, action=trigger.action, title=trigger.title,
        department=leg.department_code if leg else None,
    )  # fmt: skip
    if trigger.action == "propose_transfer" and leg is not None:
        evidence = f"工单 {ticket.number}：{trigger.title}。"
        discipline.propose(s, ticket, leg, trigger=trigger.key, evidence=evidence, at=at)
