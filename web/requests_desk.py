"""待批申请, 批示件, 再次告知 and 剔除公示: pages of what waits for a judgement, and of what supervisors keep an eye on."""

from datetime import timedelta

from litestar import Controller, get
from litestar.params import FromQuery
from litestar.response import Template

from hotline.db import Session
from hotline.roles import Role
from tickets import requests_desk
from tickets.beside import told
from web.deps import Answer
from web.rows import ticket_row

MONTH = timedelta(days=30)


class RequestsDesk(Controller):
    """Judging, and what is public inside."""

    path = "/"

    @get("/requests", sync_to_thread=True)
    def waiting(self, page: Answer, after: FromQuery[int | None] = None) -> Template:
        """What this person may judge now, the longest waiting first."""
        page.only(Role.SUPERVISOR, Role.REVIEWER)
        with Session() as s:
            found = requests_desk.to_judge(s, page.me, after=after)
            rows = [(one.request, ticket_row(one.ticket, page.at)) for one in found.rows]
        return page.show("requests.html", tab="requests", rows=rows, after=found.after)

    @get("/instructions", sync_to_thread=True)
    def instructed(self, page: Answer, after: FromQuery[int | None] = None) -> Template:
        """批示件."""
        page.only(Role.SUPERVISOR)
        with Session() as s:
            found = requests_desk.instructed(s, page.me, after=after)
            rows = [(ticket_row(ticket, page.at), written) for ticket, written in found.rows]
        return page.show("instructions.html", tab="instructions", rows=rows, after=found.after)

    @get("/notice-violations", sync_to_thread=True)
    def violations(self, page: Answer, after: FromQuery[int | None] = None) -> Template:
        """再次告知, and how many there were in thirty days."""
        page.only(Role.SUPERVISOR)
        with Session() as s:
            found = requests_desk.violations(s, page.me, after=after)
            rows = [(ticket_row(ticket, page.at), told(notice)) for ticket, notice in found.rows]
            number = requests_desk.violations_count(s, page.me, since=page.at - MONTH)
            right, sent = requests_desk.dispatch_accuracy(s, since=page.at - MONTH, until=page.at)
        return page.show("violations.html", tab="violations", rows=rows, after=found.after, number=number, right=right, sent=sent)

    @get("/exclusions", sync_to_thread=True)
    def excluded(self, page: Answer, after: FromQuery[int | None] = None) -> Template:
        """剔除公示: everybody inside may read it; no word of a citizen's is in it."""
        with Session() as s:
            found = requests_desk.excluded(s, page.me, after=after)
        return page.show("exclusions.html", tab="exclusions", rows=found.rows, after=found.after)
