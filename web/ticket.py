"""The page of a ticket (工单) and its printed sheet."""

from litestar import Controller, get
from litestar.params import FromPath
from litestar.response import Template
from sqlalchemy.orm.exc import StaleDataError

from hotline.db import Session
from hotline.errors import Conflict, Refusal
from tickets import access, drafts, timeline
from web import attachments
from web.deps import Answer
from web.form import Form
from web.moves import Tried, buttons, offered
from web.refusals import sentence_of, status_of
from web.shell import Page
from web.ticket_view import ticket_view


class Tickets(Controller):
    """Reading; what can be done to a ticket is in verbs.py."""

    path = "/tickets"

    @get("/{number:str}", sync_to_thread=True)
    def one(self, number: FromPath[str], page: Answer) -> Template:
        """Everything about it, and what this person may do next."""
        return ticket_page(page, number)

    @get("/{number:str}/print", sync_to_thread=True)
    def sheet(self, number: FromPath[str], page: Answer) -> Template:
        """On paper: departments still print them."""
        with Session() as s:
            return page.show("ticket_sheet.html", ticket=ticket_view(s, access.find(s, number, page.me), page.me, page.at))


def ticket_page(page: Page, number: str, tried: Tried | None = None, revealed: tuple[str, str] | None = None, status: int = 200) -> Template:
    """The page; tried: a move that was just refused, whose form stays open with what was typed."""
    with Session() as s:
        ticket = access.find(s, number, page.me)
        view = ticket_view(s, ticket, page.me, page.at)
        given = offered(s, ticket, view, page.me, page.at)
        since = timeline.since(s, ticket, tried.seen, but=page.me) if tried and tried.seen else []
        left = drafts.under(s, f"ticket:{number}", by=page.me, at=page.at)
        shown = buttons(view, tried, left)
        waiting = attachments.waiting(s, page, *(button.typed for button in shown))
    return page.show("ticket.html", status=status, ticket=view, buttons=shown, waiting=waiting, tried=tried, since=since, revealed=revealed, **given)


def tried_page(page: Page, number: str, verb: str, form: Form, no: Refusal | StaleDataError) -> Template:
    """The page after a refusal: the sentence, and everything that was typed."""
    seen = form.whole("version") if isinstance(no, Conflict | StaleDataError) else None
    tried = Tried(verb, form, sentence_of(no), getattr(no, "field", None), seen)
    return ticket_page(page, number, tried, status=status_of(no))


__all__ = ["Tickets", "ticket_page", "tried_page"]
