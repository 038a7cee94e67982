"""暂存: what a person has typed and not yet sent, kept on the server for them alone, until it is sent, thrown away, or a week old."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.db import Base
from hotline.errors import Refused
from hotline.people import Person
from hotline.privacy import Sealed

KEPT = timedelta(days=7)
LARGEST = 200_000
"""Characters of one draft, all fields together: a text of the longest that can be filed, and everything beside it."""

PLACE = re.compile(r"[a-z_]{1,20}(:[A-Za-z0-9_-]{1,40}){0,2}")


class Draft(Base):
    """One person's unsent form. place: which form, `new`, `call:12`, `ticket:12345-…:resolve`; body: its fields as JSON, sealed."""

    __tablename__ = "draft"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[str] = mapped_column(String(100), primary_key=True)
    body: Mapped[str] = mapped_column(Sealed)
    saved_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class Saved:
    """A draft as it is taken up again."""

    fields: dict[str, list[str]]
    at: datetime


def save(s: Session, place: str, fields: Mapping[str, Sequence[str]], *, by: Person, at: datetime) -> None:
    """Keeps the fields that say anything; with none of them the draft is gone. Drafts that are too old go too. Raises Refused for one too large."""
    s.execute(delete(Draft).where(Draft.saved_at < at - KEPT))
    if not PLACE.fullmatch(place):
        raise Refused("没有这样的暂存位置。", field="place")
    said = {name: list(values) for name, values in fields.items() if any(value.strip() for value in values)}
    if not said:
        return drop(s, place, by=by)
    body = json.dumps(said, ensure_ascii=False)
    if len(body) > LARGEST:
        raise Refused("内容过长，没有暂存。", field="place")
    s.merge(Draft(person_id=by.id, place=place, body=body, saved_at=at))


def load(s: Session, place: str, *, by: Person, at: datetime) -> Saved | None:
    """What this person left there; None where there is nothing, or only what is too old."""
    return under(s, place, by=by, at=at).get(place)


def under(s: Session, place: str, *, by: Person, at: datetime) -> dict[str, Saved]:
    """All drafts of this person at a place and below it: of every verb of a ticket, say."""
    below = select(Draft).where(Draft.person_id == by.id, (Draft.place == place) | Draft.place.startswith(f"{place}:", autoescape=True))
    found = s.scalars(below.where(Draft.saved_at >= at - KEPT)).all()
    return {draft.place: Saved(json.loads(draft.body), draft.saved_at) for draft in found if draft.body}


def drop(s: Session, place: str, *, by: Person) -> None:
    """It was sent, or is not wanted any more."""
    s.execute(delete(Draft).where(Draft.person_id == by.id, Draft.place == place))
