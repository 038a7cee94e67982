"""What happens to a live call (实时通话): its lines come and go, what is said is kept as it is said, and at the end it becomes a Call."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asr import words
from asr.names import Names
from asr.protocol import Channel, Transcript, Utterance
from asr.spoken import MASK, masked
from hotline.errors import Conflict, NotFound, Refused
from hotline.outbox import record
from hotline.people import Person, system
from hotline.privacy import phone_number
from tickets import calls, hearing
from tickets.call import Call
from tickets.live_call import LiveCall, LiveLine, LiveUtterance, Speaker
from tickets.ticket import Ticket

CHANNEL = "live"  # of NOTIFY: carries the id of the live call, never what was said
KEY = re.compile(r"[\w.:@\-]{1,80}", re.ASCII)
LINGERS = timedelta(seconds=4)  # a call whose lines have all gone may be joined again for so long
AT_A_DESK = timedelta(minutes=2)  # the same where it is a microphone: it is switched off and on again, or its page is opened anew
GONE = timedelta(seconds=30)  # without a sign of life, the process of a line has died
NO_NAMES = Names()
READ = "read"  # beside an utterance's words, sealed with them: its text before the repairs, personal numbers hidden
BEFORE = 3  # utterances with which a new one is read together, for a number that goes on over several


def open_call(
    s: Session, *, key: str, source: str, at: datetime, by: Person | None = None, phone: str = "", channel: str = "phone"
) -> LiveCall:  # fmt: skip
    """The call with this id that is not over yet, or a new one. Raises Refused for an id that is none."""
    if not KEY.fullmatch(key):
        raise Refused("通话编号只能由字母、数字和 . : @ - _ 组成，最长 80 个字符。", field="call")
    given = {
        "key": key, "source": source, "channel": channel, "phone": phone_number(phone), "begun_at": at, "by_id": by.id if by else None,
        "revision": 0, "missed": False,
    }  # fmt: skip
    new = insert(LiveCall).values(given).on_conflict_do_nothing(index_elements=["key"], index_where=text("finished_at IS NULL")).returning(LiveCall.id)
    number = s.scalar(new)
    call = s.scalars(select(LiveCall).where(LiveCall.id == number if number else (LiveCall.key == key) & LiveCall.finished_at.is_(None))).one()
    if number:
        record(s, "live.begun", call, by=by or system(s), at=at, source=source)
    return call


def join(s: Session, call: LiveCall, *, speaker: Speaker | None, rate: int, sound: str, at: datetime) -> LiveLine:
    """A voice joins. speaker: None takes the citizen's place, or the operator's where a citizen is already there. Raises Conflict where it is taken."""
    _lock(s, call.id)
    taken = set(s.scalars(select(LiveLine.speaker).where(LiveLine.live_call_id == call.id, LiveLine.ended_at.is_(None), LiveLine.seen_at > at - GONE)))
    place = speaker or next((free for free in (Speaker.CITIZEN, Speaker.OPERATOR) if free not in taken), None)
    if place is None or place in taken:
        raise Conflict(f"这通电话的{place.label if place else '两方'}已经接入。")
    line = LiveLine(live_call_id=call.id, speaker=place, rate=rate, sound=sound, begun_at=at, seen_at=at, partial="")
    s.add(line)
    s.flush()
    _tell(s, call.id)
    return line


def say(
    s: Session, line: LiveLine, said: Mapping[int, Utterance], partial: str, *, at: datetime, missed: bool = False, names: Names = NO_NAMES
) -> bool:  # fmt: skip
    """Keeps utterances that have ended, by their number in the line (times from its beginning), and what is being said now.

    What is already kept under a number stays as it is: a commit whose answer was lost is repeated. missed: some of it was not heard.
    names: of the city, that are repaired by their sound. False once the call is over.
    """
    call = _lock(s, line.live_call_id)
    call.missed = call.missed or missed
    for number, utterance in sorted(said.items()):
        _keep(s, call, line, number, utterance, names)
    if going_on := call.finished_at is None:
        # A line that was taken for dead, while only the database was away, is alive again.
        s.execute(update(LiveLine).where(LiveLine.id == line.id).values(partial=masked(partial)[-200:], seen_at=at, ended_at=None, cut=False))
    _tell(s, call.id)
    return going_on


def leave(s: Session, line_id: int, *, at: datetime) -> None:
    """The voice has hung up."""
    here = update(LiveLine).where(LiveLine.id == line_id, LiveLine.ended_at.is_(None))
    for (number,) in s.execute(here.values(ended_at=at, partial="").returning(LiveLine.live_call_id)):
        _tell(s, number)


def finish(s: Session, *, at: datetime) -> list[int]:
    """Every call whose voices have all gone is over; lines whose process has died are gone. Returns the calls that have still to become Calls."""
    s.execute(update(LiveLine).where(LiveLine.ended_at.is_(None), LiveLine.seen_at < at - GONE).values(ended_at=at, cut=True, partial=""))
    last = select(func.max(LiveLine.ended_at)).where(LiveLine.live_call_id == LiveCall.id).scalar_subquery()
    speaking = select(LiveLine.id).where(LiveLine.live_call_id == LiveCall.id, LiveLine.ended_at.is_(None)).exists()
    joined = select(LiveLine.id).where(LiveLine.live_call_id == LiveCall.id).exists()
    left = case((LiveCall.source == "microphone", at - AT_A_DESK), else_=at - LINGERS)
    over = s.execute(
        update(LiveCall)
        .where(LiveCall.finished_at.is_(None), ~speaking, (joined & (last < left)) | (~joined & (LiveCall.begun_at < at - 10 * GONE)))
        .values(finished_at=at)
        .returning(LiveCall.id)
    )
    for (number,) in over:
        _tell(s, number)
    waiting = select(LiveCall.id).where(LiveCall.finished_at.is_not(None), LiveCall.call_id.is_(None), joined, ~speaking).order_by(LiveCall.id)
    return list(s.scalars(waiting))


def becomes_call(s: Session, number: int, *, sha256: str, size: int, duration: float, at: datetime) -> Call | None:
    """The recording is safely kept: the live call is a Call with its transcript, and belongs to the ticket that was filed meanwhile, if any.

    None where somebody else has done it, or nothing was recorded.
    """
    live = _lock(s, number)
    if live.call_id is not None:
        return None
    by = s.get(Person, live.by_id) if live.by_id else None
    channels = [line.value for line in speakers(s, number)]
    call, _ = calls.receive(
        s, sha256=sha256, size=size, name=f"live-{live.id}.wav", by=by or system(s), at=live.begun_at, phone=live.phone or "", channel=live.channel,
        channels=channels, auto=False,
    )  # fmt: skip
    s.flush()
    if any(line.cut for line in lines(s, number)):  # the recording is heard from where the text ends
        hearing.keep(s, call, _transcript(s, number, duration).utterances)
    elif not live.missed:
        calls.transcribed(s, call, _transcript(s, number, duration), at=at)
    if live.ticket_id is not None:
        calls.link(call, s.get_one(Ticket, live.ticket_id))
    live.call_id = call.id
    s.execute(update(LiveUtterance).where(LiveUtterance.live_call_id == number).values(heard=None))
    record(s, "live.ended", live, by=system(s), at=at, call=call.id, duration=duration)
    _tell(s, number)
    return call


def forget(s: Session, number: int) -> None:
    """A call without any sound leaves nothing behind."""
    s.delete(_lock(s, number))


def link(s: Session, live: LiveCall, ticket: Ticket) -> None:
    """登记 while the call is still spoken. Raises Conflict when a ticket was filed already."""
    if live.ticket_id is not None:
        raise Conflict("这通电话已经登记过工单。")
    live.ticket_id = ticket.id
    if live.call_id is not None:
        calls.link(calls.find(s, live.call_id, lock=True), ticket)
    _tell(s, live.id)


def end(s: Session, live: LiveCall, *, by: Person, at: datetime) -> None:
    """An operator says that the call is over; lines that are still open learn it with their next commit, and hang up."""
    if live.finished_at is not None:
        raise Conflict("这通电话已经结束。")
    live.finished_at = at
    record(s, "live.stopped", live, by=by, at=at)
    _tell(s, live.id)


def find(s: Session, number: int, *, lock: bool = False) -> LiveCall:
    """The live call with this id. Raises NotFound."""
    wanted = select(LiveCall).where(LiveCall.id == number).execution_options(populate_existing=True)
    call = s.scalar(wanted.with_for_update(key_share=True) if lock else wanted)
    if call is None:
        raise NotFound(f"没有编号为 {number} 的实时通话。")
    return call


def going_on(s: Session, limit: int = 50) -> Sequence[LiveCall]:
    """The calls that are not over, the newest first."""
    return s.scalars(select(LiveCall).where(LiveCall.finished_at.is_(None)).order_by(LiveCall.id.desc()).limit(limit)).all()


def lines(s: Session, number: int) -> Sequence[LiveLine]:
    """Of a call, in the order in which they came."""
    return s.scalars(select(LiveLine).where(LiveLine.live_call_id == number).order_by(LiveLine.id)).all()


def speakers(s: Session, number: int) -> list[Speaker]:
    """Whose voices the recording has, left first."""
    heard = {line.speaker for line in lines(s, number)}
    return [speaker for speaker in Speaker if speaker in heard]


def said(s: Session, number: int, *, after: int = 0) -> list[dict[str, Any]]:
    """What was said, in the order of time: id, revision, speaker, start, end, text, heard, confidence. after: only what has changed since that revision.

    heard: before names and numbers were repaired, personal numbers hidden; the text itself once the call is over, for the Call has it all.
    """
    rows = s.execute(
        select(LiveUtterance, LiveLine.speaker)
        .join(LiveLine, LiveLine.id == LiveUtterance.line_id)
        .where(LiveUtterance.live_call_id == number, LiveUtterance.revision > after)
        .order_by(LiveUtterance.revision if after else LiveUtterance.start, LiveUtterance.id)
    )
    return [
        {
            "id": row.id, "revision": row.revision, "speaker": speaker.value, "start": row.start, "end": row.end, "text": row.text,
            "heard": json.loads(row.heard).get(READ, row.text) if row.heard else row.text, "confidence": row.confidence,
        }
        for row, speaker in rows
    ]  # fmt: skip


def said_by_citizen(s: Session, number: int) -> str:
    """What the citizen has said so far, an utterance a line."""
    return "\n".join(row["text"] for row in said(s, number) if row["speaker"] != Speaker.OPERATOR)


def _keep(s: Session, call: LiveCall, line: LiveLine, number: int, utterance: Utterance, names: Names) -> None:
    offset = max(0.0, (line.begun_at - call.begun_at).total_seconds())
    heard = _moved(utterance, offset)
    row = {
        "live_call_id": call.id, "line_id": line.id, "number": number, "revision": call.revision + 1, "start": heard.start, "end": heard.end,
        "text": masked(heard.text), "confidence": heard.confidence, "heard": json.dumps(heard.as_dict(), ensure_ascii=False),
    }  # fmt: skip
    if s.scalar(insert(LiveUtterance).values(row).on_conflict_do_nothing(index_elements=["line_id", "number"]).returning(LiveUtterance.id)) is None:
        return
    call.revision += 1
    _read_together(s, call, line, number, names)
    s.flush()


def _read_together(s: Session, call: LiveCall, line: LiveLine, number: int, names: Names) -> None:
    """The last utterances as they are read; a telephone number is spoken with pauses, and each part alone is too short to be noticed."""
    near = s.scalars(
        select(LiveUtterance).where(LiveUtterance.line_id == line.id, LiveUtterance.number.between(number - BEFORE, number)).order_by(LiveUtterance.number)
    ).all()
    rows = [(row, json.loads(row.heard)) for row in near if row.heard]
    for (row, kept), read in zip(rows, words.lines([Utterance.from_dict(kept) for _, kept in rows], names), strict=True):
        if row.text != read.text and read.text.count(MASK) >= row.text.count(MASK):
            call.revision += 1
            row.text, row.revision = read.text, call.revision
            row.heard = json.dumps(kept | {READ: read.heard}, ensure_ascii=False)


def _moved(utterance: Utterance, offset: float) -> Utterance:
    moved = tuple(replace(word, start=round(word.start + offset, 2), end=round(word.end + offset, 2)) for word in utterance.words)
    return replace(utterance, start=round(utterance.start + offset, 2), end=round(utterance.end + offset, 2), words=moved)


def _transcript(s: Session, number: int, duration: float) -> Transcript:
    """Of all lines, those of one speaker together."""
    rows = s.execute(
        select(LiveUtterance.heard, LiveLine.speaker)
        .join(LiveLine, LiveLine.id == LiveUtterance.line_id)
        .where(LiveUtterance.live_call_id == number)
        .order_by(LiveUtterance.start, LiveUtterance.id)
    ).all()
    voices = speakers(s, number)
    heard = [(speaker, Utterance.from_dict(json.loads(said))) for said, speaker in rows if said]
    channels = [
        Channel(place, voice.value, tuple(replace(utterance, channel=place) for speaker, utterance in heard if speaker is voice))
        for place, voice in enumerate(voices)
    ]
    return Transcript(duration, tuple(channels))


def _lock(s: Session, number: int) -> LiveCall:
    """The call's row: revisions are given out in the order of commits, so that nobody who reads by them misses one."""
    return s.scalars(select(LiveCall).where(LiveCall.id == number).with_for_update(key_share=True).execution_options(populate_existing=True)).one()


def _tell(s: Session, number: int) -> None:
    s.execute(select(func.pg_notify(CHANNEL, str(number))))
