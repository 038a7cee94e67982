"""What was heard so far of a call that is still being transcribed: committed as it comes, so that a crash costs seconds and not the whole."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from asr import words
from asr.names import Names
from asr.protocol import Utterance, named
from asr.words import Line
from tickets.call import Call, CallState, Said

SAME = 0.1  # seconds: two utterances do not overlap by more, and a shorter one is none


def wanted(call: Call) -> bool:
    """Whether anybody still waits for this transcript: an operator may have stopped it, or another worker finished it.

    A call that was filed by hand meanwhile still gets its text beside the recording.
    """
    return call.state is CallState.WAITING or (call.state is CallState.FILED and call.transcript is None)


def so_far(s: Session, call: Call) -> list[Utterance]:
    """The utterances that are committed, in the order of hearing."""
    rows = s.scalars(select(Said.utterance).where(Said.call_id == call.id).order_by(Said.id))
    return [Utterance.from_dict(json.loads(row)) for row in rows if row is not None]


def known(utterances: Sequence[Utterance]) -> dict[int, float]:
    """Seconds of each channel that need not be heard again: up to the end of its last utterance."""
    return {utterance.channel: utterance.end for utterance in sorted(utterances, key=lambda utterance: utterance.end)}


def together(earlier: Sequence[Utterance], later: Sequence[Utterance]) -> list[Utterance]:
    """Both, without what is in both: the work may have been delivered twice, or begun again from the start."""
    ends = known(earlier)
    return [*earlier, *(utterance for utterance in later if utterance.start >= ends.get(utterance.channel, 0.0) - SAME)]


def keep(s: Session, call: Call, utterances: Sequence[Utterance], *, done: float | None = None, length: float | None = None) -> None:
    """Commits more utterances (the caller holds the call's row) and how far the work has come: seconds done, seconds in all."""
    earlier = so_far(s, call) if utterances else []
    new = together(earlier, utterances)[len(earlier) :]
    s.add_all(Said(call_id=call.id, utterance=json.dumps(utterance.as_dict(), ensure_ascii=False)) for utterance in new)
    if new:
        call.tries = 0  # it gets on: only failures at one and the same place count
    if done is not None:
        call.done, call.length = done, length
    s.flush()


def forget(s: Session, call: Call) -> None:
    """The readable transcript is kept: what it was made of goes."""
    s.execute(delete(Said).where(Said.call_id == call.id))


def speakers(call: Call, heard: Sequence[Utterance]) -> dict[int, str]:
    """Who speaks on which channel, as far as what was heard tells."""
    return dict(enumerate(named(max((utterance.channel for utterance in heard), default=0) + 1, call.channels)))


def readable(heard: Sequence[Utterance], speakers: Mapping[int, str], names: Names) -> dict[str, Any]:
    """The transcript as it is kept for reading."""
    lines = words.readable(heard, names)
    return {"utterances": [_row(line, speakers.get(line.channel, "mono")) for line in lines], "channels": list(speakers.values())}


def _row(line: Line, speaker: str) -> dict[str, Any]:
    return {
        "speaker": speaker,
        "channel": line.channel,
        "start": round(line.start, 2),
        "end": round(line.end, 2),
        "text": line.text,
        "heard": line.heard,
        "confidence": round(line.confidence, 3),
        "repairs": [asdict(repair) for repair in line.repairs],
        "unsure": [list(span) for span in line.unsure],
    }
