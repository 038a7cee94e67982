"""热点: what many callers say at once, and what suddenly comes oftener than on such a day, each number with its tickets behind it."""

from datetime import date, datetime, timedelta

from litestar import Controller, get
from litestar.params import FromQuery
from litestar.response import Template

from hotline.clock import local
from hotline.db import Session
from hotline.errors import Refused
from hotline.roles import Role
from tickets import hotspots
from web.deps import Answer
from web.rows import ticket_row


class HotSpots(Controller):
    """热点."""

    path = "/hotspots"

    @get("/", sync_to_thread=True)
    def look(self, page: Answer, day: FromQuery[str] = "") -> Template:
        """Both lists: clusters of the window, and the surges of a day."""
        page.only(Role.SUPERVISOR)
        asked = day_of(day, page.at)
        with Session() as s:
            clusters, surges = hotspots.clusters(s, page.me, at=page.at), hotspots.surges(s, page.me, day=asked)
        today = local(page.at).date()
        return page.show(
            "hotspots.html", clusters=clusters, surges=surges, day=asked, window=hotspots.DAYS, is_today=asked == today, before=asked - timedelta(days=1),
            next_=asked + timedelta(days=1) if asked < today else None, compared=list(hotspots.days_before(asked)),
        )  # fmt: skip

    @get("/tickets", sync_to_thread=True)
    def tickets(
        self, page: Answer, cluster: FromQuery[int | None] = None, item: FromQuery[str] = "", area: FromQuery[str] = "", day: FromQuery[str] = ""
    ) -> Template:
        """The tickets behind a number: of a cluster, or of an item on a day."""
        page.only(Role.SUPERVISOR)
        asked = day_of(day, page.at)
        with Session() as s:
            if cluster is not None:
                found = hotspots.in_cluster(s, page.me, cluster, at=page.at)
            else:
                found = hotspots.of_day(s, page.me, day=asked, item=item, area=area or None)
        return page.show("hotspot_tickets.html", rows=[ticket_row(ticket, page.at) for ticket in found], day=asked, is_cluster=cluster is not None)


def day_of(text: str, at: datetime) -> date:
    """The day that was asked for, today for none. Raises Refused."""
    if not text:
        return local(at).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("日期应写作“2026-11-20”。", field="day") from None
