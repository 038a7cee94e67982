"""A transcript survives storing, keeps the order of the conversation, and has names for its voices."""

import json
import threading
from pathlib import Path

import pytest

from asr.errors import AudioRefused, Cancelled, ModelMissing, SpeechFailed
from asr.protocol import Channel, Recogniser, Transcript, Utterance, Word, named
from asr.scripted import Scripted, spoken
from hotline.errors import Refused


def said(channel: int, start: float, *words: str) -> Utterance:
    """An utterance with a word every half second."""
    return Utterance.of(channel, [Word(word, start + at / 2, start + at / 2 + 0.4, 0.8) for at, word in enumerate(words)])


CALL = Transcript(
    20.0,
    (
        Channel(0, "operator", (said(0, 0.5, "您好", "请讲"), said(0, 9.0, "好的"))),
        Channel(1, "citizen", (said(1, 3.0, "小区", "停水", "了"),)),
    ),
    truncated=True,
)


def test_a_transcript_survives_storing_as_json() -> None:
    assert Transcript.from_dict(json.loads(json.dumps(CALL.as_dict()))) == CALL


def test_the_text_follows_the_conversation() -> None:
    assert CALL.text == "您好请讲\n小区停水了\n好的"
    assert CALL.channels[0].text == "您好请讲\n好的"


def test_an_utterance_knows_its_words() -> None:
    utterance = said(1, 3.0, "小区", "停水", "了")
    assert (utterance.start, utterance.end, utterance.text, utterance.confidence) == (3.0, 4.4, "小区停水了", 0.8)


def test_channels_are_named() -> None:
    assert named(1, None) == ["mono"]
    assert named(2, None) == ["operator", "citizen"]
    assert named(2, ["citizen", "operator"]) == ["citizen", "operator"]
    assert named(3, None) == ["channel1", "channel2", "channel3"]


def test_every_reason_has_a_code_and_a_sentence() -> None:
    for error in (AudioRefused("empty"), SpeechFailed("died"), ModelMissing(), Cancelled()):
        assert isinstance(error, Refused)
        assert error.code.isascii()
        assert error.sentence.endswith("。")


def test_the_scripted_recogniser_is_a_recogniser(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"a")
    (tmp_path / "b.wav").write_bytes(b"b")
    recogniser: Recogniser = Scripted({"a.wav": "小区停水了\n三天了", "b.wav": SpeechFailed("died")})
    heard: list[str] = []

    transcript = recogniser.transcribe(tmp_path / "a.wav", on_utterance=lambda utterance: heard.append(utterance.text))

    assert heard == ["小区停水了", "三天了"]
    assert transcript.text == "小区停水了\n三天了"
    with pytest.raises(SpeechFailed):
        recogniser.transcribe(tmp_path / "b.wav")
    with pytest.raises(AudioRefused):
        recogniser.transcribe(tmp_path / "c.wav")


def test_the_scripted_recogniser_knows_a_file_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"a")
    digest = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert Scripted({digest: "停水了"}).transcribe(tmp_path / "kept").text == "停水了"
    assert Scripted(default="别的").transcribe(tmp_path / "kept").text == "别的"


def test_the_scripted_recogniser_can_be_cancelled(tmp_path: Path) -> None:
    cancel = threading.Event()
    with pytest.raises(Cancelled):
        Scripted({"a": spoken("一\n二")}).transcribe(tmp_path / "a", on_utterance=lambda utterance: cancel.set(), cancel=cancel)
