"""Where a voice has stopped, from its loudness alone: the recogniser itself needs up to a second and a half to be sure (measured)."""

import numpy as np
from numpy.typing import NDArray

WINDOW = 0.02  # seconds over which a level is taken
NOTHING = -90.0  # dBFS
SWING = 12.0  # dB between the voice and the room; where it is less, loudness tells nothing
STEP = 6.0  # dB above the room that are still the room
SHARE = 0.35  # of the way from the room up to the voice that are still the room
ROOM_RISES, VOICE_SINKS = 1.5, 1.0  # dB a second: both are followed, slowly


class Pause:
    """How long one voice has been silent. seconds: up to the last sample heard; 0 while it speaks or where nobody can tell."""

    def __init__(self, rate: int) -> None:
        self.seconds = 0.0
        self._window = int(rate * WINDOW)
        self._room: float | None = None
        self._voice = NOTHING
        self._rest = np.zeros(0, np.int16)

    def hear(self, samples: NDArray[np.int16]) -> None:
        """The next samples of the voice."""
        samples = np.concatenate((self._rest, samples)) if len(self._rest) else samples
        whole = len(samples) - len(samples) % self._window
        self._rest = samples[whole:]
        windows = samples[:whole].reshape(-1, self._window).astype(np.float32)
        for level in 10 * np.log10(np.square(windows).mean(axis=1) / 32768.0**2 + 1e-9):
            self._follow(float(level))

    def _follow(self, level: float) -> None:
        self._room = level if self._room is None else min(level, self._room + ROOM_RISES * WINDOW)
        self._voice = max(level, self._voice - VOICE_SINKS * WINDOW)
        swing = self._voice - self._room
        quiet = swing >= SWING and level < self._room + max(STEP, SHARE * swing)
        self.seconds = self.seconds + WINDOW if quiet else 0.0
