"""The model learns the city's words, is used only where it hears and is better, and can be taken back."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from asr import adapt, graphs, lm_names, model
from asr.adapt import Report
from asr.errors import ModelMissing
from asr.evaluate import Spoken
from asr.lm_build import Built, Material, sayings
from asr.lm_names import Names
from hotline.errors import NotFound, Refused

AT = datetime(2026, 3, 2, tzinfo=UTC)
TEXTS = [
    f"{place}的{what}，{since}没有人来处理，请派人看一看。"
    for place in ("红星小区", "东湖路", "新村菜市场", "人民公园", "南门桥头", "北街口")
    for what in ("路灯不亮", "下水道堵了", "垃圾没人收", "井盖丢失", "占道经营")
    for since in ("三天了", "一个月", "半年多")
]


@pytest.fixture
def place(model_folder: Path, tmp_path: Path) -> Path:
    """The speech model where its graphs may be changed."""
    link = tmp_path / model_folder.name
    link.symlink_to(model_folder)
    return link


def learn(place: Path, given: list[str] = TEXTS, names: Names | None = None, spoken: tuple[Spoken, ...] = ()) -> Report:
    """Adapting to these texts."""
    return adapt.adapt(place, Material((), given, names or Names(["红星小区", "甬江路"])), at=AT, spoken=spoken)


@pytest.mark.slow
def test_a_city_learns_its_words_and_goes_back(place: Path) -> None:
    before = model.stamp(place)
    report = learn(place)
    assert report.installed and not report.reason
    assert report.perplexity < report.perplexity_before
    assert report.unspeakable == ["甬江路"]
    assert report.peak_mb < 1200
    assert graphs.chosen(place).name == report.graph
    assert model.stamp(place) != before, "running processes notice the switch"
    now = graphs.back(place)
    assert now is not None and now.name == graphs.SHIPPED
    assert graphs.chosen(place) == place
    assert graphs.back(place) is None


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Learning is left out: the graph comes out as it was shipped. What is tested is what is done with it."""
    monkeypatch.setattr(adapt, "build", lambda shipped, material: Built(shipped, np.empty(0, np.int64), 1000, ()))


@pytest.mark.slow
def test_a_graph_that_does_not_hear_better_on_the_given_recordings_is_not_used(
    place: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapt, "_errors", lambda before, folder, spoken: (0.10, 0.12))
    report = learn(place)
    assert not report.installed and "字错误率" in report.reason
    assert graphs.chosen(place) == place
    assert not [folder for folder in graphs.home(place).iterdir() if folder.is_dir()], "what is not used is not kept"


@pytest.mark.slow
def test_a_graph_that_cannot_hear_the_reference_is_not_used(place: Path, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapt, "REFERENCE", Spoken(adapt.REFERENCE.file, "完全不是这样说的一句话"))
    report = learn(place)
    assert not report.installed and "参考录音" in report.reason
    assert graphs.chosen(place) == place


@pytest.mark.slow
def test_the_first_adapting_happens_once(place: Path, quick: None) -> None:
    first = adapt.adapt_once(place, lambda: Material(TEXTS), at=AT)
    assert first is not None and first.installed
    assert adapt.adapt_once(place, lambda: pytest.fail("nothing is read again"), at=AT) is None


def laid(place: Path, tmp_path: Path, content: bytes = b"a graph") -> Path:
    """A graph of some bytes, standing."""
    file = tmp_path / "new.fst"
    file.write_bytes(content)
    folder = graphs.laid(place, file, {})
    graphs.install(place, folder)
    return folder


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / graphs.GRAPH).write_bytes(b"a gr"),
        lambda folder: (folder / graphs.GRAPH).write_bytes(b"A GRAPH"),
        lambda folder: (folder / graphs.GRAPH).unlink(),
        lambda folder: (folder / graphs.CONF).write_text("--beam=1.0"),
        lambda folder: (folder / graphs.ABOUT).write_text("{"),
        lambda folder: (folder / graphs.ABOUT).write_text(
            json.dumps({"sha256": graphs.sha256(folder / graphs.GRAPH), "sounds": "another"})
        ),
        lambda folder: (folder.parent / graphs.STANDING).write_text("[]"),
        lambda folder: (folder.parent / graphs.STANDING).write_text('{"name": "gone", "before": []}'),
    ],
    ids=["cut off", "other bytes", "gone", "settings", "description", "another model", "standing", "standing one gone"],
)
def test_a_damaged_graph_is_refused_and_the_shipped_one_used(place: Path, tmp_path: Path, damage: object) -> None:
    folder = laid(place, tmp_path)
    assert graphs.chosen(place) == folder
    damage(folder)  # type: ignore[operator]
    assert graphs.chosen(place) == place


def test_a_learnt_language_weighs_more_against_the_sounds_than_the_shipped_one(place: Path, tmp_path: Path) -> None:
    (shipped, learnt) = ((folder / graphs.CONF).read_text() for folder in (place, laid(place, tmp_path)))
    assert "--acoustic-scale=1.0" in shipped and "--acoustic-scale=0.9" in learnt
    assert [line for line in shipped.splitlines() if "scale" not in line] == [line for line in learnt.splitlines() if "scale" not in line]


def test_going_back_goes_one_step_at_a_time(place: Path, tmp_path: Path) -> None:
    names = [laid(place, tmp_path, content).name for content in (b"one", b"two", b"three")]
    steps = [now.name if (now := graphs.back(place)) else None for _ in range(4)]
    assert steps == [names[1], names[0], graphs.SHIPPED, None]


def test_a_graph_lies_beside_the_model_and_follows_it_when_it_is_moved(place: Path, tmp_path: Path) -> None:
    folder = laid(place, tmp_path)
    assert folder.parent.parent == place.parent
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in (place.name, graphs.home(place).name):
        (tmp_path / name).rename(moved / name)
    assert (graphs.chosen(moved / place.name) / "am/final.mdl").stat().st_size > 1_000_000


def test_too_little_text_is_said(place: Path) -> None:
    monkey = Material((), ["停水了"])
    with pytest.raises(Refused, match="太少"):
        adapt.adapt(place, monkey, at=AT)


def test_without_a_model_there_is_nothing_to_adapt(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        adapt.adapt(tmp_path / "nothing", Material(TEXTS), at=AT)


def test_names_are_read_with_what_they_are(tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    file.write_text("红星小区\n市水务局,单位\n道路保洁\t事项\n\n", encoding="utf-8")
    names = lm_names.read(file)
    assert names == Names(["红星小区"], ["市水务局"], ["道路保洁"])
    assert "我住在红星小区" in list(names.phrases())
    assert "给市水务局打电话" in list(names.phrases())
    file.write_text("红星小区,哪里\n", encoding="utf-8")
    with pytest.raises(Refused, match="第 1 行"):
        lm_names.read(file)
    with pytest.raises(NotFound):
        lm_names.read(tmp_path / "nothing")


def test_every_saying_is_one_line_of_chinese() -> None:
    for times, text in sayings():
        assert 1 <= times <= 20
        assert not any(letter.isascii() and letter.isalnum() for letter in text), text
