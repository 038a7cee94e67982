"""Quiet callers are raised to where the model hears them; noise is not."""

import numpy as np
import pytest

from asr.loudness import TARGET, Loudness
from tests.asr.making import Samples, babble, silence

RATE = 8000
BLOCK = int(0.4 * RATE)


def levelled(samples: Samples, loudness: Loudness | None = None) -> Samples:
    """All of it, block by block, as it is in a call."""
    loudness = loudness or Loudness(RATE)
    return np.concatenate([loudness.level(samples[at : at + BLOCK]) for at in range(0, len(samples), BLOCK)])


def loud(samples: Samples) -> float:
    """dBFS of the loudest windows of 20 ms."""
    windows = samples[: len(samples) // 160 * 160].reshape(-1, 160).astype(float)
    return float(np.percentile(10 * np.log10((windows**2).mean(axis=1) / 32768**2 + 1e-10), 90))


def softer(samples: Samples, decibels: float) -> Samples:
    """The same, turned down."""
    return np.rint(samples * 10 ** (-decibels / 20)).astype(np.int16)


def test_a_caller_of_the_usual_level_passes_untouched() -> None:
    assert np.array_equal(levelled(babble(6)), babble(6))


@pytest.mark.parametrize("down", [15, 20, 30, 40])
def test_a_caller_is_brought_to_the_same_level_however_quiet(down: int) -> None:
    quiet = softer(babble(6), down)
    assert loud(levelled(quiet)[2 * RATE :]) == pytest.approx(TARGET, abs=2.5)


def test_the_first_word_of_a_quiet_caller_is_already_raised() -> None:
    quiet = softer(babble(6), 30)
    assert loud(levelled(quiet)[:BLOCK]) == pytest.approx(TARGET, abs=6)


def test_silence_and_steady_noise_are_left_as_they_are() -> None:
    hiss = (np.random.default_rng(1).standard_normal(RATE * 4) * 30).astype(np.int16)
    for samples in (silence(4), hiss):
        assert np.array_equal(levelled(samples), samples)


def test_noise_in_a_pause_is_not_brought_up() -> None:
    loudness = Loudness(RATE)
    levelled(babble(4), loudness)
    hiss = (np.random.default_rng(1).standard_normal(RATE * 20) * 30).astype(np.int16)
    before, after = levelled(hiss[:RATE], loudness), levelled(hiss[RATE:], loudness)[-RATE:]
    assert loud(after) == pytest.approx(loud(before), abs=0.5)


def test_a_loud_speaker_after_a_quiet_one_is_not_distorted() -> None:
    loudness = Loudness(RATE)
    levelled(softer(babble(4), 35), loudness)
    shout = levelled(babble(2), loudness)
    assert np.mean(np.abs(shout) >= 32767) < 0.001


def test_the_quiet_side_of_a_mixed_call_is_raised_when_its_turn_comes() -> None:
    loudness = Loudness(RATE)
    levelled(babble(10), loudness)
    assert loud(levelled(softer(babble(15), 20), loudness)[-4 * RATE :]) == pytest.approx(TARGET, abs=3)


def test_a_scrap_too_short_to_measure_passes() -> None:
    scrap = babble(0.01)
    assert len(Loudness(RATE).level(scrap)) == len(scrap)
