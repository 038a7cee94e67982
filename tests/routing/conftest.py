"""What the routing tests share: the city's items and places, read as files since routing knows no tickets, and one trained model."""

import csv
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest

from hotline.clock import SHANGHAI
from routing import corpus, store, train
from routing.corpus import Utterance
from routing.places import Gazetteer, Place
from routing.protocol import Classifier

DEMO = Path(__file__).resolve().parents[2] / "tickets" / "demo"
AT = datetime(2026, 11, 20, 10, 0, tzinfo=SHANGHAI)


def table(name: str) -> list[dict[str, str]]:
    with (DEMO / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="session")
def items() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in table("items")}


@pytest.fixture(scope="session")
def units() -> Mapping[str, str]:
    """Item -> unit that leads in the whole city, the most specific row first."""
    leads = {row["item"]: row["lead"] for row in table("responsibility") if not row["area"]}
    six = [row["code"] for row in table("items") if len(row["code"]) == 6]
    return {code: next(leads[code[:n]] for n in (6, 4, 2) if code[:n] in leads) for code in six}


@pytest.fixture(scope="session")
def places() -> Gazetteer:
    return Gazetteer(
        Place(row["code"], row["name"], row["parent"], row["level"], tuple(filter(None, row["aliases"].split(";"))))
        for row in table("areas")
    )


@pytest.fixture(scope="session")
def utterances(items: dict[str, dict[str, str]]) -> list[Utterance]:
    return corpus.read(items=items)


@pytest.fixture(scope="session")
def trained(
    utterances: list[Utterance], items: dict[str, dict[str, str]], units: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, train.Report]:
    """A model of our own corpus, as set-up trains it; its folder and what training found."""
    folder = tmp_path_factory.mktemp("routing")
    given = corpus.as_examples(utterances)
    known = {one.label for one in given}
    scopes = {code: f"{items[code]['name']}，{items[code]['scope']}" for code in sorted(known)}
    return folder, train.train(given, folder, at=AT, units={code: units[code] for code in known}, scopes=scopes)


@pytest.fixture(scope="session")
def router(trained: tuple[Path, train.Report], places: Gazetteer) -> Classifier:
    return store.load(trained[0], places=places)
