"""实时通话 on the pages: what is being said appears beside the form as it is said; the operator's microphone is a voice of the call."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import ServerSentEvent, Template

from hotline.db import Session
from hotline.errors import Conflict, Refusal
from hotline.privacy import masked_phone
from hotline.roles import Role
from tickets import live
from tickets.live_call import LiveCall, Speaker
from tickets.ticket import Ticket
from web import attachments, filing
from web.deps import Answer, Typed
from web.live_events import events
from web.recording import check_may_hear
from web.refusals import sentence_of, status_of
from web.shell import Page

CHANNELS = {"phone": "电话", "window": "窗口"}


@dataclass(frozen=True)
class LiveRow:
    """A live call as it is shown. call: the number of the Call that it has become; ticket: filed from it."""

    id: int
    begun_at: datetime
    finished: bool
    phone: str
    voices: str
    opening: str
    call: int | None
    ticket: str


class LiveCalls(Controller):
    """实时通话."""

    path = "/live"

    @get("/", sync_to_thread=True)
    def desk(self, page: Answer) -> Template:
        """The calls that are spoken now, and where one's own microphone begins one."""
        return desk_page(page)

    @get("/list", sync_to_thread=True)
    def list(self, page: Answer) -> Template:
        """The list alone, for htmx."""
        check_may_hear(page.me)
        return page.part("live_list.html", calls=_going_on())

    @post("/", sync_to_thread=True)
    def begin(self, form: Typed, page: Answer) -> Response[Any]:
        """开始: a call of one's own, to be spoken into the microphone."""
        page.only(Role.OPERATOR, Role.DISPATCHER)
        channel = form.text("channel") if form.text("channel") in CHANNELS else "phone"
        try:
            with Session.begin() as s:
                call = live.open_call(s, key=uuid.uuid4().hex, source="microphone", at=page.at, by=page.me, phone=form.text("phone"), channel=channel)
                number = call.id
        except Refusal as no:
            return desk_page(page, typed=form, no=no)
        return page.go(f"/live/{number}")

    @get("/{number:int}", sync_to_thread=True)
    def one(self, number: FromPath[int], page: Answer) -> Template:
        """What is said, and beside it the form that makes a ticket of it."""
        return call_page(page, number)

    @get("/{number:int}/events")
    async def events(self, request: Request[Any, Any, Any], number: FromPath[int], page: Answer, after: FromQuery[int] = 0) -> ServerSentEvent:
        """What is said from now on, and what was missed: `Last-Event-ID` says up to where it is known."""
        check_may_hear(page.me)
        last = request.headers.get("Last-Event-ID", "")
        known = int(last) if last.isascii() and last.isdigit() and len(last) < 18 else after
        stream: AsyncIterator[Any] = events(request.app.state.bell, number, known)
        return ServerSentEvent(stream)

    @post("/{number:int}/ticket", sync_to_thread=True, request_max_body_size=attachments.LARGEST_FORM)
    def file(self, number: FromPath[int], form: Typed, page: Answer) -> Response[Any]:
        """登记, while it is still spoken or afterwards."""
        return filing.file(page, form, call=None, live=number, again=lambda no: call_page(page, number, typed=form, no=no))

    @post("/{number:int}/end", sync_to_thread=True)
    def end(self, number: FromPath[int], page: Answer) -> Response[Any]:
        """结束: nothing more is heard, and the recording is closed."""
        page.only(Role.OPERATOR, Role.DISPATCHER)
        try:
            with Session.begin() as s:
                live.end(s, live.find(s, number, lock=True), by=page.me, at=page.at)
        except Conflict as no:
            return call_page(page, number, no=no)
        return page.go(f"/live/{number}")


def desk_page(page: Page, typed: filing.Form = filing.NOTHING, no: Refusal | None = None) -> Template:
    """The desk; `no`: why a call could not be begun."""
    check_may_hear(page.me)
    return page.show(
        "live.html", status=status_of(no) if no else 200, calls=_going_on(), channels=CHANNELS, typed=typed,
        may_speak=page.me.has(Role.OPERATOR, Role.DISPATCHER), no=no.sentence if no else "", field=no.field if no else None,
    )  # fmt: skip


def call_page(page: Page, number: int, typed: filing.Form | None = None, no: Any = None) -> Template:
    """One call. typed, no: a filing that was just refused, and why."""
    check_may_hear(page.me)
    with Session() as s:
        call = live.find(s, number)
        lines = live.said(s, number)
        may = page.me.has(Role.OPERATOR, Role.DISPATCHER)
        form = filing.form(s, page, body=live.said_by_citizen(s, number), caller=call.phone, typed=typed) if may and call.ticket_id is None else None
        row = _row(s, call)
        partials = {line.speaker.value: line.partial for line in live.lines(s, number) if line.partial and line.ended_at is None}
    return page.show(
        "live_call.html", status=status_of(no) if no else 200, call=row, lines=sorted(lines, key=lambda line: line["start"]), partials=partials,
        seen=max((line["revision"] for line in lines), default=0), form=form, may_speak=may and not row.finished, voices=SPOKEN_HERE,
        no=sentence_of(no) if no else "", field=getattr(no, "field", None),
    )  # fmt: skip


SPOKEN_HERE = {Speaker.OPERATOR.value: "只有我的声音", Speaker.MONO.value: "我和市民都在话筒前"}


def _going_on() -> list[LiveRow]:
    with Session() as s:
        return [_row(s, call) for call in live.going_on(s)]


def _row(s: Any, call: LiveCall) -> LiveRow:
    lines = live.said(s, call.id)
    ticket = s.get(Ticket, call.ticket_id) if call.ticket_id else None
    speaking = [line.speaker.label for line in live.lines(s, call.id) if line.ended_at is None]
    return LiveRow(
        id=call.id,
        begun_at=call.begun_at,
        finished=call.finished_at is not None,
        phone=masked_phone(call.phone),
        voices="、".join(dict.fromkeys(speaking)),
        opening="，".join(line["text"] for line in lines if line["speaker"] != Speaker.OPERATOR)[:60],
        call=call.call_id,
        ticket=ticket.number if ticket else "",
    )
