"""/routing, /hotspots and /tickets/…/alike: how good routing is, what many say at once, and what may be the same matter."""

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from litestar import Controller, Request
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery

from api.deps import At, Me
from api.routes import get
from api.shapes import TicketLine, iso, ticket_line
from hotline.clock import local
from hotline.db import Session
from hotline.errors import Forbidden, Refused
from hotline.people import Person
from hotline.roles import Role
from routing import store
from tickets import access, accuracy, hotspots, likeness
from tickets.accuracy import Share


@dataclass
class ClusterOut:
    """热点. callers: different telephone numbers; unnamed: tickets without one; latest: the number of its latest ticket."""

    id: int
    callers: int
    unnamed: int
    tickets: int
    first_at: str | None
    last_at: str | None
    latest: str
    title: str
    item: str | None
    area: str | None


@dataclass
class SurgeOut:
    """突增. area: district, None for the whole city; before: the same weekday of the four weeks before, the latest first."""

    item: str
    item_name: str
    area: str | None
    area_name: str
    tickets: int
    before: list[int]
    chance: float


@dataclass
class HotSpotsOut:
    """day: the day of the surges; days: of the window of the clusters."""

    day: str
    days: int
    surges: list[SurgeOut]
    clusters: list[ClusterOut]


@dataclass
class AlikeOut:
    """相似工单. likeness: of the texts, 0 to 1; hours: how much later it was filed; words: what both say."""

    number: str
    title: str
    body: str
    state: str
    likeness: float
    hours: float
    same_item: bool
    same_place: bool
    same_caller: bool
    words: list[str]


class Routing(Controller):
    """派单质量, 热点, 相似工单."""

    path = "/"
    tags = ["派单质量与热点"]

    @get("/routing/accuracy", summary="派单质量：正确率、自动派单率、校准、漂移、最费时的混淆")
    def accuracy(self, request: Request[Person, Any, State], me: Me, at: At, days: FromQuery[int] = accuracy.DAYS) -> dict[str, Any]:
        """Every share as num, den, percent (cut to two decimals) and few (of less than ten)."""
        _only(me, Role.SUPERVISOR, Role.ADMIN)
        if not 1 <= days <= 366:
            raise Refused("days 应在 1 到 366 之间。", field="days")
        champion = store.shelf(Path(request.app.state.settings.models) / "routing").champion
        with Session() as s:
            found = accuracy.quality(s, at=at, days=days, trained=champion.report.get("distribution") if champion else None)
        return {"model": champion.version if champion else None} | _plain(asdict(found))

    @get("/hotspots", summary="热点：多人反映的同一件事，和当日突增的事项")
    def hotspots(self, me: Me, at: At, day: FromQuery[str] = "") -> HotSpotsOut:
        """Clusters of the last two weeks by distinct callers; surges against the same weekday of the four weeks before."""
        _only(me, Role.SUPERVISOR)
        asked = _day(day) or local(at).date()
        with Session() as s:
            return HotSpotsOut(
                day=asked.isoformat(),
                days=hotspots.DAYS,
                surges=[SurgeOut(**asdict(one) | {"before": list(one.before)}) for one in hotspots.surges(s, me, day=asked)],
                clusters=[_cluster(one) for one in hotspots.clusters(s, me, at=at)],
            )

    @get("/hotspots/{cluster:int}/tickets", summary="同一热点的工单")
    def tickets(self, cluster: FromPath[int], me: Me, at: At) -> list[TicketLine]:
        """The latest first."""
        _only(me, Role.SUPERVISOR)
        with Session() as s:
            return [ticket_line(ticket) for ticket in hotspots.in_cluster(s, me, cluster, at=at)]

    @get("/hotspots/tickets", summary="某日某事项（某区划）的工单")
    def of_day(self, me: Me, at: At, item: FromQuery[str], day: FromQuery[str] = "", area: FromQuery[str] = "") -> list[TicketLine]:
        """The latest first."""
        _only(me, Role.SUPERVISOR)
        with Session() as s:
            return [ticket_line(ticket) for ticket in hotspots.of_day(s, me, day=_day(day) or local(at).date(), item=item, area=area or None)]

    @get("/tickets/{number:str}/alike", summary="可能是同一件事的工单")
    def alike(self, number: FromPath[str], me: Me) -> list[AlikeOut]:
        """Within two weeks, among those that you may see; merge them with POST /tickets/{number}/merge."""
        with Session() as s:
            ticket = access.find(s, number, me)
            return [
                AlikeOut(
                    one.ticket.number, one.ticket.title, one.ticket.body, one.ticket.state.value, round(one.likeness, 4), round(one.hours, 2), one.same_item,
                    one.same_place, one.same_caller, list(one.words),
                )
                for one in likeness.near_duplicates(s, ticket, by=me)
            ]  # fmt: skip


def _only(me: Person, *posts: Role) -> None:
    if not me.has(*posts):
        raise Forbidden(f"这项数据由{'、'.join(post.label for post in posts)}使用。")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused("日期应写作 2026-11-20。", field="day") from None


def _cluster(one: hotspots.Cluster) -> ClusterOut:
    latest = one.latest
    return ClusterOut(
        one.id, one.callers, one.unnamed, one.tickets, iso(one.first_at), iso(one.last_at), latest.number, latest.title, latest.item_code, latest.area_code
    )


def _plain(value: Any) -> Any:
    """As JSON: shares with their percentage, moments in Shanghai."""
    if isinstance(value, dict):
        if value.keys() == {"num", "den"}:
            share = Share(**value)
            return value | {"percent": share.percent, "few": share.few}
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, date) and not hasattr(value, "hour"):
        return value.isoformat()
    return iso(value) if hasattr(value, "hour") else round(value, 4) if isinstance(value, float) else value
