"""订正: a person hears an utterance again and writes what was really said; the pair (recognised, corrected) measures the recogniser."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from asr.spoken import MASK, masked
from hotline.errors import Conflict, Forbidden, NotFound, Refused
from hotline.outbox import record
from hotline.people import Person
from hotline.roles import Role
from tickets import calls
from tickets.call import Call, Correction
from tickets.filing import clean

MAY_CORRECT = (Role.OPERATOR, Role.DISPATCHER, Role.REVIEWER, Role.SUPERVISOR)
LONGEST = 500  # characters of one utterance


@dataclass(frozen=True)
class Pair:
    """What was recognised in one utterance and what a person heard there. channel, start, end (seconds): where, in the recording `sha256`."""

    sha256: str
    declared: str | None
    channel: int
    start: float
    end: float
    recognised: str
    corrected: str


def correct(s: Session, call: Call, position: int, text: str, *, by: Person, at: datetime) -> None:
    """Puts `text` in the place of what was recognised; that stays beside it. The last correction counts. The caller holds the call's row.

    Personal numbers are masked here as everywhere. Raises Forbidden, NotFound, Conflict while the call is being transcribed, Refused for no text.
    """
    if not by.has(*MAY_CORRECT):
        raise Forbidden("订正转写须由热线中心的人员操作。")
    rows = calls.utterances(call)
    if not rows:
        raise Conflict("这通电话还没有转写，不能订正。")
    if not 0 <= position < len(rows):
        raise NotFound("这通电话里没有这一句。")
    text = masked(clean(text, "text").replace("\n", ""))
    if not text or len(text) > LONGEST:
        raise Refused(f"请填写这一句实际说的话，最多 {LONGEST} 字。", field="text")
    row = rows[position]
    if text == row["text"]:
        return
    heard = row.get("heard", row["text"])
    s.merge(
        Correction(
            call_id=call.id, position=position, channel=row.get("channel", 0), start=row["start"], end=row["end"], recognised=heard, corrected=text,
            at=at, by_id=by.id,
        )
    )  # fmt: skip
    rows[position] = {**row, "heard": heard, "text": text, "repairs": [], "unsure": [], "corrected": True}
    call.transcript = {**(call.transcript or {}), "utterances": rows}
    record(s, "call.corrected", call, by=by, at=at, position=position)


def pairs(s: Session) -> Iterator[Pair]:
    """All pairs, for measuring; a text with a hidden number in it measures nothing."""
    rows = s.execute(select(Correction, Call.sha256, Call.declared).join(Call, Call.id == Correction.call_id).order_by(Correction.call_id, Correction.position))
    for found, sha256, declared in rows:
        if MASK not in found.corrected + found.recognised:
            yield Pair(sha256, declared, found.channel, found.start, found.end, found.recognised, found.corrected)
