"""督办阶梯: what happens when a clock reaches a step, exactly once, at its true time, however late the sweep came by.

It only adds rows (events, proposals) and changes none that a verb may hold: a sweep and a verb never wait for each other in a circle.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from hotline.clock import local
from hotline.outbox import Event, record_all
from hotline.people import SYSTEM_ID
from sla.sweep import Due
from tickets import deadlines, discipline
from tickets.ticket import Leg, Ticket

ACTIONS = {
    "remind": "提醒：时限过半",
    "warn": "预警：即将到期",
    "overdue": "超期",
    "supervise": "超期督办",
    "interview": "超期约谈、通报",
    "propose_transfer": "超期拟移送",
}
CLOCKS = {"dispatch": "派单", "sign": "签收", "resolve": "办结", "citizen": "全程", "revisit": "回访", "first_contact": "首次联系", "rectify": "整改"}


def climb(s: Session, dues: Sequence[Due]) -> None:
    """Carries out the steps, in the sweep's own transaction: one read and one write for the whole batch, one event for each step."""
    legs, tickets = _subjects(s, dues)
    events = []
    for due in dues:
        kind, number = deadlines.subject(due.subject)
        leg = legs.get(number) if kind == "leg" else None
        ticket = leg.ticket if leg else tickets.get(number)
        if ticket is None:
            continue
        events.append(_event(ticket, leg, due))
        if leg is not None and due.clock == "resolve" and due.action == "propose_transfer":
            by_then, until = (f"{local(moment):%Y-%m-%d %H:%M}" for moment in (due.due_at, due.at))
            evidence = f"{leg.department.name}承办工单 {ticket.number}，应于 {by_then} 前办结，至 {until} 仍未答复。"
            discipline.propose(s, ticket, leg, trigger="overdue", evidence=evidence, at=due.at)
    record_all(s, events)


def _event(ticket: Ticket, leg: Leg | None, due: Due) -> Event:
    data = {
        "level": due.level,
        "action": due.action,
        "clock": due.clock,
        "leg": leg.id if leg else None,
        "department": leg.department_code if leg else None,
        "label": f"{CLOCKS.get(due.clock, due.clock)}时限{ACTIONS.get(due.action, due.action)}",
        "round": due.round,
        "due": due.due_at.isoformat(),
    }
    return Event(kind="ticket.climbed", subject_kind="ticket", subject_id=ticket.id, at=due.at, by_id=SYSTEM_ID, data=data)


def _subjects(s: Session, dues: Sequence[Due]) -> tuple[dict[int, Leg], dict[int, Ticket]]:
    ids: dict[str, set[int]] = {"leg": set(), "ticket": set()}
    for due in dues:
        kind, number = deadlines.subject(due.subject)
        ids[kind].add(number)
    legs = s.scalars(
        select(Leg).where(Leg.id.in_(ids["leg"])).options(joinedload(Leg.ticket).selectinload(Ticket.legs), joinedload(Leg.department))
    ).unique()
    tickets = s.scalars(select(Ticket).where(Ticket.id.in_(ids["ticket"])).options(selectinload(Ticket.legs)))
    return {leg.id: leg for leg in legs}, {ticket.id: ticket for ticket in tickets}
