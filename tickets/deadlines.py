"""时限: which clocks a ticket has, and what starts and stops them. The arithmetic is sla's; here is only when.

A ticket's clocks: `dispatch` from filing to dispatch, `citizen` over everything until it is closed, `revisit` once the answer stands.
A leg's clocks: `sign`, `first_contact`, `resolve` from dispatch (not from signing) to the answer, and `rectify` after a bad rating; inner
steps of a department never stop them.
A ticket keeps the version of the policy it was filed under; only an explicit recompute moves it to another.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.clock import local
from sla import light as lights
from sla import recompute, timers, versions
from sla.light import Light
from sla.limit import Limit
from sla.policy import CLOCKS, Matter, Policy
from sla.timers import Terms, Timer
from sla.worktime import add
from tickets.catalogue import item_as_of
from tickets.lifecycle import State
from tickets.ticket import Leg, Ticket

STATEMENT = "statement"


def filed(s: Session, ticket: Ticket, *, at: datetime) -> None:
    """The citizen's clock runs from when the citizen was heard, the dispatcher's from now."""
    terms = versions.terms_for(s, matter_of(s, ticket))
    mirror(ticket, _start_citizen(s, ticket, terms, at=ticket.received_at))
    if terms.rule.limit("dispatch"):
        timers.start(s, subject=_ticket(ticket), clock="dispatch", at=at, terms=terms)


def dispatched(s: Session, ticket: Ticket, legs: Sequence[Leg], *, at: datetime) -> None:
    """Each new leg's clocks start; the dispatcher's stops. Where the dispatcher corrected the item, the citizen's clock goes by its rule from now on."""
    terms = _terms(s, ticket)
    _under_rule(s, ticket, terms, at=at)
    timers.stop(s, subject=_ticket(ticket), clock="dispatch", at=at)
    for leg in legs:
        resolve = timers.start(s, subject=_leg(leg), clock="resolve", at=at, terms=terms, round=leg.round)
        mirror(leg, resolve)
        for clock in ("sign", "first_contact"):
            if terms.rule.limit(clock):
                timers.start(s, subject=_leg(leg), clock=clock, at=at, terms=terms, round=leg.round)
        window = terms.rule.limit("return_window")
        leg.return_until = add(terms.calendar, at, window).due if window and terms.rule.returnable and not leg.forced else None
        leg.forced = leg.forced or not terms.rule.returnable


def signed(s: Session, leg: Leg, *, at: datetime) -> None:
    """Stops the sign clock and nothing else."""
    timers.stop(s, subject=_leg(leg), clock="sign", at=at)


def contacted(s: Session, leg: Leg, *, at: datetime) -> None:
    """The citizen was spoken with: the first-contact clock stops."""
    timers.stop(s, subject=_leg(leg), clock="first_contact", at=at)


def resolved(s: Session, leg: Leg, *, at: datetime) -> None:
    """Stops the resolve clock, provisionally: a rejected answer starts it again from here. 整改 ends with the answer."""
    timers.stop(s, subject=_leg(leg), clock="resolve", at=at)
    timers.stop(s, subject=_leg(leg), clock="rectify", at=at)
    contacted(s, leg, at=leg.contacted_at or at)


def rectifying(s: Session, ticket: Ticket, leg: Leg, *, at: datetime) -> None:
    """差评整改: a bad rating has a clock of its own beside the redo's."""
    terms = _terms(s, ticket)
    if terms.rule.limit("rectify"):
        timers.start(s, subject=_leg(leg), clock="rectify", at=at, terms=terms, round=leg.round)


def resumed(s: Session, ticket: Ticket, leg: Leg, *, at: datetime) -> None:
    """The resolve clock goes on from where it stopped; what the review took is given back, not more."""
    timer = timers.resume(s, subject=_leg(leg), clock="resolve", at=at, terms=_terms(s, ticket))
    mirror(leg, timer)


def extended(s: Session, ticket: Ticket, leg: Leg, limit: Limit, *, at: datetime) -> None:
    """延期 of the resolve clock."""
    mirror(leg, timers.extend(s, subject=_leg(leg), clock="resolve", at=at, limit=limit, terms=_terms(s, ticket)))


def paused(s: Session, ticket: Ticket, leg: Leg, reason: str, *, at: datetime) -> None:
    """挂起 of the resolve clock."""
    mirror(leg, timers.pause(s, subject=_leg(leg), clock="resolve", at=at, reason=reason, terms=_terms(s, ticket)))


def leg_ended(s: Session, ticket: Ticket, leg: Leg, *, at: datetime) -> None:
    """All clocks of the leg stop; without a lead the dispatcher's runs again."""
    timers.stop_all(s, subject=_leg(leg), at=at)
    if leg.lead and leg.outcome == "returned":
        timers.restart(s, subject=_ticket(ticket), clock="dispatch", at=at, terms=_terms(s, ticket))


def revisit_due(s: Session, ticket: Ticket, *, at: datetime) -> None:
    """The citizen is to be asked; the citizen's own clock stops at the answer that passed review."""
    timers.stop(s, subject=_ticket(ticket), clock="citizen", at=at)
    terms = _terms(s, ticket)
    if terms.rule.limit("revisit"):
        revisit = timers.start(s, subject=_ticket(ticket), clock="revisit", at=at, terms=terms, round=ticket.round)
        mirror(ticket, revisit)


def revisited(s: Session, ticket: Ticket, *, at: datetime) -> None:
    """A new round begins: the citizen's clock starts anew with it."""
    timers.stop(s, subject=_ticket(ticket), clock="revisit", at=at)
    terms = _terms(s, ticket)
    mirror(ticket, _start_citizen(s, ticket, terms, at=at))


def closed(s: Session, ticket: Ticket, *, at: datetime) -> None:
    """Nothing runs any more."""
    timers.stop_all(s, subject=_ticket(ticket), at=at)


def statement_due(s: Session, *, at: datetime) -> datetime:
    """By when a department explains itself (说明): one workday, or as the policy says."""
    terms = versions.terms_for(s, Matter(kind="complaint"))
    limit = terms.rule.limit(STATEMENT) or Limit.parse("1 workday")
    return add(terms.calendar, at, limit).due


def explained(s: Session, whose: Ticket | Leg, *, at: datetime) -> list[str]:
    """为何是这个时间: the working-time steps behind a deadline; of a ticket: its lead leg's, or its own while nobody holds it."""
    if isinstance(whose, Ticket):
        leg = whose.lead_leg
        timer = timers.find(s, _leg(leg), "resolve") if leg else timers.find(s, _ticket(whose), "revisit" if whose.state is State.REVISITING else "citizen")
    else:
        timer = timers.find(s, _leg(whose), "resolve")
    return timers.deadline_of(timer, versions.terms_of(s, timer), at=at).steps if timer else []


def clocks(s: Session, ticket: Ticket, *, at: datetime) -> list[dict[str, Any]]:
    """Every clock that the ticket and its legs have had, with the steps behind its deadline: whose, clock, due, light, steps."""
    whose = {_ticket(ticket): "工单"} | {_leg(leg): leg.department.short for leg in ticket.legs}
    rows = s.scalars(select(Timer).where(Timer.subject.in_(whose)).order_by(Timer.id))
    return [
        {
            "whose": whose[timer.subject],
            "clock": timer.clock,
            "clock_name": CLOCKS[timer.clock],
            "round": timer.round,
            "limit": timer.limit,
            "started": local(timer.started_at).isoformat(timespec="seconds"),
            "due": local(timer.due_at).isoformat(timespec="seconds"),
            "original_due": local(timer.original_due_at).isoformat(timespec="seconds"),
            "stopped": local(timer.stopped_at).isoformat(timespec="seconds") if timer.stopped_at else None,
            "provisional": timer.provisional,
            "light": timer.light(at).value,
            "light_word": timer.light(at).word,
            "steps": timers.deadline_of(timer, versions.terms_of(s, timer), at=at).steps,
        }
        for timer in rows
    ]


def policy_of(s: Session, ticket: Ticket) -> Policy:
    """The version of the policy that the ticket keeps."""
    return _terms(s, ticket).policy


def light(whose: Ticket | Leg, at: datetime) -> Light:
    """红黄绿灯 of a ticket or a leg, computed when it is read; grey where nothing runs any more."""
    if whose.due_at is None or whose.warn_at is None:
        return Light.GREY
    stopped = whose.resolved_at or whose.ended_at if isinstance(whose, Leg) else whose.closed_at
    return lights.light(at, due=whose.due_at, warn=whose.warn_at, stopped=stopped)


def matter_of(s: Session, ticket: Ticket) -> Matter:
    """The ticket as the policy's rules see it, with its item's mode and limits as they were when it was filed."""
    tags = {"redo"} if ticket.round > 1 else set()
    if ticket.confidentiality == "anonymous":
        tags.add("anonymous")
    item = item_as_of(s, ticket.item_code, ticket.filed_at) if ticket.item_code else None
    if item and item.mode:
        tags.add(item.mode)
    return Matter(
        kind=ticket.kind.value, item=ticket.item_code or "", area=ticket.area_code or "", urgency="life" if ticket.urgent else "normal", tags=frozenset(tags),
        promised=_limit(item.promised) if item else None, statutory=_limit(item.statutory) if item else None,
    )  # fmt: skip


def _limit(text: str) -> Limit | None:
    return Limit.parse(text) if text else None


def subject(text: str) -> tuple[str, int]:
    """What a timer is about: ("ticket", 42) or ("leg", 7)."""
    kind, _, number = text.partition(":")
    return kind, int(number)


def _terms(s: Session, ticket: Ticket) -> Terms:
    """The rule that fits the ticket as it is now, under the policy version it was filed with."""
    citizen = timers.find(s, _ticket(ticket), "citizen")
    if citizen is None:
        return versions.terms_for(s, matter_of(s, ticket))
    kept = versions.terms_of(s, citizen)
    rule = kept.policy.rule_for(matter_of(s, ticket))
    if rule.calendar == kept.rule.calendar:
        return replace(kept, rule=rule)
    number, calendar = versions.current_calendar(s, rule.calendar)
    return replace(kept, rule=rule, calendar=calendar, calendar_version=number)


def _under_rule(s: Session, ticket: Ticket, terms: Terms, *, at: datetime) -> None:
    citizen = timers.find(s, _ticket(ticket), "citizen", lock=True)
    if citizen is not None and citizen.stopped_at is None and citizen.rule != terms.rule.key:
        recompute.apply(s, [citizen], lambda timer: terms, at=at)
        mirror(ticket, citizen)


def _start_citizen(s: Session, ticket: Ticket, terms: Terms, *, at: datetime) -> Timer:
    limit = None if terms.rule.limit("citizen") else terms.rule.limit("resolve")
    return timers.start(s, subject=_ticket(ticket), clock="citizen", at=at, terms=terms, round=ticket.round, limit=limit)


def mirror(whose: Ticket | Leg, timer: Timer) -> None:
    """Lists sort and colour by these without a look at the timers: a leg shows its resolve clock, a ticket its own, or the revisit's."""
    shown = "resolve" if isinstance(whose, Leg) else "revisit" if whose.state is State.REVISITING else "citizen"
    if timer.clock == shown:
        whose.due_at, whose.warn_at, whose.provisional = timer.due_at, timer.warn_at, timer.provisional


def _ticket(ticket: Ticket) -> str:
    return f"ticket:{ticket.id}"


def _leg(leg: Leg) -> str:
    return f"leg:{leg.id}"

