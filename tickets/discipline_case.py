"""纪检监督件: what climbed out of a department's hands, as a proposal that people confirm.

A hotline does not decide misconduct: the ladder proposes (拟移送), the unit explains within one workday (说明),
a supervisor confirms (移送) or withdraws, and discipline inspection concludes.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, word


class CaseState(StrEnum):
    """Where a discipline case stands."""

    PROPOSED = "proposed"
    EXPLAINED = "explained"
    TRANSFERRED = "transferred"
    WITHDRAWN = "withdrawn"
    CONCLUDED = "concluded"

    @property
    def label(self) -> str:
        """The 中文 name."""
        return CASE_LABELS[self]


CASE_LABELS = {
    CaseState.PROPOSED: "拟移送·待说明",
    CaseState.EXPLAINED: "已说明·待确认",
    CaseState.TRANSFERRED: "已移送",
    CaseState.WITHDRAWN: "不予移送",
    CaseState.CONCLUDED: "已结论",
}


class DisciplineCase(Base):
    """One department's conduct in one leg. `trigger`: the rule that proposed it; `evidence`: the sentence a person reads."""

    __tablename__ = "discipline_case"
    __table_args__ = (
        Index("uq_discipline_case_leg", "leg_id", unique=True),
        Index("ix_discipline_case_queue", "state", "id", postgresql_where=text("state not in ('withdrawn', 'concluded')")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    leg_id: Mapped[int] = mapped_column(ForeignKey("leg.id"))
    department_code: Mapped[str] = mapped_column(ForeignKey("department.code"), index=True)
    state: Mapped[CaseState] = mapped_column(word(CaseState), default=CaseState.PROPOSED)
    trigger: Mapped[str] = mapped_column(String(40))
    evidence: Mapped[str]
    proposed_at: Mapped[datetime]
    statement_due_at: Mapped[datetime]
    statement: Mapped[str | None]
    statement_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decision: Mapped[str | None]
    transferred_at: Mapped[datetime | None]
    conclusion: Mapped[str | None]
    concluded_at: Mapped[datetime | None]
