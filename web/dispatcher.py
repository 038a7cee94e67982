"""派单台: tickets that wait for a department, and returns that wait for a ruling."""

from dataclasses import dataclass

from litestar import Controller, get
from litestar.params import FromQuery
from litestar.response import Template
from sqlalchemy import select
from sqlalchemy.orm import Session as Session_
from sqlalchemy.orm import joinedload

from hotline.db import Session
from hotline.people import Department
from hotline.roles import Role
from tickets import desks
from tickets.returning import REASONS
from tickets.ticket import Leg
from web import choices
from web.deps import Answer
from web.rows import Row, leg_row, ticket_row


@dataclass(frozen=True)
class Waiting:
    """A ticket that waits for dispatch, with who should have it and why the classifier did not dispatch it by itself."""

    row: Row
    body: str
    reason: str
    returns: int
    proposal: choices.Proposal


@dataclass(frozen=True)
class Asking:
    """A return that a department asks for. chain: the units that have had the ticket in this round, in order, this one last."""

    row: Row
    leg: int
    department: str
    reason: str
    basis: str
    suggests: str
    chain: list[str]
    returns: int


class Dispatcher(Controller):
    """The two queues."""

    path = "/dispatch"

    @get("/", sync_to_thread=True)
    def queue(self, page: Answer, after: FromQuery[str | None] = None) -> Template:
        """待派单."""
        page.only(Role.DISPATCHER)
        with Session() as s:
            found = desks.to_dispatch(s, page.me, after=after)
            waiting = [
                Waiting(ticket_row(ticket, page.at), ticket.body, (ticket.suggestion or {}).get("reason", ""), ticket.returns, proposal)
                for ticket in found.rows
                for proposal in [choices.proposal(s, ticket, page.at)]
            ]
            named = choices.departments(s, *(one.proposal.department for one in waiting))
            return page.show("dispatch.html", waiting=waiting, after=found.after, departments=named, asked=len(desks.to_rule_on(s, page.me)))

    @get("/returns", sync_to_thread=True)
    def returns(self, page: Answer) -> Template:
        """退单待审."""
        page.only(Role.DISPATCHER)
        with Session() as s:
            asking = [_asking(s, leg, page) for leg in desks.to_rule_on(s, page.me)]
        return page.show("returns.html", asking=asking)


def _asking(s: Session_, leg: Leg, page: Answer) -> Asking:
    same = select(Leg).where(Leg.ticket_id == leg.ticket_id, Leg.round == leg.round, Leg.lead == leg.lead)
    legs = s.scalars(same.options(joinedload(Leg.department)).order_by(Leg.id))
    suggests = s.get(Department, leg.return_suggests) if leg.return_suggests else None
    return Asking(
        row=leg_row(leg, page.at),
        leg=leg.id,
        department=leg.department.name,
        reason=REASONS.get(leg.return_reason or "", ""),
        basis=leg.return_basis or "",
        suggests=suggests.name if suggests else "",
        chain=[each.department.short for each in legs if each.id <= leg.id],
        returns=leg.ticket.returns,
    )
