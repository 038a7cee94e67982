"""A slow second opinion: walks minute by minute on the wall clock, shares no line with the engine, and is right because it is simple."""

from datetime import date, datetime, timedelta

from sla.worktime import Calendar

MINUTE = timedelta(minutes=1)


def open_at(calendar: Calendar, moment: datetime) -> bool:
    """Whether the minute that begins at `moment` is working time."""
    wall = moment.astimezone(calendar.tz)
    second = wall.hour * 3600 + wall.minute * 60 + wall.second
    return any(a <= second < b for a, b in calendar.hours(wall.date()))


def elapsed(calendar: Calendar, a: datetime, b: datetime) -> int:
    """Working minutes from a to b, both on a whole minute."""
    minutes, moment = 0, a
    while moment < b:
        minutes += open_at(calendar, moment)
        moment = _next(moment, calendar)
    return minutes


def add_minutes(calendar: Calendar, start: datetime, minutes: int) -> datetime:
    """The moment by which `minutes` working minutes have passed."""
    moment, left = start, minutes
    while left:
        left -= open_at(calendar, moment)
        moment = _next(moment, calendar)
    return moment


def add_days(calendar: Calendar, start: datetime, count: int, *, close_of_business: bool = True) -> datetime:
    """The end of the count-th workday after the day of `start`."""
    day = start.astimezone(calendar.tz).date()
    while count:
        day += timedelta(1)
        count -= works(calendar, day)
    end = calendar.hours(day)[-1][1] if close_of_business else 86400
    midnight = datetime(day.year, day.month, day.day, tzinfo=calendar.tz)
    if end == 86400:
        following = day + timedelta(1)
        return datetime(following.year, following.month, following.day, tzinfo=calendar.tz)
    return midnight.replace(hour=end // 3600, minute=end % 3600 // 60)


def works(calendar: Calendar, day: date) -> bool:
    """Whether anything is worked that day."""
    return bool(calendar.hours(day))


def _next(moment: datetime, calendar: Calendar) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() + 60, calendar.tz)
