"""due, elapsed, explain, calendar and policy: working time from the command line."""

import click

from commands.common import JSON, moment, print_json
from hotline import clock


@click.command()
@click.option("--received", required=True, help="受理时间，如 “2026-02-13 16:00”（北京时间）。")
@click.option("--limit", "limit_", required=True, help="时限：30 minute、2 hour、7 day、5 workday、0.5 workday、420 workminute。")
@click.option("--calendar", "calendar_", default="standard", show_default=True, help="日历名称。")
@JSON
def due(received: str, limit_: str, calendar_: str, as_json: bool) -> None:
    """按工作时间（含调休）计算到期时间，并逐步说明。"""
    from sla import calendars
    from sla.worktime import Limit, add

    deadline = add(calendars.shipped(calendar_), moment(received), Limit.parse(limit_))
    when = clock.local(deadline.due)
    if as_json:
        print_json({"received": received, "limit": limit_, "due": when.isoformat(), "provisional": deadline.provisional, "steps": list(deadline.steps)})
        return
    click.echo(f"到期：{when:%Y-%m-%d %H:%M}")
    for step in deadline.steps:
        click.echo(f"  · {step}")
