"""What is asked for and recorded beside a ticket, as forms: 申请与审批, 一次性告知, 转交, 会商, 批示."""

from collections.abc import Callable
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlalchemy.orm import Session as Session_

from hotline.db import Session
from hotline.errors import NotFound
from tickets import access, applying, beside, consulting, easing, excluding, handing_over, instructing, noticing, terminating
from tickets.application import Ask
from tickets.lifecycle import Verb
from tickets.ticket import Ticket
from web import attachments, choices
from web.deps import Answer, Typed
from web.form import Form
from web.shell import Page
from web.ticket_view import ticket_view
from web.verbs import Number, act


class Requests(Controller):
    """申请与审批."""

    path = "/tickets/{number:str}"
    request_max_body_size = attachments.LARGEST_FORM

    @post("/extension-requests", sync_to_thread=True)
    def ask_extension(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """申请延期."""
        return _do(page, number, Verb.ASK_EXTENSION, form, easing.ask_extension, "limit", "reason")

    @post("/extension-requests/refusal", sync_to_thread=True)
    def refuse_extension(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """驳回延期."""
        return _refuse(page, number, Verb.REFUSE_EXTENSION, form, Ask.EXTENSION)

    @post("/pause-requests", sync_to_thread=True)
    def ask_pause(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """申请挂起."""
        return _do(page, number, Verb.ASK_PAUSE, form, easing.ask_pause, "reason", "text")

    @post("/pause-requests/refusal", sync_to_thread=True)
    def refuse_pause(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """驳回挂起."""
        return _refuse(page, number, Verb.REFUSE_PAUSE, form, Ask.PAUSE)

    @post("/termination-requests", sync_to_thread=True)
    def ask_termination(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """申请终止."""
        return _do(page, number, Verb.ASK_TERMINATION, form, terminating.ask_termination, "reason", "evidence", "reply")

    @post("/termination-requests/approval", sync_to_thread=True)
    def approve_termination(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """初审同意终止."""
        return _judge(page, number, Verb.APPROVE_TERMINATION, form, terminating.approve_termination)

    @post("/termination", sync_to_thread=True)
    def terminate(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """批准终止."""
        return _judge(page, number, Verb.TERMINATE, form, terminating.terminate)

    @post("/termination-requests/refusal", sync_to_thread=True)
    def refuse_termination(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """驳回终止."""
        return _refuse(page, number, Verb.REFUSE_TERMINATION, form, Ask.TERMINATION)

    @post("/exclusion-requests", sync_to_thread=True)
    def ask_exclusion(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """申请剔除."""
        return _do(page, number, Verb.ASK_EXCLUSION, form, excluding.ask_exclusion, "reason", "evidence")

    @post("/exclusion-requests/approval", sync_to_thread=True)
    def approve_exclusion(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """初审同意剔除."""
        return _judge(page, number, Verb.APPROVE_EXCLUSION, form, excluding.approve_exclusion)

    @post("/exclusion", sync_to_thread=True)
    def exclude(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """批准剔除."""
        return _judge(page, number, Verb.EXCLUDE, form, excluding.exclude)

    @post("/exclusion-requests/refusal", sync_to_thread=True)
    def refuse_exclusion(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """驳回剔除."""
        return _refuse(page, number, Verb.REFUSE_EXCLUSION, form, Ask.EXCLUSION)


class Records(Controller):
    """告知, 转交, 会商 and 批示."""

    path = "/tickets/{number:str}"
    request_max_body_size = attachments.LARGEST_FORM

    @post("/notices", sync_to_thread=True)
    def notify(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """一次性告知: one thing a line."""
        told = {"missing": form.text("missing").splitlines(), "text": form.text("text")}
        return act(page, number, Verb.NOTIFY, form, lambda s, ticket: noticing.notify(s, ticket, **told, by=page.me, at=page.at))  # type: ignore[arg-type]

    @get("/notices/{notice:int}", sync_to_thread=True)
    def notice(self, number: Number, notice: FromPath[int], page: Answer) -> Template:
        """告知书, to be printed and handed over."""
        with Session() as s:
            ticket = access.find(s, number, page.me)
            shown = next((one for one in beside.beside(s, ticket).notices if one.id == notice), None)
            if shown is None:
                raise NotFound("没有这份告知书。")
            return page.show("notice_sheet.html", ticket=ticket_view(s, ticket, page.me, page.at), notice=shown)

    @post("/owner", sync_to_thread=True)
    def hand_over(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """转交承办人."""

        def do(s: Session_, ticket: Ticket) -> None:
            handing_over.hand_over(s, ticket, owner=form.whole("owner"), reason=form.text("reason"), by=page.me, at=page.at)

        return act(page, number, Verb.HAND_OVER, form, do)

    @post("/consultations", sync_to_thread=True)
    def consult(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """发起会商."""

        def do(s: Session_, ticket: Ticket) -> None:
            units = [choices.unit_code(s, typed, "units") for typed in form.texts("units")]
            consulting.consult(s, ticket, units=units, text=form.text("text"), meets_at=form.moment("meets_at"), by=page.me, at=page.at)

        return act(page, number, Verb.CONSULT, form, do)

    @post("/opinions", sync_to_thread=True)
    def opine(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """会商意见."""
        return _do(page, number, Verb.OPINE, form, consulting.opine, "text")

    @post("/consultations/conclusion", sync_to_thread=True)
    def conclude(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """会商结论."""
        return _do(page, number, Verb.CONCLUDE_CONSULT, form, consulting.conclude_consult, "text")

    @post("/instructions", sync_to_thread=True)
    def instruct(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """登记批示."""

        def do(s: Session_, ticket: Ticket) -> None:
            dated = form.moment("dated")
            day = dated.date() if dated else None
            instructing.instruct(s, ticket, leader=form.text("leader"), text=form.text("text"), dated=day, by=page.me, at=page.at)

        return act(page, number, Verb.INSTRUCT, form, do)


def _do(page: Page, number: str, verb: Verb, form: Form, do: Callable[..., Any], *fields: str) -> Response[Any]:
    said = {field: form.text(field) for field in fields}
    return act(page, number, verb, form, lambda s, ticket: do(s, ticket, **said, by=page.me, at=page.at))


def _judge(page: Page, number: str, verb: Verb, form: Form, do: Callable[..., Any]) -> Response[Any]:
    return act(page, number, verb, form, lambda s, ticket: do(s, ticket, application=form.whole("application"), by=page.me, at=page.at))


def _refuse(page: Page, number: str, verb: Verb, form: Form, kind: Ask) -> Response[Any]:
    def do(s: Session_, ticket: Ticket) -> None:
        applying.refuse(s, ticket, kind, reason=form.text("reason"), application=form.whole("application"), by=page.me, at=page.at)

    return act(page, number, verb, form, do)
