"""What became of a recording, as `hotline call` reports it."""

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from hotline.clock import local
from hotline.errors import Refused
from tickets import calls, deadlines
from tickets.reception import Reception
from tickets.ticket import Leg, Ticket


def call_report(s: Session, path: Path, call_id: int | None, problem: Refused | None, *, at: datetime) -> dict[str, Any]:
    """One recording: what was heard, the ticket, who answers and why then. problem: why there is no call, or no ticket yet."""
    if call_id is None:
        return {"file": str(path), "call": None, "ticket": None, "problem": problem.sentence if problem else None}
    call = calls.find(s, call_id)
    report: dict[str, Any] = {
        "file": str(path),
        "call": call.id,
        "state": call.state.value,
        "problem": call.problem,
        "duration": call.duration,
        "transcript": "\n".join(utterance["text"] for utterance in calls.utterances(call)),
        "ticket": None,
    }
    if call.ticket_id is not None:
        report |= _ticket(s, call.ticket_id, at)
    elif urged := s.scalar(select(Reception.ticket_id).where(Reception.call_id == call.id)):
        report |= _ticket(s, urged, at) | {"urged": True}
    return report


def _ticket(s: Session, ticket_id: int, at: datetime) -> dict[str, Any]:
    ticket = s.scalars(
        select(Ticket)
        .where(Ticket.id == ticket_id)
        .options(joinedload(Ticket.item), joinedload(Ticket.lead), selectinload(Ticket.legs).joinedload(Leg.department))
    ).one()
    due = ticket.lead_leg.due_at if ticket.lead_leg else ticket.due_at
    first = ticket.suggestion["suggestions"][0] if ticket.suggestion and ticket.suggestion["suggestions"] else {}
    return {
        "ticket": ticket.number,
        "query_code": ticket.query_code,
        "state": ticket.state.value,
        "kind": ticket.kind.value,
        "urgent": ticket.urgent,
        "item": ticket.item_code or first.get("item"),
        "item_name": ticket.item.name if ticket.item else first.get("item_name"),
        "department": ticket.lead_code or first.get("department"),
        "department_name": ticket.lead.name if ticket.lead else first.get("department_name"),
        "confidence": ticket.confidence,
        "decided_by": ticket.decided_by or "person",
        "reason": ticket.suggestion["reason"] if ticket.suggestion else "",
        "because": first.get("because", []),
        "due": local(due).isoformat(timespec="seconds") if due else None,
        "steps": deadlines.explained(s, ticket, at=at),
    }
