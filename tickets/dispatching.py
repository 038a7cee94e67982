"""派单, 改派, 联办: handing a ticket to the departments that answer for it. Every hand-over opens a leg with its own clock."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.attributes import flag_modified

from hotline.errors import Conflict, Forbidden, NotFound, Refused
from hotline.outbox import record
from hotline.people import Department, Person, system
from hotline.roles import Role
from sla.limit import Limit
from tickets import access, bad_rating, concerning, deadlines, turns
from tickets.application import lapse
from tickets.catalogue import area_named, item_named
from tickets.filing import clean
from tickets.lifecycle import State, Verb, after
from tickets.ticket import Kind, Leg, Ticket

RETURNS_BEFORE_RULING = 2
NOT_BY_TEXT = (Kind.BAD_RATING,)
"""Kinds whose text is not the citizen's own: the classifier has nothing to say of them."""

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
    in_order: bool = False,
    limits: Mapping[str, str] | None = None,
    by: Person,
    at: datetime,
    decided_by: str = "person",
) -> Leg:
    """Hands a filed ticket to its lead department (主办) and any co-handlers (协办). Returns the lead's leg.

    item, area: corrections by the dispatcher. in_order: the co-handlers follow one another (顺序), each when the one before has answered;
    otherwise they begin together (并行). limits: their own, by unit, none longer than the lead's. After two approved returns the dispatch
    is a ruling (裁定) that cannot be returned again. Raises Forbidden, Conflict, NotFound or Refused.
    """
    access.check(ticket, Verb.DISPATCH, by)
    ruling = _ruling(ticket, by)
    bad_rating.check_dispatch(ticket)
    ticket.item_code = item_named(s, item).code if item else ticket.item_code
    ticket.area_code = area_named(s, area).code if area else ticket.area_code
    if ticket.item_code is None:
        raise Refused("派单前请先选定事项。", field="item")
    ticket.decided_by = decided_by
    helpers = list(dict.fromkeys(co_handlers))
    own = turns.limits_of(limits or {}, helpers)
    now, later = (helpers[:1], helpers[1:]) if in_order else (helpers, [])
    leads = [open_leg(s, ticket, department, lead=True, forced=ruling, basis=basis, at=at)]
    legs = leads + [open_leg(s, ticket, code, lead=False, forced=False, basis=basis, at=at) for code in now]
    ticket.state = after(ticket.state, Verb.DISPATCH)
    ticket.lead_code = department
    s.flush()
    deadlines.dispatched(s, ticket, legs, at=at, limits=own)
    plan_turns(s, ticket, later, limits=own, basis=basis, by=by, at=at)
    recorded(s, "ticket.dispatched", ticket, legs, by=by, at=at, basis=basis, decided_by=decided_by, ruling=ruling, planned=later)
    return legs[0]


def _ruling(ticket: Ticket, by: Person) -> bool:
    """裁定: whether this dispatch is one. It is for a dispatcher to make."""
    ruling = ticket.returns >= RETURNS_BEFORE_RULING
    if ruling and not by.has(Role.DISPATCHER):
        raise Forbidden(f"本件已退单 {ticket.returns} 次，须由派单员裁定承办单位。")
    return ruling


def dispatch_as_suggested(s: Session, ticket_id: int, *, at: datetime) -> Leg | None:
    """Dispatches by the classifier's suggestion where it is sure enough and nobody chose otherwise; None leaves it to a person."""
    ticket = s.scalar(select(Ticket).where(Ticket.id == ticket_id).options(selectinload(Ticket.legs)).with_for_update(of=Ticket, key_share=True))
    if ticket is not None and (leg := _to_the_unit_concerned(s, ticket, at=at)):
        return leg
    if ticket is None or ticket.kind in NOT_BY_TEXT or ticket.state is not State.FILED or ticket.legs or ticket.urgent:
        return None
    if not ticket.suggestion or not ticket.suggestion["dispatch"]:
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


def _to_the_unit_concerned(s: Session, ticket: Ticket, *, at: datetime) -> Leg | None:
    """找茬 goes to the unit of the person concerned, to be looked into."""
    unit = concerning.unit_of(s, ticket) if ticket.kind is Kind.FAULT and ticket.state is State.FILED and not ticket.legs and ticket.item_code else None
    if unit is None or unit.kind in NOT_ANSWERING:
        return None
    return dispatch(s, ticket, department=unit.code, basis="找茬件转被反映人所在单位查证", by=system(s), at=at)


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
    new = open_leg(s, ticket, department, lead=True, forced=ticket.returns >= RETURNS_BEFORE_RULING, basis=reason, at=at)
    ticket.state = after(ticket.state, Verb.REDISPATCH)
    ticket.lead_code = department
    ticket.decided_by = "person"
    s.flush()
    turns.began(s, ticket, new)
    deadlines.dispatched(s, ticket, [new], at=at)
    recorded(s, "ticket.redispatched", ticket, [new], by=by, at=at, reason=reason)
    return new


def open_redo_leg(s: Session, ticket: Ticket, *, department: str, reason: str, at: datetime) -> Leg:
    """The leg of a new round (重办): with the department that led before, and not to be returned."""
    leg = open_leg(s, ticket, department, lead=True, forced=True, basis=reason, at=at)
    s.flush()
    deadlines.dispatched(s, ticket, [leg], at=at)
    return leg


def end_leg(s: Session, ticket: Ticket, leg: Leg, *, outcome: str, at: datetime) -> None:
    """Ends a leg and its clocks, and what waited for it: its requests lapse, and without a lead nobody's turn to help will come."""
    leg.outcome, leg.ended_at = outcome, at
    deadlines.leg_ended(s, ticket, leg, at=at)
    lapse(s, leg.id, at=at)
    if leg.lead and outcome != "recalled":
        turns.drop(s, ticket, at=at)


def plan_turns(
    s: Session, ticket: Ticket, units: Sequence[str], *, limits: Mapping[str, Limit] = deadlines.NO_LIMITS, basis: str, by: Person, at: datetime
) -> None:
    """顺序协办: these follow, in this order. Raises NotFound or Refused for one that cannot, or for a limit longer than the lead's."""
    taken = {planned.department_code for planned in turns.waiting(s, ticket)}
    for unit in units:
        if answering(s, ticket, unit).code in taken:
            raise Refused("该单位已排在顺序协办中。", field="department")
        if unit in limits:
            deadlines.check_limit(s, ticket, limits[unit], at=at)
    turns.plan(s, ticket, units, limits=limits, basis=basis, by=by, at=at)


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


def answering(s: Session, ticket: Ticket, department: str) -> Department:
    """The unit, if it can take this ticket. Raises NotFound for one that does not answer tickets, Refused for one that holds it already."""
    unit = s.get(Department, department)
    if unit is None or unit.kind in NOT_ANSWERING:
        raise NotFound(f"没有编码为“{department}”的承办单位。", field="department")
    if not unit.active:
        raise Refused(f"{unit.name}已停用，请另选承办单位。", field="department")
    if any(leg.department_code == department for leg in ticket.current_legs):
        raise Refused(f"{unit.name}已在承办这件工单。", field="department")
    return unit


def open_leg(s: Session, ticket: Ticket, department: str, *, lead: bool, forced: bool, basis: str, at: datetime) -> Leg:
    """A new leg; its clocks are started by deadlines.dispatched once it has its number."""
    unit = answering(s, ticket, department)
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


def recorded(s: Session, kind: str, ticket: Ticket, legs: Sequence[Leg], *, by: Person, at: datetime, **data: object) -> None:
    """The event of a verb that opened legs."""
    record(s, kind, ticket, by=by, at=at, item=ticket.item_code, round=ticket.round, legs=[opened(leg) for leg in legs], **data)
