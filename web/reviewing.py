"""审核台: the department's answer beside what was asked."""

from litestar import Controller, get
from litestar.params import FromQuery
from litestar.response import Template
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from hotline.db import Session
from hotline.roles import Role
from tickets import attaching, desks
from tickets.resolving import EVERY_RESULT
from tickets.ticket import Leg
from web.deps import Answer
from web.rows import ticket_row


class Reviewing(Controller):
    """审核."""

    path = "/review"

    @get("/", sync_to_thread=True)
    def queue(self, page: Answer, after: FromQuery[str | None] = None) -> Template:
        """Answers waiting for review, by deadline, with what they answer."""
        page.only(Role.REVIEWER)
        with Session() as s:
            found = desks.to_review(s, page.me, after=after)
            ids = [ticket.id for ticket in found.rows]
            legs = s.scalars(select(Leg).where(Leg.ticket_id.in_(ids), Leg.lead, Leg.ended_at.is_(None)).options(joinedload(Leg.department)))
            shown = attaching.of_tickets(s, ids)
            by_ticket = {leg.ticket_id: leg for leg in legs}
            answers = [
                (ticket_row(ticket, page.at), ticket, leg, EVERY_RESULT.get(leg.result or "", ""), [one for one in shown if one.ticket_id == ticket.id])
                for ticket in found.rows
                if (leg := by_ticket.get(ticket.id))
            ]
            return page.show("review.html", answers=answers, after=found.after)
