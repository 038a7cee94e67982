"""派单, 改派, 联办: handing a ticket to the departments that answer for it. Every hand-over opens a leg with its own clock."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.attributes import flag_modified

from hotline.errors import Conflict, NotFound, Refused
from hotline.outbox import record
from hotline.people import Department, Person, system
from tickets import access, deadlines
from tickets.catalogue import area_named, item_named
from tickets.filing import clean
from tickets.lifecycle import State, Verb, after
from tickets.ticket import Leg, Ticket

RETURNS_BEFORE_RULING = 2
NOT_ANSWERING = ("discipline",)


def dispatch(
    s: Session,
    ticket: Ticket,
    *,
    department: str,
    co_handlers: Sequence[str] = (),
    item: str | None = None,
    area: str | None = None,
    basis: str = "",
    by: Person,
    at: datetime,
    decided_by: str = "person",
) -> Leg:
    """Hands a filed ticket to its lead department (主办) and any co-handlers (协办). Returns the lead's leg.

    item, area: corrections by the dispatcher. After two approved returns the dispatch is a ruling (裁定) that cannot be
    returned again. Raises Forbidden, Conflict, NotFound or Refused.
    """
    access.check(ticket, Verb.DISPATCH, by)
    ticket.item_code = item_named(s, item).code if item else ticket.item_code
    ticket.area_code = area_named(s, area).code if area else ticket.area_code
    if ticket.item_code is None:
        raise Refused("派单前请先选定事项。", field="item")
    ticket.decided_by = decided_by
    leads = [_open_leg(s, ticket, department, lead=True, forced=ticket.returns >= RETURNS_BEFORE_RULING, basis=basis, at=at)]
    legs = leads + [_open_leg(s, ticket, code, lead=False, forced=False, basis=basis, at=at) for code in dict.fromkeys(co_handlers)]
    ticket.state = after(ticket.state, Verb.DISPATCH)
    ticket.lead_code = department
    s.flush()
    deadlines.dispatched(s, ticket, legs, at=at)
    _recorded(s, "ticket.dispatched", ticket, legs, by=by, at=at, basis=basis, decided_by=decided_by)
    return legs[0]


def dispatch_as_suggested(s: Session, ticket_id: int, *, at: datetime) -> Leg | None:
    """Dispatches by the classifier's suggestion where it is sure enough and nobody chose otherwise; None leaves it to a person."""
    ticket = s.scalar(select(Ticket).where(Ticket.id == ticket_id).options(selectinload(Ticket.legs)).with_for_update(of=Ticket, key_share=True))
    if ticket is None or ticket.state is not State.FILED or ticket.legs or not ticket.suggestion or not ticket.suggestion["dispatch"] or ticket.urgent:
        return None
    first = ticket.suggestion["suggestions"][0]
    if ticket.item_code not in (None, first["item"]):
        return None
    return dispatch(
        s,
        ticket,
        department=first["department"],
        co_handlers=first["co_handlers"],
        item=first["item"],
        basis=first["basis"],
        by=system(s),
        at=at,
        decided_by="classifier",
    )


def redispatch(s: Session, ticket: Ticket, *, department: str, reason: str, by: Person, at: datetime) -> Leg:
    """改派: ends the lead's leg as recalled and opens one for another department; the citizen's clock goes on."""
    move = access.check(ticket, Verb.REDISPATCH, by)
    reason = required(reason, "reason", "请写明改派原因。")
    leg = ticket.lead_leg
    if leg is None:
        raise Conflict("工单当前没有主办单位。")
    if leg.department_code == department:
        raise Refused("改派的单位与现主办单位相同。", field="department")
    end_leg(s, ticket, leg, outcome=str(move.ends), at=at)
    s.flush()
    new = _open_leg(s, ticket, department, lead=True, forced=False, basis=reason, at=at)
    ticket.state = after(ticket.state, Verb.REDISPATCH)
    ticket.lead_code = department
    ticket.decided_by = "person"
    s.flush()
    deadlines.dispatched(s, ticket, [new], at=at)
    _recorded(s, "ticket.redispatched", ticket, [new], by=by, at=at, reason=reason)
    return new


def add_co_handler(s: Session, ticket: Ticket, *, department: str, reason: str, by: Person, at: datetime) -> Leg:
    """联办: opens a co-handler's leg beside the lead's."""
    access.check(ticket, Verb.ADD_CO_HANDLER, by)
    reason = required(reason, "reason", "请写明需要协办的事项。")
    leg = _open_leg(s, ticket, department, lead=False, forced=False, basis=reason, at=at)
    touch(ticket)
    s.flush()
    deadlines.dispatched(s, ticket, [leg], at=at)
    _recorded(s, "ticket.co_handler_added", ticket, [leg], by=by, at=at, reason=reason)
    return leg


def open_redo_leg(s: Session, ticket: Ticket, *, department: str, reason: str, at: datetime) -> Leg:
    """The leg of a new round (重办): with the department that led before, and not to be returned."""
    leg = _open_leg(s, ticket, department, lead=True, forced=True, basis=reason, at=at)
    s.flush()
    deadlines.dispatched(s, ticket, [leg], at=at)
    return leg


def end_leg(s: Session, ticket: Ticket, leg: Leg, *, outcome: str, at: datetime) -> None:
    """Ends a leg and its clocks."""
    leg.outcome, leg.ended_at = outcome, at
    deadlines.leg_ended(s, ticket, leg, at=at)


def opened(leg: Leg) -> dict[str, object]:
    """A new leg as its event tells of it."""
    due = leg.due_at.isoformat() if leg.due_at else None
    return {"leg": leg.id, "department": leg.department_code, "lead": leg.lead, "forced": leg.forced, "due": due}


def required(text: str, field: str, sentence: str) -> str:
    """The cleaned text. Raises Refused with `sentence` when nothing is left of it."""
    kept = clean(text, field)
    if not kept:
        raise Refused(sentence, field=field)
    return kept


def touch(ticket: Ticket) -> None:
    """Makes a record beside the ticket count as a change of it, so that a stale write is noticed."""
    flag_modified(ticket, "state")


def _open_leg(s: Session, ticket: Ticket, department: str, *, lead: bool, forced: bool, basis: str, at: datetime) -> Leg:
    unit = s.get(Department, department)
    if unit is None or unit.kind in NOT_ANSWERING:
        raise NotFound(f"没有编码为“{department}”的承办单位。", field="department")
    if any(leg.department_code == department for leg in ticket.current_legs):
        raise Refused(f"{unit.name}已在承办这件工单。", field="department")
    leg = Leg(
        ticket=ticket,
        department_code=department,
        department=unit,
        lead=lead,
        round=ticket.round,
        state=State.DISPATCHED,
        forced=forced,
        basis=basis,
        dispatched_at=at,
    )
    s.add(leg)
    return leg


def _recorded(s: Session, kind: str, ticket: Ticket, legs: Sequence[Leg], *, by: Person, at: datetime, **data: object) -> None:
    record(s, kind, ticket, by=by, at=at, item=ticket.item_code, round=ticket.round, legs=[opened(leg) for leg in legs], **data)
