"""The classifier in use follows its folder of models and the city's places without a restart."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

import tickets.classifier as in_use
from routing import store, train
from routing.examples import Example
from tests.routing.test_store import GIVEN
from tests.tickets.conftest import Cast
from tickets.catalogue import Area
from tickets.catalogue_version import CatalogueVersion


@pytest.fixture
def current(session: Session, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> in_use.Current:
    """Reads through this test's own transaction, and looks at the catalogue every time."""

    class Ours:
        def __enter__(self) -> Session:
            return session

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(in_use, "Session", Ours)
    monkeypatch.setattr(in_use, "LOOKED_FOR", 0.0)
    return in_use.Current(tmp_path)


def test_without_a_model_it_says_that_it_does_not_know(current: in_use.Current) -> None:
    routing = current.suggest("湖滨街道的小区停水三天了没人管，打电话也没人接，请派人来看看吧")
    assert routing.unknown and routing.suggestions == () and routing.area == "990102001"


def test_a_new_champion_and_the_way_back_are_followed(current: in_use.Current, tmp_path: Path, at: datetime) -> None:
    first = train.train(GIVEN, tmp_path, at=at).version
    assert current.suggest("停水了").model_version == first
    second = train.train([*GIVEN, Example("供水", "停水也不通知"), Example("路灯", "路灯一闪一闪的")], tmp_path, at=at).version
    assert current.suggest("停水了").model_version == second
    store.back(tmp_path)
    assert current.suggest("停水了").model_version == first


def test_a_street_that_the_city_has_loaded_is_known_at_once(current: in_use.Current, session: Session, cast: Cast, at: datetime) -> None:
    text = "望江路的小区停水三天了没人管，打电话也没人接，请派人来看看吧"
    assert current.suggest(text).area is None
    session.add(Area(code="990102002", name="望江街道", parent_code="990102", level="street", aliases=["望江路"]))
    session.add(CatalogueVersion(at=at, by_id=cast.admin.id, source="areas.csv", digest="0" * 64, counts={}))
    session.flush()
    assert current.suggest(text).area == "990102002"
