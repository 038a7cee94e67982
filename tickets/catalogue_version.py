"""Versions of the catalogue (目录版本): one for each import, with who, when, and what it changed; and the uploads that wait to be confirmed."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.db import Base


class CatalogueVersion(Base):
    """目录版本. digest: SHA-256 of every row that then held; counts: by sheet, how many rows there are and how many came, changed and ended."""

    __tablename__ = "catalogue_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    source: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64))
    counts: Mapped[dict[str, Any]]


class CatalogueDraft(Base):
    """A file that somebody uploaded and has not confirmed yet. base: the version it was compared with; another one since means: look again."""

    __tablename__ = "catalogue_draft"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str] = mapped_column(String(200))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    whole: Mapped[bool]
    base: Mapped[int]


def current(s: Session) -> int:
    """The number of the version that holds now; 0 before the first import."""
    return s.scalar(select(CatalogueVersion.id).order_by(CatalogueVersion.id.desc()).limit(1)) or 0


def version_at(s: Session, at: datetime) -> int:
    """The version that held at that moment: for a ticket, when it was filed. 0 before the first import."""
    held = select(CatalogueVersion.id).where(CatalogueVersion.at <= at).order_by(CatalogueVersion.at.desc(), CatalogueVersion.id.desc())
    return s.scalar(held.limit(1)) or 0


def history(s: Session, *, limit: int = 50) -> list[CatalogueVersion]:
    """The latest versions first."""
    return list(s.scalars(select(CatalogueVersion).order_by(CatalogueVersion.id.desc()).limit(limit)))
