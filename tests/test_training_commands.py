"""./run train and ./run evaluate as a person meets them: a wrong file is refused with its row, and one command goes back."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from manage import main
from tests.routing.test_store import GIVEN


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="./run")


def put(path: Path, rows: list[tuple[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([("label", "text"), *rows])
    return path


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return put(tmp_path / "样例.csv", [(one.label, one.text) for one in GIVEN])


def test_a_model_is_trained_scored_and_taken_back(good: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    first = json.loads(run("train", str(good), "--out", str(models), "--json").stdout)
    scores = json.loads(run("evaluate", str(models), str(good), "--json").stdout)
    assert scores["n"] == len(GIVEN) and {"macro_f1", "accuracy", "top3", "ece", "coverage_at_97", "latency_ms"} <= scores.keys()
    more = put(tmp_path / "更多.csv", [(one.label, one.text) for one in GIVEN] + [("供水", "停水也不通知"), ("路灯", "路灯一闪一闪的")])
    second = json.loads(run("train", str(more), "--out", str(models), "--json").stdout)
    back = json.loads(run("train", "--back", "--out", str(models), "--json").stdout)
    assert (back["version"], back["previous"]) == (first["version"], second["version"])


def test_without_an_earlier_model_there_is_no_way_back_and_that_is_said(tmp_path: Path) -> None:
    result = run("train", "--back", "--out", str(tmp_path))
    assert result.exit_code == 1 and "没有前一个模型" in result.stderr


def test_only_one_thing_at_a_time(good: Path, tmp_path: Path) -> None:
    for wrong in ((str(good), "--back"), ("--back", "--from-tickets"), (str(good), "--from-tickets")):
        result = run("train", *wrong, "--out", str(tmp_path))
        assert result.exit_code == 1 and "只能选一样" in result.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("text\n停水了\n", "第 1 行缺少列：label"),
        ("label,text\n供水,停水\n供水,没水\n", "都是同一类“供水”"),
        ("label,text\n供水,停水\n供水,没水\n供电,停电\n", "第 4 行的“供电”只有这一条样例"),
        ("label,text\n供水,停水\n供水\n", "第 3 行有 1 列"),
        ("", "没有样例"),
        ("label,text\n", "没有样例"),
    ],
)
def test_a_file_that_cannot_be_trained_on_is_refused_with_its_row(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "样例.csv"
    path.write_text(content, "utf-8")
    result = run("train", str(path), "--out", str(tmp_path / "models"), "--json")
    assert result.exit_code == 1 and said in result.stderr and result.stdout == ""
    assert not (tmp_path / "models").exists()


def test_a_label_that_the_model_never_learnt_is_refused_with_its_row(good: Path, tmp_path: Path) -> None:
    run("train", str(good), "--out", str(tmp_path / "models"))
    strange = put(tmp_path / "别的.csv", [("供水", "停水了"), ("养老", "养老院没有床位")])
    result = run("evaluate", str(tmp_path / "models"), str(strange))
    assert result.exit_code == 1 and "第 3 行的“养老”" in result.stderr
