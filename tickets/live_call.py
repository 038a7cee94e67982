"""实时通话: a call while it is spoken, its lines, and what was said so far. When it is over it becomes a Call like any other."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, word
from hotline.privacy import Sealed


class Speaker(StrEnum):
    """Whose voice a line carries; mono: both in one."""

    OPERATOR = "operator"
    CITIZEN = "citizen"
    MONO = "mono"

    @property
    def label(self) -> str:
        """The 中文 name."""
        return SPEAKERS[self]


SPEAKERS = {Speaker.OPERATOR: "话务员", Speaker.CITIZEN: "市民", Speaker.MONO: "通话"}


class LiveCall(Base):
    """实时通话. key: the call id that ties its lines together, the PBX's or our own; of the calls that are not over it is the only one.

    source: vosk, audiosocket or microphone. revision: grows with each change of what was said. finished_at: when its last line had gone for good.
    missed: some of it could not be heard live, so that the recording is transcribed anew. call_id: the Call that it has become.
    ticket_id: filed while it was still spoken.
    """

    __tablename__ = "live_call"
    __table_args__ = (
        Index("uq_live_call_key", "key", unique=True, postgresql_where=text("finished_at IS NULL")),
        Index("ix_live_call_open", "id", postgresql_where=text("call_id IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(80))
    source: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(20), default="phone")
    phone: Mapped[str | None] = mapped_column(Sealed)
    begun_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    revision: Mapped[int] = mapped_column(default=0)
    missed: Mapped[bool] = mapped_column(default=False)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"), unique=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), unique=True)

    @property
    def received_at(self) -> datetime:
        """When the citizen's clock began, as a Call has it."""
        return self.begun_at


class LiveLine(Base):
    """一路: one voice of a live call, from its connection to its end. A voice that comes back is another line.

    rate: Hz. sound: name of the file of 16-bit samples in the folder of live recordings. partial: what is being said, personal numbers hidden.
    seen_at: when its process last gave a sign of life; ended_at: when it hung up, or was found to be gone. cut: it was found so; the end of what it
    said is only in the recording.
    """

    __tablename__ = "live_line"

    id: Mapped[int] = mapped_column(primary_key=True)
    live_call_id: Mapped[int] = mapped_column(ForeignKey("live_call.id", ondelete="CASCADE"), index=True)
    speaker: Mapped[Speaker] = mapped_column(word(Speaker))
    rate: Mapped[int]
    sound: Mapped[str] = mapped_column(String(120))
    begun_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    cut: Mapped[bool] = mapped_column(default=False)
    partial: Mapped[str] = mapped_column(default="")


class LiveUtterance(Base):
    """一句 of a live call, committed as it ended. start, end: seconds from the call's beginning. text: personal numbers hidden.

    number: counts the utterances of a line from 1, so that a repeated commit changes nothing. revision: of the call, when the text last changed.
    heard: the utterance with its words, sealed, until the call is over.
    """

    __tablename__ = "live_utterance"
    __table_args__ = (
        Index("uq_live_utterance_line_number", "line_id", "number", unique=True),
        Index("ix_live_utterance_call_revision", "live_call_id", "revision"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    live_call_id: Mapped[int] = mapped_column(ForeignKey("live_call.id", ondelete="CASCADE"))
    line_id: Mapped[int] = mapped_column(ForeignKey("live_line.id", ondelete="CASCADE"))
    number: Mapped[int]
    revision: Mapped[int]
    start: Mapped[float]
    end: Mapped[float]
    text: Mapped[str]
    confidence: Mapped[float]
    heard: Mapped[str | None] = mapped_column(Sealed)
