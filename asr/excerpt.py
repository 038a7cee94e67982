"""A piece of a recording as a file of its own: one voice, from one moment to another. For measuring on what operators corrected."""

import wave
from pathlib import Path

import numpy as np

from asr.decode import Recording

MARGIN = 0.2  # seconds before and after, so that no word is cut


def excerpt(recording: Path, out: Path, *, declared: str | None, channel: int, start: float, end: float) -> Path:
    """Writes seconds `start` to `end` of the channel as a 16-bit WAV at its true rate. Raises AudioRefused."""
    kept, at = [], 0
    with Recording(recording, declared) as opened:
        first, last = int(max(0.0, start - MARGIN) * opened.rate), int((end + MARGIN) * opened.rate)
        for block in opened.blocks():
            length = block.shape[1]
            if at + length > first and at < last:
                kept.append(block[min(channel, len(block) - 1), max(0, first - at) : last - at])
            at += length
            if at >= last:
                break
        rate = opened.rate
    with wave.open(str(out), "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(rate)
        written.writeframes(np.concatenate(kept or [np.zeros(rate // 10, np.int16)]).tobytes())
    return out
