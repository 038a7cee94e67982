"""The sample calls are what their manifest says, and the manifest speaks of things that exist."""

import csv
from pathlib import Path

import av
import pytest

HERE = Path(__file__).parent
DEMO = HERE.parents[1] / "tickets" / "demo"
KINDS = {"inquiry", "help", "complaint", "report", "suggestion", "praise", "stuck", "fault"}


def rows(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


CALLS = rows(HERE / "manifest.tsv", "\t")


def test_every_recording_stands_in_the_manifest_and_has_its_script() -> None:
    named = {call["file"] for call in CALLS}
    assert named == {path.name for path in HERE.glob("*.wav")}
    assert {Path(name).stem for name in named} == {path.stem for path in HERE.glob("*.txt")}


def test_the_recordings_stay_small_enough_to_live_in_the_repository() -> None:
    assert sum(path.stat().st_size for path in HERE.glob("*.wav")) <= 3_000_000


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call["file"])
def test_a_sample_call_sounds_like_a_telephone(call: dict[str, str]) -> None:
    with av.open(str(HERE / call["file"])) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.name in {"pcm_alaw", "pcm_mulaw"}
        assert (stream.rate, stream.channels) == (8000, int(call["channels"]))
        assert container.duration is not None
        assert 12 <= container.duration / av.time_base <= 35


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call["file"])
def test_a_sample_call_says_what_its_script_says(call: dict[str, str]) -> None:
    lines = (HERE / call["file"]).with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    turns = [line.partition("：") for line in lines]
    assert {who for who, _, _ in turns} == {"话务员", "市民"}
    assert "".join(text for _, _, text in turns) == call["transcript"]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call["file"])
def test_a_sample_call_is_about_an_item_its_lead_unit_answers_for(call: dict[str, str]) -> None:
    assert call["kind"] in KINDS
    assert call["item"] in {item["code"] for item in rows(DEMO / "items.csv") if item["level"] == "3"}
    assert call["lead"] in leads(call["item"])


def leads(item: str) -> set[str]:
    """Whoever may lead on the item: by the most specific rows for their areas, by any row for the whole city."""
    found = [rule for rule in rows(DEMO / "responsibility.csv") if item.startswith(rule["item"])]
    longest = max(len(rule["item"]) for rule in found)
    return {rule["lead"] for rule in found if len(rule["item"]) == longest or not rule["area"]}
