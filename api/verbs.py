"""Every verb on a ticket, as a resource: POST /tickets/{number}/signature signs it. Each answers with the ticket as it then is."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Annotated, Any

from litestar import Controller, Request, Response
from litestar.datastructures import State
from litestar.params import Body, FromPath
from sqlalchemy.orm import Session as Session_

from api.deps import At, Me, once
from api.routes import post
from api.shapes import TicketOut, iso, ticket_out
from hotline.clock import SHANGHAI
from hotline.errors import Conflict, Refused
from hotline.people import Person
from tickets import (
    access,
    attaching,
    bad_rating,
    co_handling,
    contacting,
    dispatching,
    easing,
    resolving,
    returning,
    revealing,
    revisiting,
    signing,
    timeline,
    triaging,
    urging,
)
from tickets.ticket import Kind, Ticket

Asking = Request[Person, Any, State]
Number = FromPath[str]


@dataclass
class Versioned:
    """version: of the ticket you were looking at; 409 when it has changed since. Left out: whatever it is now. attachments: ids of your uploads."""

    version: int | None = None
    attachments: list[int] = field(default_factory=list)


@dataclass
class Dispatch(Versioned):
    """派单. item and area: corrections, where needed. in_order: co-handlers one after another; limits: their own by unit, `{"zhujian": "2 workday"}`."""

    department: str = ""
    co_handlers: Sequence[str] = field(default_factory=list)
    item: str | None = None
    area: str | None = None
    basis: str = ""
    in_order: bool = False
    limits: dict[str, str] = field(default_factory=dict)


@dataclass
class Assignment(Versioned):
    """改派: to whom, and why."""

    department: str = ""
    reason: str = ""


@dataclass
class Help(Assignment):
    """增加协办. limit: its own, no longer than the lead's; in_order: it begins when those that help already have answered."""

    limit: str = ""
    in_order: bool = False


@dataclass
class Signature(Versioned):
    """签收. owner: the id of the colleague who answers for it; left out: yourself."""

    owner: int | None = None


@dataclass
class ReturnRequest(Versioned):
    """申请退单. reason: duty, area, ownership, unreachable, duplicate, legal or void."""

    reason: str = ""
    basis: str = ""
    suggests: str | None = None


@dataclass
class ReturnRuling(Versioned):
    """审退单. leg: which one, where several departments ask. wrong_dispatch: 无责退单; left out: as the reason for the return says."""

    approve: bool = False
    wrong_dispatch: bool | None = None
    reason: str = ""
    leg: int | None = None


@dataclass
class Reply(Versioned):
    """答复. result: solved, partly, explained, planned, unfounded or unreachable; contacted_at: ISO 8601, Shanghai where no zone is given."""

    result: str = ""
    reply: str = ""
    contacted_at: datetime | None = None
    without: str = ""


@dataclass
class Review(Versioned):
    """审核. reason: why not, where it does not pass."""

    passed: bool = False
    reason: str = ""


@dataclass
class RevisitIn(Versioned):
    """回访. outcome: reached, no_answer, off, declined or language; reached asks for contacted, solved (yes, partly, no, disputed) and satisfied (5 to 1).

    burden: of a stuck matter, what it took in the end. Not solved or not satisfied starts a new round (重办), for which a reason is needed.
    """

    outcome: str = "reached"
    contacted: bool = False
    solved: str = ""
    satisfied: int = 0
    comment: str = ""
    reason: str = ""
    burden: dict[str, int] = field(default_factory=dict)


@dataclass
class Words(Versioned):
    """催办, 督办 or 直办 in words."""

    text: str = ""


@dataclass
class Answer(Versioned):
    """直办. article: id of what was read out from the knowledge base, article_version: in which version (default: as it stands).

    satisfied: the citizen's rating, 5 to 1, where one was given.
    """

    text: str = ""
    article: int | None = None
    article_version: int | None = None
    satisfied: int | None = None


@dataclass
class Extension(Versioned):
    """延期. limit: how much longer, `3 workday`. application: the request that is granted; then limit and reason default to what was asked."""

    limit: str = ""
    reason: str = ""
    application: int | None = None


@dataclass
class Pause(Versioned):
    """挂起. reason: one that the policy lists, such as waiting_citizen. application: the request that is granted; then the rest may be left out."""

    reason: str = ""
    text: str = ""
    application: int | None = None


@dataclass
class Resumption(Words):
    """恢复计时. leg: which one, where several stand still."""

    leg: int | None = None


@dataclass
class Triage(Versioned):
    """研判. Of a stuck matter: should and obstacle; of a bad rating: verdict (valid, mistaken, malicious)."""

    should: str = ""
    obstacle: str = ""
    verdict: str = ""
    note: str = ""


class Verbs(Controller):
    """办理."""

    path = "/tickets/{number:str}"
    tags = ["办理"]

    @post("/dispatch", status_code=200, summary="派单")
    def dispatch(self, request: Asking, number: Number, data: Annotated[Dispatch, Body()], me: Me, at: At) -> Response[TicketOut]:
        """To a lead department and any co-handlers."""
        fields = said(data)
        return act(request, number, data, me, at, lambda s, ticket: dispatching.dispatch(s, ticket, by=me, at=at, **fields))

    @post("/redispatch", status_code=200, summary="改派")
    def redispatch(self, request: Asking, number: Number, data: Annotated[Assignment, Body()], me: Me, at: At) -> Response[TicketOut]:
        """To another lead department; the citizen's clock goes on."""
        return act(
            request, number, data, me, at, lambda s, t: dispatching.redispatch(s, t, department=data.department, reason=data.reason, by=me, at=at)
        )

    @post("/co-handlers", status_code=200, summary="增加协办")
    def add_co_handler(self, request: Asking, number: Number, data: Annotated[Help, Body()], me: Me, at: At) -> Response[TicketOut]:
        """A further department helps the lead."""
        return act(
            request, number, data, me, at,
            lambda s, t: co_handling.add_co_handler(
                s, t, department=data.department, reason=data.reason, limit=data.limit, in_order=data.in_order, by=me, at=at
            ),
        )  # fmt: skip

    @post("/signature", status_code=200, summary="签收")
    def sign(self, request: Asking, number: Number, data: Annotated[Signature, Body()], me: Me, at: At) -> Response[TicketOut]:
        """The department takes it, with one named owner."""
        return act(request, number, data, me, at, lambda s, t: signing.sign(s, t, owner=data.owner, by=me, at=at))

    @post("/contacts", status_code=200, summary="登记联系")
    def contact(self, request: Asking, number: Number, data: Annotated[Words, Body()], me: Me, at: At) -> Response[TicketOut]:
        """The department spoke with the citizen."""
        return act(request, number, data, me, at, lambda s, t: contacting.contact(s, t, text=data.text, by=me, at=at))

    @post("/return-request", status_code=200, summary="申请退单")
    def ask_return(self, request: Asking, number: Number, data: Annotated[ReturnRequest, Body()], me: Me, at: At) -> Response[TicketOut]:
        """Inside the return window, with reason and basis."""
        return act(
            request, number, data, me, at,
            lambda s, t: returning.ask_return(s, t, reason=data.reason, basis=data.basis, suggests=data.suggests, by=me, at=at),
        )  # fmt: skip

    @post("/return-ruling", status_code=200, summary="审退单")
    def rule_on_return(self, request: Asking, number: Number, data: Annotated[ReturnRuling, Body()], me: Me, at: At) -> Response[TicketOut]:
        """Approves the return, or refuses it with a reason."""

        def rule(s: Session_, ticket: Ticket) -> object:
            if data.approve:
                return returning.approve_return(s, ticket, leg=data.leg, wrong_dispatch=data.wrong_dispatch, by=me, at=at)
            return returning.refuse_return(s, ticket, reason=data.reason, leg=data.leg, by=me, at=at)

        return act(request, number, data, me, at, rule)

    @post("/reply", status_code=200, summary="答复")
    def resolve(self, request: Asking, number: Number, data: Annotated[Reply, Body()], me: Me, at: At) -> Response[TicketOut]:
        """The department's answer to the citizen."""
        contacted = data.contacted_at if data.contacted_at is None or data.contacted_at.tzinfo else data.contacted_at.replace(tzinfo=SHANGHAI)
        return act(
            request, number, data, me, at,
            lambda s, t: resolving.resolve(s, t, result=data.result, reply=data.reply, contacted_at=contacted, without=data.without, by=me, at=at),
        )  # fmt: skip

    @post("/review", status_code=200, summary="审核")
    def review(self, request: Asking, number: Number, data: Annotated[Review, Body()], me: Me, at: At) -> Response[TicketOut]:
        """The answer stands, or goes back with a reason."""

        def judge(s: Session_, ticket: Ticket) -> None:
            if data.passed:
                resolving.pass_review(s, ticket, by=me, at=at)
            else:
                resolving.reject_review(s, ticket, reason=data.reason, by=me, at=at)

        return act(request, number, data, me, at, judge)

    @post("/revisits", status_code=200, summary="回访")
    def revisit(self, request: Asking, number: Number, data: Annotated[RevisitIn, Body()], me: Me, at: At) -> Response[TicketOut]:
        """Closes the ticket, starts a new round, or notes that nobody answered."""

        def ask(s: Session_, ticket: Ticket) -> object:
            if data.outcome != "reached":
                return revisiting.miss_revisit(s, ticket, outcome=data.outcome, by=me, at=at)
            heard = {"contacted": data.contacted, "solved": data.solved, "satisfied": data.satisfied, "comment": data.comment}
            if revisiting.unsettled(data.solved, data.satisfied):
                return revisiting.redo(s, ticket, reason=data.reason, by=me, at=at, **heard)  # type: ignore[arg-type]
            return revisiting.close(s, ticket, burden=data.burden, by=me, at=at, **heard)  # type: ignore[arg-type, func-returns-value]

        return act(request, number, data, me, at, ask)

    @post("/answer", status_code=200, summary="直办办结")
    def answer(self, request: Asking, number: Number, data: Annotated[Answer, Body()], me: Me, at: At) -> Response[TicketOut]:
        """Answered in the same contact, and closed."""
        said = {"reply": data.text, "article": data.article, "version": data.article_version, "satisfied": data.satisfied}
        return act(request, number, data, me, at, lambda s, t: revisiting.answer(s, t, by=me, at=at, **said))  # type: ignore[arg-type]

    @post("/urges", status_code=200, summary="催办")
    def urge(self, request: Asking, number: Number, data: Annotated[Words, Body()], me: Me, at: At) -> Response[TicketOut]:
        """Words to the department that are kept."""
        return act(request, number, data, me, at, lambda s, t: urging.urge(s, t, text=data.text, by=me, at=at))

    @post("/triage", status_code=200, summary="研判")
    def triage(self, request: Asking, number: Number, data: Annotated[Triage, Body()], me: Me, at: At) -> Response[TicketOut]:
        """Puts a stuck matter on its track, or says what a bad rating is worth."""

        def judge(s: Session_, ticket: Ticket) -> object:
            if ticket.kind is Kind.BAD_RATING:
                return bad_rating.verify(s, ticket, verdict=data.verdict, note=data.note, by=me, at=at)  # type: ignore[func-returns-value]
            return triaging.triage(s, ticket, should=data.should, obstacle=data.obstacle, note=data.note, by=me, at=at)

        return act(request, number, data, me, at, judge)

    @post("/supervisions", status_code=200, summary="督办")
    def supervise(self, request: Asking, number: Number, data: Annotated[Words, Body()], me: Me, at: At) -> Response[TicketOut]:
        """A supervisor's demand."""
        return act(request, number, data, me, at, lambda s, t: urging.supervise(s, t, text=data.text, by=me, at=at))

    @post("/extensions", status_code=200, summary="批准延期")
    def extend(self, request: Asking, number: Number, data: Annotated[Extension, Body()], me: Me, at: At) -> Response[TicketOut]:
        """Before the deadline, at most as often and as long as the rule allows."""
        return act(request, number, data, me, at, lambda s, t: easing.extend(s, t, **said(data), by=me, at=at))

    @post("/pauses", status_code=200, summary="批准挂起")
    def pause(self, request: Asking, number: Number, data: Annotated[Pause, Body()], me: Me, at: At) -> Response[TicketOut]:
        """For a reason that the policy lists, at most for its cap."""
        return act(request, number, data, me, at, lambda s, t: easing.pause(s, t, **said(data), by=me, at=at))

    @post("/resumptions", status_code=200, summary="恢复计时")
    def resume(self, request: Asking, number: Number, data: Annotated[Resumption, Body()], me: Me, at: At) -> Response[TicketOut]:
        """The clock runs on."""
        return act(request, number, data, me, at, lambda s, t: easing.resume(s, t, **said(data), by=me, at=at))

    @post("/archive", status_code=200, summary="归档")
    def archive(self, request: Asking, number: Number, data: Annotated[Versioned, Body()], me: Me, at: At) -> Response[TicketOut]:
        """Puts a closed ticket away."""
        return act(request, number, data, me, at, lambda s, t: revisiting.archive(s, t, by=me, at=at))

    @post("/reveal", status_code=200, summary="查看来电人")
    def reveal(self, request: Asking, number: Number, data: Annotated[Words, Body()], me: Me, at: At) -> Response[dict[str, str]]:
        """The caller's name and number, with a reason; every look is kept in the timeline."""

        def look(s: Session_) -> dict[str, str]:
            name, phone = revealing.reveal(s, access.find(s, number, me), reason=data.text, by=me, at=at)
            return {"name": name, "phone": phone}

        if "Idempotency-Key" in request.headers:
            raise Refused("查看来电人不接受 Idempotency-Key：每次查看都要留痕。", field="Idempotency-Key")
        return once(request, b"", by=me, at=at, status=200, do=look)


def said(data: Versioned) -> dict[str, Any]:
    """What a verb is given: everything but the version and the files."""
    return {name: value for name, value in vars(data).items() if name not in ("version", "attachments")}


def _with_what_happened(s: Session_, no: Conflict, number: str, version: int | None, me: Person) -> Conflict:
    """The conflict, with what others did to the ticket since the version that the client was looking at."""
    if version is not None:
        happened = timeline.since(s, access.find(s, number, me), version, but=me)
        no.since = tuple({"at": iso(one.at) or "", "who": one.who, "headline": one.headline, "detail": one.detail} for one in happened)
    return no


def act(
    request: Asking, number: str, data: Versioned, me: Person, at: datetime, verb: Callable[[Session_, Ticket], object], again: Sequence[int] = ()
) -> Response[TicketOut]:
    """Does a verb once, with its files, on the ticket as this person may see it, and answers with the ticket as it then is."""

    def do(s: Session_) -> TicketOut:
        try:
            ticket = access.find(s, number, me, lock=True, version=data.version)
            attaching.bring(s, ticket, data.attachments, again=again, by=me, at=at)
            verb(s, ticket)
        except Conflict as no:
            raise _with_what_happened(s, no, number, data.version, me) from None
        s.flush()
        return ticket_out(s, access.find(s, number, me), me)

    return once(request, json.dumps(asdict(data), sort_keys=True, default=str).encode(), by=me, at=at, status=200, do=do)
