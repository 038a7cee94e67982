"""A challenger is promoted only when it is better on texts that neither has seen; both are kept, and one step leads back."""

from pathlib import Path
from typing import Any

import pytest

from hotline.errors import Refused
from routing import challenge, store, train
from routing.examples import Example
from tests.routing.conftest import AT
from tests.routing.test_store import GIVEN

NOISE = [Example("噪声", text) for text in ("楼上半夜装修吵得睡不着", "工地夜里施工声音很大", "广场舞音响太吵了", "酒吧半夜放音乐扰民", "隔壁天天敲墙")]
HELD = [Example("噪声", f"{when}{what}") for when in ("昨天夜里", "每天半夜", "周末晚上") for what in ("施工太吵了", "装修敲墙睡不着", "放音响扰民")]
SAME = [Example("供水", "停水两天了没人管"), Example("供水", "自来水发黄"), Example("路灯", "路灯又不亮了"), Example("路灯", "整条街路灯坏了")]


def run(folder: Path, given: list[Example], held: list[Example]) -> challenge.Outcome:
    def silent(stage: str, share: float) -> None: ...

    return challenge.challenge(given, held, folder, at=AT, units={}, scopes={}, kept={"until": "2026-11-01"}, progress=silent)


@pytest.fixture
def champion(tmp_path: Path) -> tuple[Path, str]:
    return tmp_path, train.train(GIVEN, tmp_path, at=AT).version


def test_a_better_challenger_is_promoted_and_the_champion_is_one_step_back(champion: tuple[Path, str]) -> None:
    folder, version = champion
    outcome = run(folder, [*GIVEN, *NOISE], [*HELD, *SAME])
    assert outcome.promoted and outcome.champion == version and outcome.version != version
    assert (outcome.only_new, outcome.only_old, outcome.n) == (len(HELD), 0, len(HELD) + len(SAME))
    shelf = store.shelf(folder)
    assert shelf.champion is not None and shelf.previous is not None
    assert (shelf.champion.version, shelf.previous.version) == (outcome.version, version)
    assert shelf.champion.report["until"] == "2026-11-01" and shelf.champion.report["distribution"]["噪声"] == len(NOISE)
    assert store.back(folder) == version


def test_one_that_is_no_better_is_not_promoted_and_leaves_nothing_behind(champion: tuple[Path, str]) -> None:
    folder, version = champion
    outcome = run(folder, [*GIVEN, *NOISE], SAME)
    assert not outcome.promoted and outcome.version is None and "现任继续使用" in outcome.reason
    assert [path.stem for path in folder.glob("*.npz")] == [f"routing-{version}"]


def test_one_that_is_luckier_on_a_few_is_not_promoted(champion: tuple[Path, str]) -> None:
    folder, _ = champion
    outcome = run(folder, [*GIVEN, *NOISE], [*HELD[:4], *SAME])
    assert outcome.only_new == 4 and outcome.chance > challenge.SURE and not outcome.promoted


def test_without_a_champion_any_model_is_better_than_none(tmp_path: Path) -> None:
    outcome = run(tmp_path, GIVEN, SAME)
    assert outcome.promoted and outcome.champion is None and store.shelf(tmp_path).previous is None


def test_what_cannot_be_trained_on_is_refused_and_the_champion_stays(champion: tuple[Path, str]) -> None:
    folder, version = champion
    with pytest.raises(Refused, match="只有这一条样例"):
        run(folder, [*GIVEN, NOISE[0]], SAME)
    assert store.load_model(folder)[1].version == version


def test_the_report_is_plain_json_with_counts_beside_the_shares(champion: tuple[Path, str]) -> None:
    found: dict[str, Any] = run(champion[0], [*GIVEN, *NOISE], [*HELD, *SAME]).as_json()
    assert found["champion_accuracy"] == int(found["champion_right"] / found["n"] * 10_000) / 10_000
    assert found["challenger_accuracy"] == 1.0 and isinstance(found["report"]["accuracy"], float)
