"""受理登记: what is told instead of a ticket, from the form of filing or by itself; the list of it, and the numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from sqlalchemy.orm import Session as Session_

from hotline.clock import local
from hotline.db import Session
from hotline.errors import Refusal, Refused
from hotline.privacy import masked_phone
from hotline.roles import Role
from tickets import access, calling_again, calls, reception
from tickets.calling_again import Known
from tickets.lifecycle import Verb
from tickets.reception import RESULTS, Reception
from web import attachments
from web.choices import Choice, Group
from web.deps import Answer, Typed
from web.form import NOTHING, Form
from web.refusals import sentence_of, status_of
from web.shell import Page

NUMBERED = {"ticket": "登记工单", "direct": "其中直办办结"}


@dataclass(frozen=True)
class KnownView:
    """A ticket of this caller, to be urged, or read back."""

    number: str
    title: str
    state: str
    open: bool
    when: datetime
    department: str
    reply: str


class Receptions(Controller):
    """受理登记."""

    path = "/receptions"

    @get("/", sync_to_thread=True)
    def listed(self, page: Answer, result: FromQuery[str] = "", after: FromQuery[int | None] = None) -> Template:
        """Today's numbers, the latest contacts, and a form for one more."""
        return receptions_page(page, result=result, after=after)

    @post("/", sync_to_thread=True)
    def keep(self, form: Typed, page: Answer) -> Response[Any]:
        """登记受理结果 without a call."""
        try:
            with Session.begin() as s:
                kept = _received(s, page, form, None)
                number = kept.number
        except Refusal as no:
            return receptions_page(page, typed=form, no=no)
        return page.go("/receptions", "reception", number)

    @get("/{number:str}", sync_to_thread=True)
    def one(self, number: FromPath[str], page: Answer) -> Template:
        """One contact."""
        with Session() as s:
            kept = reception.find(s, number, page.me)
            return page.show("reception.html", row=_row(kept), say=RESULTS[kept.result].say)


class Callers(Controller):
    """诉求人 who have called before."""

    path = "/callers"

    @post("/", sync_to_thread=True)
    def known(self, form: Typed, page: Answer) -> Template:
        """The caller's earlier tickets, for htmx."""
        page.only(Role.OPERATOR, Role.DISPATCHER)
        with Session() as s:
            found = known(s, page, form.text("phone"))
        return page.part("known.html", known=found)


def known(s: Session_, page: Page, phone: str | None) -> list[KnownView]:
    """The caller's tickets that this person may see."""
    return [_known(one) for one in calling_again.tickets_of(s, phone, by=page.me)]


def outcomes() -> list[Group]:
    """The results that are no ticket, each with each channel, as one select offers them."""
    groups: dict[str, list[Choice]] = {}
    for code, result in RESULTS.items():
        if not result.ticket:
            named = {channel: f"{result.label.split('，')[0]}：{name}" for channel, name in result.channels.items()}
            if len(named) < 2:
                named = {"": result.label}
            groups.setdefault(result.group, []).extend(Choice(f"{code}:{channel}", label) for channel, label in named.items())
    return [Group(name, tuple(choices)) for name, choices in groups.items()]


def instead(s: Session_, page: Page, form: Form, call_id: int | None) -> Redirect | None:
    """What was asked for on the form of filing instead of a new ticket, done: 催办, 重复件, or another result. None: a ticket is wanted."""
    asked = form.text("urge") or form.text("repeat")
    if not asked and form.text("then") != "receive":
        return None
    call = calls.find(s, call_id, by=page.me, lock=True) if call_id is not None else None
    if not asked:
        return page.go("/receptions", "reception", _received(s, page, form, call).number)
    ticket = access.find(s, asked, page.me, lock=True)
    if form.text("urge"):
        attachments.bring(s, page, form, ticket)
        calling_again.urge(s, ticket, said=form.text("body"), phone=form.text("phone"), call=call, by=page.me, at=page.at)
        return page.go(f"/tickets/{ticket.number}", Verb.URGE, ticket.number)
    calling_again.kept(s, "repeat", ticket=ticket, note=form.text("body")[:500], phone=form.text("phone"), call=call, by=page.me, at=page.at)
    return page.go(f"/tickets/{ticket.number}", "reception", ticket.number)


def receptions_page(page: Page, *, result: str = "", after: int | None = None, typed: Form = NOTHING, no: Refusal | None = None) -> Template:
    """The list; no: why a contact was not kept."""
    start = local(page.at).replace(hour=0, minute=0, second=0, microsecond=0)
    with Session() as s:
        rows = reception.listed(s, page.me, result=result, after=after)
        counted = reception.numbers(s, since=start, until=start + timedelta(days=1))
    numbers = [(code, NUMBERED.get(code) or RESULTS[code].label, counted[code]) for code in (*NUMBERED, *RESULTS)]
    return page.show(
        "receptions.html", status=status_of(no) if no else 200, rows=[_row(kept) for kept in rows], after=rows[-1].id if len(rows) == reception.PAGE else None,
        numbers=numbers, result=result, outcomes=outcomes(), typed=typed, may_receive=page.me.has(Role.OPERATOR, Role.DISPATCHER),
        no=sentence_of(no) if no else "", field=getattr(no, "field", None),
    )  # fmt: skip


def _received(s: Session_, page: Page, form: Form, call: Any) -> Reception:
    result, _, channel = form.text("outcome").partition(":")
    if not result:
        raise Refused("请选择受理结果。", field="outcome")
    note = form.text("reception_note") or form.text("body")[:500]
    return calling_again.kept(s, result, channel=channel, note=note, phone=form.text("phone"), call=call, by=page.me, at=page.at)


def _known(one: Known) -> KnownView:
    ticket = one.ticket
    return KnownView(ticket.number, ticket.title, ticket.state.label, one.open, ticket.received_at, ticket.lead.short if ticket.lead else "", one.reply)


def _row(kept: Reception) -> Mapping[str, Any]:
    return {
        "id": kept.id, "number": kept.number, "label": kept.label, "note": kept.note, "phone": masked_phone(kept.phone), "at": kept.at, "by": kept.by.name,
        "ticket": kept.ticket.number if kept.ticket else "", "call": kept.call_id,
    }  # fmt: skip
