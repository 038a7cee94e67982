"""The one file that knows Vosk. What kills it (a false rate, too much at once, two threads on one stream) is kept from it here."""

import ctypes
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import vosk

from asr import graphs
from asr.errors import ModelDamaged
from asr.protocol import Word
from asr.stream_bounds import checked_phrases, checked_rate

UNKNOWN = {"[unk]", "<unk>", "<UNK>"}

vosk.SetLogLevel(-1)


def load(folder: Path) -> Any:
    """The model in `folder`, with the graph that was adapted to the city if there is one; about 120 MB. Raises ModelDamaged."""
    try:
        return vosk.Model(str(graphs.chosen(folder)))
    except Exception as error:  # Vosk raises bare Exception
        raise ModelDamaged(str(error)) from error


class Stream:
    """One voice being recognised; a second thread waits, for two at once abort the process. rate: the true rate of what it is fed, in Hz.

    phrases: the only ones that can be heard, words parted by blanks; none means all of the language. What Vosk cannot bear raises ValueError.
    """

    def __init__(self, model: Any, rate: int, phrases: Sequence[str] = ()) -> None:
        checked_rate(rate)
        grammar = [json.dumps(checked_phrases(phrases), ensure_ascii=False)] if phrases else []
        self._recognizer = vosk.KaldiRecognizer(model, rate, *grammar)
        self._recognizer.SetWords(True)
        self._turn = threading.Lock()
        self._most = rate * 2  # bytes in a second: more at once is slow to answer
        self._fed = 0

    def accept(self, sound: bytes) -> list[list[Word]]:
        """Takes 16-bit mono samples; gives the words of each utterance that ended in them. Times count from the first sample fed."""
        ended = []
        self._fed += len(sound) // 2 * 2
        for at in range(0, len(sound), self._most):
            with self._turn:
                if self._recognizer.AcceptWaveform(sound[at : at + self._most]):
                    ended.append(_words(self._recognizer.Result()))
        return [words for words in ended if words]

    @property
    def seconds(self) -> float:
        """Of sound that it was fed in all; its times count from the first of them."""
        return self._fed / self._most

    def partial(self) -> str:
        """What is being said just now, its words parted by blanks; it may still change."""
        with self._turn:
            heard = json.loads(self._recognizer.PartialResult()).get("partial", "")
        return " ".join(word for word in heard.split() if word not in UNKNOWN)

    def finish(self) -> list[list[Word]]:
        """Whatever was still being said when the sound ended."""
        with self._turn:
            words = _words(self._recognizer.FinalResult())
        return [words] if words else []


def release_memory() -> None:
    """Gives back to the machine what finished streams held; the C library would keep it."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


def _words(result: str) -> list[Word]:
    heard = json.loads(result) or {}
    return [
        Word(word["word"], round(word["start"], 2), round(word["end"], 2), round(word["conf"], 3))
        for word in heard.get("result", [])
        if word["word"] not in UNKNOWN
    ]
