"""/live-calls: what is said in the calls that are spoken just now, for whoever shows it elsewhere."""

from dataclasses import dataclass

from litestar import Controller
from litestar.params import FromPath, FromQuery
from sqlalchemy.orm import Session as Session_

from api.calls import check_may_hear
from api.deps import Me
from api.routes import get
from api.shapes import iso
from hotline.db import Session
from hotline.privacy import masked_phone
from tickets import live
from tickets.live_call import LiveCall
from tickets.ticket import Ticket


@dataclass
class LiveCallOut:
    """实时通话. finished_at: None while it is spoken. speaking: whose voices are on the line. revision: of the last thing that was said.

    call: the number of the call that it has become; ticket: filed from it.
    """

    id: int
    source: str
    channel: str
    phone: str
    begun_at: str | None
    finished_at: str | None
    speaking: list[str]
    revision: int
    call: int | None
    ticket: str | None


@dataclass
class LiveUtteranceOut:
    """一句. revision: grows with each change, also of an earlier utterance; start, end: seconds from the call's beginning.

    heard: before names and numbers were repaired. speaker: operator, citizen or mono (both in one).
    """

    id: int
    revision: int
    speaker: str
    start: float
    end: float
    text: str
    heard: str
    confidence: float


@dataclass
class SaidOut:
    """What was said since. partial: what is being said, by speaker. revision: ask for what comes next with `after`."""

    utterances: list[LiveUtteranceOut]
    partial: dict[str, str]
    finished: bool
    revision: int


class LiveCalls(Controller):
    """实时通话."""

    path = "/live-calls"
    tags = ["通话"]

    @get("/", summary="正在进行的实时通话")
    def going_on(self, me: Me) -> list[LiveCallOut]:
        """The newest first, fifty at most."""
        check_may_hear(me)
        with Session() as s:
            return [_out(s, call) for call in live.going_on(s)]

    @get("/{number:int}", summary="一通实时通话")
    def one(self, number: FromPath[int], me: Me) -> LiveCallOut:
        """Also after its end."""
        check_may_hear(me)
        with Session() as s:
            return _out(s, live.find(s, number))

    @get("/{number:int}/utterances", summary="实时通话里说了什么")
    def said(self, number: FromPath[int], me: Me, after: FromQuery[int] = 0) -> SaidOut:
        """All of it, or what is new or has changed since the revision `after`. Personal numbers are hidden."""
        check_may_hear(me)
        with Session() as s:
            call = live.find(s, number)
            utterances = [LiveUtteranceOut(**row) for row in live.said(s, number, after=after)]
            partial = {line.speaker.value: line.partial for line in live.lines(s, number) if line.partial and line.ended_at is None}
        return SaidOut(utterances, partial, call.finished_at is not None, max((row.revision for row in utterances), default=after))


def _out(s: Session_, call: LiveCall) -> LiveCallOut:
    ticket = s.get(Ticket, call.ticket_id) if call.ticket_id else None
    return LiveCallOut(
        id=call.id,
        source=call.source,
        channel=call.channel,
        phone=masked_phone(call.phone),
        begun_at=iso(call.begun_at),
        finished_at=iso(call.finished_at),
        speaking=[line.speaker.value for line in live.lines(s, call.id) if line.ended_at is None],
        revision=call.revision,
        call=call.call_id,
        ticket=ticket.number if ticket else None,
    )
