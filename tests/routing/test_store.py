"""The shelf of models: a damaged one is refused, the last good one is used, and nothing in a file is ever run."""

import io
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from hotline.errors import NotFound, Refused
from routing import store, train
from routing.examples import Example
from routing.model import Unreadable, read
from tests.routing.conftest import AT

WATER = ("小区停水三天了没人管", "自来水没有了什么时候来水", "水压太小热水器打不着", "水龙头流出来的水发黄", "水费单子上的用量不对")
LIGHT = ("路灯不亮晚上看不见", "整条街的路灯都坏了", "路灯白天也亮着浪费电", "路灯杆子歪了要倒", "巷子里没有路灯老人摔倒")
GIVEN = [Example("供水", text) for text in WATER] + [Example("路灯", text) for text in LIGHT]


@pytest.fixture
def shelf(tmp_path: Path) -> tuple[Path, str, str]:
    """A folder with two models, and the versions of the first and the second."""
    first = train.train(GIVEN, tmp_path, at=AT)
    second = train.train([*GIVEN, Example("供水", "停水也不通知"), Example("路灯", "路灯一闪一闪的")], tmp_path, at=AT)
    return tmp_path, first.version, second.version


def serving(folder: Path) -> str:
    return store.load(folder).suggest("停水了").model_version


def test_the_newest_model_is_the_champion_and_one_command_goes_back(shelf: tuple[Path, str, str]) -> None:
    folder, first, second = shelf
    assert serving(folder) == second
    assert store.back(folder) == first == serving(folder)
    assert store.back(folder) == second == serving(folder)


def test_only_the_champion_and_the_one_before_it_are_kept(shelf: tuple[Path, str, str]) -> None:
    folder, first, second = shelf
    third = train.train([*GIVEN, Example("供水", "水管爆了"), Example("路灯", "路灯罩掉了")], folder, at=AT).version
    assert {path.stem for path in folder.glob("*.npz")} == {f"routing-{second}", f"routing-{third}"}
    assert store.shelf(folder).previous is not None
    assert first not in {path.stem for path in folder.iterdir()}


@pytest.mark.parametrize("damage", ["cut", "flipped", "gone", "empty"])
def test_a_damaged_champion_is_refused_and_the_one_before_it_routes(shelf: tuple[Path, str, str], damage: str) -> None:
    folder, first, second = shelf
    path = folder / f"routing-{second}.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes({"cut": bytes(content[:1000]), "flipped": bytes(content), "empty": b""}[damage])
    assert serving(folder) == first


def test_without_any_good_model_it_says_so(shelf: tuple[Path, str, str], tmp_path: Path) -> None:
    folder, _, _ = shelf
    for path in folder.glob("*.npz"):
        path.write_bytes(b"broken")
    with pytest.raises(NotFound, match="已损坏"):
        store.load(folder)
    with pytest.raises(NotFound, match="还没有"):
        store.load(tmp_path / "nowhere")
    with pytest.raises(Refused, match="不能退回"):
        store.back(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"champion": {"version": "../../etc"}}', '{"champion": 3}'])
def test_a_damaged_list_does_not_stop_the_hotline(shelf: tuple[Path, str, str], content: str) -> None:
    folder, first, second = shelf
    (folder / store.SHELF).write_text(content, "utf-8")
    assert serving(folder) in {first, second}


def test_a_list_cannot_point_out_of_its_folder(shelf: tuple[Path, str, str]) -> None:
    folder, _, second = shelf
    raw = json.loads((folder / store.SHELF).read_text("utf-8"))
    raw["champion"]["version"] = "../../x"
    (folder / store.SHELF).write_text(json.dumps(raw), "utf-8")
    assert serving(folder) != second


def test_with_one_model_there_is_nothing_to_go_back_to(tmp_path: Path) -> None:
    train.train(GIVEN, tmp_path, at=AT)
    with pytest.raises(Refused, match="没有前一个"):
        store.back(tmp_path)


class Trap:
    """Would be called by an unpickler."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('the model file ran code')",))


def test_a_model_file_never_runs_what_is_in_it(tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        read(pickle.dumps(Trap()))
    trap = tmp_path / "trap.npz"
    with zipfile.ZipFile(trap, "w") as pack, pack.open("about.npy", "w") as member:
        np.lib.format.write_array(member, np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(Unreadable):
        read(trap.read_bytes())


def test_the_same_examples_give_the_same_model(tmp_path: Path) -> None:
    one, _ = train.learn(GIVEN, units={}, scopes={}, progress=lambda stage, done: None)
    other, _ = train.learn(GIVEN, units={}, scopes={}, progress=lambda stage, done: None)
    assert np.array_equal(one.items.weights.steps, other.items.weights.steps)
    assert one.thresholds == other.thresholds


def test_a_model_from_before_n_grams_were_weighed_by_what_they_tell_still_routes(shelf: tuple[Path, str, str]) -> None:
    folder, _, second = shelf
    learnt, _ = store.load_model(folder)
    with np.load(folder / f"routing-{second}.npz") as arrays:
        older = {name: arrays[name] for name in arrays.files if name != "telling"}
    target = io.BytesIO()
    np.savez_compressed(target, **older)
    again = read(target.getvalue())
    assert np.array_equal(again.vocabulary.worth, again.vocabulary.idf)
    assert again.items.labels == learnt.items.labels
