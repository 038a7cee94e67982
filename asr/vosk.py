"""The one file that knows Vosk. What kills it (a false rate, too much at once, two threads on one stream) is kept from it here."""

import ctypes
import json
from pathlib import Path
from typing import Any

import vosk

from asr.errors import ModelDamaged
from asr.protocol import Word

LOWEST, HIGHEST = 8000, 48000  # Hz; a rate of 0 hangs Vosk, a negative one aborts the process
UNKNOWN = {"[unk]", "<unk>", "<UNK>"}

vosk.SetLogLevel(-1)


def load(folder: Path) -> Any:
    """The model in `folder`, about 120 MB. Raises ModelDamaged."""
    try:
        return vosk.Model(str(folder))
    except Exception as error:  # Vosk raises bare Exception
        raise ModelDamaged(str(error)) from error


class Stream:
    """One voice being recognised, in one thread at a time. rate: the true rate of what it is fed, in Hz."""

    def __init__(self, model: Any, rate: int) -> None:
        if not LOWEST <= rate <= HIGHEST:
            raise ValueError(f"rate {rate} is outside {LOWEST} to {HIGHEST} Hz")
        self._recognizer = vosk.KaldiRecognizer(model, rate)
        self._recognizer.SetWords(True)
        self._most = rate * 2  # bytes in a second: more at once is slow to answer

    def accept(self, sound: bytes) -> list[list[Word]]:
        """Takes 16-bit mono samples; gives the words of each utterance that ended in them. Times count from the first sample fed."""
        ended = []
        for at in range(0, len(sound), self._most):
            if self._recognizer.AcceptWaveform(sound[at : at + self._most]):
                ended.append(_words(self._recognizer.Result()))
        return [words for words in ended if words]

    def finish(self) -> list[list[Word]]:
        """Whatever was still being said when the sound ended."""
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
