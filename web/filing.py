"""登记: the form that makes a ticket, prefilled from what the classifier says, and what becomes of it when it is sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Controller, Response, get, post
from litestar.response import Template
from sqlalchemy.orm import Session as Session_
from sqlalchemy.orm.exc import StaleDataError

from hotline.clock import local
from hotline.db import Session
from hotline.errors import Refusal, Refused
from hotline.privacy import masked_phone
from hotline.roles import Role
from tickets import access, attaching, calls, dispatching, drafts, revisiting
from tickets import filing as tickets_filing
from tickets import live as live_calls
from tickets.attachment import Upload
from tickets.catalogue import responsible
from tickets.filing import BURDEN, CHANNELS, CONFIDENTIALITY, Matter, clean
from tickets.lifecycle import Verb
from tickets.suggesting import Advice, advise
from tickets.ticket import KIND_LABELS, Kind, Ticket
from tickets.tracks import OBSTACLES, SHOULD
from web import attachments, choices, reception
from web.deps import Answer, Typed
from web.form import NOTHING, Form
from web.knowledge import ArticleView, cited, offered
from web.reception import KnownView
from web.refusals import sentence_of, status_of
from web.shell import Page

WITHOUT_A_CALL = {channel: name for channel, name in CHANNELS.items() if channel in ("window", "letter", "phone")}


@dataclass(frozen=True)
class FilingForm:
    """What the form shows: the values to begin with, what its selects offer, and the advice beside it.

    caller: the number that called, masked; it is what is filed where no other is typed.
    """

    values: dict[str, Any]
    advice: Advice | None
    articles: list[ArticleView]
    kinds: dict[str, str]
    channels: dict[str, str]
    confidentialities: dict[str, str]
    burdens: dict[str, str]
    shoulds: dict[str, str]
    obstacles: dict[str, str]
    areas: list[choices.Group]
    departments: list[choices.Group]
    caller: str
    known: list[KnownView]
    outcomes: list[choices.Group]
    satisfied: dict[int, str]
    place: str
    left: datetime | None
    back: str
    waiting: dict[str, Upload]


class Filing(Controller):
    """Filing without a call, and the advice that follows the text."""

    path = "/"
    request_max_body_size = attachments.LARGEST_FORM

    @get("/new", sync_to_thread=True)
    def blank(self, page: Answer) -> Template:
        """An empty form: the window, a letter, a call without a recording."""
        return new_page(page)

    @post("/new", sync_to_thread=True)
    def file(self, form: Typed, page: Answer) -> Response[Any]:
        """登记."""
        return file(page, form, call=None, again=lambda no: new_page(page, typed=form, no=no))

    @post("/suggestion", sync_to_thread=True)
    def suggest(self, form: Typed, page: Answer) -> Template:
        """派单建议 for the text as it stands, for htmx."""
        page.only(Role.OPERATOR, Role.DISPATCHER)
        with Session() as s:
            advice = _advice(s, page, form.text("body"), form.text("area"))
            articles = offered(s, advice, form.text("body"))
        return page.part("suggestion.html", advice=advice, chosen=form.text("suggested"), body=form.text("body"), articles=articles)


def new_page(page: Page, typed: Form | None = None, no: Refusal | StaleDataError | None = None) -> Template:
    """The empty form, or the same again with what was typed and why it was refused."""
    page.only(Role.OPERATOR, Role.DISPATCHER)
    with Session() as s:
        shown = form(s, page, typed=typed, channel="window", place="new")
    said = {"no": sentence_of(no) if no else "", "field": getattr(no, "field", None)}
    return page.show("new_ticket.html", status=status_of(no) if no else 200, form=shown, **said)


def form(
    s: Session_, page: Page, *, body: str = "", caller: str | None = None, channel: str = "phone", typed: Form | None = None,
    proposed: Mapping[str, str] | None = None, place: str = "",
) -> FilingForm:  # fmt: skip
    """The form for this text; what was typed before goes before what would be suggested. proposed: fields that were read out of a call.

    place: where it is kept while it is not sent (暂存).
    """
    left = drafts.load(s, place, by=page.me, at=page.at) if place and typed is None else None
    typed = Form(left.fields) if left else typed
    text = typed.text("body") if typed else body
    advice = _advice(s, page, text, typed.text("area") if typed else "")
    values = _typed(typed) if typed else {**(proposed or {}), **_fresh(advice, body, channel)}
    return FilingForm(
        values=values,
        advice=advice,
        articles=offered(s, advice, text),
        kinds={kind.value: name for kind, name in KIND_LABELS.items() if kind is not Kind.BAD_RATING},
        shoulds=SHOULD,
        obstacles=OBSTACLES,
        channels=WITHOUT_A_CALL,
        confidentialities=CONFIDENTIALITY,
        burdens=BURDEN,
        areas=choices.areas(s, values["area"]),
        departments=[],
        caller=masked_phone(caller),
        known=reception.known(s, page, (typed.text("phone") if typed else "") or caller),
        outcomes=reception.outcomes(),
        satisfied=revisiting.SATISFIED,
        place=place,
        left=left.at if left else None,
        waiting=attachments.waiting(s, page, typed) if typed else {},
        back=f"/calls/{place.removeprefix('call:')}" if place.startswith("call:") else "/new",
    )


def file(
    page: Page, form: Form, *, call: int | None, again: Callable[[Refusal | StaleDataError | None], Response[Any]], live: int | None = None
) -> Response[Any]:  # fmt: skip
    """Files what was typed, and does at once what was asked for: leave it to the dispatcher, dispatch it, or answer on the spot.

    call, live: the call, or the live call, that it is about.
    """
    page.only(Role.OPERATOR, Role.DISPATCHER)
    then = form.text("then")
    try:
        attachments.take(page, form)
        if then == "suggest":  # without JavaScript: the same form again, with advice for the text as it now is
            return again(None)
        with Session.begin() as s:
            drafts.drop(s, form.text("place"), by=page.me)
            if done := reception.instead(s, page, form, call):
                return done
            ticket = _file(s, page, form, call, live)
            _attach(s, page, form, ticket)
            THEN.get(then, _leave)(s, page, form, ticket)
            number = ticket.number
    except (Refusal, StaleDataError) as no:
        return again(no)
    return page.go(f"/tickets/{number}", {"dispatch": Verb.DISPATCH, "answer": Verb.ANSWER}.get(then, "file"), number)


def _file(s: Session_, page: Page, form: Form, call_id: int | None, live_id: int | None) -> Ticket:
    call = calls.find(s, call_id, by=page.me, lock=True) if call_id is not None else None
    if live_id is not None:
        call = live_calls.find(s, live_id, lock=True)
    area = choices.area_code(s, form.text("area"))
    matter = Matter(
        body=form.text("body"),
        kind=form.text("kind"),
        title=form.text("title"),
        wants=form.text("wants"),
        item=choices.item_code(s, form.text("item")) or form.text("suggested") or None,
        area=area,
        address=form.text("address"),
        caller_name=form.text("caller_name"),
        phone=form.text("phone") or (call.phone or "" if call else ""),
        confidentiality=form.text("confidentiality") or "open",
        channel=call.channel if call else form.text("channel") or "window",
        origin=form.text("recheck") or form.text("origin") or None,
        **_special(form),
    )
    if not matter.kind:
        raise Refused("请选择诉求类型。", field="kind")
    advice = advise(s, page.request.app.state.classifier, clean(matter.body, "body"), at=page.at, area=area)
    ticket = tickets_filing.file(s, matter, by=page.me, at=page.at, received_at=call.received_at if call else None, advice=advice)
    if call:
        live_calls.link(s, call, ticket) if live_id is not None else calls.link(call, ticket)
    return ticket


def _attach(s: Session_, page: Page, form: Form, ticket: Ticket) -> None:
    if form.wholes("uploads"):
        filed = access.find(s, ticket.number, page.me)
        attachments.bring(s, page, form, filed)
        attaching.attach(s, filed, by=page.me, at=page.at)


def _special(form: Form) -> dict[str, Any]:
    """The fields that only some kinds have; what was typed for another kind before it was changed is left."""
    return {name: read(form) for name, read in SPECIAL.get(form.text("kind"), {}).items()}


def _leave(s: Session_, page: Page, form: Form, ticket: Ticket) -> None:
    """Where the classifier is sure it is dispatched moments later; otherwise it waits for a dispatcher."""


def _dispatch(s: Session_, page: Page, form: Form, ticket: Ticket) -> None:
    if ticket.item_code is None:
        raise Refused("派单前请先选定事项。", field="item")
    row = responsible(s, item=ticket.item_code, area=ticket.area_code, on=local(page.at).date())
    department = choices.unit_code(s, form.text("department")) or (row.lead if row else "")
    if not department:
        raise Refused("责任清单没有写明由谁承办，请选择承办单位。", field="department")
    same = row is not None and row.lead == department
    dispatching.dispatch(
        s, access.find(s, ticket.number, page.me), department=department, co_handlers=row.co_handlers if row and same else (),
        basis=row.basis if row and same else "", by=page.me, at=page.at,
    )  # fmt: skip


def _answer(s: Session_, page: Page, form: Form, ticket: Ticket) -> None:
    article, version = cited(form)
    revisiting.answer(
        s, access.find(s, ticket.number, page.me), reply=form.text("reply"), article=article, version=version, satisfied=form.whole("satisfied"), by=page.me,
        at=page.at,
    )  # fmt: skip


_WINDOW: dict[str, Callable[[Form], Any]] = {"window": lambda form: form.text("window")}
_APPLIED = {**_WINDOW, "application": lambda form: form.text("application")}
SPECIAL: dict[str, dict[str, Callable[[Form], Any]]] = {
    Kind.STUCK: {
        **_APPLIED,
        "burden": lambda form: {name: form.text(name) for name in BURDEN},
        "should": lambda form: form.text("should") or None,
        "obstacle": lambda form: form.text("obstacle") or None,
    },
    Kind.FAULT: {**_WINDOW, "concerns_name": lambda form: form.text("concerns_name")},
    Kind.PROMISE: _APPLIED,
    Kind.AGENCY: _APPLIED,
}
FIELDS = ("body", "kind", "title", "wants", "area", "address", "caller_name", "phone", "confidentiality", "channel", *BURDEN,
          "suggested", "item", "department", "reply", "window", "application", "should", "obstacle", "concerns_name", "origin", "article", "satisfied",
          "outcome", "reception_note")  # fmt: skip
LIKELY = 0.6  # a suggestion above this is chosen beforehand; the operator sees it and may choose otherwise
THEN: dict[str, Callable[[Session_, Page, Form, Ticket], None]] = {"dispatch": _dispatch, "answer": _answer}


def _advice(s: Session_, page: Page, text: str, area: str) -> Advice | None:
    text = clean(text, "body") if len(text) <= tickets_filing.LONGEST["body"] else ""
    return advise(s, page.request.app.state.classifier, text, at=page.at, area=_area(s, area), by=page.me) if text else None


def _area(s: Session_, typed: str) -> str | None:
    """The area that was typed, None while it is none yet: advice is given all the same."""
    try:
        return choices.area_code(s, typed)
    except Refused:
        return None


def _fresh(advice: Advice | None, body: str, channel: str) -> dict[str, Any]:
    first = advice.suggestions[0] if advice and advice.suggestions and not advice.alarms and not advice.unknown else None
    return {
        "body": body, "channel": channel, "confidentiality": "open",
        "kind": advice.kind if advice else "",
        "area": advice.area or "" if advice else "",
        "suggested": first.item if first and first.confidence >= LIKELY else "",
    }  # fmt: skip


def _typed(typed: Form) -> dict[str, Any]:
    return {name: typed.text(name) for name in FIELDS}


__all__ = ["NOTHING", "Filing", "FilingForm", "Form", "file", "form"]
