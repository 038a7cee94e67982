"""Every verb on a ticket, as a form that is posted to a resource: find → verb → on to the next page, or back with the sentence and what was typed."""

from collections.abc import Callable
from typing import Any

from litestar import Controller, Response, post
from litestar.params import FromPath
from sqlalchemy.orm import Session as Session_
from sqlalchemy.orm.exc import StaleDataError

from hotline.db import Session
from hotline.errors import NotFound, Refusal, Refused
from tickets import (
    access,
    attaching,
    bad_rating,
    co_handling,
    contacting,
    dispatching,
    drafts,
    easing,
    resolving,
    returning,
    revealing,
    revisiting,
    signing,
    triaging,
    urging,
)
from tickets.lifecycle import Verb
from tickets.ticket import Kind, Ticket
from web import attachments, choices
from web.deps import Answer, Typed
from web.form import Form
from web.shell import Page
from web.ticket import ticket_page, tried_page

Number = FromPath[str]


class Verbs(Controller):
    """办理."""

    path = "/tickets/{number:str}"
    request_max_body_size = attachments.LARGEST_FORM

    @post("/dispatch", sync_to_thread=True)
    def dispatch(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """派单."""

        def do(s: Session_, ticket: Ticket) -> None:
            limits = {choices.unit_code(s, typed, "co_handlers"): limit for typed, limit in form.lines("co_handler", "co_limit")}
            dispatching.dispatch(
                s, ticket, department=choices.unit_code(s, form.text("department")), co_handlers=list(limits), item=choices.item_code(s, form.text("item")),
                area=choices.area_code(s, form.text("area")), basis=form.text("basis"), in_order=form.ticked("in_order"),
                limits=limits, by=page.me, at=page.at,
            )  # fmt: skip

        return act(page, number, Verb.DISPATCH, form, do)

    @post("/redispatch", sync_to_thread=True)
    def redispatch(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """改派."""

        def do(s: Session_, ticket: Ticket) -> None:
            unit = choices.unit_code(s, form.text("department"))
            dispatching.redispatch(s, ticket, department=unit, reason=form.text("reason"), by=page.me, at=page.at)

        return act(page, number, Verb.REDISPATCH, form, do)

    @post("/co-handlers", sync_to_thread=True)
    def add_co_handler(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """增加协办."""

        def do(s: Session_, ticket: Ticket) -> None:
            unit = choices.unit_code(s, form.text("department"))
            more = {"reason": form.text("reason"), "limit": form.text("limit")}
            co_handling.add_co_handler(s, ticket, department=unit, in_order=form.ticked("in_order"), **more, by=page.me, at=page.at)

        return act(page, number, Verb.ADD_CO_HANDLER, form, do)

    @post("/signature", sync_to_thread=True)
    def sign(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """签收."""
        return act(page, number, Verb.SIGN, form, lambda s, ticket: signing.sign(s, ticket, owner=form.whole("owner"), by=page.me, at=page.at))

    @post("/return-request", sync_to_thread=True)
    def ask_return(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """申请退单."""

        def do(s: Session_, ticket: Ticket) -> None:
            why = {"reason": form.text("reason"), "basis": form.text("basis"), "suggests": choices.unit_code(s, form.text("suggests"), "suggests") or None}
            returning.ask_return(s, ticket, **why, by=page.me, at=page.at)  # type: ignore[arg-type]

        return act(page, number, Verb.ASK_RETURN, form, do)

    @post("/return-ruling", sync_to_thread=True)
    def rule_on_return(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """审退单."""
        approve = form.text("ruling") == "approve"

        def do(s: Session_, ticket: Ticket) -> None:
            if approve:
                wrong = {"yes": True, "no": False}.get(form.text("wrong_dispatch"))
                returning.approve_return(s, ticket, leg=form.whole("leg"), wrong_dispatch=wrong, by=page.me, at=page.at)
            else:
                returning.refuse_return(s, ticket, reason=form.text("reason"), leg=form.whole("leg"), by=page.me, at=page.at)

        return act(page, number, Verb.APPROVE_RETURN if approve else Verb.REFUSE_RETURN, form, do)

    @post("/reply", sync_to_thread=True)
    def resolve(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """答复."""

        def do(s: Session_, ticket: Ticket) -> None:
            said = {"result": form.text("result"), "reply": form.text("reply"), "contacted_at": form.moment("contacted_at"), "without": form.text("without")}
            resolving.resolve(s, ticket, **said, by=page.me, at=page.at)  # type: ignore[arg-type]

        return act(page, number, Verb.RESOLVE, form, do)

    @post("/review", sync_to_thread=True)
    def review(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """审核."""
        passed = form.text("verdict") == "pass"

        def do(s: Session_, ticket: Ticket) -> None:
            if passed:
                resolving.pass_review(s, ticket, by=page.me, at=page.at)
            else:
                resolving.reject_review(s, ticket, reason=form.text("reason"), by=page.me, at=page.at)

        return act(page, number, Verb.PASS_REVIEW if passed else Verb.REJECT_REVIEW, form, do)

    @post("/answer", sync_to_thread=True)
    def answer(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """直办办结."""
        return act(page, number, Verb.ANSWER, form, lambda s, ticket: revisiting.answer(s, ticket, reply=form.text("reply"), by=page.me, at=page.at))

    @post("/contacts", sync_to_thread=True)
    def contact(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """登记联系."""
        return act(page, number, Verb.CONTACT, form, lambda s, ticket: contacting.contact(s, ticket, text=form.text("text"), by=page.me, at=page.at))

    @post("/attachments", sync_to_thread=True)
    def attach(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """补充附件."""
        return act(page, number, Verb.ATTACH, form, lambda s, ticket: attaching.attach(s, ticket, text=form.text("text"), by=page.me, at=page.at))

    @post("/urges", sync_to_thread=True)
    def urge(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """催办."""
        return act(page, number, Verb.URGE, form, lambda s, ticket: urging.urge(s, ticket, text=form.text("text"), by=page.me, at=page.at))

    @post("/triage", sync_to_thread=True)
    def triage(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """研判 of a stuck matter, 核实 of a bad rating."""

        def do(s: Session_, ticket: Ticket) -> object:
            if ticket.kind is Kind.BAD_RATING:
                return bad_rating.verify(s, ticket, verdict=form.text("verdict"), note=form.text("note"), by=page.me, at=page.at)  # type: ignore[func-returns-value]
            said = {"should": form.text("should"), "obstacle": form.text("obstacle"), "note": form.text("note")}
            return triaging.triage(s, ticket, **said, by=page.me, at=page.at)

        return act(page, number, Verb.TRIAGE, form, do)

    @post("/supervisions", sync_to_thread=True)
    def supervise(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """督办."""
        return act(page, number, Verb.SUPERVISE, form, lambda s, ticket: urging.supervise(s, ticket, text=form.text("text"), by=page.me, at=page.at))

    @post("/extensions", sync_to_thread=True)
    def extend(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """批准延期."""
        said: dict[str, Any] = {"limit": form.text("limit"), "reason": form.text("reason"), "application": form.whole("application")}
        return act(page, number, Verb.EXTEND, form, lambda s, ticket: easing.extend(s, ticket, **said, by=page.me, at=page.at))

    @post("/pauses", sync_to_thread=True)
    def pause(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """批准挂起."""
        said: dict[str, Any] = {"reason": form.text("reason"), "text": form.text("text"), "application": form.whole("application")}
        return act(page, number, Verb.PAUSE, form, lambda s, ticket: easing.pause(s, ticket, **said, by=page.me, at=page.at))

    @post("/resumptions", sync_to_thread=True)
    def resume(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """恢复计时."""
        said: dict[str, Any] = {"text": form.text("text"), "leg": form.whole("leg")}
        return act(page, number, Verb.RESUME, form, lambda s, ticket: easing.resume(s, ticket, **said, by=page.me, at=page.at))

    @post("/archive", sync_to_thread=True)
    def archive(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """归档."""
        return act(page, number, Verb.ARCHIVE, form, lambda s, ticket: revisiting.archive(s, ticket, by=page.me, at=page.at))

    @post("/reveal", sync_to_thread=True)
    def reveal(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """查看来电人: shown once, on the answer to this very request; every look is kept."""
        try:
            with Session.begin() as s:
                caller = revealing.reveal(s, access.find(s, number, page.me), reason=form.text("reason"), by=page.me, at=page.at)
        except Refused as no:
            return tried_page(page, number, "reveal", form, no)
        return ticket_page(page, number, revealed=caller)


def act(
    page: Page, number: str, verb: Verb, form: Form, do: Callable[[Session_, Ticket], object], again: Callable[..., Response[Any]] = tried_page
) -> Response[Any]:
    """Runs a verb in one transaction, with the files of its form. Refused: the page again (or another, `again`) with the sentence, what was typed
    and the files. A ticket unseen is not found."""
    try:
        attachments.take(page, form)
        with Session.begin() as s:
            ticket = access.find(s, number, page.me, lock=True, version=form.whole("version"))
            attachments.bring(s, page, form, ticket)
            do(s, ticket)
            drafts.drop(s, form.text("place"), by=page.me)
    except (Refusal, StaleDataError) as no:
        if isinstance(no, NotFound) and no.field is None:
            raise
        return again(page, number, verb, form, no)
    return page.go(form.path("back") or f"/tickets/{number}", done=verb, of=number)
