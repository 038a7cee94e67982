"""A demo city that an earlier version loaded gets what has come since, and nothing that people did is undone."""

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from hotline.people import Person
from sla import versions
from tickets import setup
from tickets.article import Article
from tickets.catalogue import Area, Item

BLANK = dict.fromkeys(setup.LATER, "")


@pytest.fixture
def old(session: Session, at: datetime) -> Session:
    """The demo city as the first version loaded it: no articles, items without limits of their own, rules that do not ask for them."""
    versions.seed(session, at=at)
    setup.load(session)
    session.execute(delete(Article))
    session.execute(update(Item).values(**BLANK))
    _, policy = versions.current_policy(session)
    versions.save_policy(session, replace(policy, rules=tuple(replace(rule, by_item=False) for rule in policy.rules)), at=at, by="system")
    session.expire_all()
    return session


def state(s: Session) -> tuple[object, ...]:
    items = s.execute(select(Item.code, *(getattr(Item, name) for name in setup.LATER)).order_by(Item.code)).all()
    return s.scalar(select(func.count()).select_from(Article)), items, versions.current_policy(s)[0]


def test_an_old_demo_city_gets_what_has_come_since_and_only_once(old: Session, at: datetime) -> None:
    setup.complete(old, at=at)
    assert (old.scalar(select(func.count()).select_from(Article)) or 0) > 30
    assert old.get_one(Item, "030202").promised
    _, policy = versions.current_policy(old)
    assert any(rule.by_item for rule in policy.rules)
    old.flush()
    before = state(old)
    setup.complete(old, at=at)
    assert state(old) == before


def test_what_people_changed_stays(old: Session, at: datetime) -> None:
    item = old.get_one(Item, "030202")
    item.entered_at = at
    old.add(Article(title="本市自己写的", body="以此为准"))
    _, policy = versions.current_policy(old)
    own = versions.save_policy(old, replace(policy, title="本市的规则"), at=at, by="guanli1")
    old.flush()
    setup.complete(old, at=at)
    assert item.promised == "" and old.scalar(select(func.count()).select_from(Article)) == 1
    assert versions.current_policy(old)[0] == own


def test_another_city_is_left_as_it_is(old: Session, at: datetime) -> None:
    old.get_one(Area, "990102").name = "真实的区"
    old.flush()
    before = state(old)
    setup.complete(old, at=at)
    assert state(old) == before
    old.get_one(Area, "990102").name = "临湖区"
    old.execute(delete(Person).where(Person.login == "huawu2"))
    setup.complete(old, at=at)
    assert state(old) == before
