"""时限: which clocks a ticket has, and what starts and stops them. The arithmetic is sla's; here is only when.

A ticket's clocks: `dispatch` from filing to dispatch, `citizen` over everything until it is closed, `revisit` once the answer stands.
A leg's clocks: `sign`, `first_contact`, `resolve` from dispatch (not from signing) to the answer, and `rectify` (整改) of a bad rating; inner
steps of a department never stop them.
A ticket keeps the version of the policy it was filed under; only an explicit recompute moves it to another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.util import identity_key

from hotline.changes import Subject, follow
from hotline.clock import local
from hotline.errors import Refused
from sla import light as lights
from sla import recompute, timers, versions
from sla.light import Light
from sla.limit import Limit
from sla.policy import CLOCKS, Matter, Policy
from sla.timers import Terms, Timer
from sla.worktime import add
from tickets.catalogue import Item, item_as_of
from tickets.groundwork import Groundwork
from tickets.lifecycle import State
from tickets.ticket import Kind, Leg, Ticket

STATEMENT = "statement"
NO_LIMITS: Mapping[str, Limit] = {}


def filed(s: Session, ticket: Ticket, ground: Groundwork, *, at: datetime) -> list[Timer]:
    """The citizen's clock runs from when the citizen was heard, the dispatcher's from now. Returns them; the ticket is new, and they are written with it."""
    terms = versions.terms_for(s, _matter(ticket, ground.item), latest=ground.latest)
    clocks = [timers.made(subject=_ticket(ticket), clock="citizen", at=ticket.received_at, terms=terms, limit=_citizens(terms))]
    mirror(ticket, clocks[0])
    if terms.rule.limit("dispatch"):
        clocks.append(timers.made(subject=_ticket(ticket), clock="dispatch", at=at, terms=terms))
    for clock, id_ in zip(clocks, ground.clocks, strict=False):
        clock.id = id_
    timers.wake(s, clocks, at=at)
    return clocks


def dispatched(s: Session, ticket: Ticket, legs: Sequence[Leg], *, at: datetime, limits: Mapping[str, Limit] = NO_LIMITS) -> None:
    """Each new leg's clocks start; the dispatcher's stops. Where the dispatcher corrected the item, the citizen's clock goes by its rule from now on.

    limits: the co-handlers' own, by unit; none may outlast the lead's.
    """
    terms = _terms(s, ticket)
    _under_rule(s, ticket, terms, at=at)
    timers.stop(s, subject=_ticket(ticket), clock="dispatch", at=at)
    for leg in legs:
        own = None if leg.lead else _within_leads(terms, ticket.lead_leg, limits.get(leg.department_code), at=at)
        resolve = timers.start(s, subject=_leg(leg), clock="resolve", at=at, terms=terms, round=leg.round, limit=own)
        mirror(leg, resolve)
        for clock in ("sign", "first_contact", *(("rectify",) if ticket.kind is Kind.BAD_RATING else ())):
            if terms.rule.limit(clock):
                timers.start(s, subject=_leg(leg), clock=clock, at=at, terms=terms, round=leg.round)
        window = terms.rule.limit("return_window")
        leg.return_until = add(terms.calendar, at, window).due if window and terms.rule.returnable and not leg.forced else None
        leg.forced = leg.forced or not terms.rule.returnable


def triaged(s: Session, ticket: Ticket, *, at: datetime) -> None:
    """A stuck matter is on another track: what still runs goes by the track's rule, and what must not be returned cannot be any more."""
    terms = _terms(s, ticket)
    legs = {_leg(leg): leg for leg in ticket.current_legs}
    running = s.scalars(select(Timer).where(Timer.subject.in_([_ticket(ticket), *legs]), Timer.stopped_at.is_(None)).order_by(Timer.id).with_for_update()).all()
    recompute.apply(s, running, lambda timer: terms, at=at)
    for timer in running:
        mirror(legs.get(timer.subject, ticket), timer)
    for leg in legs.values() if not terms.rule.returnable else ():
        leg.forced, leg.return_until = True, None


def check_limit(s: Session, ticket: Ticket, limit: Limit, *, at: datetime) -> None:
    """Raises Refused where a co-handler's own limit, if it began now, would outlast the lead's."""
    _within_leads(_terms(s, ticket), ticket.lead_leg, limit, at=at)


def fitting(s: Session, ticket: Ticket, limits: Mapping[str, Limit], *, at: datetime) -> dict[str, Limit]:
    """These limits, cut to end with the lead's where they would outlast it: what was promised in time begins late (顺序协办)."""
    terms = _terms(s, ticket)
    return {unit: _cut(terms, ticket.lead_leg, limit, at=at) for unit, limit in limits.items()}


def _within_leads(terms: Terms, lead: Leg | None, asked: Limit | None, *, at: datetime) -> Limit | None:
    """A co-handler's own limit: as it was given, or the rule's cut to end with the lead's. None: the rule's as it is."""
    limit = asked or terms.rule.limit("resolve")
    if limit is None:
        return None
    cut = _cut(terms, lead, limit, at=at)
    if asked is not None and cut is not asked and lead is not None and lead.due_at is not None:
        raise Refused(f"协办时限（{asked.chinese}）不能晚于主办的到期时间 {local(lead.due_at):%m-%d %H:%M}，请改短。", field="limit")
    return asked if cut is limit else cut


def _cut(terms: Terms, lead: Leg | None, limit: Limit, *, at: datetime) -> Limit:
    """Where the lead's time is over already, a co-handler that is called in late gets its own time all the same."""
    if lead is None or lead.due_at is None or lead.due_at <= at:
        return limit
    due = add(terms.calendar, at, limit, close_of_business=terms.rule.close_of_business, roll_if_holiday=terms.rule.roll_if_holiday).due
    return limit if due <= lead.due_at else Limit(Decimal(max(1, int((lead.due_at - at).total_seconds()) // 60)), "minute")


def signed(s: Session, leg: Leg, *, at: datetime) -> None:
    """Stops the sign clock and nothing else."""
    timers.stop(s, subject=_leg(leg), clock="sign", at=at)


def contacted(s: Session, leg: Leg, *, at: datetime) -> None:
    """The citizen was spoken with: the first-contact clock stops."""
    timers.stop(s, subject=_leg(leg), clock="first_contact", at=at)


def resolved(s: Session, ticket: Ticket, leg: Leg, *, at: datetime) -> None:
    """Stops the resolve clock, provisionally: a rejected answer starts it again from here. 整改 ends with the answer."""
    _end_pause(s, ticket, leg, at=at)
    timers.stop(s, subject=_leg(leg), clock="resolve", at=at)
    timers.stop(s, subject=_leg(leg), clock="rectify", at=at)
    contacted(s, leg, at=leg.contacted_at or at)


def resumed(s: Session, ticket: Ticket, leg: Leg, *, at: datetime) -> None:
    """The resolve clock goes on from where it stopped; what the review took is given back, not more."""
    timer = timers.resume(s, subject=_leg(leg), clock="resolve", at=at, terms=_terms(s, ticket))
    mirror(leg, timer)


def extended(s: Session, ticket: Ticket, leg: Leg, limit: Limit, *, at: datetime) -> None:
    """延期 of the resolve clock; a co-handler's not beyond the lead's."""
    mirror(leg, timers.extend(s, subject=_leg(leg), clock="resolve", at=at, limit=limit, terms=_terms(s, ticket)))
    lead = ticket.lead_leg
    if lead is not None and lead is not leg and lead.due_at and leg.due_at and at < lead.due_at < leg.due_at:
        raise Refused("协办的时限不能晚于主办的时限；确需延长的，请先给主办单位延期。", field="limit")


def check_extension(s: Session, ticket: Ticket, leg: Leg, limit: Limit, *, at: datetime) -> None:
    """Raises Refused where such an extension could not be granted anyway: it is late, or more than the rule allows."""
    timer = timers.find(s, _leg(leg), "resolve")
    if timer is None or at > timer.due_at:
        raise Refused("已经超期，不能再延期。", field="limit")
    _terms(s, ticket).rule.check_extension([extension.limit for extension in timer.all_extensions()], limit)


def paused(s: Session, ticket: Ticket, leg: Leg, reason: str, *, at: datetime) -> None:
    """挂起 of the resolve clock; one that ran into its cap is over, and another may follow."""
    if leg.paused_at is not None and not leg.paused(at):
        resumed(s, ticket, leg, at=at)
    mirror(leg, timers.pause(s, subject=_leg(leg), clock="resolve", at=at, reason=reason, terms=_terms(s, ticket)))


def _end_pause(s: Session, ticket: Ticket, leg: Leg, *, at: datetime) -> None:
    """An answer ends a pause: what stands as the deadline must not count on more of it than there was."""
    if leg.paused_at is not None:
        resumed(s, ticket, leg, at=at)


def leg_ended(s: Session, ticket: Ticket, leg: Leg, *, at: datetime) -> None:
    """All clocks of the leg stop; without a lead the dispatcher's runs again."""
    _end_pause(s, ticket, leg, at=at)
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


def merged(s: Session, ticket: Ticket, *, at: datetime) -> None:
    """Nobody has to dispatch it any more; the citizen's clock runs on, whoever answers."""
    timers.stop(s, subject=_ticket(ticket), clock="dispatch", at=at)


def unmerged(s: Session, ticket: Ticket, *, at: datetime) -> None:
    """The dispatcher's clock starts anew."""
    terms = _terms(s, ticket)
    if terms.rule.limit("dispatch"):
        timers.restart(s, subject=_ticket(ticket), clock="dispatch", at=at, terms=terms)


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


def revisit_share(s: Session, ticket: Ticket) -> Decimal:
    """The share of such tickets whose citizens are asked, 0 to 1."""
    return _terms(s, ticket).rule.revisit_share


def light(whose: Ticket | Leg, at: datetime) -> Light:
    """红黄绿灯 of a ticket or a leg, computed when it is read; grey where nothing runs any more."""
    if whose.due_at is None or whose.warn_at is None:
        return Light.GREY
    stopped = whose.resolved_at or whose.ended_at if isinstance(whose, Leg) else whose.closed_at
    paused = whose.paused_at if isinstance(whose, Leg) and whose.paused(at) else None
    return lights.light(at, due=whose.due_at, warn=whose.warn_at, paused=paused, stopped=stopped)


def matter_of(s: Session, ticket: Ticket) -> Matter:
    """The ticket as the policy's rules see it, with its item's mode and limits as they were when it was filed."""
    return _matter(ticket, item_as_of(s, ticket.item_code, ticket.filed_at) if ticket.item_code else None)


def _matter(ticket: Ticket, item: Item | None) -> Matter:
    tags = {"redo"} if ticket.round > 1 else set()
    if ticket.confidentiality == "anonymous":
        tags.add("anonymous")
    if ticket.track:
        tags.add(ticket.track)
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
    return timers.start(s, subject=_ticket(ticket), clock="citizen", at=at, terms=terms, round=ticket.round, limit=_citizens(terms))


def _citizens(terms: Terms) -> Limit | None:
    """A rule without a limit of the citizen's own gives them the department's."""
    return None if terms.rule.limit("citizen") else terms.rule.limit("resolve")


def mirror(whose: Ticket | Leg, timer: Timer) -> None:
    """Lists sort and colour by these without a look at the timers: a leg shows its resolve clock, a ticket its own, or the revisit's."""
    shown = "resolve" if isinstance(whose, Leg) else "revisit" if whose.state is State.REVISITING else "citizen"
    if timer.clock == shown:
        whose.due_at, whose.warn_at, whose.provisional = timer.due_at, timer.warn_at, timer.provisional
    if timer.clock == shown and isinstance(whose, Leg):
        whose.paused_at, whose.paused_until = timer.paused_at, timer.all_pauses()[-1].until if timer.paused_at else None


def _ticket(ticket: Ticket) -> str:
    return f"ticket:{ticket.id}"


def _leg(leg: Leg) -> str:
    return f"leg:{leg.id}"


def _told_by(s: Session, timer: Timer) -> Subject | None:
    """The ticket whose events tell of a clock; None for a clock that is no ticket's."""
    kind, _, number = timer.subject.partition(":")
    if kind not in ("ticket", "leg") or not number.isdecimal():
        return None
    if kind == "ticket":
        return kind, int(number)
    leg = s.identity_map.get(identity_key(Leg, int(number)))
    # Asked on the connection: this runs inside a flush, where a query through the session would flush again.
    ticket_id: Any = leg.ticket_id if leg else s.connection().scalar(select(Leg.ticket_id).where(Leg.id == int(number)))
    return ("ticket", ticket_id) if ticket_id is not None else None


# What the sweep moves by itself is not told by events: the steps that have happened are its own.
follow(Timer, of=_told_by, without=frozenset({"id", "state", "paused_at", "steps", "next_step", "next_at", "warn_at"}))
