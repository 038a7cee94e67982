"""Training: what it finds about itself, and that it holds on texts it has not seen."""

from collections import Counter
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from hotline.errors import NotFound, Refused
from routing import bench, examples, features, model, store, train
from routing.corpus import Utterance
from routing.course import PLENTY, Course
from routing.evaluate import evaluate
from routing.examples import Example
from routing.solvers import Branches, Solver
from tests.routing.conftest import AT
from tests.routing.test_store import GIVEN

TEDDY = Path(__file__).resolve().parents[3] / "shared" / "data" / "teddy2020c"


def test_the_model_of_our_own_corpus_is_good_enough_to_start_with(trained: tuple[Path, train.Report]) -> None:
    _, report = trained
    assert report.accuracy >= 0.55
    assert report.unit_accuracy >= 0.65
    assert report.top3 >= 0.75
    assert report.ece <= 0.05
    assert report.dispatched >= 0.2
    assert report.dispatched_right >= 0.93
    assert report.kind_accuracy is not None
    assert report.kind_accuracy >= 0.55


def test_a_model_is_small_and_says_when_and_of_what_it_was_made(trained: tuple[Path, train.Report]) -> None:
    folder, report = trained
    champion = store.shelf(folder).champion
    assert champion is not None
    assert champion.version == report.version
    assert champion.report["at"] == AT.isoformat()
    assert champion.report["examples"] == report.examples >= 600
    assert (folder / f"routing-{report.version}.npz").stat().st_size < 25_000_000


def test_training_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    train.train(GIVEN, tmp_path, at=AT, progress=lambda stage, done: told.append((stage, done)))
    assert [done for _, done in told] == sorted(done for _, done in told)
    assert (told[0][1], told[-1]) == (0.0, ("完成", 1.0))


def test_too_little_is_refused_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        train.train(GIVEN[:5], tmp_path, at=AT)
    assert list(tmp_path.iterdir()) == []


def test_a_trained_model_is_evaluated_on_another_file(tmp_path: Path) -> None:
    train.train(GIVEN, tmp_path / "model", at=AT)
    csv = tmp_path / "考.csv"
    csv.write_text("label,title,detail\n供水,停水了,自来水三天没有水\n路灯,路灯坏了,整条街路灯不亮\n", "utf-8")
    scores = evaluate(tmp_path / "model", csv).as_json()
    assert {"n", "macro_f1", "accuracy", "top3", "ece", "coverage_at_97", "latency_ms"} <= scores.keys()
    assert (scores["n"], scores["macro_f1"], scores["top3"]) == (2, 1.0, 1.0)


def test_evaluation_refuses_what_the_model_never_learnt(tmp_path: Path) -> None:
    csv = tmp_path / "考.csv"
    csv.write_text("label,text\n供水,停水了\n供暖,暖气不热\n", "utf-8")
    with pytest.raises(NotFound):
        evaluate(tmp_path / "model", csv)
    train.train(GIVEN, tmp_path / "model", at=AT)
    with pytest.raises(Refused, match="第 3 行的“供暖”是模型没有学过的类别"):
        evaluate(tmp_path / "model", csv)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["12345", "67890"] * 3, "没有可学的字词"),
        (["😀", "！！"] * 3, "没有可学的字词"),
        (["停水了怎么办"] * 6, "没有可学的字词"),
        (["停水了怎么办" * 10 + end for end in ("水管", "路灯") * 3], "开头全都一样"),
    ],
)
def test_texts_that_teach_nothing_are_refused(tmp_path: Path, texts: list[str], said: str) -> None:
    given = [Example("供水" if place % 2 else "路灯", text, where=f"样例.csv 第 {place + 2} 行") for place, text in enumerate(texts)]
    with pytest.raises(Refused, match=f"样例.csv 第 2 行.*{said}"):
        train.train(given, tmp_path, at=AT)
    assert list(tmp_path.iterdir()) == []


def test_a_label_that_says_the_same_every_time_can_be_learnt(tmp_path: Path) -> None:
    given = [Example(label, text) for label, text in (("供水", "停水了怎么办"), ("路灯", "路灯不亮看不见"))] * 4
    train.train(given, tmp_path, at=AT)
    assert store.load(tmp_path).suggest("路灯不亮").suggestions[0].item == "路灯"


def test_with_plenty_of_texts_a_label_what_tells_counts_and_what_does_not_is_left_out(utterances: list[Utterance]) -> None:
    branches = [branch for branch, count in Counter(one.item[:2] for one in utterances).most_common(3) if count >= PLENTY]
    given = [Example(one.item[:2], one.text) for one in utterances if one.item[:2] in branches]
    learnt, found = train.learn(given, units={}, scopes={}, progress=lambda stage, done: None)
    assert len(branches) == 3
    assert found["accuracy"] > 0.8
    assert found["ece"] < 0.05
    assert learnt.vocabulary.telling.min() == 0 < learnt.vocabulary.telling.max() <= 1


def test_repeats_of_one_text_stay_in_one_fold() -> None:
    given = [*GIVEN, *(Example(one.label, one.text + "！") for one in GIVEN)]
    folds = Course(given, {}).folds
    assert np.array_equal(folds[: len(GIVEN)], folds[len(GIVEN) :])
    assert len(set(folds.tolist())) > 1


def test_a_scope_teaches_a_label_and_is_never_measured_on() -> None:
    scopes = {"供水": "自来水、停水、水压、水质、水费", "路灯": "道路照明、灯杆、路灯", "供暖": "暖气、供热"}
    learnt, found = train.learn(GIVEN, units={}, scopes=scopes, progress=lambda stage, done: None)
    assert found["examples"] == len(GIVEN)
    assert set(learnt.items.labels) == set(scopes)


def test_an_item_learns_from_its_branch() -> None:
    branches = Branches.of(["030501", "030503", "090481"], {"030501": "城管", "030503": "城管", "090481": "水司"})
    assert [len(set(names)) for names in branches.names] == [3, 2, 2, 2]
    assert Branches.of(["供水", "路灯"], {}).names == (("供水", "路灯"),)


def test_both_solvers_separate_what_can_be_separated() -> None:
    texts = [one.text for one in GIVEN]
    matrix = features.learn(texts, 1000).matrix(texts)
    truth = np.array([0] * 5 + [1] * 5)
    solver = Solver(matrix, truth, np.ones(10, dtype=np.float32), Branches.of(["供水", "路灯"], {}))
    kernel = (matrix @ matrix.T).toarray().astype(np.float32)
    for weights, bias in (solver.fit(np.arange(10)), solver._ridge(np.arange(10), kernel)):
        assert np.array_equal((matrix @ weights + bias).argmax(axis=1), truth)


def test_packing_the_weights_into_bytes_changes_no_suggestion(trained: tuple[Path, train.Report]) -> None:
    learnt, _ = store.load_model(trained[0])
    again = model.read(model.write(learnt))
    assert again.items.labels == learnt.items.labels
    assert np.array_equal(again.items.weights.steps, learnt.items.weights.steps)
    assert again.thresholds == learnt.thresholds
    chance = np.random.default_rng(1)
    full = chance.normal(0, 0.1, (500, 30)).astype(np.float32)
    value = chance.random(500) / 20
    packed = model.Weights.pack(full, np.zeros(30, dtype=np.float32)).scores(np.arange(500), value)
    assert np.abs(packed - value @ full).max() < 0.02 * np.abs(value @ full).max()


@pytest.mark.slow
@pytest.mark.skipif(not TEDDY.is_dir(), reason="the real messages are not part of the project")
def test_on_real_messages_a_part_of_them_already_teaches_much(tmp_path: Path, at: datetime) -> None:
    given = examples.read(TEDDY / "train.csv.gz")[::4]
    report = train.train(given, tmp_path, at=at)
    assert report.macro_f1 > 0.82  # whole topics held out
    assert report.ece < 0.04
    asked = examples.read(TEDDY / "dev.csv")
    learnt, _ = store.load_model(tmp_path)
    assert bench.score(learnt, asked).macro_f1 > 0.78
    assert bench.score(learnt, bench.disturbed(asked)).macro_f1 > 0.7
