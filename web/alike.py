"""相似工单: what may be the same matter, both texts side by side, to be merged 并单 or left apart."""

from dataclasses import dataclass

from litestar import Controller, get
from litestar.response import Template

from hotline.db import Session
from hotline.people import Person
from hotline.roles import Role
from tickets import access, likeness
from tickets.lifecycle import Verb
from tickets.likeness import Alike
from tickets.merging import TAKES
from tickets.ticket import Ticket
from web.deps import Answer
from web.verbs import Number

PAST = 5
MAY_LOOK = (Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR)


@dataclass(frozen=True)
class Pair:
    """The other ticket, what speaks for it, and who may be merged into whom: the later into the earlier, where both allow it.

    words: what this text and the other have in common, each as it stands there.
    """

    alike: Alike
    words: tuple[str, ...]
    later: Ticket | None
    earlier: Ticket | None


class AlikeTickets(Controller):
    """相似工单."""

    path = "/tickets/{number:str}/alike"

    @get("/", sync_to_thread=True)
    def look(self, number: Number, page: Answer) -> Template:
        """The ticket beside each of those that are like it."""
        page.only(*MAY_LOOK)
        with Session() as s:
            ticket = access.find(s, number, page.me)
            found = likeness.near_duplicates(s, ticket, by=page.me)
            pairs = [_pair(ticket, access.find(s, one.ticket.number, page.me), one, page.me) for one in found]
            past = likeness.past(s, ticket.body, by=page.me, limit=PAST, but=ticket.id)
        shown = {one.ticket.id for one in found}
        return page.show("alike.html", ticket=ticket, pairs=pairs, window=likeness.DAYS, past=[(one, share) for one, share in past if one.id not in shown])


def _pair(ticket: Ticket, other: Ticket, alike: Alike, me: Person) -> Pair:
    earlier, later = sorted((ticket, other), key=lambda one: one.id)
    if _may_merge(later, earlier, me):
        into: tuple[Ticket | None, Ticket | None] = (later, earlier)
    else:
        into = (earlier, later) if _may_merge(earlier, later, me) else (None, None)
    return Pair(alike, likeness.shared(other.body, ticket.body), *into)


def _may_merge(one: Ticket, into: Ticket, me: Person) -> bool:
    return into.state in TAKES and any(move.verb is Verb.MERGE for move in access.moves_for(one, me))
