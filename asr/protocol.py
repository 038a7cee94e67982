"""What recognition gives, whoever does it: a transcript (转写) of channels (声道) of utterances (一句) of words. Times are seconds."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from asr.spoken import joined


@dataclass(frozen=True)
class Word:
    """One word as it was heard. start, end: seconds from the start of the recording. confidence: 0 to 1."""

    text: str
    start: float
    end: float
    confidence: float

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> "Word":
        """What `asdict` made of a word."""
        return cls(row["text"], row["start"], row["end"], row["confidence"])


@dataclass(frozen=True)
class Utterance:
    """一句: what one voice said between two pauses.

    channel: 0-based. start, end: seconds from the start of the recording.
    text: Chinese without the blanks between words. confidence: 0 to 1, the words' mean.
    """

    channel: int
    start: float
    end: float
    text: str
    confidence: float
    words: tuple[Word, ...]

    @classmethod
    def of(cls, channel: int, words: Sequence[Word]) -> "Utterance":
        """The utterance that these words, at least one, make."""
        confidence = round(sum(word.confidence for word in words) / len(words), 3)
        return cls(channel, words[0].start, words[-1].end, joined([word.text for word in words]), confidence, tuple(words))

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> "Utterance":
        """What `as_dict` made of an utterance."""
        words = tuple(Word.from_dict(word) for word in row["words"])
        return cls(row["channel"], row["start"], row["end"], row["text"], row["confidence"], words)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Channel:
    """声道: one voice of a call. name: operator (话务员), citizen (市民), mono (both in one)."""

    channel: int
    name: str
    utterances: tuple[Utterance, ...]

    @property
    def text(self) -> str:
        """Every utterance on a line of its own: Vosk gives no punctuation."""
        return "\n".join(utterance.text for utterance in self.utterances)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, with the text for those who need no times."""
        return {
            "channel": self.channel,
            "name": self.name,
            "text": self.text,
            "utterances": [utterance.as_dict() for utterance in self.utterances],
        }

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> "Channel":
        """What `as_dict` made of a channel."""
        return cls(row["channel"], row["name"], tuple(Utterance.from_dict(utterance) for utterance in row["utterances"]))


@dataclass(frozen=True)
class Transcript:
    """转写: all that was heard in one recording. A silent recording has channels without utterances.

    duration: seconds that were decoded. truncated: the file says that it was longer.
    """

    duration: float
    channels: tuple[Channel, ...]
    truncated: bool = False

    @property
    def utterances(self) -> list[Utterance]:
        """Of all channels, as the conversation went."""
        everything = [utterance for channel in self.channels for utterance in channel.utterances]
        return sorted(everything, key=lambda utterance: (utterance.start, utterance.channel))

    @property
    def text(self) -> str:
        """The conversation, an utterance a line."""
        return "\n".join(utterance.text for utterance in self.utterances)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"duration": self.duration, "truncated": self.truncated, "channels": [channel.as_dict() for channel in self.channels]}

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> "Transcript":
        """What `as_dict` made of a transcript."""
        return cls(row["duration"], tuple(Channel.from_dict(channel) for channel in row["channels"]), row.get("truncated", False))


class Recogniser(Protocol):
    """Whoever turns recordings into text: asr.pool.SpeechPool, and asr.scripted.Scripted in tests."""

    def transcribe(
        self,
        path: Path,
        *,
        declared: str | None = None,
        names: Sequence[str] | None = None,
        on_utterance: Callable[[Utterance], None] | None = None,
        on_progress: Callable[[float, float | None], None] | None = None,
        cancel: threading.Event | None = None,
        since: Mapping[int, float] | None = None,
    ) -> Transcript:
        """The transcript of the recording at `path`. Blocks; call it from any thread.

        declared: a key of asr.decode.DECLARED where the file has no header. names: of the channels, left first.
        on_utterance: told of each utterance as it ends, in the order of each channel.
        on_progress: told of seconds done and seconds in all (None where the file does not say).
        cancel: setting it ends the work soon. since: seconds of each channel that are already known: the transcript holds only what comes after
        them, which is how work goes on that was broken off. Raises the errors of asr.errors.
        """

    def close(self) -> None:
        """Stops whatever runs."""


def named(count: int, names: Sequence[str] | None) -> list[str]:
    """Names for `count` channels: those given, else mono, or operator left and citizen right."""
    usual: Sequence[str] = {1: ("mono",), 2: ("operator", "citizen")}.get(count, ())
    given = names if names is not None and len(names) >= count else usual
    return [given[index] if index < len(given) else f"channel{index + 1}" for index in range(count)]
