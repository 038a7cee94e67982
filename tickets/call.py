"""通话: a recording and what was heard in it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.db import Base, word
from hotline.privacy import Sealed
from tickets.ticket import Ticket


class CallState(StrEnum):
    """How far a call has come."""

    WAITING = "waiting"
    TRANSCRIBED = "transcribed"
    SILENT = "silent"
    FAILED = "failed"
    FILED = "filed"

    @property
    def label(self) -> str:
        """The 中文 name."""
        return CALL_LABELS[self]


CALL_LABELS = {
    CallState.WAITING: "待转写",
    CallState.TRANSCRIBED: "待登记",
    CallState.SILENT: "无语音",
    CallState.FAILED: "转写失败",
    CallState.FILED: "已登记",
}


class Call(Base):
    """通话. The recording is `recordings/<sha256>` in the data folder, byte for byte as it came; the same bytes are the same call.

    declared: the coding of a headerless recording, as its sender gave it. auto: file a ticket without waiting for an operator.
    problem: the sentence a person reads when it waits or failed. tries: how often the speech process failed on it.
    """

    __tablename__ = "call"
    __table_args__ = (Index("ix_call_desk", "id", postgresql_where=text("state <> 'filed'")),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str]
    size: Mapped[int]
    declared: Mapped[str | None] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(20), default="phone")
    auto: Mapped[bool] = mapped_column(default=True)
    phone: Mapped[str | None] = mapped_column(Sealed)
    received_at: Mapped[datetime]
    received_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    state: Mapped[CallState] = mapped_column(word(CallState), default=CallState.WAITING)
    problem: Mapped[str | None]
    problem_code: Mapped[str | None] = mapped_column(String(40))
    duration: Mapped[float | None]
    transcript: Mapped[dict[str, Any] | None]
    transcribed_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), unique=True)

    ticket: Mapped[Ticket | None] = relationship(lazy="raise")
