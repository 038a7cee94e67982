"""热点: what many callers say at once, and what suddenly comes more often than on such a day (未诉先办).

Counts are kept day by day as tickets are filed, clusters as they are indexed (tickets.likeness): nothing here reads the tickets of years.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from scipy.special import betainc
from sqlalchemy import Select, String, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column

from hotline.clock import SHANGHAI, local
from hotline.db import Base
from hotline.people import Person
from tickets import access, likeness
from tickets.catalogue import Area, Item
from tickets.likeness import Likeness
from tickets.ticket import Ticket

DAYS = 14
WEEKS = 4
"""Weeks before, whose same weekday a day is compared with: a Monday is no Sunday."""

LEAST = 5
"""Tickets of a day below which nothing is a surge, however still it was before."""

CHANCE = 0.001
"""A surge is what would come about by chance at most so often, if this day were like the ones before."""

DISTRICT = 6
"""Digits of a district's code; a street's begins with them."""

MOST = 50


class DailyCount(Base):
    """How many tickets were filed on one day (Shanghai) about one item in one area; '' stands for what was not known."""

    __tablename__ = "daily_count"

    day: Mapped[date] = mapped_column(primary_key=True)
    item_code: Mapped[str] = mapped_column(String(12), primary_key=True)
    area_code: Mapped[str] = mapped_column(String(12), primary_key=True)
    tickets: Mapped[int]


@dataclass(frozen=True)
class Cluster:
    """Tickets of the window that speak of one matter. callers: different phone numbers; unnamed: tickets without one, which may be anybody's."""

    id: int
    callers: int
    unnamed: int
    tickets: int
    first_at: datetime
    last_at: datetime
    latest: Ticket


@dataclass(frozen=True)
class Surge:
    """An item that comes more often today. area: district, None for the whole city; before: the same weekday of the weeks before, latest first.

    chance: that so many come about by themselves, if today is like the days before.
    """

    item: str
    item_name: str
    area: str | None
    area_name: str
    tickets: int
    before: tuple[int, ...]
    chance: float

    @property
    def usual(self) -> float:
        """The mean of the days before."""
        return sum(self.before) / len(self.before)


def follow(s: Session, ticket_id: int) -> None:
    """A ticket that was filed is put into the index and counted; one that a dispatcher put elsewhere counts there from now on."""
    ticket = s.get_one(Ticket, ticket_id)
    row, new = likeness.index(s, ticket)
    here = (ticket.item_code, ticket.area_code)
    if new:
        _count(s, row, 1)
    elif (row.item_code, row.area_code) != here:
        _count(s, row, -1)
        row.item_code, row.area_code = here
        _count(s, row, 1)


def catch_up(s: Session, *, after: int, limit: int = 200) -> int | None:
    """Follows tickets that were filed before there was an index, from the one after `after` on. Returns the last id, None at the end."""
    found = s.scalars(select(Ticket.id).where(Ticket.id > after).order_by(Ticket.id).limit(limit)).all()
    for ticket_id in found:
        follow(s, ticket_id)
    return found[-1] if found else None


def _count(s: Session, row: Likeness, more: int) -> None:
    key = {"day": local(row.at).date(), "item_code": row.item_code or "", "area_code": row.area_code or ""}
    made = insert(DailyCount).values(**key, tickets=more)
    s.execute(made.on_conflict_do_update(index_elements=list(key), set_={"tickets": DailyCount.tickets + made.excluded.tickets}))


def clusters(s: Session, person: Person, *, at: datetime, days: int = DAYS, limit: int = MOST) -> list[Cluster]:
    """热点 of the last `days`: those with most different callers first, then those with most tickets."""
    callers, number = func.count(Likeness.phone_hash.distinct()).label("callers"), func.count().label("tickets")
    rows = s.execute(
        select(
            Likeness.cluster_id, callers, number, func.count().filter(Likeness.phone_hash.is_(None)).label("unnamed"), func.min(Likeness.at).label("first"),
            func.max(Likeness.at).label("last"), func.max(Likeness.ticket_id).label("latest"),
        )
        .where(Likeness.at > at - timedelta(days=days), Likeness.at <= at, Likeness.cluster_id.is_not(None))
        .where(Likeness.ticket_id.not_in(access.about(s, person)))
        .group_by(Likeness.cluster_id)
        .having(number > 1)
        .order_by(callers.desc(), number.desc(), Likeness.cluster_id.desc())
        .limit(limit)
    ).all()  # fmt: skip
    latest = {ticket.id: ticket for ticket in s.scalars(_listed(access.visible_to(person).where(Ticket.id.in_([row.latest for row in rows]))))}
    return [
        Cluster(row.cluster_id, row.callers, row.unnamed, row.tickets, row.first, row.last, latest[row.latest]) for row in rows if row.latest in latest
    ]


def surges(s: Session, person: Person, *, day: date) -> list[Surge]:
    """未诉先办: items of a day that come oftener than chance allows against the same weekday of the WEEKS before; the least likely first.

    Each item in each district, and in the whole city. A day that is not over is compared with whole days: what is a surge already stays one.
    Tickets about this person are not counted for them.
    """
    days = [day, *days_before(day)]
    hidden = _hidden(s, person)
    found = [(key, counts) for level in (DISTRICT, 0) for key, counts in _counted(s, days, level, hidden).items()]
    sure = [(key, counts, _by_chance(counts)) for key, counts in found if counts[0] >= LEAST]
    kept = sorted((one for one in sure if one[2] <= CHANCE), key=lambda one: (one[2], -one[1][0], one[0][0], one[0][1] is None))[:MOST]
    items = _names(s, Item, [item for (item, _), _, _ in kept])
    areas = _names(s, Area, [area for (_, area), _, _ in kept if area])
    return [
        Surge(item, items.get(item, item), area, areas.get(area, area) if area else "全市", counts[0], tuple(counts[1:]), chance)
        for (item, area), counts, chance in kept
    ]


def in_cluster(s: Session, person: Person, cluster: int, *, at: datetime, days: int = DAYS) -> list[Ticket]:
    """The tickets of a cluster within the window, the latest first."""
    rows = select(Likeness.ticket_id).where(Likeness.cluster_id == cluster, Likeness.at > at - timedelta(days=days), Likeness.at <= at)
    return _tickets(s, person, rows)


def of_day(s: Session, person: Person, *, day: date, item: str, area: str | None) -> list[Ticket]:
    """The tickets that were counted for an item on that day, in a district or, with None, in the whole city; the latest first."""
    begins = datetime.combine(day, time.min, SHANGHAI)
    rows = select(Likeness.ticket_id).where(Likeness.at >= begins, Likeness.at < begins + timedelta(days=1), Likeness.item_code == item)
    return _tickets(s, person, rows.where(Likeness.area_code.startswith(area)) if area else rows)


def _hidden(s: Session, person: Person) -> list[tuple[date, str, str]]:
    """Day, item and area under which each ticket about this person was counted."""
    found = select(Likeness.at, Likeness.item_code, Likeness.area_code).where(Likeness.ticket_id.in_(access.about(s, person)))
    return [(local(at).date(), item or "", area or "") for at, item, area in s.execute(found)]


def _counted(s: Session, days: Sequence[date], digits: int, hidden: Sequence[tuple[date, str, str]]) -> dict[tuple[str, str | None], list[int]]:
    """Tickets of each item and area on each of the days; digits: of the area's code, none for the whole city. hidden: what is taken off."""
    area = func.left(DailyCount.area_code, digits)
    rows = s.execute(
        select(DailyCount.day, DailyCount.item_code, area, func.sum(DailyCount.tickets))
        .where(DailyCount.day.in_(days), DailyCount.item_code != "")
        .group_by(DailyCount.day, DailyCount.item_code, area)
    )
    found: dict[tuple[str, str | None], list[int]] = {}
    for day, item, place, number in rows:
        if digits and (not place or place.endswith("00")):  # no district is known; the whole city counts it
            continue
        taken = sum((when, what, where[:digits]) == (day, item, place) for when, what, where in hidden)
        found.setdefault((item, place or None), [0] * len(days))[days.index(day)] = int(number) - taken
    return found


def _by_chance(counts: Sequence[int]) -> float:
    """Of all tickets of the five days, each falls on this one with a chance of a fifth: how likely are so many of them, or more?"""
    today, total = counts[0], sum(counts)
    return float(betainc(today, total - today + 1, 1 / len(counts)))


def _names(s: Session, of: type[Item] | type[Area], codes: Sequence[str]) -> dict[str, str]:
    return {code: name for code, name in s.execute(select(of.code, of.name).where(of.code.in_(codes)))}


def _tickets(s: Session, person: Person, ids: Select[Any]) -> list[Ticket]:
    return list(s.scalars(_listed(access.visible_to(person).where(Ticket.id.in_(ids)).order_by(Ticket.id.desc()).limit(200))))


def _listed(tickets: Select[Ticket]) -> Select[Ticket]:
    return tickets.options(joinedload(Ticket.item), joinedload(Ticket.area), joinedload(Ticket.lead))


def days_before(day: date) -> Iterator[date]:
    """The same weekday of the weeks before, the latest first."""
    return (day - timedelta(weeks=week) for week in range(1, WEEKS + 1))
