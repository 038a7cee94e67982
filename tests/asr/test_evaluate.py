"""The character error rate counts what was said; manifests are read strictly."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asr.evaluate import Heard, Spoken, distance, evaluate, manifest, misheard, plain, rate
from hotline.errors import NotFound, Refused

WORDS = st.text("停水了没有人管", max_size=8)
CALLS = Path(__file__).resolve().parents[1] / "calls"


@pytest.mark.parametrize(
    ("heard", "said", "errors"),
    [("", "", 0), ("停水", "", 2), ("", "停水", 2), ("停水了", "停水了", 0), ("听水", "停水了", 2), ("我停水", "停水", 1)],
)
def test_errors_are_counted_by_character(heard: str, said: str, errors: int) -> None:
    assert distance(heard, said) == errors


@settings(max_examples=60, deadline=None)
@given(WORDS, WORDS)
def test_every_error_belongs_to_a_character_that_was_said(heard: str, said: str) -> None:
    errors = misheard(heard, said)
    assert len(errors) == len(said)
    assert not said or sum(errors) == distance(heard, said)


def test_only_chinese_characters_count_and_numbers_are_read_out() -> None:
    assert plain("您好，12号楼 3 单元！OK") == "您好十二号楼三单元"
    assert plain("打幺二三四五") == "打一二三四五"


def test_the_rate_is_over_all_that_was_said() -> None:
    spoken = [Spoken(Path("a"), "停水了没人管"), Spoken(Path("b"), "路灯")]
    assert rate([Heard("停水了没人管", 1, 1), Heard("", 1, 1)], spoken) == 0.25


def test_a_manifest_names_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    (tmp_path / "list.tsv").write_text("a.wav\t停水了\n\n", encoding="utf-8")
    assert manifest(tmp_path / "list.tsv") == [Spoken(tmp_path / "a.wav", "停水了")]


def test_a_manifest_may_have_a_head_and_more_columns() -> None:
    found = manifest(CALLS / "manifest.tsv")
    assert len(found) == 14
    assert found[0].text.startswith("您好，安和市")


@pytest.mark.parametrize(
    ("text", "says"),
    [("a.wav 停水了\n", "第 1 行"), ("gone.wav\t停水了\n", "gone.wav"), ("", "没有可以评测"), ("a.wav\tOK\n", "没有可以评测")],
)
def test_a_manifest_that_is_wrong_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    (tmp_path / "list.tsv").write_text(text, encoding="utf-8")
    with pytest.raises((Refused, NotFound), match=says):
        manifest(tmp_path / "list.tsv")


@pytest.mark.slow
def test_ours_and_bare_vosk_are_measured_on_the_same_recordings(model_folder: Path) -> None:
    score = evaluate(model_folder, manifest(CALLS / "manifest.tsv")[11:12])
    assert (score.n, score.characters) == (1, 84)
    assert score.cer < 0.2
    assert score.cer_bare is not None and score.cer_bare < 0.2
    assert score.rtf > 0
