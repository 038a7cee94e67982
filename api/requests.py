"""What is asked for and recorded beside a ticket, as resources of it: 申请与审批, 一次性告知, 转交, 会商, 批示."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any

from litestar import Controller, Response
from litestar.params import Body

from api.deps import At, Me
from api.routes import post
from api.shapes import TicketOut
from api.verbs import Asking, Number, Versioned, Words, act, said
from hotline.clock import SHANGHAI
from hotline.people import Person
from tickets import applying, consulting, easing, excluding, handing_over, instructing, noticing, terminating
from tickets.application import Ask

Answer = Response[TicketOut]


@dataclass
class ExtensionRequest(Versioned):
    """申请延期. limit: how much longer, `3 workday`."""

    limit: str = ""
    reason: str = ""


@dataclass
class PauseRequest(Versioned):
    """申请挂起. reason: one that the policy lists; text: what shows it."""

    reason: str = ""
    text: str = ""


@dataclass
class TerminationRequest(Versioned):
    """申请终止. reply: the final answer, as the citizen is to read it."""

    reason: str = ""
    evidence: str = ""
    reply: str = ""


@dataclass
class ExclusionRequest(Versioned):
    """申请剔除. reason: unreasonable, unsupported, citizen, force_majeure, legacy or malicious."""

    reason: str = ""
    evidence: str = ""


@dataclass
class Approval(Versioned):
    """同意. application: which request, where several wait."""

    application: int | None = None


@dataclass
class Refusal(Approval):
    """驳回, with the reason."""

    reason: str = ""


@dataclass
class NoticeIn(Versioned):
    """一次性告知. missing: everything that is missing, one thing each; a second list on the same leg is noted as a violation."""

    missing: Sequence[str] = field(default_factory=list)
    text: str = ""


@dataclass
class HandOver(Versioned):
    """转交承办人. owner: the id of the colleague."""

    owner: int | None = None
    reason: str = ""


@dataclass
class ConsultationIn(Versioned):
    """发起会商. meets_at: ISO 8601, Shanghai where no zone is given."""

    units: Sequence[str] = field(default_factory=list)
    text: str = ""
    meets_at: datetime | None = None


@dataclass
class InstructionIn(Versioned):
    """登记批示. dated: the day it bears, default today."""

    leader: str = ""
    text: str = ""
    dated: date | None = None


class Requests(Controller):
    """申请与审批: what the department asks for."""

    path = "/tickets/{number:str}"
    tags = ["申请与审批"]

    @post("/extension-requests", status_code=200, summary="申请延期")
    def ask_extension(self, request: Asking, number: Number, data: Annotated[ExtensionRequest, Body()], me: Me, at: At) -> Answer:
        """Before the deadline; a supervisor grants it by POST /extensions."""
        return _do(request, number, data, me, at, easing.ask_extension)

    @post("/extension-requests/refusal", status_code=200, summary="驳回延期")
    def refuse_extension(self, request: Asking, number: Number, data: Annotated[Refusal, Body()], me: Me, at: At) -> Answer:
        """By a supervisor."""
        return _refuse(request, number, data, me, at, Ask.EXTENSION)

    @post("/pause-requests", status_code=200, summary="申请挂起")
    def ask_pause(self, request: Asking, number: Number, data: Annotated[PauseRequest, Body()], me: Me, at: At) -> Answer:
        """For a listed reason; a supervisor grants it by POST /pauses."""
        return _do(request, number, data, me, at, easing.ask_pause)

    @post("/pause-requests/refusal", status_code=200, summary="驳回挂起")
    def refuse_pause(self, request: Asking, number: Number, data: Annotated[Refusal, Body()], me: Me, at: At) -> Answer:
        """By a supervisor."""
        return _refuse(request, number, data, me, at, Ask.PAUSE)

    @post("/termination-requests", status_code=200, summary="申请终止")
    def ask_termination(self, request: Asking, number: Number, data: Annotated[TerminationRequest, Body()], me: Me, at: At) -> Answer:
        """By the lead, with evidence and the final answer."""
        return _do(request, number, data, me, at, terminating.ask_termination)

    @post("/termination-requests/approval", status_code=200, summary="初审同意终止")
    def approve_termination(self, request: Asking, number: Number, data: Annotated[Approval, Body()], me: Me, at: At) -> Answer:
        """The first of two approvals, by a reviewer."""
        return _do(request, number, data, me, at, terminating.approve_termination)

    @post("/termination", status_code=200, summary="批准终止")
    def terminate(self, request: Asking, number: Number, data: Annotated[Approval, Body()], me: Me, at: At) -> Answer:
        """The second, by a supervisor who is another person: the final answer stands."""
        return _do(request, number, data, me, at, terminating.terminate)

    @post("/termination-requests/refusal", status_code=200, summary="驳回终止")
    def refuse_termination(self, request: Asking, number: Number, data: Annotated[Refusal, Body()], me: Me, at: At) -> Answer:
        """By whoever would have to approve it."""
        return _refuse(request, number, data, me, at, Ask.TERMINATION)

    @post("/exclusion-requests", status_code=200, summary="申请剔除")
    def ask_exclusion(self, request: Asking, number: Number, data: Annotated[ExclusionRequest, Body()], me: Me, at: At) -> Answer:
        """After closing, by a department that answered."""
        return _do(request, number, data, me, at, excluding.ask_exclusion)

    @post("/exclusion-requests/approval", status_code=200, summary="初审同意剔除")
    def approve_exclusion(self, request: Asking, number: Number, data: Annotated[Approval, Body()], me: Me, at: At) -> Answer:
        """The first of two approvals, by a reviewer."""
        return _do(request, number, data, me, at, excluding.approve_exclusion)

    @post("/exclusion", status_code=200, summary="批准剔除")
    def exclude(self, request: Asking, number: Number, data: Annotated[Approval, Body()], me: Me, at: At) -> Answer:
        """The second, by a supervisor who is another person: the ticket is not scored."""
        return _do(request, number, data, me, at, excluding.exclude)

    @post("/exclusion-requests/refusal", status_code=200, summary="驳回剔除")
    def refuse_exclusion(self, request: Asking, number: Number, data: Annotated[Refusal, Body()], me: Me, at: At) -> Answer:
        """By whoever would have to approve it."""
        return _refuse(request, number, data, me, at, Ask.EXCLUSION)


class Records(Controller):
    """告知, 转交, 会商 and 批示."""

    path = "/tickets/{number:str}"
    tags = ["办理"]

    @post("/notices", status_code=200, summary="一次性告知")
    def notify(self, request: Asking, number: Number, data: Annotated[NoticeIn, Body()], me: Me, at: At) -> Answer:
        """Everything that is missing, at once."""
        return _do(request, number, data, me, at, noticing.notify)

    @post("/owner", status_code=200, summary="转交承办人")
    def hand_over(self, request: Asking, number: Number, data: Annotated[HandOver, Body()], me: Me, at: At) -> Answer:
        """Inside the department; no clock hears of it."""
        return _do(request, number, data, me, at, handing_over.hand_over)

    @post("/consultations", status_code=200, summary="发起会商")
    def consult(self, request: Asking, number: Number, data: Annotated[ConsultationIn, Body()], me: Me, at: At) -> Answer:
        """The units that are asked may read the ticket and give an opinion."""
        if data.meets_at is not None and data.meets_at.tzinfo is None:
            data.meets_at = data.meets_at.replace(tzinfo=SHANGHAI)
        return _do(request, number, data, me, at, consulting.consult)

    @post("/opinions", status_code=200, summary="会商意见")
    def opine(self, request: Asking, number: Number, data: Annotated[Words, Body()], me: Me, at: At) -> Answer:
        """Of one's own unit."""
        return _do(request, number, data, me, at, consulting.opine)

    @post("/consultations/conclusion", status_code=200, summary="会商结论")
    def conclude(self, request: Asking, number: Number, data: Annotated[Words, Body()], me: Me, at: At) -> Answer:
        """What was decided."""
        return _do(request, number, data, me, at, consulting.conclude_consult)

    @post("/instructions", status_code=200, summary="登记批示")
    def instruct(self, request: Asking, number: Number, data: Annotated[InstructionIn, Body()], me: Me, at: At) -> Answer:
        """Which leader wrote what."""
        return _do(request, number, data, me, at, instructing.instruct)


def _do(request: Asking, number: str, data: Versioned, me: Person, at: datetime, verb: Callable[..., Any]) -> Answer:
    return act(request, number, data, me, at, lambda s, ticket: verb(s, ticket, **said(data), by=me, at=at))


def _refuse(request: Asking, number: str, data: Refusal, me: Person, at: datetime, kind: Ask) -> Answer:
    return act(
        request, number, data, me, at, lambda s, t: applying.refuse(s, t, kind, reason=data.reason, application=data.application, by=me, at=at)
    )
