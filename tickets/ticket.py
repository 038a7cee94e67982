"""The ticket (工单) and its legs (承办段): the two rows that every verb changes."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.changes import follow
from hotline.db import Base, word
from hotline.people import Department, Person
from hotline.privacy import Sealed
from tickets.application import Application
from tickets.catalogue import Area, Item
from tickets.consultation import Consultation
from tickets.lifecycle import OUT, State


class Kind(StrEnum):
    """诉求类型, and the special matters: of the 办不成事 and 找茬 windows, promised policies (政策兑现), errands done for a citizen (帮代办), bad ratings."""

    INQUIRY = "inquiry"
    HELP = "help"
    COMPLAINT = "complaint"
    REPORT = "report"
    SUGGESTION = "suggestion"
    PRAISE = "praise"
    STUCK = "stuck"
    FAULT = "fault"
    PROMISE = "promise"
    AGENCY = "agency"
    BAD_RATING = "bad_rating"

    @property
    def label(self) -> str:
        """The 中文 name."""
        return KIND_LABELS[self]


KIND_LABELS = {
    Kind.INQUIRY: "咨询",
    Kind.HELP: "求助",
    Kind.COMPLAINT: "投诉",
    Kind.REPORT: "举报",
    Kind.SUGGESTION: "建议",
    Kind.PRAISE: "表扬",
    Kind.STUCK: "办不成事",
    Kind.FAULT: "找茬",
    Kind.PROMISE: "政策兑现",
    Kind.AGENCY: "帮代办",
    Kind.BAD_RATING: "差评整改",
}


class Ticket(Base):
    """工单. `state` is its own, or its lead leg's while it is out; `version` makes a stale write a Conflict.

    received_at: when the citizen's clock began. round: 1, and one more with each redo (重办).
    lead_code: the department that answers now, None while nobody does. returns: approved returns in this round.
    instructed: 批示件; excluded: 剔除, not scored. confidence, decided_by, suggestion: what the classifier said and whether it or a person dispatched.
    burden: 跑动负担 of a stuck matter when it was filed: trips, departments, materials, days (whole numbers); burden_after: the same when it was done.
    window, application: at which window, under which application number (受理编号). should, obstacle, track: 研判 of a stuck matter (tickets.triaging).
    concerns_id, concerns_name: 被反映人 of a 找茬, who never sees it (tickets.access). origin_id: the ticket that this one came of (差评整改, 复核).
    master_id: the ticket into which it was merged (并单), kept after the master's answer has reached this citizen too.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        CheckConstraint("confidentiality in ('open', 'confidential', 'anonymous')", name="confidentiality"),
        CheckConstraint("lead_code is not null or state not in ('dispatched', 'handling', 'returning', 'resolved')", name="out_has_lead"),
        Index("ix_ticket_open_desk", "state", "due_at", "id", postgresql_where=text("state not in ('closed', 'withdrawn', 'terminated', 'archived')")),
        Index("ix_ticket_due", "due_at", "id", postgresql_where=text("state not in ('closed', 'withdrawn', 'terminated', 'archived')")),
        Index("ix_ticket_received", "received_at"),
        Index("ix_ticket_phone", "phone_hash", "id", postgresql_where=text("phone_hash is not null")),
        Index("ix_ticket_concerns", "concerns_id", postgresql_where=text("concerns_id is not null")),
        Index("ix_ticket_concerns_name", "concerns_name", postgresql_where=text("concerns_id is null and concerns_name <> ''")),
        Index("ix_ticket_instructed", "id", postgresql_where=text("instructed")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    query_code: Mapped[str] = mapped_column(String(6), unique=True)
    version: Mapped[int] = mapped_column(default=1)
    state: Mapped[State] = mapped_column(word(State))
    round: Mapped[int] = mapped_column(default=1)
    kind: Mapped[Kind] = mapped_column(word(Kind))
    urgent: Mapped[bool] = mapped_column(default=False)
    alarms: Mapped[list[str]] = mapped_column(default=list)
    channel: Mapped[str] = mapped_column(String(20))
    item_code: Mapped[str | None] = mapped_column(ForeignKey("item.code"), index=True)
    area_code: Mapped[str | None] = mapped_column(ForeignKey("area.code"), index=True)
    address: Mapped[str] = mapped_column(default="")
    title: Mapped[str]
    body: Mapped[str]
    wants: Mapped[str] = mapped_column(default="")
    caller_name: Mapped[str | None] = mapped_column(Sealed)
    phone: Mapped[str | None] = mapped_column(Sealed)
    phone_hash: Mapped[str | None] = mapped_column(String(64))
    confidentiality: Mapped[str] = mapped_column(String(12), default="open")
    burden: Mapped[dict[str, Any]] = mapped_column(default=dict)
    burden_after: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    window: Mapped[str] = mapped_column(default="", server_default="")
    application: Mapped[str] = mapped_column(default="", server_default="")
    should: Mapped[str | None] = mapped_column(String(12))
    obstacle: Mapped[str | None] = mapped_column(String(12))
    track: Mapped[str | None] = mapped_column(String(12))
    concerns_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    concerns_name: Mapped[str] = mapped_column(default="", server_default="")
    origin_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    master_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    received_at: Mapped[datetime]
    filed_at: Mapped[datetime]
    filed_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    lead_code: Mapped[str | None] = mapped_column(ForeignKey("department.code"))
    due_at: Mapped[datetime | None]
    warn_at: Mapped[datetime | None]
    provisional: Mapped[bool] = mapped_column(default=False)
    returns: Mapped[int] = mapped_column(default=0)
    decided_by: Mapped[str | None] = mapped_column(String(12))
    confidence: Mapped[float | None]
    suggestion: Mapped[dict[str, Any] | None]
    solved: Mapped[str | None] = mapped_column(String(12))
    satisfied: Mapped[int | None]
    closed_at: Mapped[datetime | None]
    instructed: Mapped[bool] = mapped_column(default=False, server_default="false")
    excluded: Mapped[bool] = mapped_column(default=False, server_default="false")

    item: Mapped[Item | None] = relationship(lazy="raise")
    area: Mapped[Area | None] = relationship(lazy="raise")
    lead: Mapped[Department | None] = relationship(lazy="raise")
    filed_by: Mapped[Person] = relationship(lazy="raise", foreign_keys=[filed_by_id])
    legs: Mapped[list["Leg"]] = relationship(lazy="raise", order_by="Leg.id", back_populates="ticket")
    requests: Mapped[list[Application]] = relationship(lazy="raise", order_by=Application.id, back_populates="ticket")
    consultations: Mapped[list[Consultation]] = relationship(lazy="raise", order_by=Consultation.id, back_populates="ticket")

    __mapper_args__ = {"version_id_col": version}

    @property
    def lead_leg(self) -> "Leg | None":
        """The current leg of the lead department (主办), None while the ticket is with nobody."""
        return next((leg for leg in reversed(self.legs) if leg.lead and leg.ended_at is None), None)

    @property
    def current_legs(self) -> list["Leg"]:
        """The legs that have not ended: the lead's first."""
        return sorted((leg for leg in self.legs if leg.ended_at is None), key=lambda leg: (not leg.lead, leg.id))

    @property
    def out(self) -> bool:
        """Whether a department holds it."""
        return self.state in OUT


class Leg(Base):
    """承办段: one department's time with one ticket, from dispatch to its end; inner steps of a department never stop it (部门限时).

    lead: 主办, otherwise 协办. forced: dispatched by ruling or after a refused return; it cannot be returned (again).
    outcome: resolved, returned, recalled, merged, withdrawn, absent (a co-handler without whom the lead answered) or terminated, with ended_at.
    wrong_dispatch: returned because it should not have come; it counts against dispatching (无责退单), not against the department.
    due_at, paused_at and paused_until mirror the resolve clock of the leg for lists; paused_until: where the cap of a pause ends it.
    """

    __tablename__ = "leg"
    __table_args__ = (
        Index("ix_leg_inbox", "department_code", "due_at", "id", postgresql_where=text("ended_at is null")),
        Index(
            "ix_leg_open", "department_code", "due_at", "id", postgresql_include=["state"], postgresql_where=text("ended_at is null and state <> 'resolved'")
        ),
        Index("ix_leg_due", "due_at", "id", postgresql_where=text("ended_at is null and state <> 'resolved'")),
        Index("ix_leg_paused", "department_code", postgresql_where=text("paused_at is not null and ended_at is null")),
        Index("ix_leg_department", "department_code", "ticket_id"),
        Index("uq_leg_one_lead", "ticket_id", unique=True, postgresql_where=text("lead and ended_at is null")),
        Index("uq_leg_one_per_department", "ticket_id", "department_code", unique=True, postgresql_where=text("ended_at is null")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    department_code: Mapped[str] = mapped_column(ForeignKey("department.code"))
    lead: Mapped[bool]
    round: Mapped[int]
    state: Mapped[State] = mapped_column(word(State))
    forced: Mapped[bool] = mapped_column(default=False)
    basis: Mapped[str] = mapped_column(default="")
    dispatched_at: Mapped[datetime]
    return_until: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    warn_at: Mapped[datetime | None]
    provisional: Mapped[bool] = mapped_column(default=False)
    signed_at: Mapped[datetime | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    return_reason: Mapped[str | None]
    return_basis: Mapped[str | None]
    return_suggests: Mapped[str | None] = mapped_column(ForeignKey("department.code"))
    result: Mapped[str | None] = mapped_column(String(20))
    reply: Mapped[str | None]
    contacted_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(12))
    wrong_dispatch: Mapped[bool] = mapped_column(default=False, server_default="false")
    paused_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]

    ticket: Mapped[Ticket] = relationship(lazy="raise", back_populates="legs")
    department: Mapped[Department] = relationship(lazy="raise", foreign_keys=[department_code])
    owner: Mapped[Person | None] = relationship(lazy="raise", foreign_keys=[owner_id])

    def paused(self, at: datetime) -> bool:
        """挂起: whether its clock stands still at that moment; a pause ends by itself where its cap does."""
        return self.paused_at is not None and (self.paused_until is None or at < self.paused_until)


class Revisit(Base):
    """回访: one attempt to ask the citizen. outcome: reached, or why not; solved and satisfied only when reached."""

    __tablename__ = "revisit"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    round: Mapped[int]
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    outcome: Mapped[str] = mapped_column(String(20))
    contacted: Mapped[bool | None]
    solved: Mapped[str | None] = mapped_column(String(12))
    satisfied: Mapped[int | None]
    comment: Mapped[str] = mapped_column(default="")


# What a citizen is known by is sealed in the rows, and stays out of the events.
follow(Ticket, of=lambda s, ticket: ("ticket", ticket.id), without=frozenset({"id", "version", "caller_name", "phone", "phone_hash"}))
follow(Leg, of=lambda s, leg: ("ticket", leg.ticket_id), without=frozenset({"id"}))
