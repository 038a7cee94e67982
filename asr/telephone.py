"""What the telephone leaves of a recording: 8 kHz, 300 to 3400 Hz, G.711 A-law. For measuring; nothing is transcribed this way."""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

from asr.decode import TELEPHONE, Recording

BAND = (300, 3400)  # Hz
A = 87.6  # of the A-law (ITU-T G.711)


def as_telephone(file: Path, out: Path) -> Path:
    """Writes the recording's first channel as a 16-bit WAV that went through the telephone."""
    with Recording(file) as recording:
        sound = np.concatenate([block[0] for block in recording.blocks()]).astype(np.float64) / 32768
        narrow = resample_poly(sound, TELEPHONE, recording.rate)
    line = sosfilt(butter(4, BAND, "bandpass", fs=TELEPHONE, output="sos"), narrow)
    with wave.open(str(out), "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(TELEPHONE)
        written.writeframes((companded(np.clip(line, -0.99, 0.99)) * 32767).astype("<i2").tobytes())
    return out


def companded(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """There and back along the A-law curve in 8 bits."""
    size = np.abs(sound)
    low = size < 1 / A
    curve = np.where(low, A * size, 1 + np.log(np.maximum(A * size, 1e-12))) / (1 + np.log(A))
    steps = (np.floor(np.minimum(curve, 0.999) * 128) + 0.5) / 128
    flat = steps * (1 + np.log(A))
    back = np.where(flat < 1, flat / A, np.exp(flat - 1) / A)
    result: NDArray[np.float64] = np.sign(sound) * back
    return result
