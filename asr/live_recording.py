"""The recording of a live call: its voices as they were kept while they spoke, each on a channel, in one WAV, a second of it at a time."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import av
import numpy as np
from numpy.typing import NDArray

Mono = NDArray[np.int16]


@dataclass(frozen=True)
class Kept:
    """What one voice said: 16-bit samples in a file. begun: seconds after the call's beginning. channel: 0-based."""

    path: Path
    rate: int
    begun: float
    channel: int

    @property
    def seconds(self) -> float:
        """When it ends, from the call's beginning; 0 where nothing was kept."""
        samples = self.path.stat().st_size // 2 if self.path.is_file() else 0
        return self.begun + samples / self.rate if samples else 0.0


def duration(voices: Sequence[Kept]) -> float:
    """Seconds of the whole call."""
    return max((voice.seconds for voice in voices), default=0.0)


def wav(voices: Sequence[Kept], seconds: float) -> Iterator[bytes]:
    """The WAV file, in blocks. Voices of different rates come at the highest; where a voice was away there is silence."""
    rate = max(voice.rate for voice in voices)
    channels = 1 + max(voice.channel for voice in voices)
    total = round(seconds * rate)
    yield _head(rate, channels, total)
    tracks = [(voice.channel, _Track(voice, rate)) for voice in voices if voice.seconds]
    for at in range(0, total, rate):
        length = min(rate, total - at)
        block = np.zeros((length, channels), np.int32)
        for channel, track in tracks:
            block[:, channel] += track.read(length)
        yield block.clip(-32768, 32767).astype("<i2").tobytes()


def _head(rate: int, channels: int, samples: int) -> bytes:
    size = samples * channels * 2
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    return b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", size)


class _Track:
    """One voice on the call's clock, at the recording's rate."""

    def __init__(self, voice: Kept, rate: int) -> None:
        self._silence = round(voice.begun * rate)
        self._flow = _at_rate(voice, rate)
        self._rest: Mono = np.zeros(0, np.int16)

    def read(self, length: int) -> Mono:
        """The next so many samples; silence before it came and after it went."""
        still = min(self._silence, length)
        self._silence -= still
        while len(self._rest) < length - still and (more := next(self._flow, None)) is not None:
            self._rest = np.concatenate((self._rest, more))
        sound, self._rest = self._rest[: length - still], self._rest[length - still :]
        return np.concatenate((np.zeros(still, np.int16), sound, np.zeros(length - still - len(sound), np.int16)))


def _at_rate(voice: Kept, rate: int) -> Iterator[Mono]:
    with voice.path.open("rb") as file:
        if voice.rate == rate:
            yield from _samples(file, rate)
            return
        resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
        for samples in _samples(file, voice.rate):
            frame = av.AudioFrame.from_ndarray(samples[np.newaxis, :], format="s16", layout="mono")
            frame.rate = voice.rate
            yield from (piece.to_ndarray()[0] for piece in resampler.resample(frame))
        yield from (piece.to_ndarray()[0] for piece in resampler.resample(None))


def _samples(file: IO[bytes], rate: int) -> Iterator[Mono]:
    while len(block := file.read(rate * 2)) > 1:  # the last byte alone is half a sample of a writer that was killed
        yield np.frombuffer(block[: len(block) // 2 * 2], "<i2").astype(np.int16)
