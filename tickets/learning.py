"""样例: what each ticket teaches the classifier. Read from the ticket and its legs whenever they change, so that nothing has to be counted twice.

A lesson is what was suggested when the ticket was filed, and what was right in the end: the item, the department and the area under which
it was dispatched and not returned. A dispatch that was returned and made again with another item corrects the first.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column, selectinload

from hotline.db import Base, word
from hotline.errors import NotFound
from hotline.outbox import Event
from sla import versions, worktime
from tickets.lifecycle import State
from tickets.ticket import Leg, Ticket

EVENTS = (
    "ticket.filed", "ticket.dispatched", "ticket.redispatched", "ticket.signed", "ticket.return_approved", "ticket.return_refused", "ticket.resolved",
    "ticket.closed", "ticket.answered", "ticket.merged",
)  # fmt: skip
"""After these a ticket may teach something else."""

WRONG_UNIT = ("duty", "area", "ownership")
"""Reasons of a return (tickets.returning.REASONS) by which the dispatch was wrong; the others say nothing against it."""

CALENDAR = "standard"


class How(StrEnum):
    """How it is known what was right."""

    CONFIRMED = "confirmed"
    CORRECTED = "corrected"
    RETURNED = "returned"
    RULED = "ruled"

    @property
    def label(self) -> str:
        """The 中文 name."""
        return HOW_LABELS[self]


HOW_LABELS = {How.CONFIRMED: "派单确认", How.CORRECTED: "派单改正", How.RETURNED: "退单后改派", How.RULED: "裁定"}


class Lesson(Base):
    """What one ticket taught. Suggested: item, unit and confidence of the first suggestion, None where nothing was suggested.

    by_itself: the classifier dispatched it first; first_unit: where it went first. item, unit, area, how, settled_at: what was right and since
    when that is known, None until then. misrouted: a department returned it as not its own; lost: working minutes that it lay with departments
    which returned it.
    """

    __tablename__ = "lesson"
    __table_args__ = (
        Index("ix_lesson_filed_at", "filed_at"),
        Index("ix_lesson_settled_at", "settled_at", postgresql_where=sql("settled_at is not null")),
    )

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    filed_at: Mapped[datetime]
    suggested_item: Mapped[str | None] = mapped_column(String(12))
    suggested_unit: Mapped[str | None] = mapped_column(String(40))
    confidence: Mapped[float | None]
    unknown: Mapped[bool] = mapped_column(default=True)
    model: Mapped[str] = mapped_column(String(20), default="")
    by_itself: Mapped[bool] = mapped_column(default=False)
    first_unit: Mapped[str | None] = mapped_column(String(40))
    item: Mapped[str | None] = mapped_column(String(12))
    unit: Mapped[str | None] = mapped_column(String(40))
    area: Mapped[str | None] = mapped_column(String(12))
    how: Mapped[How | None] = mapped_column(word(How))
    settled_at: Mapped[datetime | None]
    misrouted: Mapped[bool] = mapped_column(default=False)
    lost: Mapped[int] = mapped_column(default=0)


def learn(s: Session, ticket_id: int) -> Lesson | None:
    """What the ticket teaches as it stands now. Two that do this at once come one after the other, the second with fresh eyes."""
    filed_at = s.scalar(select(Ticket.filed_at).where(Ticket.id == ticket_id))
    if filed_at is None:
        return None
    s.execute(insert(Lesson).values(ticket_id=ticket_id, filed_at=filed_at).on_conflict_do_nothing())
    lesson = s.scalars(select(Lesson).where(Lesson.ticket_id == ticket_id).with_for_update().execution_options(populate_existing=True)).one()
    fresh = select(Ticket).where(Ticket.id == ticket_id).options(selectinload(Ticket.legs)).execution_options(populate_existing=True)
    ticket = s.scalars(fresh).one()
    legs = [leg for leg in ticket.legs if leg.lead]
    _suggested(lesson, ticket)
    _dispatched(s, lesson, ticket, legs)
    _settle(lesson, ticket, legs)
    s.flush()
    return lesson


def catch_up(s: Session, *, after: int, limit: int = 200) -> int | None:
    """Learns from tickets that were there before lessons were, from the one after `after` on. Returns the last id, None at the end."""
    found = s.scalars(select(Ticket.id).where(Ticket.id > after).order_by(Ticket.id).limit(limit)).all()
    known = set(s.scalars(select(Lesson.ticket_id).where(Lesson.ticket_id.in_(found))))
    for ticket_id in found:
        if ticket_id not in known:
            learn(s, ticket_id)
    return found[-1] if found else None


def _suggested(lesson: Lesson, ticket: Ticket) -> None:
    said = ticket.suggestion or {}
    first = (said.get("suggestions") or [{}])[0]
    lesson.suggested_item, lesson.suggested_unit = first.get("item"), first.get("department")
    lesson.confidence = first.get("confidence")
    lesson.unknown, lesson.model = bool(said.get("unknown", True)), str(said.get("model_version", ""))[:20]


def _dispatched(s: Session, lesson: Lesson, ticket: Ticket, legs: Sequence[Leg]) -> None:
    wrong = [leg for leg in legs if leg.outcome == "returned" and leg.return_reason in WRONG_UNIT]
    lesson.first_unit = legs[0].department_code if legs else None
    lesson.by_itself = bool(legs) and _first_decided_by(s, ticket) == "classifier"
    lesson.misrouted = bool(wrong)
    lesson.lost = sum(_minutes(s, leg) for leg in wrong)


def _settle(lesson: Lesson, ticket: Ticket, legs: Sequence[Leg]) -> None:
    """What was right. A dispatch by a person counts at once, one by the classifier when the department has taken it on."""
    lesson.item = lesson.unit = lesson.area = lesson.how = lesson.settled_at = None
    if ticket.item_code is None:
        return
    last = next((leg for leg in reversed(legs) if leg.outcome in (None, "resolved")), None)
    if last is None:
        if not legs and ticket.state is State.CLOSED:  # answered on the spot 直办: an operator chose the item
            lesson.settled_at = ticket.closed_at
            lesson.how = _agrees(lesson, ticket.item_code, None)
    elif last.state is not State.RETURNING and (ticket.decided_by != "classifier" or last.signed_at is not None):
        lesson.unit, lesson.settled_at = last.department_code, last.signed_at or last.dispatched_at
        lesson.how = _known_by(lesson, ticket, last, legs)
    if lesson.how is not None:
        lesson.item, lesson.area = ticket.item_code, ticket.area_code


def _known_by(lesson: Lesson, ticket: Ticket, last: Leg, legs: Sequence[Leg]) -> How:
    earlier = [leg for leg in legs if leg.id < last.id and leg.outcome == "returned"]
    if (last.forced and last.round == 1) or last.return_reason is not None:
        return How.RULED
    return How.RETURNED if earlier else _agrees(lesson, ticket.item_code, last.department_code)


def _agrees(lesson: Lesson, item: str | None, unit: str | None) -> How:
    differs = lesson.suggested_item is not None and (lesson.suggested_item != item or unit not in (None, lesson.suggested_unit))
    return How.CORRECTED if differs else How.CONFIRMED


def _first_decided_by(s: Session, ticket: Ticket) -> str | None:
    """Who dispatched it first; the ticket itself only keeps who did so last."""
    of_it = select(Event.data).where(Event.subject_kind == "ticket", Event.subject_id == ticket.id, Event.kind == "ticket.dispatched")
    first = s.scalar(of_it.order_by(Event.id).limit(1))
    return first.get("decided_by") if first else ticket.decided_by


def _minutes(s: Session, leg: Leg) -> int:
    """Working minutes of a leg that has ended; minutes of the clock where the city has no such calendar."""
    ended = leg.ended_at or leg.dispatched_at
    try:
        _, calendar = versions.current_calendar(s, CALENDAR)
    except NotFound:
        return int((ended - leg.dispatched_at).total_seconds() // 60)
    return max(worktime.elapsed(calendar, leg.dispatched_at, ended), 0)
