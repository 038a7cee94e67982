"""知识库: articles by which an operator answers on the spot (直办). Versioned: an answer names the version that it was given by."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hotline import words
from hotline.db import Base


class Article(Base):
    """知识条目 as it stands. item_code: what it is about; owner_code: the department that answers for it; version: one more with each edit.

    words: what it is found by. reviewed_at: when its owner last said that it holds. active: False once it was withdrawn.
    """

    __tablename__ = "article"
    __table_args__ = (Index("ix_article_words", "words", postgresql_using="gin"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    title: Mapped[str]
    body: Mapped[str]
    keywords: Mapped[str] = mapped_column(default="")
    item_code: Mapped[str | None] = mapped_column(ForeignKey("item.code"), index=True)
    owner_code: Mapped[str | None] = mapped_column(ForeignKey("department.code"), index=True)
    active: Mapped[bool] = mapped_column(default=True)
    reviewed_at: Mapped[datetime | None]
    words: Mapped[list[str]] = mapped_column(ARRAY(Text), default=words.default("title", "keywords", "body"), server_default="{}")


class ArticlePast(Base):
    """What an article said up to a version, and who changed it when."""

    __tablename__ = "article_past"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[dict[str, Any]]
    replaced_at: Mapped[datetime]
    replaced_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))


class ArticleFlag(Base):
    """不准: somebody found a version wrong. settled_at: when its owner had looked at it."""

    __tablename__ = "article_flag"
    __table_args__ = (Index("ix_article_flag_open", "article_id", postgresql_where=text("settled_at is null")),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    version: Mapped[int]
    note: Mapped[str]
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    answer: Mapped[str] = mapped_column(String(500), default="")
