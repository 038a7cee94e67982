"""/calls: recordings come in, transcripts go out."""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Controller, Request, Response
from litestar.datastructures import State, UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery, JSONBody
from litestar.response import File
from sqlalchemy.orm import Session as Session_

from api.deps import At, Me, once
from api.routes import get, post
from api.shapes import CallOut, call_out
from hotline import recordings
from hotline.db import Session
from hotline.errors import Forbidden, Refused
from hotline.people import Person
from hotline.roles import Role
from tickets import calls, correcting, desks

MAY_HEAR = (Role.OPERATOR, Role.DISPATCHER, Role.REVIEWER, Role.SUPERVISOR)
BLOCK = 1 << 20
FORM = 1 << 20  # bytes: what a form adds to its file


@dataclass
class CorrectionIn:
    """订正. utterance: its place in the transcript, from 0; text: what was really said."""

    utterance: int
    text: str


class Calls(Controller):
    """通话."""

    path = "/calls"
    tags = ["通话"]

    @post("/", status_code=201, summary="上传一段录音", request_max_body_size=recordings.LARGEST + FORM)
    def receive(
        self, request: Request[Person, Any, State], data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)], me: Me, at: At
    ) -> Response[CallOut]:
        """multipart fields: `recording` (the file), optional `phone`, `auto` (false: an operator files it), and
        `format` (alaw, mulaw, slin …) for a recording without a header.

        Takes an Idempotency-Key; the same bytes are the same call in any case.
        """
        check_may_hear(me)
        upload = data.get("recording")
        if not isinstance(upload, UploadFile):
            raise Refused("请用 recording 字段上传录音文件。", field="recording")
        sha256, size = recordings.keep(iter(lambda: upload.file.read(BLOCK), b""), request.app.state.settings.recordings)
        fields = {name: str(data.get(name) or "") for name in ("phone", "format", "auto")}

        def do(s: Session_) -> CallOut:
            call, _ = calls.receive(
                s, sha256=sha256, size=size, name=upload.filename, by=me, at=at, phone=fields["phone"], declared=fields["format"] or None,
                auto=fields["auto"] != "false",
            )  # fmt: skip
            s.flush()
            return call_out(calls.find(s, call.id))

        return once(request, hashlib.sha256(f"{sha256}{fields}".encode()).digest(), by=me, at=at, status=201, do=do)

    @get("/", summary="尚未登记成工单的通话")
    def waiting(self, me: Me, after: FromQuery[int | None] = None) -> list[CallOut]:
        """The newest first, fifty at a time; `after`: the last id of the page before."""
        check_may_hear(me)
        with Session() as s:
            return [call_out(calls.find(s, call.id)) for call in desks.calls_to_file(s, after=after).rows]

    @get("/{number:int}", summary="一通电话及其转写")
    def one(self, number: FromPath[int], me: Me) -> CallOut:
        """The call with what was heard."""
        check_may_hear(me)
        with Session() as s:
            return call_out(calls.find(s, number, by=me))

    @get("/{number:int}/recording", summary="录音原件")
    def recording(self, request: Request[Person, Any, State], number: FromPath[int], me: Me) -> File:
        """The bytes as they came."""
        check_may_hear(me)
        with Session() as s:
            call = calls.find(s, number, by=me)
        return File(request.app.state.settings.recordings / call.sha256, filename=call.name)

    @post("/{number:int}/retries", status_code=202, summary="重新转写")
    def retry(self, request: Request[Person, Any, State], number: FromPath[int], me: Me, at: At) -> Response[CallOut]:
        """Tries the transcription again; 409 when there is nothing to try."""
        check_may_hear(me)

        def do(s: Session_) -> CallOut:
            calls.retry(s, calls.find(s, number, by=me, lock=True), by=me, at=at)
            return call_out(calls.find(s, number, by=me))

        return once(request, b"", by=me, at=at, status=202, do=do)

    @post("/{number:int}/stop", status_code=200, summary="停止转写")
    def stop(self, request: Request[Person, Any, State], number: FromPath[int], me: Me, at: At) -> Response[CallOut]:
        """What was heard up to now stays; a retry goes on from there. 409 when nothing is under way."""
        check_may_hear(me)

        def do(s: Session_) -> CallOut:
            calls.stop(s, calls.find(s, number, by=me, lock=True), by=me, at=at)
            return call_out(calls.find(s, number, by=me))

        return once(request, b"", by=me, at=at, status=200, do=do)

    @post("/{number:int}/corrections", status_code=200, summary="订正一句转写")
    def correct(self, request: Request[Person, Any, State], number: FromPath[int], data: JSONBody[CorrectionIn], me: Me, at: At) -> Response[CallOut]:
        """The pair (recognised, corrected) is kept for measuring the recogniser."""
        check_may_hear(me)

        def do(s: Session_) -> CallOut:
            correcting.correct(s, calls.find(s, number, by=me, lock=True), data.utterance, data.text, by=me, at=at)
            return call_out(calls.find(s, number, by=me))

        return once(request, f"{data.utterance} {data.text}".encode(), by=me, at=at, status=200, do=do)


def check_may_hear(me: Person) -> None:
    """Raises Forbidden for who does not work at the centre."""
    if not me.has(*MAY_HEAR):
        raise Forbidden("只有热线中心的人员可以查看通话和录音。")
