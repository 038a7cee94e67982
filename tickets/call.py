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
    STOPPED = "stopped"
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
    CallState.STOPPED: "已停止转写",
    CallState.SILENT: "无语音",
    CallState.FAILED: "转写失败",
    CallState.FILED: "已登记",
}


class Call(Base):
    """通话. The recording is `recordings/<sha256>` in the data folder, byte for byte as it came; the same bytes are the same call.

    declared: the coding of a headerless recording, as its sender gave it. channels: the voices' names, left first, where the sender gave them.
    auto: file a ticket without waiting for an operator. done, length: seconds transcribed so far, and in all where the file says so.
    problem: the sentence a person reads when it waits or failed. tries: how often the speech process failed on it.
    """

    __tablename__ = "call"
    __table_args__ = (Index("ix_call_desk", "id", postgresql_where=text("state <> 'filed'")),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str]
    size: Mapped[int]
    declared: Mapped[str | None] = mapped_column(String(20))
    channels: Mapped[list[str] | None]
    channel: Mapped[str] = mapped_column(String(20), default="phone")
    auto: Mapped[bool] = mapped_column(default=True)
    phone: Mapped[str | None] = mapped_column(Sealed)
    received_at: Mapped[datetime]
    received_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    state: Mapped[CallState] = mapped_column(word(CallState), default=CallState.WAITING)
    problem: Mapped[str | None]
    problem_code: Mapped[str | None] = mapped_column(String(40))
    done: Mapped[float] = mapped_column(default=0.0, server_default=text("0"))
    length: Mapped[float | None]
    duration: Mapped[float | None]
    transcript: Mapped[dict[str, Any] | None]
    transcribed_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), unique=True)

    ticket: Mapped[Ticket | None] = relationship(lazy="raise")


class Said(Base):
    """一句, as it was heard and committed while the recording is still being transcribed; ids grow in the order of hearing.

    Sealed: a telephone number may be cut by a pause, so that it can be masked only once its other half is heard. `call.transcript` is for reading.
    """

    __tablename__ = "said"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id", ondelete="CASCADE"), index=True)
    utterance: Mapped[str] = mapped_column(Sealed)


class Correction(Base):
    """订正: what was recognised in one utterance of a call, and what a person heard there. position: of the utterance in the transcript."""

    __tablename__ = "correction"

    call_id: Mapped[int] = mapped_column(ForeignKey("call.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[int]
    start: Mapped[float]
    end: Mapped[float]
    recognised: Mapped[str]
    corrected: Mapped[str]
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))


class AnnouncedState(StrEnum):
    """How far an announced recording has come."""

    WAITING = "waiting"
    TAKEN = "taken"
    FAILED = "failed"


class Announced(Base):
    """录音通知: a PBX said that a recording is ready. The PBX's own id of the call makes it once, however often it is told.

    source: a path below the allowed folder, or an address on an allowed host. problem: why it could not be had.
    """

    __tablename__ = "announced"

    id: Mapped[int] = mapped_column(primary_key=True)
    pbx_id: Mapped[str] = mapped_column(String(200), unique=True)
    source: Mapped[str]
    declared: Mapped[str | None] = mapped_column(String(20))
    channels: Mapped[list[str] | None]
    phone: Mapped[str | None] = mapped_column(Sealed)
    auto: Mapped[bool]
    started_at: Mapped[datetime | None]
    announced_at: Mapped[datetime]
    state: Mapped[AnnouncedState] = mapped_column(word(AnnouncedState), default=AnnouncedState.WAITING)
    problem: Mapped[str | None]
    tries: Mapped[int] = mapped_column(default=0)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))
