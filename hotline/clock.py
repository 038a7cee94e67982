"""The one place that asks what time it is. The edge takes `now` once and passes it down as `at`."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """This moment, aware, in UTC: what is stored. Only doors and skins call it."""
    return datetime.now(UTC)


def local(moment: datetime) -> datetime:
    """The same moment as wall-clock time in Shanghai: what people read."""
    return moment.astimezone(SHANGHAI)
