"""协办: departments that help the lead, all at once (并行) or one after another (顺序). Each has its own leg and its own time, never beyond the lead's."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.outbox import record
from hotline.people import Person, system
from hotline.roles import Role
from tickets import access, deadlines, turns
from tickets.dispatching import open_leg, opened, plan_turns, recorded, required, touch
from tickets.lifecycle import State, Verb, open_moves
from tickets.records import Planned
from tickets.ticket import Leg, Ticket

EVENTS = ("ticket.resolved", "ticket.return_approved", "ticket.co_handler_added")
"""After these somebody's turn may have come."""


def add_co_handler(
    s: Session, ticket: Ticket, *, department: str, reason: str, limit: str = "", in_order: bool = False, by: Person, at: datetime
) -> Leg | None:
    """联办: one department more beside the lead. limit: its own, no longer than the lead's.

    in_order: it begins when those that help already have answered, and None is returned; at once where nobody does.
    Raises Refused naming `limit` for one that outlasts the lead's.
    """
    access.check(ticket, Verb.ADD_CO_HANDLER, by)
    reason = required(reason, "reason", "请写明需要协办的事项。")
    own = turns.limits_of({department: limit}, [department])
    touch(ticket)
    if in_order and (still_helping(ticket) or turns.waiting(s, ticket)):
        plan_turns(s, ticket, [department], limits=own, basis=reason, by=by, at=at)
        record(s, "ticket.co_handler_planned", ticket, by=by, at=at, department=department, reason=reason, limit=limit or None)
        return None
    leg = open_leg(s, ticket, department, lead=False, forced=False, basis=reason, at=at)
    s.flush()
    turns.began(s, ticket, leg)
    deadlines.dispatched(s, ticket, [leg], at=at, limits=own)
    recorded(s, "ticket.co_handler_added", ticket, [leg], by=by, at=at, reason=reason)
    return leg


def start_next(s: Session, ticket_id: int, *, at: datetime) -> Leg | None:
    """顺序协办开始: opens the leg of the co-handler whose turn it is, once nobody before it is still at it. None while there is nothing to start."""
    number = s.scalar(select(Ticket.number).where(Ticket.id == ticket_id))
    if number is None:
        return None
    ticket = access.find(s, number, system(s), lock=True)
    may = any(move.verb is Verb.START_CO_HANDLER for move in open_moves(ticket.state, [Role.SYSTEM]))
    queue = turns.waiting(s, ticket)
    return _start(s, ticket, queue[0], at=at) if may and queue and not still_helping(ticket) else None


def still_helping(ticket: Ticket) -> list[Leg]:
    """The co-handlers that have not answered."""
    return [leg for leg in ticket.current_legs if not leg.lead and leg.state is not State.RESOLVED]


def awaited(s: Session, ticket: Ticket) -> list[str]:
    """Whose answers the lead still has to wait for: the short names of those who help, and of those whose turn is to come."""
    return [leg.department.short for leg in still_helping(ticket)] + [planned.department.short for planned in turns.waiting(s, ticket)]


def _start(s: Session, ticket: Ticket, planned: Planned, *, at: datetime) -> Leg:
    access.check(ticket, Verb.START_CO_HANDLER, system(s))
    leg = open_leg(s, ticket, planned.department_code, lead=False, forced=False, basis=planned.basis, at=at)
    touch(ticket)
    s.flush()
    turns.began(s, ticket, leg)
    own = turns.limits_of({planned.department_code: planned.limit}, [planned.department_code])
    deadlines.dispatched(s, ticket, [leg], at=at, limits=deadlines.fitting(s, ticket, own, at=at))
    record(s, "ticket.co_handler_started", ticket, by=system(s), at=at, legs=[opened(leg)])
    return leg
