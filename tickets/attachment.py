"""附件: the files that a ticket carries, and those that were handed in and belong to none yet."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.changes import follow
from hotline.db import Base
from hotline.people import Department, Person


class Upload(Base):
    """A file that a person handed in and that goes with nothing yet: theirs alone until a verb takes it. Kept a week, then swept.

    The bytes are `attachments/<sha256>` in the data folder. media: what it is by its content.
    """

    __tablename__ = "upload"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    name: Mapped[str]
    size: Mapped[int]
    media: Mapped[str] = mapped_column(String(100))
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    at: Mapped[datetime] = mapped_column(index=True)


class Attachment(Base):
    """附件 of a ticket; the event of the verb that brought it tells of it. department_code: whose it is, None for the centre's and the citizen's.

    again_id: the attachment of an earlier ticket of the same citizen that is used again, so that nothing is asked for twice.
    """

    __tablename__ = "attachment"
    __table_args__ = (Index("ix_attachment_ticket", "ticket_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    name: Mapped[str]
    size: Mapped[int]
    media: Mapped[str] = mapped_column(String(100))
    department_code: Mapped[str | None] = mapped_column(ForeignKey("department.code"))
    again_id: Mapped[int | None] = mapped_column(ForeignKey("attachment.id"))
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))

    by: Mapped[Person] = relationship(lazy="raise")
    department: Mapped[Department | None] = relationship(lazy="raise")


follow(Attachment, of=lambda s, row: ("ticket", row.ticket_id), without=frozenset({"id"}))
