"""One voice of a live call inside a speech process: what is said now, and each utterance soon after the speaker stops."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from asr.loudness import Loudness
from asr.protocol import Utterance, Word
from asr.spares import Spares, resident
from asr.stream_pause import Pause
from asr.vosk import Stream, release_memory

STOPPED = 0.7  # seconds of silence after which the speaker is taken to have stopped
PUSH = 1.4  # seconds of the room's own sound that at most are given to the recogniser to make it end the utterance
STILL = 16  # of 32768: G.711 codes silence as up to 8
PAUSE = 2.4  # seconds of such silence that are listened to; the recogniser ends an utterance after two at the latest
LEVEL = 0.1  # seconds; a level needs this much sound
LIFE = 60.0  # seconds of sound that a recogniser lives at least before it may be renewed
MUCH = 700 << 20  # bytes of the whole process above which it is renewed
MOST_SPARE = 6  # recognisers kept for the next callers

Mono = NDArray[np.int16]


@dataclass(frozen=True)
class Said:
    """What a piece of sound brought. partial: what is being said now, words parted by blanks."""

    utterances: tuple[Utterance, ...]
    partial: str


class Voice:
    """Listens to one line. begun: seconds of the line before its first sample here; the times of words count from the line's beginning."""

    def __init__(self, spares: Spares, rate: int, *, phrases: list[str], begun: float) -> None:
        self._spares, self._rate, self._phrases = spares, rate, phrases
        self._loudness, self._pause = Loudness(rate), Pause(rate)
        self._stream = spares.take(rate, phrases)
        self._begun = self._stream.seconds
        self._shift = begun - self._begun  # seconds of the line that this recogniser was not fed, less those it was fed besides
        self._still = 0.0
        self._partial = ""

    def hear(self, sound: bytes) -> Said:
        """16-bit samples, at most a second."""
        samples = np.frombuffer(sound[: len(sound) // 2 * 2], "<i2")
        if not len(samples):
            return Said((), self._partial)
        seconds = len(samples) / self._rate
        self._pause.hear(samples)
        self._still = self._still + seconds if int(samples.max()) <= STILL and int(samples.min()) >= -STILL else 0.0
        if self._still > PAUSE and not self._partial:
            self._shift += seconds
            return Said((), "")
        ended = self._feed(self._loudness.level(samples).astype("<i2").tobytes())
        if not ended and self._partial and self._pause.seconds >= STOPPED:
            ended = self._end(samples)
        if ended and self._stream.seconds - self._begun > LIFE and resident() > MUCH:
            self._renew()
        return Said(tuple(ended), self._partial)

    def finish(self) -> Said:
        """Whatever was still being said; the voice may go on afterwards, its times with it."""
        self._partial = ""
        return Said(tuple(self._timed(self._stream.finish())), "")

    def close(self) -> None:
        """The caller has hung up."""
        if not self._phrases:
            self._spares.give(self._rate, self._stream)

    def _feed(self, sound: bytes) -> list[Utterance]:
        ended = self._timed(self._stream.accept(sound))
        self._partial = "" if ended else self._stream.partial()
        return ended

    def _end(self, samples: Mono) -> list[Utterance]:
        """The speaker has stopped: the room's sound goes on a little for the recogniser alone, until it has the utterance.

        To finish it outright would throw away what it has learnt of the voice.
        """
        room = samples[-max(int(LEVEL * self._rate), 1) :]
        room = np.tile(room, max(1, int(LEVEL * self._rate * 2) // len(room)))
        length = len(room) / self._rate
        ended: list[Utterance] = []
        for _ in range(int(PUSH / length)):
            ended = self._feed(room.astype("<i2").tobytes())
            self._shift -= length
            if ended:
                return ended
        return [*self.finish().utterances]

    def _renew(self) -> None:
        """A fresh recogniser for what comes next, between two utterances: this one holds ever more memory."""
        ended = self._stream.seconds
        self._stream = Stream(self._spares.model, self._rate, self._phrases)
        self._begun, self._shift = 0.0, self._shift + ended
        release_memory()

    def _timed(self, ended: list[list[Word]]) -> list[Utterance]:
        """Utterances with times of the line."""
        shift = self._shift
        return [
            Utterance.of(
                0, [replace(word, start=round(max(0.0, word.start + shift), 2), end=round(max(0.0, word.end + shift), 2)) for word in words]
            )
            for words in ended
        ]
