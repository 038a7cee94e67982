"""相似工单: what else was said of the same matter. An index of rare pairs of characters and syllables (routing.likeness), kept as tickets are filed.

Nothing is ever compared all with all: a ticket's keys find at most NEWEST others each, whatever there is, and only the best of those are read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, String, cast, func, insert, select, true, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column

from hotline.db import Base
from hotline.people import Person
from hotline.privacy import fingerprint
from routing import likeness
from routing.likeness import Print
from tickets import access
from tickets.lifecycle import OPEN
from tickets.ticket import Ticket

DAYS = 14
"""The sliding window: what was filed longer ago is another burst pipe."""

NEWEST = 40
"""Tickets that are looked at for one key, the newest first: a key of a thousand tickets costs no more than one of forty."""

OF_ONE_CALLER = 20
"""Open tickets of one caller that are looked at, the newest first."""

READ = 40
"""Tickets whose text is compared word for word: those with the most keys in common."""

SAME_TEXT = 0.35
"""Likeness from which on the words alone say that it is one matter; see routing.likeness.likeness for what is usual."""

SAME_MATTER = 0.16
"""Likeness that is enough to be offered to a person where the item or the street is the same too."""

CLUSTERED = 0.25
"""Likeness from which on nobody is asked before two tickets are counted as one hot spot; in one street SAME_MATTER is enough."""

WHEREVER = 0.8
"""Likeness that is enough although the two are said to be in different districts: one of the areas is a mistake."""

ASKS_AFTER = ("催", "上次", "反映过", "投诉过", "打过电话", "打过你们", "之前打", "昨天打", "工单", "怎么样了", "处理得怎", "进度", "到哪一步")
"""Words of a caller who asks after a matter that is already ours."""

SMALL = 20
"""Tickets of a cluster that one single ticket may join to another: no two large ones become one by somebody's long letter."""

AFTER_THE_SAME = 0.03
"""Likeness that is enough for a caller who asks after his only open matter: such calls are short and say little of it."""


class Likeness(Base):
    """One ticket in the index, since it was filed. at: when that was. cluster_id: first ticket of the cluster 热点 it belongs to, None alone."""

    __tablename__ = "likeness"
    __table_args__ = (
        Index("ix_likeness_at", "at", "ticket_id"),
        Index("ix_likeness_cluster", "cluster_id", "at", postgresql_where=sql("cluster_id is not null")),
        Index("ix_likeness_clustered", "at", "cluster_id", postgresql_where=sql("cluster_id is not null"), postgresql_include=["phone_hash", "ticket_id"]),
    )

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    item_code: Mapped[str | None] = mapped_column(String(12))
    area_code: Mapped[str | None] = mapped_column(String(12))
    phone_hash: Mapped[str | None] = mapped_column(String(64))
    cluster_id: Mapped[int | None]


class LikenessKey(Base):
    """A key of a ticket's text. No foreign key: there are sixteen for each ticket, and one that leads nowhere does no harm."""

    __tablename__ = "likeness_key"

    key: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


@dataclass(frozen=True)
class Alike:
    """A ticket that may be the same matter. likeness: of the texts, 0 to 1; hours: how much later it was filed, negative when earlier.

    same_item, same_place, same_caller: what else speaks for it; words: what both texts say, as it stands in the one that was asked about.
    """

    ticket: Ticket
    likeness: float
    hours: float
    same_item: bool
    same_place: bool
    same_caller: bool
    words: tuple[str, ...]


def index(s: Session, ticket: Ticket) -> tuple[Likeness, bool]:
    """Puts a ticket into the index and into the cluster of the ticket most like it, if there is one. Returns its row, and whether that is new."""
    if (known := s.get(Likeness, ticket.id)) is not None:
        return known, False
    s.execute(select(func.pg_advisory_xact_lock(func.hashtext("likeness"))))  # two alike filed in one second are to see each other
    if (known := s.scalar(select(Likeness).where(Likeness.ticket_id == ticket.id))) is not None:
        return known, False
    seen = likeness.read(ticket.body)
    row = Likeness(ticket_id=ticket.id, at=ticket.filed_at, item_code=ticket.item_code, area_code=ticket.area_code, phone_hash=ticket.phone_hash)
    s.add(row)
    if keys := likeness.keys(seen):
        s.execute(insert(LikenessKey), [{"key": key, "ticket_id": ticket.id} for key in keys])
    s.flush()
    _cluster(s, row, _alike(s, ticket, seen, by=None, days=DAYS, limit=READ))
    return row, True


def _cluster(s: Session, row: Likeness, near: Sequence[Alike]) -> None:
    """热点: joins the cluster of the ticket most like it, and with it the small clusters of others that are like it: it stands between them."""
    same = [one.ticket.id for one in near if one.likeness >= (SAME_MATTER if one.same_place else CLUSTERED)]
    partners = {partner.ticket_id: partner for partner in s.scalars(select(Likeness).where(Likeness.ticket_id.in_(same)))}
    if not partners:
        return
    first = partners[same[0]]
    into = first.cluster_id or first.ticket_id
    alone = [partner for partner in partners.values() if partner.cluster_id is None]
    others = {partner.cluster_id for partner in partners.values() if partner.cluster_id not in (None, into)}
    sizes = select(Likeness.cluster_id).where(Likeness.cluster_id.in_(others)).group_by(Likeness.cluster_id).having(func.count() <= SMALL)
    s.execute(update(Likeness).where(Likeness.cluster_id.in_(s.scalars(sizes).all())).values(cluster_id=into))
    for one in (row, *alone):
        one.cluster_id = into
    s.flush()


def near_duplicates(s: Session, ticket: Ticket, *, by: Person | None = None, days: int = DAYS, limit: int = 5) -> list[Alike]:
    """Tickets that may be the same matter, the likeliest first: by text, by place, and filed within `days` of this one.

    by: only what this person may see; None for the system itself.
    """
    return _alike(s, ticket, likeness.read(ticket.body), by=by, days=days, limit=limit)


def shared(text: str, other: str) -> tuple[str, ...]:
    """The words of `text` that the other has too, as they stand in it."""
    return likeness.shared_words(text, [other])


def open_matter_of_caller(
    s: Session, *, phone: str | None, text: str, item: str | None = None, area: str | None = None, at: datetime, phone_hash: str | None = None
) -> Ticket | None:
    """The caller's ticket that is still open and speaks of the same matter: to be urged 催办, not filed again. None where there is none.

    phone: in its one spelling (privacy.phone_number); phone_hash: or its fingerprint. Less likeness is asked of a caller who says that he
    asks after something and has a single matter open.
    """
    known = phone_hash or (fingerprint(phone) if phone else None)
    if known is None:
        return None
    open_ = select(Ticket).where(Ticket.phone_hash == known, Ticket.state.in_(OPEN), Ticket.filed_at <= at)
    theirs = s.scalars(open_.order_by(Ticket.id.desc()).limit(OF_ONE_CALLER)).all()
    seen, asks = likeness.read(text), any(word in text for word in ASKS_AFTER)
    rated = [(*_rate(seen, ticket, item, area), ticket) for ticket in theirs]
    same = [
        (share, ticket)
        for share, enough, ticket in rated
        if (enough and _surely(share, ticket, area)) or (asks and _asked_after(share, ticket, item, area, len(theirs)))
    ]
    return max(same, key=lambda pair: pair[0])[1] if same else None


def _surely(share: float, ticket: Ticket, area: str | None) -> bool:
    """Nobody looks at it before it is urged: a second lamp of the same caller must not be taken for the first."""
    return share >= CLUSTERED or _same_place(area, ticket.area_code)


def _asked_after(share: float, ticket: Ticket, item: str | None, area: str | None, of: int) -> bool:
    if _apart(area, ticket.area_code):
        return False
    return (item is not None and item == ticket.item_code) or (of == 1 and share >= AFTER_THE_SAME)


def past(s: Session, text: str, *, by: Person | None, limit: int = 3, but: int = 0) -> list[tuple[Ticket, float]]:
    """相似的以往工单: tickets that said much the same and that a department led or answered, whenever that was, the likeliest first."""
    seen = likeness.read(text)
    tickets = _read(s, _found(s, likeness.keys(seen), since=0, but=but, limit=4 * limit), by)
    rated = [(ticket, likeness.likeness(seen, likeness.read(ticket.body))) for ticket in tickets if ticket.item_code and ticket.lead_code]
    return sorted((pair for pair in rated if pair[1] >= SAME_MATTER), key=lambda pair: -pair[1])[:limit]


def _alike(s: Session, ticket: Ticket, seen: Print, *, by: Person | None, days: int, limit: int) -> list[Alike]:
    window = timedelta(days=days)
    since = s.scalar(select(Likeness.ticket_id).where(Likeness.at >= ticket.filed_at - window).order_by(Likeness.at, Likeness.ticket_id).limit(1))
    near = _read(s, _found(s, likeness.keys(seen), since=since or 0, but=ticket.id), by)
    rated = [(_rate(seen, other, ticket.item_code, ticket.area_code), other) for other in near if abs(other.filed_at - ticket.filed_at) <= window]
    best = sorted(((share, other) for (share, matches), other in rated if matches), key=lambda pair: (-pair[0], pair[1].id))[:limit]
    return [_described(ticket, other, share) for share, other in best]


def _found(s: Session, keys: Sequence[int], *, since: int, but: int = 0, limit: int = READ) -> list[int]:
    """Ids of the tickets that have most keys in common with these, from the one with id `since` on."""
    wanted = func.unnest(cast(list(keys), ARRAY(BigInteger))).table_valued("key").render_derived(name="wanted")
    newest = (
        select(LikenessKey.ticket_id)
        .where(LikenessKey.key == wanted.c.key, LikenessKey.ticket_id >= since, LikenessKey.ticket_id != but)
        .order_by(LikenessKey.ticket_id.desc())
        .limit(NEWEST)
        .lateral("newest")
    )
    shared = select(newest.c.ticket_id).select_from(wanted).join(newest, true()).group_by(newest.c.ticket_id)
    return list(s.scalars(shared.order_by(func.count().desc(), newest.c.ticket_id.desc()).limit(limit))) if keys else []


def _read(s: Session, ids: Sequence[int], by: Person | None) -> list[Ticket]:
    if not ids:
        return []
    tickets = select(Ticket) if by is None else access.visible_to(by)
    return list(s.scalars(tickets.where(Ticket.id.in_(ids)).options(joinedload(Ticket.item), joinedload(Ticket.area), joinedload(Ticket.lead))))


def _rate(seen: Print, other: Ticket, item: str | None, area: str | None) -> tuple[float, bool]:
    """How like the text is, and whether that, with item and place, is enough."""
    share = likeness.likeness(seen, likeness.read(other.body))
    if _apart(area, other.area_code):
        return share, share >= WHEREVER
    together = (item is not None and item == other.item_code) or _same_place(area, other.area_code)
    return share, share >= (SAME_MATTER if together else SAME_TEXT)


def _described(ticket: Ticket, other: Ticket, share: float) -> Alike:
    return Alike(
        ticket=other,
        likeness=share,
        hours=(other.filed_at - ticket.filed_at).total_seconds() / 3600,
        same_item=ticket.item_code is not None and ticket.item_code == other.item_code,
        same_place=_same_place(ticket.area_code, other.area_code),
        same_caller=ticket.phone_hash is not None and ticket.phone_hash == other.phone_hash,
        words=shared(ticket.body, other.body),
    )


def _same_place(one: str | None, other: str | None) -> bool:
    """The same street: two matters of one district are seldom one."""
    return one is not None and one == other and len(one) > len("990102")


def _apart(one: str | None, other: str | None) -> bool:
    """In different districts, or different streets of one. An area that is only the city's (two noughts at its end) says nothing."""
    if not one or not other or _whole_city(one) or _whole_city(other):
        return False
    return not (one.startswith(other) or other.startswith(one))


def _whole_city(area: str) -> bool:
    return len(area) == len("990100") and area.endswith("00")
