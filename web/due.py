"""A deadline as a page shows it: light (红黄绿灯) as word, shape and colour, what is left, and the moment itself."""

from dataclasses import dataclass
from datetime import datetime

from tickets import deadlines

LIGHTS = {"green": ("■", "正常"), "amber": ("▲", "将到期"), "red": ("●", "超期"), "grey": ("‖", "不计时")}


@dataclass(frozen=True)
class Due:
    """left: what remains at the moment of the page; the browser counts on from there by the server's clock. share: of the time used, 0 to 100."""

    at: datetime
    light: str
    left: str
    share: int

    @property
    def shape(self) -> str:
        """The shape that says the same as the colour."""
        return LIGHTS[self.light][0]

    @property
    def word(self) -> str:
        """The word that says the same as the colour."""
        return LIGHTS[self.light][1]


def due(due_at: datetime | None, *, since: datetime, at: datetime) -> Due | None:
    """The deadline of what began at `since`, seen at `at`; None where there is no deadline."""
    if due_at is None:
        return None
    whole = (due_at - since).total_seconds()
    used = (at - since).total_seconds()
    share = 100 if whole <= 0 else max(0, min(100, int(used * 100 / whole)))
    return Due(due_at, deadlines.light(due_at, since, at), left((due_at - at).total_seconds()), share)


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
    return f"{'剩' if seconds > 0 else '超期'} {said}"
