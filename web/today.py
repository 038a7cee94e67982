"""The calendar note in the bar: whether today counts as a workday, where a wall calendar would leave one in doubt."""

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.clock import local
from hotline.errors import NotFound
from sla import versions

CALENDAR = "standard"


def note(s: Session, at: datetime) -> str:
    """“今天周末，不计工作日” or “今天春节调休上班，计工作日”; empty on an ordinary workday, or where the city has no such calendar."""
    try:
        _, calendar = versions.current_calendar(s, CALENDAR)
    except NotFound:
        return ""
    day = local(at).date()
    reason = calendar.reason(day)
    return f"今天{reason}，{'计' if calendar.is_workday(day) else '不计'}工作日" if reason else ""
