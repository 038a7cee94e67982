"""Sound files for the tests, made on the spot."""

import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "aishell"
CALLS = Path(__file__).resolve().parents[1] / "calls"

Samples = NDArray[np.int16]


def babble(seconds: float, rate: int = 8000, seed: int = 1) -> Samples:
    """Noise that swells and fades four times a second, as speech does. One channel."""
    noise = np.random.default_rng(seed).standard_normal(int(seconds * rate)).astype(np.float32)
    swell = np.abs(np.sin(np.arange(len(noise)) / rate * np.pi * 2)) ** 3
    return (noise * swell * 4000).clip(-32768, 32767).astype(np.int16)


def tone(seconds: float, rate: int = 8000, hertz: int = 440) -> Samples:
    """A steady tone."""
    return (np.sin(np.arange(int(seconds * rate)) / rate * 2 * np.pi * hertz) * 8000).astype(np.int16)


def silence(seconds: float, rate: int = 8000) -> Samples:
    """Nothing at all."""
    return np.zeros(int(seconds * rate), np.int16)


def write_wav(path: Path, *channels: Samples, rate: int = 8000) -> Path:
    """16-bit PCM, a channel for each."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.stack(channels, axis=1).astype("<i2").tobytes())
    return path


def read_wav(path: Path) -> tuple[Samples, int]:
    """The first channel and its rate."""
    with wave.open(str(path), "rb") as file:
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return data[:: file.getnchannels()].astype(np.int16), file.getframerate()


def encode(path: Path, samples: Samples, codec: str, rate: int, *, container: str | None = None, **settings: Any) -> Path:
    """One channel of `samples`, which are at `rate`, by FFmpeg's encoder `codec`."""
    frame = av.AudioFrame.from_ndarray(samples[np.newaxis, :], format="s16p", layout="mono")
    frame.rate, frame.pts = rate, 0
    with av.open(str(path), "w", format=container) as file:
        stream = file.add_stream(codec, rate=48000 if codec == "libopus" else rate)
        stream.codec_context.layout = "mono"
        for name, value in settings.items():
            setattr(stream, name, value)
        target = stream.codec_context.format or stream.codec_context.codec.audio_formats[0]
        fitted = av.AudioResampler(target, "mono", stream.codec_context.sample_rate, frame_size=stream.codec_context.frame_size or None)
        for piece in [*fitted.resample(frame), *fitted.resample(None)]:
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))
    return path


def mandarin() -> list[tuple[Path, str]]:
    """Real sentences and what was said, where they are at hand."""
    manifest = SHARED / "manifest.tsv"
    if not manifest.exists():
        return []
    rows = [line.split("\t") for line in manifest.read_text(encoding="utf-8").splitlines()[1:]]
    return [(SHARED / name, said) for name, said in rows]


def spoken_files() -> list[Path]:
    """Files with speech in them: the sample calls, shortest first, else the real sentences."""
    return sorted(CALLS.glob("*.wav"), key=lambda path: path.stat().st_size) or [path for path, _ in mandarin()]


def distance(said: Sequence[str], heard: Sequence[str]) -> int:
    """Levenshtein's."""
    row = list(range(len(heard) + 1))
    for at, one in enumerate(said, 1):
        before, row[0] = row[0], at
        for other, two in enumerate(heard, 1):
            before, row[other] = row[other], min(row[other] + 1, row[other - 1] + 1, before + (one != two))
    return row[-1]
