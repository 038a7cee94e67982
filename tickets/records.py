"""Records beside a ticket that change no state: 一次性告知, 批示, and the co-handlers (协办) whose turn has not come."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.db import Base
from hotline.people import Department, Person


class Notice(Base):
    """一次性告知: what a department tells the citizen is missing, at once and whole. violation: it had already listed something on the same leg."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_violation", "id", postgresql_where=text("violation")),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    leg_id: Mapped[int] = mapped_column(ForeignKey("leg.id"), index=True)
    department_code: Mapped[str] = mapped_column(ForeignKey("department.code"))
    missing: Mapped[list[str]]
    text: Mapped[str] = mapped_column(default="")
    violation: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))

    department: Mapped[Department] = relationship(lazy="raise")
    by: Mapped[Person] = relationship(lazy="raise")


class Instruction(Base):
    """批示: which leader wrote what, and the day it bears."""

    __tablename__ = "instruction"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    leader: Mapped[str]
    text: Mapped[str]
    dated: Mapped[date]
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))

    by: Mapped[Person] = relationship(lazy="raise")


class Planned(Base):
    """顺序协办: a co-handler that starts when the one before it has answered or ended. limit: its own, '' for the rule's.

    leg_id: the leg that it became; dropped_at: its turn will not come. While both are empty it is still awaited.
    """

    __tablename__ = "planned"
    __table_args__ = (Index("ix_planned_waiting", "ticket_id", "id", postgresql_where=text("leg_id is null and dropped_at is null")),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    round: Mapped[int]
    department_code: Mapped[str] = mapped_column(ForeignKey("department.code"))
    limit: Mapped[str] = mapped_column(String(30), default="")
    basis: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    leg_id: Mapped[int | None] = mapped_column(ForeignKey("leg.id"))
    dropped_at: Mapped[datetime | None]

    department: Mapped[Department] = relationship(lazy="raise")
