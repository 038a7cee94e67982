"""Training on the city's own tickets: split by time, too few are refused in a sentence, and what is promoted is remembered."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hotline.errors import Refused
from routing import store, train
from routing.examples import Example
from tests.routing.test_store import GIVEN
from tests.tickets.conftest import Cast
from tickets import dispatching, learning, retraining
from tickets.filing import Matter, file

WATER, LAMP = "050101", "050102"
WORDS = {WATER: ("停水了没人管", "自来水发黄", "水压太小", "水管爆了在漏水"), LAMP: ("路灯不亮", "路灯罩掉了", "整条街没有灯", "灯杆歪了要倒")}


@pytest.fixture
def settled(session: Session, cast: Cast, at: datetime) -> Any:
    """Makes `number` tickets, an hour apart and ending now, each dispatched by a person."""

    def make(number: int) -> None:
        for n in range(number):
            item = (WATER, LAMP)[n % 2]
            when = at - timedelta(hours=number - n)
            matter = Matter(body=f"和平小区{n}号楼{WORDS[item][n // 2 % 4]}，已经{n + 1}天了，请派人来看看", kind="help", item=item)
            ticket = file(session, matter, by=cast.operator, at=when)
            dispatching.dispatch(session, ticket, department="gongshui", by=cast.dispatcher, at=when)
            learning.learn(session, ticket.id)

    return make


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A corpus of two items, so that training takes a moment."""
    from routing import corpus

    ours = [corpus.Utterance(f"x-{n}", {"供水": WATER, "路灯": LAMP}[one.label], "help", "written", one.text, "x") for n, one in enumerate(GIVEN)]
    monkeypatch.setattr(retraining.corpus, "read", lambda: ours)


def no_news(stage: str, share: float) -> None: ...


def test_too_few_tickets_are_said_in_a_sentence(session: Session, settled: Any, tmp_path: Path, at: datetime) -> None:
    settled(7)
    with pytest.raises(Refused, match="只有 7 件，至少要有 60 件"):
        retraining.course(session, tmp_path, on=at.date())


def test_the_most_recent_are_held_out(session: Session, settled: Any, tmp_path: Path, at: datetime) -> None:
    settled(100)
    course = retraining.course(session, tmp_path, on=at.date())
    assert (len(course.given), len(course.held)) == (80, 20)
    assert max(one.at for one in course.given) < min(one.at for one in course.held)
    assert course.units[WATER] == "gongshui" and course.given[0].example.kind == "help"


def test_a_common_matter_does_not_drown_the_rare_ones(session: Session, settled: Any, tmp_path: Path, at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retraining, "OF_AN_ITEM", 30)
    settled(100)
    course = retraining.course(session, tmp_path, on=at.date())
    assert Counter(one.example.label for one in course.given) == {WATER: 30, LAMP: 30}
    assert max(one.at for one in course.given) == at - timedelta(hours=21), "the most recent are kept"


def test_a_challenger_is_trained_compared_and_remembered(session: Session, settled: Any, tmp_path: Path, at: datetime, small: None) -> None:
    other = [Example(item, text) for item, texts in ((WATER, ("垃圾没人收", "垃圾桶满了")), ("999999", ("公交晚点", "公交不来"))) for text in texts]
    train.train(other, tmp_path, at=at)
    settled(100)
    found = retraining.retrain(retraining.course(session, tmp_path, on=at.date()), tmp_path, at=at, progress=no_news)
    assert found["promoted"] and found["n"] == 20 and found["tickets"] == 80 and found["only_new"] > found["only_old"]
    assert "已启用" in found["reason"]
    champion = store.shelf(tmp_path).champion
    assert champion is not None and champion.report["tickets"] == 80


def test_what_the_champion_was_trained_on_is_not_held_out_against_the_next(session: Session, settled: Any, tmp_path: Path, at: datetime, small: None) -> None:
    settled(100)
    retraining.retrain(retraining.course(session, tmp_path, on=at.date()), tmp_path, at=at, progress=no_news)
    champion = store.shelf(tmp_path).champion
    assert champion is not None
    until = datetime.fromisoformat(champion.report["until"])
    again = retraining.course(session, tmp_path, on=at.date())
    assert min(one.at for one in again.held) > until
    store.save(tmp_path, store.load_model(tmp_path)[0], champion.report | {"until": (at - timedelta(hours=3)).isoformat()})
    with pytest.raises(Refused, match="没有见过的最近工单只有 2 件"):
        retraining.course(session, tmp_path, on=at.date())
