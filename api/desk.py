"""待批申请, 批示件, 再次告知 and 剔除公示: the lists, fifty at a time."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from litestar import Controller
from litestar.params import FromQuery
from sqlalchemy.orm import Session as Session_

from api.deps import Me
from api.routes import get
from api.shapes import moments, ticket_line
from hotline.db import Session
from hotline.errors import Forbidden
from hotline.roles import Role
from tickets import requests_desk
from tickets.beside import told
from tickets.desks import Page


@dataclass
class Listing:
    """One page; ask for the next with `after`."""

    rows: list[dict[str, Any]]
    after: str | None


class Desk(Controller):
    """Lists beside the queues."""

    path = "/"
    tags = ["申请与审批"]

    @get("/requests", summary="待批申请")
    def waiting(self, me: Me, after: FromQuery[int | None] = None) -> Listing:
        """What you may judge now, the longest waiting first."""
        return _listed(
            lambda s: requests_desk.to_judge(s, me, after=after), lambda row: {"request": asdict(row.request), "ticket": asdict(ticket_line(row.ticket))}
        )

    @get("/exclusions", summary="剔除公示")
    def excluded(self, me: Me, after: FromQuery[int | None] = None) -> Listing:
        """What was excluded from scoring, why, and who approved it: open to everybody inside."""
        return _listed(lambda s: requests_desk.excluded(s, me, after=after), asdict)

    @get("/instructions", summary="批示件")
    def instructed(self, me: Me, after: FromQuery[int | None] = None) -> Listing:
        """Tickets with a leader's instruction, for supervisors."""
        if not me.has(Role.SUPERVISOR):
            raise Forbidden("批示件由督办员查看。")

        def row(found: Any) -> dict[str, Any]:
            ticket, written = found
            last = {"leader": written.leader, "text": written.text, "dated": written.dated.isoformat()} if written else None
            return {"ticket": asdict(ticket_line(ticket)), "instruction": last}

        return _listed(lambda s: requests_desk.instructed(s, me, after=after), row)

    @get("/notice-violations", summary="再次告知")
    def violations(self, me: Me, after: FromQuery[int | None] = None) -> Listing:
        """Units that did not list everything at once, for supervisors."""
        if not me.has(Role.SUPERVISOR):
            raise Forbidden("再次告知由督办员查看。")
        return _listed(
            lambda s: requests_desk.violations(s, me, after=after), lambda row: {"ticket": asdict(ticket_line(row[0])), "notice": asdict(told(row[1]))}
        )


def _listed(read: Callable[[Session_], Page[Any]], row: Callable[[Any], dict[str, Any]]) -> Listing:
    with Session() as s:
        page = read(s)
        return Listing([moments(row(one)) for one in page.rows], page.after)
