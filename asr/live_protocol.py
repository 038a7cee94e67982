"""What listening to live voices (实时转写) gives, whoever does it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from asr.protocol import Utterance


@dataclass(frozen=True)
class Heard:
    """What a piece of sound brought. utterances: ended in it. partial: what is being said, words parted by blanks. Times count from the line's beginning."""

    utterances: tuple[Utterance, ...] = ()
    partial: str = ""

    def then(self, later: "Heard") -> "Heard":
        """Both, one after the other."""
        return Heard(self.utterances + later.utterances, later.partial)


class LiveVoice(Protocol):
    """One line being listened to: asr.live_voice.Voice, and asr.live_scripted's in tests. One task at a time.

    missed: whether some of its sound was given up, because it killed whoever listened to it.
    """

    missed: bool

    async def hear(self, sound: bytes) -> Heard:
        """16-bit mono samples, any number of them."""

    async def finish(self) -> Heard:
        """Ends the utterance; the voice may go on."""

    async def close(self) -> None:
        """It is no longer listened to."""


class LiveSpeech(Protocol):
    """Whoever listens to live voices: asr.live.Live, and asr.live_scripted.Scripted in tests."""

    @property
    def late(self) -> bool:
        """Whether voices have had to wait just now: no more should be taken."""

    async def open(self, rate: int, *, phrases: Sequence[str] = ()) -> LiveVoice:
        """A new voice. Raises ModelMissing, ModelDamaged, SpeechFailed, ValueError for a rate or phrases that cannot be."""

    async def close(self) -> None:
        """Stops whatever runs."""
