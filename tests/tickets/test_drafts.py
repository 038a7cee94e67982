"""暂存: a person's unsent words come back to them, to nobody else, and not for ever."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.errors import Refused
from tests.tickets.conftest import Cast
from tickets import drafts

PLACE = "ticket:12345-990102-20261120-000001-3:resolve"


def test_a_draft_comes_back_to_its_author_and_to_nobody_else(session: Session, cast: Cast, at: datetime) -> None:
    drafts.save(session, PLACE, {"reply": ["已派人"], "empty": [" "]}, by=cast.water, at=at)
    drafts.save(session, PLACE, {"reply": ["已派人抢修"], "boxes": ["a", "b"]}, by=cast.water, at=at + timedelta(minutes=1))
    saved = drafts.load(session, PLACE, by=cast.water, at=at + timedelta(hours=1))
    assert saved is not None and saved.fields == {"reply": ["已派人抢修"], "boxes": ["a", "b"]} and saved.at == at + timedelta(minutes=1)
    assert drafts.load(session, PLACE, by=cast.water_colleague, at=at) is None
    assert list(drafts.under(session, PLACE.rsplit(":", 1)[0], by=cast.water, at=at)) == [PLACE]


def test_a_draft_is_sealed_in_the_database(session: Session, cast: Cast, at: datetime) -> None:
    drafts.save(session, "new", {"phone": ["13800001234"]}, by=cast.operator, at=at)
    session.flush()
    assert "13800001234" not in str(session.execute(text("SELECT d::text FROM draft d")).all())


def test_what_was_sent_emptied_or_is_a_week_old_is_gone(session: Session, cast: Cast, at: datetime) -> None:
    drafts.save(session, "new", {"body": ["停水"]}, by=cast.operator, at=at)
    drafts.save(session, "new", {"body": [""]}, by=cast.operator, at=at)
    assert drafts.load(session, "new", by=cast.operator, at=at) is None
    drafts.save(session, "call:7", {"body": ["停水"]}, by=cast.operator, at=at)
    drafts.drop(session, "call:7", by=cast.operator)
    assert drafts.load(session, "call:7", by=cast.operator, at=at) is None
    drafts.save(session, "call:8", {"body": ["停水"]}, by=cast.operator, at=at)
    later = at + timedelta(days=8)
    assert drafts.load(session, "call:8", by=cast.operator, at=later) is None
    drafts.save(session, "new", {"body": ["停电"]}, by=cast.operator, at=later)
    session.flush()
    assert session.execute(text("SELECT count(*) FROM draft")).scalar_one() == 1


@pytest.mark.parametrize(("place", "body"), [("../etc", "x"), ("", "x"), ("a:b:c:d", "x"), ("new", "长" * 200_001)])
def test_a_draft_has_a_known_place_and_a_size(session: Session, cast: Cast, at: datetime, place: str, body: str) -> None:
    with pytest.raises(Refused):
        drafts.save(session, place, {"body": [body]}, by=cast.operator, at=at)
