"""回访台: citizens to be asked, on a blind card: which unit answered is not shown until it is over."""

from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template
from sqlalchemy.orm import Session as Session_

from hotline.db import Session
from hotline.errors import Refused
from hotline.privacy import masked_name, masked_phone
from hotline.roles import Role
from tickets import access, desks, revisiting
from tickets.filing import BURDEN
from tickets.lifecycle import State, Verb
from tickets.revealing import hidden_from, reveal
from tickets.revisiting import MISSED, SATISFIED, SOLVED
from tickets.ticket import Kind, Ticket
from web.deps import Answer, Typed
from web.form import NOTHING, Form
from web.refusals import sentence_of, status_of
from web.rows import ticket_row
from web.shell import Page
from web.verbs import Number, act


class Revisiting(Controller):
    """回访."""

    path = "/revisits"

    @get("/", sync_to_thread=True)
    def queue(self, page: Answer, after: FromQuery[str | None] = None) -> Template:
        """Who is to be asked next."""
        page.only(Role.REVISITOR)
        with Session() as s:
            found = desks.to_revisit(s, page.me, after=after)
            rows = [(ticket_row(ticket, page.at), len([one for one in desks.revisits(s, ticket) if one.round == ticket.round])) for ticket in found.rows]
        return page.show("revisits.html", rows=rows, after=found.after)

    @get("/{number:str}", sync_to_thread=True)
    def card(self, number: FromPath[str], page: Answer) -> Template:
        """The blind card."""
        return card_page(page, number)

    @post("/{number:str}/caller", sync_to_thread=True)
    def reveal(self, number: FromPath[str], page: Answer) -> Template:
        """The number to dial; the look is kept."""
        page.only(Role.REVISITOR)
        with Session.begin() as s:
            caller = reveal(s, access.find(s, number, page.me), reason="回访", by=page.me, at=page.at)
        return card_page(page, number, caller=caller)


class Outcome(Controller):
    """What a revisit found out; posted from the card and from the ticket's page."""

    path = "/tickets/{number:str}/revisits"

    @post("/", sync_to_thread=True)
    def record(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """Closes the ticket, starts a new round, or notes that nobody answered: the answers decide which."""
        outcome = form.text("outcome")
        verb = Verb.CLOSE if outcome == "reached" else Verb.MISS_REVISIT

        def do(s: Session_, ticket: Ticket) -> object:
            if outcome != "reached":
                return revisiting.miss_revisit(s, ticket, outcome=outcome, by=page.me, at=page.at)
            return _reached(s, ticket, form, page)

        return act(page, number, verb, form, do, again=lambda page, number, verb, form, no: card_page(page, number, form=form, no=no))


def _reached(s: Session_, ticket: Ticket, form: Form, page: Page) -> object:
    if not form.text("contacted"):
        raise Refused("请选择承办单位是否联系过诉求人。", field="contacted")
    heard: dict[str, Any] = {
        "contacted": form.text("contacted") == "yes", "solved": form.text("solved"), "satisfied": form.whole("satisfied") or 0, "comment": form.text("comment"),
    }  # fmt: skip
    if revisiting.unsettled(heard["solved"], heard["satisfied"]) and heard["satisfied"]:
        return revisiting.redo(s, ticket, reason=form.text("reason"), by=page.me, at=page.at, **heard)
    burden = {name: form.text(name) for name in BURDEN}
    return revisiting.close(s, ticket, burden=burden, by=page.me, at=page.at, **heard)  # type: ignore[func-returns-value]


def card_page(page: Page, number: str, form: Form = NOTHING, no: Any = None, caller: tuple[str, str] | None = None) -> Template:
    """The card: the matter and the answer, no unit, no rating chosen beforehand. Once it is over, the way to the whole ticket."""
    page.only(Role.REVISITOR)
    with Session() as s:
        ticket = access.find(s, number, page.me)
        answers = [leg.reply for leg in ticket.legs if leg.lead and leg.round == ticket.round and leg.outcome == "resolved" and leg.reply]
        attempts = [one for one in desks.revisits(s, ticket) if one.round == ticket.round]
        masked = ("", "") if hidden_from(ticket, page.me) else (masked_name(ticket.caller_name), masked_phone(ticket.phone))
    return page.show(
        "revisit.html", status=status_of(no) if no else 200, ticket=ticket_row(ticket, page.at), body=ticket.body, wants=ticket.wants,
        open=ticket.state is State.REVISITING, own=ticket.filed_by_id == page.me.id, answer=answers[-1] if answers else "", attempts=attempts,
        masked=masked, caller=caller, typed=form, no=sentence_of(no) if no else "", field=getattr(no, "field", None),
        missed=MISSED, solved=SOLVED, satisfied=SATISFIED,
        burden=[(name, question, ticket.burden.get(name)) for name, question in BURDEN.items()] if ticket.kind is Kind.STUCK else [],
    )  # fmt: skip


