"""The command line as people and scripts use it: one JSON document on standard output, sentences for the rest, an exit status that says which."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from manage import main
from tests.asr.conftest import model_folder as model_folder

ROOT = Path(__file__).parents[1]
NAMED = ("up", "call", "transcribe", "suggest", "due", "play", "tick", "doctor", "model", "user", "diagram")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="./run")


def answer(*arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_help_says_what_each_command_does() -> None:
    page = run("help").stdout
    for name in NAMED:
        assert f"  {name} " in page
        assert run("help", name).exit_code == 0


def test_a_deadline_comes_with_its_steps() -> None:
    deadline = answer("due", "--received", "2026-02-13 16:00", "--limit", "5 workday")
    assert deadline["due"] == "2026-02-27T17:00:00+08:00" and len(deadline["steps"]) > 2


@pytest.mark.parametrize("limit", ["30 minute", "2 hour", "7 day", "5 workday", "0.5 workday", "420 workminute"])
def test_every_way_to_write_a_limit_is_understood(limit: str) -> None:
    assert answer("due", "--received", "2026-02-13 16:00", "--limit", limit)["limit"] == limit


def test_working_minutes_between_two_moments() -> None:
    assert answer("elapsed", "2026-02-13 16:00", "2026-02-24 10:00")["workminutes"] == 540


@pytest.mark.parametrize(
    "wrong",
    [
        ("due", "--received", "昨天", "--limit", "5 workday"),
        ("due", "--received", "2026-02-13 16:00", "--limit", "5 moon"),
        ("due", "--received", "2026-02-13 16:00", "--limit", "-5 workday"),
        ("due", "--received", "2026-02-13 16:00", "--limit", "5 workday", "--calendar", "mars"),
        ("no-such-command",),
    ],
)
def test_what_makes_no_sense_gets_a_sentence_and_a_status(wrong: tuple[str, ...]) -> None:
    result = run(*wrong)
    assert result.exit_code == 1 and result.stdout == ""
    assert any("\u4e00" <= char <= "\u9fff" for char in result.stderr)


def test_the_diagram_and_the_calendar_are_json_too() -> None:
    assert answer("diagram")["mermaid"].startswith("stateDiagram")
    assert answer("calendar", "show", "--year", "2026")["official"] is True
    assert answer("calendar", "show", "--year", "2027")["official"] is False
    assert answer("calendar", "export")["name"] == "standard"


@pytest.fixture
def shell(tmp_path: Path, model_folder: Path) -> Any:
    """`./run ARGUMENTS` in a process of its own, on a data folder of its own with the models of the test run."""
    data = tmp_path / "data"
    data.mkdir(mode=0o711)
    (data / "models").symlink_to(model_folder.parent)
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "HOTLINE_MODEL")} | {"HOTLINE_DATA": str(data)}

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, str(ROOT / "manage.py"), *arguments], env=environment, capture_output=True, text=True, timeout=300, check=False)

    return call


@pytest.mark.slow
def test_a_recording_becomes_a_routed_ticket_with_a_running_clock_and_what_is_no_recording_says_so(shell: Any, tmp_path: Path) -> None:
    text, silence = tmp_path / "notes.wav", tmp_path / "empty.wav"
    text.write_text("这不是录音", encoding="utf-8")
    silence.write_bytes(b"")
    done = shell("call", str(ROOT / "tests/calls/04-yibao-baoxiao.wav"), str(text), str(silence), "--json")
    heard, *wrong = json.loads(done.stdout)
    assert done.returncode == 1, "two of the three were no recordings"
    assert heard["ticket"].startswith("12345-") and heard["duration"] > 10 and "医保" in heard["transcript"]
    assert heard["item_name"] and heard["department"] and 0 < heard["confidence"] <= 1 and heard["decided_by"] in ("classifier", "person")
    assert heard["due"] and heard["steps"]
    for report in wrong:
        assert report["ticket"] is None and report["problem"] and report["call"], "the call stays, with the reason"
    again = json.loads(shell("call", str(ROOT / "tests/calls/04-yibao-baoxiao.wav"), "--json").stdout)
    assert again[0]["ticket"] == heard["ticket"], "the same recording is the same call"
