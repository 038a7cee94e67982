"""会商: a question that a dispatcher puts to several units, what each of them says to it, and what was concluded."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.db import Base
from hotline.people import Department, Person

if TYPE_CHECKING:
    from tickets.ticket import Ticket


class Consultation(Base):
    """One 会商, open until it is concluded. meets_at: when the units meet, None where they only write."""

    __tablename__ = "consultation"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    question: Mapped[str]
    meets_at: Mapped[datetime | None]
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    conclusion: Mapped[str | None]
    concluded_at: Mapped[datetime | None]
    concluded_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    ticket: Mapped["Ticket"] = relationship(lazy="raise", back_populates="consultations")
    opinions: Mapped[list["Opinion"]] = relationship(lazy="raise", order_by="Opinion.id", back_populates="consultation")
    by: Mapped[Person] = relationship(lazy="raise", foreign_keys=[by_id])

    @property
    def open(self) -> bool:
        """Whether it has not been concluded."""
        return self.concluded_at is None

    def asks(self, department: str | None) -> "Opinion | None":
        """This unit's place in it, None for a unit that was not invited."""
        return next((opinion for opinion in self.opinions if opinion.department_code == department), None)


class Opinion(Base):
    """One unit's place in a 会商: invited from the start, `text` once it has said something. It lets the unit read the ticket."""

    __tablename__ = "opinion"
    __table_args__ = (Index("ix_opinion_department", "department_code", "ticket_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultation.id"), index=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    department_code: Mapped[str] = mapped_column(ForeignKey("department.code"))
    text: Mapped[str | None]
    at: Mapped[datetime | None]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    consultation: Mapped[Consultation] = relationship(lazy="raise", back_populates="opinions")
    department: Mapped[Department] = relationship(lazy="raise")
    by: Mapped[Person | None] = relationship(lazy="raise")


def open_consultation(ticket: "Ticket") -> Consultation | None:
    """会商中: the one that has not been concluded."""
    return next((one for one in ticket.consultations if one.open), None)


def asked_of(ticket: "Ticket", person: Person) -> Opinion | None:
    """This person's unit in the open consultation, None where it was not invited."""
    current = open_consultation(ticket)
    return current.asks(person.department_code) if current and person.department_code else None
