"""From blocks of sound to utterances: a channel after the other, silence left out, the clock kept true."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from asr.decode import Recording, Samples
from asr.errors import AudioRefused
from asr.loudness import Loudness
from asr.protocol import Utterance, Word, named
from asr.spares import Spares, resident
from asr.vosk import Stream, release_memory

STILL = 16  # of 32768; G.711 codes silence as up to 8
# Vosk ends an utterance after two seconds of silence at the latest (rule4 of the model): more than that need not be fed.
PAUSE = 2.4  # seconds
# A recogniser that lives on holds ever more memory (measured: 75 MB after half a minute of speech, 130 after two, 180 after five), but a fresh one
# has to find its way into the language again (up to 3 s of processor time). So it is renewed only where the process nears its bound of 400 MB.
LIFE = 20.0  # seconds of sound that each lives at least
MUCH = 360 << 20  # bytes of the process
# Two channels that differ by no more than this are one voice saved twice; coding moves them apart by about a hundredth of the loudest sample.
TWINS = 4  # of 32768
TWIN_SHARE = 0.02  # of the loudest sample in the block

Mono = NDArray[np.int16]


@dataclass(frozen=True)
class Heard:
    """What is known when a recording is through. names: of the channels that were listened to, by their number."""

    duration: float
    names: dict[int, str]
    truncated: bool


def listen(
    spares: Spares,
    opened: Callable[[], Recording],
    *,
    names: Sequence[str] | None,
    longest: float,
    on_utterance: Callable[[Utterance], None],
    on_progress: Callable[[float], None],
    since: Mapping[int, float] | None = None,
) -> Heard:
    """Listens to a whole recording, a channel after the other. Raises AudioRefused.

    opened: opens the recording, once for each channel: to decode it again takes a thousandth of the time of hearing it, while two recognisers
    side by side hold too much memory, or are renewed too often. names: for the channels, left first. longest: seconds after which the recording is
    refused as too long. since: seconds of each channel that an earlier listener has already told of; they are decoded, which keeps the clock exact
    in every format, and nothing of them is recognised.
    One thread does it all: a second one in the process makes Vosk 15 % dearer (measured), a second process does not.
    """
    channel, count, duration, truncated = 0, 1, 0.0, False
    own: list[int] = []
    while channel < count:
        with opened() as recording:
            count = recording.info.channels
            ear = Ear(spares, recording.rate, channel, on_utterance, (since or {}).get(channel, 0.0))
            for seconds in _heard(recording, ear, longest):
                on_progress((channel * duration + seconds) / count)
            own += [channel] if ear.alone else []
            duration, truncated = recording.seconds, recording.truncated
        channel += 1
    given = named(count, names) if len(own) > 1 or count == 1 else ["mono"]
    return Heard(round(duration, 3), {channel: given[channel] for channel in own}, truncated)


def _heard(recording: Recording, ear: "Ear", longest: float) -> Iterator[float]:
    """Gives the ear its channel; tells after each block how many seconds are decoded."""
    if (recording.info.duration or 0) > longest:
        raise AudioRefused("too_long", f"{recording.info.duration:.0f} s promised")
    for block in recording.blocks():
        ear.take(block)
        yield recording.seconds
        if recording.seconds > longest:
            raise AudioRefused("too_long", f"{recording.seconds:.0f} s decoded")
    ear.finish()


class Ear:
    """Listens to one channel: loudness, recogniser, and a clock that counts what was left out.

    since: seconds that were already heard. alone: whether it is a voice of its own, for it has differed from the first.
    """

    def __init__(self, spares: Spares, rate: int, channel: int, on_utterance: Callable[[Utterance], None], since: float = 0.0) -> None:
        self._stream: Stream | None = None
        self._spares = spares
        self._loudness = Loudness(rate)
        self._rate = rate
        self._channel = channel
        self.alone = channel == 0
        self._tell = on_utterance
        self._known = round(since * rate)  # samples still to come that were already heard
        self._still = 0.0  # seconds of silence up to now
        self._fed = 0.0  # seconds given to recognisers
        self._begun = 0.0  # seconds fed before this recogniser began
        self._lent = 0.0  # seconds that this recogniser was fed before, of other voices
        self._cuts: list[tuple[float, float]] = []  # (seconds fed when something was left out, seconds left out up to then)

    def take(self, block: Samples) -> None:
        """One block of all channels; of its own, only what is new is listened to."""
        voice = block[self._channel]
        self.alone = self.alone or _differs(block[0], voice)
        known, voice = voice[: self._known], voice[self._known :]
        self._known -= len(known)
        if len(known):
            self.skip(known)
        if len(voice):
            (self.hear if self.alone else self.skip)(voice)

    def hear(self, voice: Mono) -> None:
        """Listens to one block, unless it only goes on with a long silence."""
        self._still = self._still + len(voice) / self._rate if _still(voice) else 0.0
        if self._still > PAUSE or (self._stream is None and self._still):
            self.skip(voice)
            return
        if self._stream is None:
            self._stream = self._spares.take(self._rate)
            self._begun, self._lent = self._fed, self._stream.seconds
        self._fed += len(voice) / self._rate
        ended = self._stream.accept(self._loudness.level(voice).tobytes())
        self._say(ended)
        if ended and self._fed - self._begun > LIFE and resident() > MUCH:
            self.finish()

    def skip(self, voice: Mono) -> None:
        """Lets a block pass unheard, and remembers how long it was."""
        gone = (self._cuts[-1][1] if self._cuts else 0.0) + len(voice) / self._rate
        if self._cuts and self._cuts[-1][0] == self._fed:
            self._cuts.pop()
        self._cuts.append((self._fed, gone))

    def finish(self) -> None:
        """The voice is at its end, or memory is: what was still being said is said. A recogniser that holds too much is not kept."""
        if self._stream is not None:
            self._say(self._stream.finish())
            self._spares.give(self._rate, self._stream)
            self._stream = None
            release_memory()

    def _say(self, ended: list[list[Word]]) -> None:
        for words in ended:
            self._tell(Utterance.of(self._channel, [self._timed(word) for word in words]))

    def _timed(self, word: Word) -> Word:
        """The word with times of the recording, not of what this recogniser was fed."""
        # The end may touch the next cut when Vosk rounds up: start decides for both.
        begun = self._begun - self._lent
        at = bisect_right(self._cuts, begun + word.start + 0.01, key=lambda cut: cut[0])
        shift = begun + (self._cuts[at - 1][1] if at else 0.0)
        return replace(word, start=round(word.start + shift, 2), end=round(word.end + shift, 2)) if shift else word


def _still(voice: Mono) -> bool:
    return int(voice.max()) <= STILL and int(voice.min()) >= -STILL


def _differs(first: Mono, other: Mono) -> bool:
    loudest = int(np.abs(first.astype(np.int32)).max())
    return int(np.abs(first.astype(np.int32) - other).max()) > max(TWINS, TWIN_SHARE * loudest)
