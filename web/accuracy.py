"""派单质量: how often routing is right, for those who supervise it and those who run it. No ticket is shown, only counts."""

from dataclasses import dataclass
from pathlib import Path

from litestar import Controller, get
from litestar.params import FromQuery
from litestar.response import Template

from hotline.db import Session
from hotline.errors import Refused
from hotline.roles import Role
from routing import store
from tickets import accuracy
from tickets.accuracy import Quality
from web.deps import Answer
from web.shell import Page

PERIODS = {7: "最近一周", 28: "最近四周", 91: "最近三个月"}
HIGH, WIDE = 160, 40


@dataclass(frozen=True)
class Bar:
    """One bin of confidence as a bar, in units of the drawing: from x, `high` tall; said: how high the promise stands."""

    x: int
    high: float
    said: float
    label: str
    few: bool


class Accuracy(Controller):
    """派单质量."""

    path = "/accuracy"

    @get("/", sync_to_thread=True)
    def look(self, page: Answer, days: FromQuery[int] = accuracy.DAYS) -> Template:
        """The figures of a period."""
        page.only(Role.SUPERVISOR, Role.ADMIN)
        if days not in PERIODS:
            raise Refused(f"时段只能是：{'、'.join(PERIODS.values())}。", field="days")
        champion = store.shelf(folder(page)).champion
        with Session() as s:
            found = accuracy.quality(s, at=page.at, days=days, trained=champion.report.get("distribution") if champion else None)
        return page.show("accuracy.html", q=found, bars=bars(found), days=days, periods=PERIODS, champion=champion, high=HIGH, wide=WIDE)


def folder(page: Page) -> Path:
    """Where the models stand."""
    return Path(page.request.app.state.settings.models) / "routing"


def bars(found: Quality) -> list[Bar]:
    """The bins that have any tickets, each in its place from 0 to 1."""
    return [
        Bar(
            x=int(one.low * accuracy.BINS + 0.5) * WIDE, high=HIGH * one.right.num / one.right.den, said=HIGH * one.said, label=f"{one.low:.1f}",
            few=one.right.few,
        )
        for one in found.bins
    ]  # fmt: skip
