"""Idempotency-Key (幂等键): a client that repeats a request after a broken line gets the first answer again, and nothing happens twice."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.db import Base
from hotline.errors import Conflict, Refused
from hotline.people import Person

KEPT_FOR = timedelta(days=2)


class Answered(Base):
    """The answer that a key got. `digest` is of the request, so that one key cannot stand for two requests."""

    __tablename__ = "answered"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    body: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(index=True)


def earlier_answer(s: Session, *, person: Person, key: str, request: bytes) -> tuple[int, dict[str, Any]] | None:
    """The status and body this key got before, or None: then the caller goes on, and calls `remember` in the same transaction.

    Two requests with one key at the same moment: the second waits here until the first has committed.
    Raises Refused for a key that is no key, Conflict for one that came with another request.
    """
    if not 0 < len(key) <= 200 or not key.isprintable():
        raise Refused("Idempotency-Key 应为 1 到 200 个可见字符。", field="Idempotency-Key")
    s.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"{person.id}:{key}"))))
    answered = s.get(Answered, (person.id, key))
    if answered is None:
        return None
    if answered.digest != _digest(request):
        raise Conflict("这个 Idempotency-Key 已用于另一个请求。", field="Idempotency-Key")
    return answered.status, answered.body


def remember(s: Session, *, person: Person, key: str, request: bytes, status: int, body: dict[str, Any], at: datetime) -> None:
    """Keeps the answer for two days, in the transaction of the verb itself."""
    s.execute(delete(Answered).where(Answered.at < at - KEPT_FOR))
    s.add(Answered(person_id=person.id, key=key, digest=_digest(request), status=status, body=body, at=at))


def _digest(request: bytes) -> str:
    return hashlib.sha256(request).hexdigest()
