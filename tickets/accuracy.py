"""派单质量: how often routing was right, how much it did by itself, whether its confidence means what it says, and whether the city has changed.

Counted from the lessons (tickets.learning) of a bounded time, by their index; never from the tickets. Every share is a numerator and a denominator.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from sqlalchemy import ColumnElement, Integer, and_, cast, func, select
from sqlalchemy.orm import Session

from hotline.people import Department
from routing import measures
from tickets.catalogue import Item
from tickets.learning import Lesson

DAYS = 28
WEEKS = 8
FEW = 10
"""Below so many a share is shown in grey: it says little."""

BINS = 10
MOST = 20
MARKED = 0.25
"""PSI above which a shift is usually called marked."""

BRANCH = 2
"""Digits of an item's branch: of over five hundred items the week's few tickets would show a shift where there is none."""


@dataclass(frozen=True)
class Share:
    """num out of den."""

    num: int
    den: int

    @property
    def few(self) -> bool:
        """Whether it is of so few that it says little."""
        return self.den < FEW

    @property
    def percent(self) -> str:
        """93.33%: cut to two decimals, never rounded up; a dash for a share of nothing."""
        cut = self.num * 10_000 // self.den if self.den else 0
        return f"{cut // 100}.{cut % 100:02}%" if self.den else "—"


@dataclass(frozen=True)
class Unit:
    """How routing does for one department. suggested: of what was its own in the end, the first suggestion named it; sent: 派单准确率, of what was
    sent to it first, it did not return as another's; itself: of that, the classifier sent without a person.
    """

    code: str
    name: str
    suggested: Share
    sent: Share
    itself: Share


@dataclass(frozen=True)
class Bin:
    """Suggestions of about the same confidence, low to high. said: their mean confidence; right: how many named the right item."""

    low: float
    high: float
    said: float
    right: Share


@dataclass(frozen=True)
class Week:
    """What came in one week, from a Monday. said: mean confidence of the first suggestion; shift: PSI of the branches of items against
    training, None where training's are not known; by_chance: the shift that so few tickets would show if nothing had changed.
    """

    monday: date
    tickets: int
    unknown: Share
    said: float | None
    shift: float | None
    by_chance: float | None

    @property
    def drifted(self) -> bool:
        """Whether the shift is marked, and more than chance would make it."""
        return self.shift is not None and self.by_chance is not None and self.shift > max(MARKED, 2 * self.by_chance)


@dataclass(frozen=True)
class Confusion:
    """What was taken for what. lost: working minutes with departments that returned it, in all; what orders the list."""

    suggested: str
    right: str
    first_unit: str
    unit: str
    tickets: int
    returned: int
    lost: int

    @property
    def each(self) -> int:
        """Working minutes lost by each that was returned."""
        return self.lost // self.returned if self.returned else 0


@dataclass(frozen=True)
class Quality:
    """All of it. item, unit: first suggestions that were right; itself: dispatched without a person; itself_right: of those, never returned."""

    since: datetime
    until: datetime
    item: Share
    unit: Share
    itself: Share
    itself_right: Share
    learnt: Mapping[str, int]
    units: Sequence[Unit]
    bins: Sequence[Bin]
    error: float | None
    weeks: Sequence[Week]
    confusions: Sequence[Confusion]


def quality(s: Session, *, at: datetime, days: int = DAYS, trained: Mapping[str, int] | None = None) -> Quality:
    """Routing over the last `days`, and its drift over the last WEEKS. trained: examples of each item that the champion was trained on."""
    since = at - timedelta(days=days)
    settled = and_(Lesson.settled_at > since, Lesson.settled_at <= at)
    bins = _bins(s, settled)
    row = s.execute(
        select(
            func.count().filter(_right_item).label("item"), func.count().filter(Lesson.suggested_item.is_not(None)).label("suggested"),
            func.count().filter(_right_unit).label("unit"),
            func.count().filter(and_(Lesson.suggested_item.is_not(None), Lesson.unit.is_not(None))).label("with_unit"),
            func.count().filter(Lesson.by_itself).label("itself"), func.count().filter(Lesson.first_unit.is_not(None)).label("sent"),
            func.count().filter(and_(Lesson.by_itself, Lesson.misrouted.is_(False))).label("kept"),
        ).where(settled)
    ).one()  # fmt: skip
    how = s.execute(select(Lesson.how, func.count()).where(settled).group_by(Lesson.how))
    return Quality(
        since=since, until=at, item=Share(row.item, row.suggested), unit=Share(row.unit, row.with_unit), itself=Share(row.itself, row.sent),
        itself_right=Share(row.kept, row.itself), learnt={kind.label: number for kind, number in how if kind is not None}, units=_units(s, settled), bins=bins,
        error=_error(bins), weeks=_weeks(s, at, trained or {}), confusions=_confusions(s, settled),
    )  # fmt: skip


_right_item: ColumnElement[bool] = Lesson.suggested_item == Lesson.item
_right_unit: ColumnElement[bool] = Lesson.suggested_unit == Lesson.unit


def _units(s: Session, settled: ColumnElement[bool]) -> list[Unit]:
    """Every department that something was sent to or was right for, those with most of it first."""
    own = s.execute(
        select(Lesson.unit, func.count().filter(_right_unit), func.count())
        .where(settled, Lesson.unit.is_not(None), Lesson.suggested_item.is_not(None))
        .group_by(Lesson.unit)
    ).all()
    sent = s.execute(
        select(Lesson.first_unit, func.count().filter(Lesson.misrouted.is_(False)), func.count().filter(Lesson.by_itself), func.count())
        .where(settled, Lesson.first_unit.is_not(None))
        .group_by(Lesson.first_unit)
    ).all()
    suggested = {code: Share(right, number) for code, right, number in own if code is not None}
    kept = {code: (Share(right, number), Share(itself, number)) for code, right, itself, number in sent if code is not None}
    names = _names(s, Department, [*suggested, *kept])
    none = (Share(0, 0), Share(0, 0))
    units = [Unit(code, names.get(code, code), suggested.get(code, Share(0, 0)), *kept.get(code, none)) for code in {*suggested, *kept}]
    return sorted(units, key=lambda unit: (-max(unit.sent.den, unit.suggested.den), unit.code))


def _bins(s: Session, settled: ColumnElement[bool]) -> list[Bin]:
    """可靠性表: what it said and how often it was right, in BINS steps of confidence; steps without any are left out."""
    step = func.least(cast(func.floor(Lesson.confidence * BINS), Integer), BINS - 1).label("step")
    rows = s.execute(
        select(step, func.avg(Lesson.confidence), func.count().filter(_right_item), func.count())
        .where(settled, Lesson.confidence.is_not(None))
        .group_by(step)
        .order_by(step)
    )
    return [Bin(place / BINS, (place + 1) / BINS, float(said), Share(right, number)) for place, said, right, number in rows]


def _error(bins: Sequence[Bin]) -> float | None:
    """ECE: the mean gap between what was said and what was right, weighted by the tickets of each bin; None without any."""
    number = sum(one.right.den for one in bins)
    return sum(abs(one.said * one.right.den - one.right.num) for one in bins) / number if number else None


def _weeks(s: Session, at: datetime, trained: Mapping[str, int]) -> list[Week]:
    """漂移, the latest week first. Of everything that was filed, whether or not anybody knows by now what was right."""
    monday = func.date_trunc("week", func.timezone("Asia/Shanghai", Lesson.filed_at)).label("monday")
    filed = and_(Lesson.filed_at > at - timedelta(weeks=WEEKS), Lesson.filed_at <= at)
    rows = s.execute(
        select(monday, func.count(), func.count().filter(Lesson.unknown), func.avg(Lesson.confidence)).where(filed).group_by(monday).order_by(monday.desc())
    ).all()
    branch = func.left(Lesson.suggested_item, BRANCH)
    branches: dict[datetime, dict[str, int]] = {}
    for week, code, number in s.execute(select(monday, branch, func.count()).where(filed, Lesson.suggested_item.is_not(None)).group_by(monday, branch)):
        branches.setdefault(week, {})[code] = number
    return [
        Week(week.date(), number, Share(unknown, number), float(said) if said is not None else None, *_shift(trained, branches.get(week, {})))
        for week, number, unknown, said in rows
    ]


def _shift(trained: Mapping[str, int], now: Mapping[str, int]) -> tuple[float, float] | tuple[None, None]:
    if not trained or not now:
        return None, None
    before: dict[str, int] = {}
    for item, number in trained.items():
        before[item[:BRANCH]] = before.get(item[:BRANCH], 0) + number
    classes = sorted({*before, *now})
    shift = measures.shift(*(np.array([counts.get(code, 0) for code in classes], dtype=float) for counts in (before, now)))
    return shift, (len(classes) - 1) * (1 / sum(before.values()) + 1 / sum(now.values()))


def _confusions(s: Session, settled: ColumnElement[bool]) -> list[Confusion]:
    """最费时的混淆: taken for another item, or sent to a department that returned it; those that cost most working time first."""
    lost, number = func.sum(Lesson.lost), func.count()
    columns = (Lesson.suggested_item, Lesson.item, Lesson.first_unit, Lesson.unit)
    wrong = Lesson.misrouted | (Lesson.suggested_item != Lesson.item)
    rows = s.execute(
        select(*columns, number, number.filter(Lesson.misrouted), lost)
        .where(settled, wrong)
        .group_by(*columns)
        .order_by(lost.desc(), number.desc(), Lesson.suggested_item, Lesson.item)
        .limit(MOST)
    ).all()
    items = _names(s, Item, [code for row in rows for code in row[:2]])
    units = _names(s, Department, [code for row in rows for code in row[2:4]])
    return [
        Confusion(
            suggested=items.get(said or "", said or ""), right=items.get(right or "", right or ""), first_unit=units.get(first or "", first or ""),
            unit=units.get(unit or "", unit or ""), tickets=tickets, returned=returned, lost=int(minutes),
        )
        for said, right, first, unit, tickets, returned, minutes in rows
    ]  # fmt: skip


def _names(s: Session, of: type[Item] | type[Department], codes: Sequence[str | None]) -> dict[str, str]:
    wanted = [code for code in set(codes) if code]
    return {code: name for code, name in s.execute(select(of.code, of.name).where(of.code.in_(wanted)))}


__all__ = ["Bin", "Confusion", "Quality", "Share", "Unit", "Week", "quality"]
