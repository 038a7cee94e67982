"""话务台: calls come in, are listened to beside their transcript, and become tickets; a visitor's or a letter's matter is filed without a call."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template
from sqlalchemy.orm import Session as Session_

from asr.formats import declared_for
from hotline import recordings
from hotline.db import Session
from hotline.errors import Refusal, Refused
from hotline.people import Person
from hotline.privacy import masked_phone
from hotline.roles import Role
from tickets import announcing, calls, desks, hearing, reception, vocabulary
from tickets.call import Call, CallState
from tickets.calls import MAY_STOP
from tickets.correcting import MAY_CORRECT, correct
from tickets.eliciting import Elements, elicit
from web import attachments, filing, transcript
from web.deps import Answer, Typed
from web.recording import check_may_hear, recording
from web.refusals import sentence_of, status_of
from web.shell import Page

BLOCK = 1 << 20
FORM_ITSELF = 1 << 20  # bytes that a form needs around its file


@dataclass(frozen=True)
class CallRow:
    """A call in the list."""

    id: int
    name: str
    state: str
    state_label: str
    problem: str
    received_at: datetime
    duration: float | None
    phone: str
    opening: str
    ticket: str


class Operator(Controller):
    """通话."""

    path = "/calls"

    @get("/", sync_to_thread=True)
    def desk(self, page: Answer) -> Template:
        """The latest calls, and where a recording is handed in."""
        return desk_page(page)

    @get("/list", sync_to_thread=True)
    def list(self, page: Answer, seen: FromQuery[str] = "") -> Response[Any]:
        """The list alone, for htmx; nothing (204) while it is what the browser has already `seen`."""
        check_may_hear(page.me)
        rows, missing, digest = _listed(page.me)
        if digest == seen:
            return Response(None, status_code=204)
        return page.part("calls_list.html", calls=rows, missing=missing, digest=digest)

    @post("/", sync_to_thread=True, request_max_body_size=recordings.LARGEST + FORM_ITSELF)
    def receive(self, request: Request[Any, Any, Any], form: Typed, page: Answer) -> Response[Any]:
        """接收录音: kept first, then made a call; what goes wrong later loses nothing."""
        page.only(Role.OPERATOR, Role.DISPATCHER)
        try:
            call, new = _received(request, form, page)
        except Refused as no:
            return desk_page(page, typed=form, no=no)
        return page.go("/calls", "receive" if new else None, call.name)

    @post("/announced", sync_to_thread=True)
    def fetch_again(self, form: Typed, page: Answer) -> Response[Any]:
        """重新取 a recording that a PBX announced."""
        page.only(Role.OPERATOR, Role.DISPATCHER)
        with Session.begin() as s:
            announcing.retry(s, announcing.find(s, form.text("call_id")), by=page.me, at=page.at)
        return page.go("/calls", "retry")

    @get("/{number:int}", sync_to_thread=True)
    def one(self, number: FromPath[int], page: Answer) -> Template:
        """The recording, what was heard, and beside it the form that makes a ticket of it."""
        return call_page(page, number)

    @get("/{number:int}/recording", sync_to_thread=True)
    def recording(self, request: Request[Any, Any, Any], number: FromPath[int], page: Answer) -> Response[Any]:
        """The bytes as they came."""
        check_may_hear(page.me)
        with Session() as s:
            call = calls.find(s, number, by=page.me)
        return recording(request.app.state.settings.recordings / call.sha256, call.name, request.headers.get("Range"))

    @post("/{number:int}/retry", sync_to_thread=True)
    def retry(self, number: FromPath[int], page: Answer) -> Response[Any]:
        """重新转写."""
        check_may_hear(page.me)
        with Session.begin() as s:
            calls.retry(s, calls.find(s, number, by=page.me, lock=True), by=page.me, at=page.at)
        return page.go(f"/calls/{number}", "retry")

    @get("/{number:int}/progress", sync_to_thread=True)
    def progress(self, number: FromPath[int], page: Answer) -> Template:
        """How far the transcription is and what was heard up to now, for htmx."""
        check_may_hear(page.me)
        with Session() as s:
            call = calls.find(s, number, by=page.me)
            heard = transcript.lines(_heard(s, call))
            row, done = _row(call), transcript.progress(call)
        waits = call.state is CallState.WAITING
        return page.part(
            "call_progress.html", call=row, progress=done, heard=heard, fresh=True, form=page.me.has(*MAY_STOP), may_stop=page.me.has(*MAY_STOP),
            may_correct=not waits and page.me.has(*MAY_CORRECT),
        )  # fmt: skip

    @post("/{number:int}/stop", sync_to_thread=True)
    def stop(self, number: FromPath[int], page: Answer) -> Response[Any]:
        """停止转写."""
        check_may_hear(page.me)
        with Session.begin() as s:
            calls.stop(s, calls.find(s, number, lock=True, by=page.me), by=page.me, at=page.at)
        return page.go(f"/calls/{number}", "stop")

    @post("/{number:int}/corrections", sync_to_thread=True)
    def correct(self, request: Request[Any, Any, Any], number: FromPath[int], form: Typed, page: Answer) -> Response[Any] | Template:
        """订正一句: of all the fields only the one whose button was pressed counts."""
        check_may_hear(page.me)
        position = form.whole("utterance")
        if position is None:
            raise Refused("请选择要订正的一句。", field="utterance")
        with Session.begin() as s:
            call = calls.find(s, number, lock=True, by=page.me)
            correct(s, call, position, form.text(f"text-{position}"), by=page.me, at=page.at)
            line, row = transcript.line(calls.utterances(call), position), _row(call)
        if request.headers.get("HX-Request"):
            return page.part("utterance.html", line=line, call=row, form=page.me.has(*MAY_STOP), may_correct=True)
        return page.go(f"/calls/{number}", "correct")

    @post("/{number:int}/ticket", sync_to_thread=True, request_max_body_size=attachments.LARGEST_FORM)
    def file(self, number: FromPath[int], form: Typed, page: Answer) -> Response[Any]:
        """登记这通电话."""
        return filing.file(page, form, call=number, again=lambda no: call_page(page, number, typed=form, no=no))


def desk_page(page: Page, typed: filing.Form = filing.NOTHING, no: Refusal | None = None) -> Template:
    """The desk; `no`: why a recording was not taken."""
    check_may_hear(page.me)
    rows, missing, digest = _listed(page.me)
    return page.show(
        "calls.html", status=status_of(no) if no else 200, calls=rows, missing=missing, digest=digest, typed=typed,
        may_receive=page.me.has(Role.OPERATOR, Role.DISPATCHER), no=no.sentence if no else "", field=no.field if no else None,
    )  # fmt: skip


def call_page(page: Page, number: int, typed: filing.Form | None = None, no: Any = None) -> Template:
    """A call. typed, no: a filing that was just refused, and why."""
    check_may_hear(page.me)
    with Session() as s:
        call = calls.find(s, number, by=page.me)
        said = _heard(s, call)
        found = elicit(said, vocabulary.places(s))
        open_ = call.state is not CallState.FILED and page.me.has(Role.OPERATOR, Role.DISPATCHER)
        form = filing.form(s, page, body=found.summary, caller=call.phone, typed=typed, proposed=_proposed(found), place=f"call:{number}") if open_ else None
        row, done = _row(call), transcript.progress(call)
        became = reception.of_call(s, number, page.me) if call.state is CallState.FILED and call.ticket_id is None else None
    return page.show(
        "call.html", became=became, status=status_of(no) if no else 200, call=row, heard=transcript.lines(said), form=form, progress=done,
        elements=transcript.elements(found), may_stop=page.me.has(*MAY_STOP), may_correct=bool(call.transcript) and page.me.has(*MAY_CORRECT),
        no=sentence_of(no) if no else "", field=getattr(no, "field", None),
    )  # fmt: skip


def _heard(s: Session_, call: Call) -> list[dict[str, Any]]:
    """The transcript, or as much of it as there is up to now."""
    if call.transcript is not None or not hearing.wanted(call):
        return calls.utterances(call)
    heard = hearing.so_far(s, call)
    rows: list[dict[str, Any]] = hearing.readable(heard, hearing.speakers(call, heard), vocabulary.names(s))["utterances"]
    return rows


def _proposed(found: Elements) -> dict[str, str]:
    """What the elements fill in the form; the operator changes it."""
    return {"title": found.title, "wants": found.wants, "address": found.where, "caller_name": found.who}


def _listed(me: Person) -> tuple[list[CallRow], list[tuple[str, str]], str]:
    """The calls, the recordings that a PBX announced and nobody could fetch (its id of the call, why), and a digest of both."""
    with Session() as s:
        rows = [_row(call) for call in desks.recent_calls(s, me)]
        missing = [(told.pbx_id, told.problem or "") for told in announcing.missing(s)]
    return rows, missing, hashlib.sha256(repr(([asdict(row) for row in rows], missing)).encode()).hexdigest()[:16]


def _row(call: Call) -> CallRow:
    heard = calls.said_by_citizen(call).replace("\n", "，")
    return CallRow(
        id=call.id,
        name=call.name,
        state=call.state.value,
        state_label=call.state.label,
        problem=call.problem or "",
        received_at=call.received_at,
        duration=call.duration,
        phone=masked_phone(call.phone),
        opening=heard[:60] + ("…" if len(heard) > 60 else ""),
        ticket=call.ticket.number if call.ticket else "",
    )


def _received(request: Request[Any, Any, Any], form: filing.Form, page: Page) -> tuple[Call, bool]:
    upload = form.upload("recording")
    if upload is None:
        raise Refused("请选择一个录音文件。", field="recording")
    sha256, size = recordings.keep(iter(lambda: upload.file.read(BLOCK), b""), request.app.state.settings.recordings)
    with Session.begin() as s:
        call, new = calls.receive(
            s, sha256=sha256, size=size, name=upload.filename, by=page.me, at=page.at, phone=form.text("phone"), declared=declared_for(upload.filename),
            auto=form.ticked("auto"),
        )  # fmt: skip
        s.flush()
    return call, new
