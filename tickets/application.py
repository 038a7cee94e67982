"""申请: what a department asks for beside its ticket: 延期, 挂起, 终止, 剔除. One row for one request, with who asked, who judged it, and what came of it."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from hotline.db import Base, word
from hotline.people import Department, Person
from hotline.roles import Role

if TYPE_CHECKING:
    from tickets.ticket import Ticket

OPEN = "state in ('asked', 'first_approved')"


class Ask(StrEnum):
    """What is asked for."""

    EXTENSION = "extension"
    PAUSE = "pause"
    TERMINATION = "termination"
    EXCLUSION = "exclusion"

    @property
    def label(self) -> str:
        """The 中文 word."""
        return ASK_LABELS[self]


ASK_LABELS = {Ask.EXTENSION: "延期", Ask.PAUSE: "挂起", Ask.TERMINATION: "终止", Ask.EXCLUSION: "剔除"}
TWO_APPROVALS = frozenset({Ask.TERMINATION, Ask.EXCLUSION})
"""双审: a reviewer first, then a supervisor who is another person. The others a supervisor grants alone."""


class Judged(StrEnum):
    """What came of it. Lapsed 失效: the leg was answered or ended before anybody judged it."""

    ASKED = "asked"
    FIRST_APPROVED = "first_approved"
    GRANTED = "granted"
    REFUSED = "refused"
    LAPSED = "lapsed"

    @property
    def label(self) -> str:
        """The 中文 word."""
        return JUDGED_LABELS[self]


JUDGED_LABELS = {
    Judged.ASKED: "待批",
    Judged.FIRST_APPROVED: "初审同意，待批准",
    Judged.GRANTED: "已批准",
    Judged.REFUSED: "已驳回",
    Judged.LAPSED: "已失效",
}
WAITING = (Judged.ASKED, Judged.FIRST_APPROVED)


class Application(Base):
    """One request. reason: a code for 挂起 and 剔除, words for 延期 and 终止; evidence: 依据.

    limit: how much longer (延期); reply: the final answer (最终答复) that the citizen is to read (终止).
    first_by, first_at: the first of two approvals; decided_by, decided_at, decision: the last word.
    """

    __tablename__ = "application"
    __table_args__ = (
        Index("uq_application_waiting", "leg_id", "kind", unique=True, postgresql_where=text(OPEN)),
        Index("ix_application_waiting", "id", "kind", "state", postgresql_where=text(OPEN)),
        Index("ix_application_granted", "kind", "id", postgresql_where=text("state = 'granted'")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    leg_id: Mapped[int] = mapped_column(ForeignKey("leg.id"))
    department_code: Mapped[str] = mapped_column(ForeignKey("department.code"))
    kind: Mapped[Ask] = mapped_column(word(Ask))
    state: Mapped[Judged] = mapped_column(word(Judged), default=Judged.ASKED)
    asked_at: Mapped[datetime]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str]
    evidence: Mapped[str] = mapped_column(default="")
    limit: Mapped[str | None] = mapped_column(String(30))
    reply: Mapped[str | None]
    first_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    first_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    decision: Mapped[str] = mapped_column(default="")

    ticket: Mapped["Ticket"] = relationship(lazy="raise", back_populates="requests")
    department: Mapped[Department] = relationship(lazy="raise")
    asked_by: Mapped[Person] = relationship(lazy="raise", foreign_keys=[asked_by_id])
    first_by: Mapped[Person | None] = relationship(lazy="raise", foreign_keys=[first_by_id])
    decided_by: Mapped[Person | None] = relationship(lazy="raise", foreign_keys=[decided_by_id])

    @property
    def waiting(self) -> bool:
        """Whether it has not been judged to the end."""
        return self.state in WAITING

    @property
    def two_approvals(self) -> bool:
        """双审: whether two people must approve."""
        return self.kind in TWO_APPROVALS

    def waits_for(self, person: Person) -> bool:
        """Whether it is for this person to judge now; the second approval never for who gave the first."""
        if self.state is Judged.FIRST_APPROVED:
            return person.has(Role.SUPERVISOR) and self.first_by_id not in (person.id, person.on_behalf_of)
        return self.state is Judged.ASKED and person.has(Role.REVIEWER if self.two_approvals else Role.SUPERVISOR)


def lapse(s: Session, leg: int, *, at: datetime) -> None:
    """失效: the leg is answered or over, so what was asked for while it ran is asked for no more."""
    awaited = update(Application).where(Application.leg_id == leg, Application.state.in_(WAITING), Application.kind != Ask.EXCLUSION)
    s.execute(awaited.values(state=Judged.LAPSED, decided_at=at))
