"""A recogniser that says what it was told to: for the tests of everything that needs transcripts but no speech model."""

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from asr.errors import AudioRefused, Cancelled
from asr.protocol import Channel, Transcript, Utterance, Word, named

Script = str | Transcript | Exception
PACE = 0.25  # seconds for a character: nobody listens, but times must grow


class Scripted:
    """The Recogniser for tests.

    scripts: by file name or by the SHA-256 of the bytes; a text becomes one utterance a line, an exception is raised.
    default: for files that are not listed; without one they are refused as not_audio. heard: the files asked for, in order.
    """

    def __init__(self, scripts: Mapping[str, Script] | None = None, default: Script | None = None) -> None:
        self._scripts = dict(scripts or {})
        self._default = default
        self.heard: list[Path] = []

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
        """See asr.protocol.Recogniser."""
        self.heard.append(path)
        script = self._script(path)
        if isinstance(script, Exception):
            raise script
        transcript = _after(since or {}, script if isinstance(script, Transcript) else spoken(script, names))
        for utterance in transcript.utterances:
            if cancel is not None and cancel.is_set():
                raise Cancelled
            if on_utterance:
                on_utterance(utterance)
            if on_progress:
                on_progress(utterance.end, transcript.duration)
        return transcript

    def close(self) -> None:
        """Nothing runs."""

    def _script(self, path: Path) -> Script:
        if path.name in self._scripts:
            return self._scripts[path.name]
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise AudioRefused("unreadable", type(error).__name__) from error
        script = self._scripts.get(digest, self._default)
        if script is None:
            raise AudioRefused("not_audio", "no script for this file")
        return script


def spoken(text: str, names: Sequence[str] | None = None) -> Transcript:
    """A transcript of one channel, an utterance a line, a word a character."""
    utterances, at = [], 0.0
    for line in text.splitlines():
        words = []
        for character in line.strip():
            words.append(Word(character, round(at, 2), round(at + PACE, 2), 1.0))
            at += PACE
        if words:
            utterances.append(Utterance.of(0, words))
        at += 4 * PACE
    return Transcript(round(at, 2), (Channel(0, named(1, names)[0], tuple(utterances)),))


def _after(since: Mapping[int, float], transcript: Transcript) -> Transcript:
    channels = (
        replace(channel, utterances=tuple(utterance for utterance in channel.utterances if utterance.start >= since.get(channel.channel, 0.0)))
        for channel in transcript.channels
    )
    return replace(transcript, channels=tuple(channels))
