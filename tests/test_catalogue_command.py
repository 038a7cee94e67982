"""./run catalogue: the differences first, then all of a file or nothing of it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import preparing
from manage import main

Run = Callable[..., Result]


@pytest.fixture
def run(empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command on a demo city of its own; the classifier is not what is looked at here."""
    monkeypatch.setenv("DATABASE_URL", empty_database)
    monkeypatch.setenv("HOTLINE_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("HOTLINE_SECRET_FILE", raising=False)
    monkeypatch.setattr(preparing, "train", lambda *_, **__: {})

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["catalogue", *arguments], prog_name="./run")

    return call


def test_what_was_exported_is_changed_looked_at_and_brought_in(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "items.csv"
    assert run("export", str(file)).exit_code == 0
    text = file.read_text("utf-8-sig")
    assert json.loads(run("diff", str(file), "--json").stdout)["empty"] is True
    file.write_text(text.replace("不动产登记,", "不动产统一登记,", 1), "utf-8")
    shown = run("diff", str(file))
    assert "修改 1" in shown.stdout and "事项名称 不动产登记 → 不动产统一登记" in shown.stdout
    asked = run("import", str(file))
    assert asked.exit_code == 1 and "--yes" in asked.stderr
    made = json.loads(run("import", str(file), "--yes", "--json").stdout)
    assert made["version"] == 1 and made["sheets"]["items"]["changed"] == 1
    (version,) = json.loads(run("history", "--json").stdout)
    assert version["digest"] == made["digest"] and version["by"] == "系统"
    assert "没有差别" in run("import", str(file), "--yes").stdout


def test_a_workbook_holds_all_tables_and_a_wrong_one_changes_nothing(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "all.xlsx"
    assert "单位、人员、事项、责任清单" in run("export", str(file), "--table", "all").stdout
    assert "没有差别" in run("diff", str(file), "--whole").stdout
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("事项编码,事项名称,承诺时限\n0304,土地规划,\n99,,五天半\n", "utf-8")
    refused = run("import", str(wrong), "--yes")
    assert refused.exit_code == 1 and "事项第 3 行“事项名称”：不能空着" in refused.stderr and "事项第 3 行“承诺时限”" in refused.stderr
    assert json.loads(run("history", "--json").stdout) == []


@pytest.mark.parametrize("arguments", [("diff", "none.csv"), ("import", "none.xlsx", "--yes"), ("export", "out.pdf"), ("export", "out.csv", "--table", "天气")])
def test_what_makes_no_sense_gets_a_sentence(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 1 and any("\u4e00" <= char <= "\u9fff" for char in result.stderr)
