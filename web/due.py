"""A deadline as a page shows it: light (红黄绿灯) as word, shape and colour, what is left, and the moment itself."""

from dataclasses import dataclass, replace
from datetime import datetime

from hotline.clock import local
from sla.light import Light
from sla.light import light as light_of
from tickets import deadlines
from tickets.discipline_case import DisciplineCase
from tickets.ticket import Leg, Ticket

SHAPES = {Light.GREEN: "■", Light.AMBER: "▲", Light.RED: "●", Light.BLUE: "‖", Light.GREY: "✓"}


@dataclass(frozen=True)
class Due:
    """left: what remains at the moment of the page; the browser counts on from there by the server's clock. share: of the time used, 0 to 100.

    warn: when the light turns amber. stopped: nothing runs any more, what is shown is how it ended.
    provisional: it touches a year whose holiday arrangement has not been published (暂定).
    """

    at: datetime
    warn: datetime | None
    light: Light
    left: str
    share: int
    stopped: bool
    provisional: bool = False

    @property
    def shape(self) -> str:
        """The shape that says the same as the colour."""
        return SHAPES[self.light]

    @property
    def word(self) -> str:
        """The word that says the same as the colour."""
        return self.light.word


def due(whose: Ticket | Leg, at: datetime) -> Due | None:
    """The deadline of a ticket or of one leg, seen at `at`; None where there is none."""
    if whose.due_at is None:
        return None
    since = whose.dispatched_at if isinstance(whose, Leg) else whose.received_at
    stopped = whose.resolved_at or whose.ended_at if isinstance(whose, Leg) else whose.closed_at
    shown = _due(whose.due_at, whose.warn_at, deadlines.light(whose, at), since, stopped or at, stopped is not None)
    if shown.light is Light.BLUE and isinstance(whose, Leg):  # nothing runs down: what counts is until when it stands still
        shown = replace(shown, left=f"至 {local(whose.paused_until):%m-%d %H:%M}" if whose.paused_until else "待恢复")
    return replace(shown, provisional=whose.provisional)


def statement_due(case: DisciplineCase, at: datetime) -> Due:
    """By when a department may explain itself; there is no warning before it."""
    light = light_of(at, due=case.statement_due_at, warn=case.statement_due_at)
    return _due(case.statement_due_at, None, light, case.proposed_at, at, False)


def _due(due_at: datetime, warn: datetime | None, light: Light, since: datetime, at: datetime, stopped: bool) -> Due:
    whole, used = (due_at - since).total_seconds(), (at - since).total_seconds()
    share = 100 if whole <= 0 else max(0, min(100, int(used * 100 / whole)))
    return Due(due_at, warn, light, left((due_at - at).total_seconds()), share, stopped)


def left(seconds: float) -> str:
    """剩 1天2小时, 超期 3小时5分: two units are enough to act on. static/js/countdown.js says it in the same words."""
    whole = abs(int(seconds))
    days, hours, minutes = whole // 86400, whole // 3600 % 24, whole // 60 % 60
    if days:
        said = f"{days}天{hours}小时"
    elif hours:
        said = f"{hours}小时{minutes}分"
    elif minutes >= 10:
        said = f"{minutes}分"
    else:
        said = f"{minutes}分{whole % 60}秒"
    return f"{'剩' if seconds >= 0 else '超期'} {said}"
