"""Silence is left out and one voice saved twice is heard once, and still every word has its true time.

Vosk is replaced by a stream that reports when in its own time it was fed what: the clock is what is tested here.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asr import listening, spares
from asr.decode import Recording
from asr.errors import AudioRefused
from asr.listening import Heard, listen
from asr.protocol import Utterance, Word
from asr.spares import Spares
from tests.asr.making import Samples, babble, silence, write_wav


class Clock:
    """Says a word each time sound begins after silence, at its own time."""

    def __init__(self, model: Any, rate: int, phrases: Sequence[str] = ()) -> None:
        self.rate, self.at, self.quiet = rate, 0, True

    @property
    def seconds(self) -> float:
        """Fed in all."""
        return self.at / self.rate

    def accept(self, sound: bytes) -> list[list[Word]]:
        """A block of 16-bit samples."""
        samples = np.frombuffer(sound, np.int16)
        words = []
        for piece in samples.reshape(-1, 400) if len(samples) % 400 == 0 else [samples]:
            quiet = not np.abs(piece).max() > 50
            if self.quiet and not quiet:
                words.append([Word("停水", self.at / self.rate, self.at / self.rate + 0.05, 1.0)])
            self.quiet = quiet
            self.at += len(piece)
        return words

    def finish(self) -> list[list[Word]]:
        """The length of all it was fed, as a word."""
        return [[Word("完", self.at / self.rate, self.at / self.rate, 1.0)]]


@pytest.fixture
def hear(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[Heard, dict[int, list[float]], float]]:
    """Listens to channels with the clock; gives what was heard, where words began, and the seconds fed, by channel."""
    streams: list[Clock] = []

    def begin(model: Any, rate: int, phrases: Sequence[str] = ()) -> Clock:
        streams.append(Clock(model, rate))
        return streams[-1]

    monkeypatch.setattr(spares, "Stream", begin)

    def hear(*channels: Samples, **more: Any) -> tuple[Heard, dict[int, list[float]], float]:
        streams.clear()
        told: list[Utterance] = []
        heard = listen(
            more.get("spares") or Spares(None, 1, 1 << 40),
            partial(Recording, write_wav(tmp_path / "x.wav", *channels)),
            names=more.get("names"),
            longest=more.get("longest", 1e9),
            on_utterance=told.append,
            on_progress=more.get("on_progress", lambda seconds: None),
            since=more.get("since"),
        )
        starts = {channel: [u.start for u in told if u.channel == channel and u.text == "停水"] for channel in range(len(channels))}
        return heard, starts, sum(stream.at / stream.rate for stream in streams)

    return hear


def burst(seconds: float = 0.05) -> Samples:
    """A short sound."""
    return np.full(int(seconds * 8000), 3000, np.int16)


def test_words_after_a_long_silence_keep_their_true_time(hear: Any) -> None:
    call = np.concatenate([burst(), silence(59.95), burst(), silence(119.95), burst(), silence(10)])
    heard, starts, fed = hear(call)
    assert starts[0] == pytest.approx([0.0, 60.0, 180.0], abs=0.02)
    assert fed < 15, "three minutes of silence were not given to the recogniser"
    assert heard.duration == pytest.approx(len(call) / 8000)


def test_a_call_that_begins_with_silence_keeps_its_true_time(hear: Any) -> None:
    _, starts, fed = hear(np.concatenate([silence(100), burst(), silence(1)]))
    assert starts[0] == pytest.approx([100.0], abs=0.02)
    assert fed < 2


def test_the_pauses_of_ordinary_speech_are_heard(hear: Any) -> None:
    call = np.concatenate([burst(), silence(1.95), burst(), silence(0.95), burst()])
    _, starts, fed = hear(call)
    assert starts[0] == pytest.approx([0.0, 2.0, 3.0], abs=0.02)
    assert fed == pytest.approx(len(call) / 8000)


def test_silence_from_end_to_end_gives_nothing_and_costs_nothing(hear: Any) -> None:
    heard, starts, fed = hear(silence(100))
    assert (starts[0], fed, heard.duration, heard.names) == ([], 0, 100.0, {0: "mono"})


def test_two_voices_are_heard_apart_and_named(hear: Any) -> None:
    operator = np.concatenate([burst(), silence(9.95)])
    citizen = np.concatenate([silence(5), burst(), silence(4.95)])
    heard, starts, _ = hear(operator, citizen)
    assert heard.names == {0: "operator", 1: "citizen"}
    assert starts == {0: pytest.approx([0.0], abs=0.02), 1: pytest.approx([5.0], abs=0.02)}
    assert hear(operator, citizen, names=("citizen", "operator"))[0].names == {0: "citizen", 1: "operator"}


def test_progress_goes_from_start_to_end_once_however_many_voices_there_are(hear: Any) -> None:
    told: list[float] = []
    hear(babble(10), babble(10, seed=2), on_progress=told.append)
    assert told == sorted(told) and told[-1] == pytest.approx(10.0)
    assert 4.5 < told[len(told) // 2] < 5.5


def test_one_voice_saved_on_two_channels_is_heard_once(hear: Any) -> None:
    voice = babble(10)
    coded = (voice + np.random.default_rng(2).integers(-20, 20, len(voice)) * (np.abs(voice) > 2000)).astype(np.int16)
    for twin in (voice, coded):
        heard, _, fed = hear(voice, twin)
        assert heard.names == {0: "mono"}
        assert fed == pytest.approx(10)


def test_voices_that_part_after_a_common_greeting_are_heard_apart_from_then_on(hear: Any) -> None:
    greeting = np.concatenate([burst(), silence(7.95)])
    heard, starts, _ = hear(
        np.concatenate([greeting, burst(), silence(3.95)]), np.concatenate([greeting, silence(2), burst(), silence(1.95)])
    )
    assert heard.names == {0: "operator", 1: "citizen"}
    assert starts[0] == pytest.approx([0.0, 8.0], abs=0.02)
    assert starts[1] == pytest.approx([10.0], abs=0.02)


def test_a_recording_beyond_the_longest_is_refused_before_and_during_the_work(hear: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AudioRefused) as refusal:
        hear(silence(20), longest=10)
    assert (refusal.value.code, refusal.value.detail) == ("too_long", "20 s promised")
    monkeypatch.setattr("asr.decode._promised", lambda container, stream: None)
    with pytest.raises(AudioRefused) as refusal:
        hear(silence(20), longest=10)
    assert refusal.value.detail == "10 s decoded"


def test_where_memory_runs_high_a_call_gets_a_fresh_recogniser_and_keeps_its_times(hear: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "LIFE", 3.0)
    monkeypatch.setattr(listening, "MUCH", 0)
    begun: list[Clock] = []
    make = spares.Stream
    monkeypatch.setattr(spares, "Stream", lambda model, rate, phrases: begun.append(make(model, rate)) or begun[-1])
    call = np.concatenate([np.concatenate([burst(), silence(1.95)])] * 5 + [silence(30)] + [np.concatenate([burst(), silence(1.95)])] * 5)
    _, starts, _ = hear(call, spares=Spares(None, 1, 0))
    assert starts[0] == pytest.approx([*range(0, 10, 2), *range(40, 50, 2)], abs=0.02)
    assert len(begun) >= 4


def test_the_next_call_has_the_recogniser_of_the_last_and_times_of_its_own(hear: Any) -> None:
    kept = Spares(None, 1, 1 << 40)
    call = np.concatenate([silence(5), burst(), silence(1.95), burst(), silence(0.95)])
    first, again = (hear(call, spares=kept)[1] for _ in range(2))
    assert again[0] == first[0] == pytest.approx([5.0, 7.0], abs=0.02)
    assert kept.take(8000).seconds == pytest.approx(6.0, abs=1.0), "one recogniser heard both"


def test_work_that_was_broken_off_goes_on_where_each_voice_had_ended(hear: Any) -> None:
    operator = np.concatenate([np.concatenate([burst(), silence(3.95)])] * 5)
    citizen = np.concatenate([silence(2), np.concatenate([burst(), silence(3.95)]), np.concatenate([burst(), silence(3.95)]), silence(10)])
    heard, starts, fed = hear(operator, citizen, since={0: 8.05, 1: 2.05})
    assert heard.names == {0: "operator", 1: "citizen"} and heard.duration == 20.0
    assert starts == {0: pytest.approx([12.0, 16.0], abs=0.02), 1: pytest.approx([6.0], abs=0.02)}
    assert fed < 15, "what was known is not recognised again"


def test_what_is_known_ends_in_the_middle_of_a_block(hear: Any) -> None:
    speech = burst(4.0)
    _, starts, fed = hear(speech, since={0: 1.13})
    assert starts[0] == pytest.approx([1.13], abs=0.01) and fed == pytest.approx(4 - 1.13, abs=0.001)
