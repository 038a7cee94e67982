"""A listener that hears what it was told to: for the tests of everything around live speech that needs no model."""

from collections.abc import Sequence

from asr.errors import SpeechFailed
from asr.live_protocol import Heard
from asr.protocol import Utterance, Word
from asr.stream_bounds import checked_phrases, checked_rate

PACE = 0.2  # seconds for a character


class ScriptedLive:
    """The LiveSpeech for tests. lines: what every voice says, a line an utterance. A character for each 0.2 s of sound; zeros end the utterance."""

    def __init__(self, lines: Sequence[str] = ("小区停水三天了", "物业没人管")) -> None:
        self.lines = lines
        self.late = False
        self.voices: list[ScriptedVoice] = []

    async def open(self, rate: int, *, phrases: Sequence[str] = ()) -> "ScriptedVoice":
        """See LiveSpeech."""
        checked_rate(rate)
        if phrases:
            checked_phrases(phrases)
        self.voices.append(ScriptedVoice(self.lines, rate))
        return self.voices[-1]

    async def close(self) -> None:
        """Nothing runs."""


class ScriptedVoice:
    """See LiveVoice. broken: set it and the voice cannot be heard any more."""

    def __init__(self, lines: Sequence[str], rate: int) -> None:
        self.missed = False
        self.broken = False
        self._lines, self._rate = list(lines), rate
        self._at = self._begun = self._spoken = 0.0

    async def hear(self, sound: bytes) -> Heard:
        """See LiveVoice."""
        if self.broken:
            raise SpeechFailed("died", "as the test wants it")
        seconds = len(sound) / 2 / self._rate
        self._at += seconds
        if not any(sound):
            return await self.finish()
        if not self._spoken:
            self._begun = self._at - seconds
        self._spoken += seconds
        return Heard((), " ".join(self._now()))

    async def finish(self) -> Heard:
        """See LiveVoice."""
        heard = self._now()
        self._spoken = 0.0
        if not heard:
            return Heard()
        self._lines.pop(0)
        words = [Word(word, round(self._begun + place * PACE, 2), round(self._begun + (place + 1) * PACE, 2), 0.9) for place, word in enumerate(heard)]
        return Heard((Utterance.of(0, words),))

    async def close(self) -> None:
        """Nothing runs."""

    def _now(self) -> str:
        return self._lines[0][: int(self._spoken / PACE + 0.001)] if self._lines else ""
