"""What an operator corrected can be heard again by itself."""

import wave
from pathlib import Path

import numpy as np
import pytest

from asr.excerpt import MARGIN, excerpt

CALL = Path(__file__).resolve().parents[1] / "calls" / "03-tuoqian-gongzi.wav"


@pytest.mark.parametrize("channel", [0, 1])
def test_an_utterance_is_cut_out_with_a_little_room_around_it(tmp_path: Path, channel: int) -> None:
    with wave.open(str(excerpt(CALL, tmp_path / "a.wav", declared=None, channel=channel, start=2.0, end=5.0)), "rb") as cut:
        assert (cut.getnchannels(), cut.getframerate()) == (1, 8000)
        assert cut.getnframes() == pytest.approx((3 + 2 * MARGIN) * 8000, abs=2)


def test_the_voices_are_not_mixed(tmp_path: Path) -> None:
    levels = []
    for channel in (0, 1):
        with wave.open(str(excerpt(CALL, tmp_path / f"{channel}.wav", declared=None, channel=channel, start=0.0, end=1.5)), "rb") as cut:
            levels.append(np.abs(np.frombuffer(cut.readframes(cut.getnframes()), np.int16).astype(int)).mean())
    assert levels[0] > 3 * levels[1], "the operator speaks first"
