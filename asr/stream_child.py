"""The live half of a speech process: several voices share its model, in one thread, whichever is due first.

In:  {"do": "open", stream, job, rate, phrases, begun} · {"do": "hear", stream, job, due, sound} · {"do": "finish", stream, job, due} · {"do": "drop", stream}
Out: {"event": "heard", job, utterances, partial} · {"event": "refused", job, detail}
"""

import heapq
import os
import select
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asr.decode import TELEPHONE, Recording
from asr.frames import Message, Unpacker
from asr.spares import Spares
from asr.stream_voice import MOST_SPARE, MUCH, Said, Voice

PIECE = 1 << 16
REFERENCE = Path(__file__).with_name("reference.ogg")


def serve(model: Any, source: int, say: Callable[[Message], None]) -> None:
    """Until the other side of `source`, a file number, has gone.

    due: the moment up to which a voice has spoken at the pace of speech. Sound that comes faster is heard when nobody else waits.
    """
    voices: dict[int, Voice] = {}
    spares = Spares(model, MOST_SPARE, MUCH)
    work: list[tuple[float, int, Message]] = []
    inbox = _Inbox(source)
    _warm(spares, inbox)
    while True:
        messages = inbox.messages(wait=not work)
        if messages is None:
            return
        for message in messages:
            if message["do"] in ("hear", "finish"):
                heapq.heappush(work, (message["due"], message["job"], message))
            elif message["do"] == "open":
                say(_opened(spares, voices, message))
            else:
                if gone := voices.pop(message["stream"], None):
                    gone.close()
        if work:
            job = heapq.heappop(work)[2]
            if voice := voices.get(job["stream"]):
                say(_heard(job, voice.hear(job["sound"]) if job["do"] == "hear" else voice.finish()))


def _warm(spares: Spares, inbox: "_Inbox") -> None:
    """The first caller finds a recogniser that has heard a sentence, as later ones do; whoever is here already does not wait for it."""
    stream = spares.take(TELEPHONE)
    with Recording(REFERENCE) as sentence:
        step = sentence.rate // TELEPHONE
        for block in sentence.blocks():
            if inbox.waiting:
                break
            sound = block[0, : block.shape[1] // step * step].reshape(-1, step).mean(axis=1)
            stream.accept(sound.astype("<i2").tobytes())
    spares.give(TELEPHONE, stream)


def _opened(spares: Spares, voices: dict[int, Voice], message: Message) -> Message:
    try:
        voices[message["stream"]] = Voice(spares, message["rate"], phrases=message["phrases"], begun=message["begun"])
    except Exception as error:  # Vosk raises bare Exception where a grammar does not suit the model
        return {"event": "refused", "job": message["job"], "detail": f"{type(error).__name__}: {error}"[:200]}
    return _heard(message, Said((), ""))


def _heard(job: Message, said: Said) -> Message:
    return {
        "event": "heard",
        "job": job["job"],
        "utterances": [utterance.as_dict() for utterance in said.utterances],
        "partial": said.partial,
    }


class _Inbox:
    """Takes whatever has come in, without waiting while there is work."""

    def __init__(self, source: int) -> None:
        self._source = source
        self._unpacker = Unpacker()
        self._poll = select.poll()
        self._poll.register(source, select.POLLIN)

    @property
    def waiting(self) -> bool:
        """Whether anything has come in."""
        return bool(self._poll.poll(0))

    def messages(self, *, wait: bool) -> list[Message] | None:
        """None when the other side has gone."""
        found: list[Message] = []
        while self._poll.poll(None if wait and not found else 0):
            piece = os.read(self._source, PIECE)
            if not piece:
                return None
            found.extend(self._unpacker.messages(piece))
        return found
