"""What happens to a call: received, transcribed, filed. A recording that came in is never lost, whatever goes wrong afterwards."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from asr.protocol import Transcript
from hotline.errors import Conflict, Forbidden, NotFound, Refused
from hotline.outbox import record
from hotline.people import Person, system
from hotline.privacy import phone_number
from hotline.roles import Role
from tickets import access, calling_again, hearing, vocabulary
from tickets.call import Call, CallState
from tickets.eliciting import elicit
from tickets.filing import Matter, file
from tickets.suggesting import Advice
from tickets.ticket import Ticket

MOST_TRIES = 4
MAY_STOP = (Role.OPERATOR, Role.DISPATCHER)
WAITS_FOR_MODEL = ("model_missing", "model_damaged")


def receive(
    s: Session, *, sha256: str, size: int, name: str, by: Person, at: datetime, phone: str = "", declared: str | None = None, channel: str = "phone",
    channels: Sequence[str] | None = None, auto: bool = True, received_at: datetime | None = None,
) -> tuple[Call, bool]:  # fmt: skip
    """A recording that is safely kept becomes a call, waiting to be transcribed. Returns it, and whether it is new.

    The same bytes are the same call, however often they arrive. name: the sender's file name. channels: the voices' names, left first.
    auto: file it without an operator. received_at: when the citizen called, if not now.
    """
    if call := s.scalar(select(Call).where(Call.sha256 == sha256)):
        return call, False
    call = Call(
        sha256=sha256, size=size, name=re.sub(r"[^\w.\-（）() ]", "_", name)[-120:], phone=phone_number(phone), declared=declared, channel=channel,
        channels=list(channels) if channels else None, auto=auto, received_at=received_at or at, received_by_id=by.id,
        state=CallState.WAITING,
    )  # fmt: skip
    s.add(call)
    record(s, "call.received", call, by=by, at=at, size=size, auto=auto)
    return call, True


def transcribed(s: Session, call: Call, transcript: Transcript, *, at: datetime) -> None:
    """Keeps what was heard, together with what was committed of it earlier; personal numbers are masked in what is kept for reading.

    A call that nobody waits for any more is left alone: two deliveries of the work change it once.
    """
    if not hearing.wanted(call):
        return
    whole = hearing.together(hearing.so_far(s, call), transcript.utterances)
    call.transcript = hearing.readable(whole, {channel.channel: channel.name for channel in transcript.channels}, vocabulary.names(s))
    call.duration, call.transcribed_at, call.done = transcript.duration, at, transcript.duration
    hearing.forget(s, call)
    if call.state is CallState.WAITING:
        call.problem = "录音不完整，只转写了能读出的部分。" if transcript.truncated else None
        call.problem_code = "truncated" if transcript.truncated else None
        call.state = CallState.TRANSCRIBED if whole else CallState.SILENT
    if call.state is CallState.SILENT:
        call.problem, call.problem_code = "录音中没有听到语音，请话务员听取录音后登记或归档。", "silent"
    record(s, "call.transcribed", call, by=system(s), at=at, duration=transcript.duration, silent=call.state is CallState.SILENT)


def stop(s: Session, call: Call, *, by: Person, at: datetime) -> None:
    """停止转写: what was heard up to now stays, and `retry` goes on from there. Raises Forbidden, or Conflict when nothing is under way."""
    if not by.has(*MAY_STOP):
        raise Forbidden("停止转写须由话务员或派单员操作。")
    if call.state is not CallState.WAITING:
        raise Conflict(f"通话当前“{call.state.label}”，没有正在进行的转写。")
    _end_early(s, call, CallState.STOPPED, "转写已停止，下面是停止前听到的内容；可以接着转写，也可以直接登记。", "stopped")
    record(s, "call.stopped", call, by=by, at=at, done=call.done)


def waits(s: Session, call: Call, problem: Refused, code: str) -> None:
    """The call waits (for the speech model, say) and says why."""
    if call.state is CallState.WAITING:
        call.problem, call.problem_code = problem.sentence, code


def failed(s: Session, call: Call, problem: Refused, code: str, *, at: datetime) -> None:
    """It cannot be transcribed: an operator listens to the recording instead."""
    if call.state is not CallState.WAITING:
        return
    _end_early(s, call, CallState.FAILED, problem.sentence, code)
    record(s, "call.failed", call, by=system(s), at=at, code=code)


def retry(s: Session, call: Call, *, by: Person, at: datetime) -> None:
    """Tries the transcription again, from where it ended. Raises Conflict when there is nothing to try."""
    if call.state not in (CallState.WAITING, CallState.FAILED, CallState.STOPPED):
        raise Conflict(f"通话当前“{call.state.label}”，不需要重新转写。")
    call.state, call.problem, call.problem_code, call.transcript = CallState.WAITING, None, None, None
    record(s, "call.requeued", call, by=by, at=at)


def requeue_waiting(s: Session, *, at: datetime) -> int:
    """Once a speech model is there: every call that waited for one is taken up again. Returns how many."""
    calls = s.scalars(
        select(Call).where(Call.state == CallState.WAITING, Call.problem_code.in_(WAITS_FOR_MODEL)).order_by(Call.id).with_for_update(skip_locked=True)
    ).all()
    for call in calls:
        retry(s, call, by=system(s), at=at)
    return len(calls)


def file_from(s: Session, call: Call, advice: Advice, *, at: datetime) -> Ticket:
    """The ticket of a transcribed call, filed by the system; its clock began when the call was received.

    A caller who asks after a matter that is still open urges that ticket, which is returned.
    Its item is the classifier's best guess, which the dispatcher corrects; a text that it does not know has none.
    """
    item = advice.suggestions[0].item if advice.suggestions and not advice.unknown else None
    said = said_by_citizen(call)
    if (known := calling_again.open_matter(s, call, said, advice, item, at=at)) is not None:
        calling_again.urge(s, known, said=said, call=call, by=system(s), at=at)
        return known
    found = elicit(utterances(call), vocabulary.places(s))
    matter = Matter(
        body=said, kind=advice.kind, title=found.title, wants=found.wants, item=item, area=advice.area, address=found.where, caller_name=found.who,
        phone=call.phone or "", channel=call.channel,
    )  # fmt: skip
    ticket = file(s, matter, by=system(s), at=at, received_at=call.received_at, advice=advice)
    link(call, ticket)
    return ticket


def link(call: Call, ticket: Ticket) -> None:
    """The call has become this ticket. Raises Conflict when it already has become one."""
    if call.state is CallState.FILED:
        raise Conflict("这通电话已经登记过工单。")
    call.state, call.ticket_id = CallState.FILED, ticket.id


def find(s: Session, number: int, *, by: Person | None = None, lock: bool = False) -> Call:
    """The call with this id. by: who asks; a call that became a ticket about themselves is not found. Raises NotFound."""
    wanted = select(Call).where(Call.id == number).options(joinedload(Call.ticket)).execution_options(populate_existing=True)
    if by is not None:
        wanted = wanted.outerjoin(Ticket, Ticket.id == Call.ticket_id).where(or_(Call.ticket_id.is_(None), access.about_others(by)))
    call = s.scalar(wanted.with_for_update(of=Call, key_share=True) if lock else wanted)
    if call is None:
        raise NotFound(f"没有编号为 {number} 的通话。")
    return call


def said_by_citizen(call: Call) -> str:
    """What the citizen said, one utterance a line; of a mono recording all of it."""
    return "\n".join(utterance["text"] for utterance in utterances(call) if utterance["speaker"] != "operator")


def utterances(call: Call) -> list[dict[str, Any]]:
    """The utterances in the order of time: speaker (operator, citizen, mono), start and end in seconds, text, confidence 0 to 1.

    Since names and numbers are repaired also: heard (before that), repairs and unsure, as in asr.words.Line.
    """
    return list(call.transcript["utterances"]) if call.transcript else []


def _end_early(s: Session, call: Call, state: CallState, problem: str, code: str) -> None:
    heard = hearing.so_far(s, call)
    call.transcript = hearing.readable(heard, hearing.speakers(call, heard), vocabulary.names(s)) if heard else None
    call.state, call.problem, call.problem_code = state, problem, code
