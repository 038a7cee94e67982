"""due, elapsed, explain, calendar and policy: working time from the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session as Session_

from commands.common import JSON, moment, notice, print_json, settings
from hotline import clock
from hotline.errors import NotFound, Refused, reason
from hotline.people import Person

CALENDAR = click.option("--calendar", "calendar_", default="standard", show_default=True, help="日历名称，或导出的 JSON 文件。")
BY = click.option("--by", "login", default="system", show_default=True, help="以谁的名义（账号）；会记录下来。")


@click.command()
@click.option("--received", required=True, help="受理时间，如 “2026-02-13 16:00”（北京时间）。")
@click.option("--limit", "limit_", required=True, help="时限：30 minute、2 hour、7 day、5 workday、0.5 workday、420 workminute。")
@CALENDAR
@JSON
def due(received: str, limit_: str, calendar_: str, as_json: bool) -> None:
    """按工作时间（含调休）计算到期时间，并逐步说明。"""
    from sla.worktime import Limit, add

    deadline = add(_calendar(calendar_), moment(received), Limit.parse(limit_))
    when = clock.local(deadline.due)
    if as_json:
        print_json({"received": received, "limit": limit_, "due": when.isoformat(), "provisional": deadline.provisional, "steps": list(deadline.steps)})
        return
    click.echo(f"到期：{when:%Y-%m-%d %H:%M}" + ("（暂定）" if deadline.provisional else ""))
    for step in deadline.steps:
        click.echo(f"  · {step}")


@click.command()
@click.argument("start")
@click.argument("end")
@CALENDAR
@JSON
def elapsed(start: str, end: str, calendar_: str, as_json: bool) -> None:
    """两个时间之间有多少工作分钟。"""
    from sla import worktime

    minutes = worktime.elapsed(_calendar(calendar_), moment(start, "start"), moment(end, "end"))
    if as_json:
        print_json({"start": start, "end": end, "calendar": calendar_, "workminutes": minutes})
    else:
        click.echo(f"{minutes} 工作分钟")


@click.command()
@click.argument("ticket")
@JSON
def explain(ticket: str, as_json: bool) -> None:
    """一件工单的各个时限：为何是这个时间。"""
    from tickets.deadlines import clocks

    def read(s: Session_) -> list[dict[str, Any]]:
        return clocks(s, _ticket(s, ticket), at=clock.now())

    rows = _with_database(read)
    if as_json:
        print_json({"ticket": ticket, "clocks": rows})
        return
    for row in rows:
        click.secho(f"{row['whose']} · {row['clock_name']}：{row['due']}（{row['light_word']}）", bold=True)
        for step in row["steps"]:
            click.echo(f"  · {step}")


@click.group()
def calendar() -> None:
    """工作日历：show 查看，export 导出，import 导入（先预览，--apply 才生效）。"""


@calendar.command("show")
@click.argument("name", default="standard")
@click.option("--year", type=int, help="只看这一年；默认今年。")
@JSON
def calendar_show(name: str, year: int | None, as_json: bool) -> None:
    """某一年里与平常不同的日子。"""
    from sla.calendars import to_data

    shown = _calendar(name)
    year = year or clock.local(clock.now()).year
    days = {day.isoformat(): {"kind": mark.kind, "reason": mark.reason} for day, mark in sorted(shown.days.items()) if day.year == year}
    official = shown.is_official(year, year)
    if as_json:
        print_json({"name": shown.name, "title": shown.title, "year": year, "official": official, "week": to_data(shown)["week"], "days": days})
        return
    click.echo(f"{shown.name}（{shown.title}）{year} 年" + ("" if official else "：放假安排尚未公布，按法定节假日暂定"))
    for date, mark in days.items():
        click.echo(f"  {date}  {mark['kind']:<8}{mark['reason']}")


@calendar.command("export")
@click.argument("name", default="standard")
@click.option("--format", "form", default="json", show_default=True, type=click.Choice(["json", "csv", "ics"]))
@JSON
def calendar_export(name: str, form: str, as_json: bool) -> None:
    """把日历写到标准输出。"""
    from sla.calendar_files import write

    click.echo(write(_calendar(name), "json" if as_json else form), nl=False)


@calendar.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", default="standard", show_default=True, help="导入到哪个日历。")
@click.option("--apply", "really", is_flag=True, help="保存，并把在办工单移到新日历上；不加只预览。")
@BY
@JSON
def calendar_import(file: Path, name: str, really: bool, login: str, as_json: bool) -> None:
    """从 ICS、CSV 或 JSON 导入放假、调休、停工的日子。"""
    from sla.calendar_files import read
    from sla.versions import current_calendar
    from tickets import recomputing

    def change(s: Session_) -> Any:
        new = read(_bytes(file), file.suffix.lstrip(".").lower(), current_calendar(s, name)[1], name=name)
        if really:
            return recomputing.apply_calendar(s, new, by=_person(s, login), at=clock.now())
        return recomputing.preview_calendar(s, new, at=clock.now())

    _report(_with_database(change), really, as_json)


@click.group()
def policy() -> None:
    """时限规则：show 查看，preview 预览改动，apply 保存并重算在办工单。"""


@policy.command("show")
@JSON
def policy_show(as_json: bool) -> None:
    """现行规则。"""
    from sla.policies import policy_to
    from sla.policy import CLOCKS
    from sla.versions import current_policy

    version, shown = _with_database(lambda s: current_policy(s))
    if as_json:
        print_json({"version": version, **policy_to(shown)})
        return
    click.echo(f"{shown.title}（第 {version} 版）")
    for rule in shown.rules:
        limits = "，".join(f"{CLOCKS[name]} {rule.limits[name].chinese}" for name in CLOCKS if name in rule.limits)
        click.echo(f"  {rule.key:<20}{rule.title}：{limits}")


@policy.command("preview")
@click.argument("file", type=click.Path(path_type=Path))
@JSON
def policy_preview(file: Path, as_json: bool) -> None:
    """新规则文件会移动多少在办工单的时限；什么也不改。"""
    from sla.policies import load
    from tickets import recomputing

    _report(_with_database(lambda s: recomputing.preview_policy(s, load(file.absolute()), at=clock.now())), False, as_json)


@policy.command("apply")
@click.argument("file", type=click.Path(path_type=Path))
@BY
@JSON
def policy_apply(file: Path, login: str, as_json: bool) -> None:
    """保存新规则，并把在办工单移到新规则上；会记录是谁做的。"""
    from sla.policies import load
    from tickets import recomputing

    _report(_with_database(lambda s: recomputing.apply_policy(s, load(file.absolute()), by=_person(s, login), at=clock.now())), True, as_json)


def _calendar(name: str) -> Any:
    """A city's own calendar where a database runs, else a shipped one; or a JSON file."""
    from hotline import embedded
    from sla import calendars
    from sla.calendar_files import read

    if name.endswith(".json"):
        return read(_bytes(Path(name)), "json", calendars.standard())
    own = settings()
    if own.database_url or embedded.running(own.data):
        from sla.versions import current_calendar

        return _with_database(lambda s: current_calendar(s, name)[1])
    return calendars.shipped(name)


def _with_database(do: Callable[[Session_], Any]) -> Any:
    import system
    from hotline.db import Session

    with system.running(settings(), progress=notice, jobs=False), Session.begin() as s:
        return do(s)


def _ticket(s: Session_, number: str) -> Any:
    from hotline.people import system as the_system
    from tickets import access

    return access.find(s, number, the_system(s))


def _person(s: Session_, login: str) -> Person:
    from sqlalchemy import select

    person = s.scalar(select(Person).where(Person.login == login))
    if person is None:
        raise NotFound(f"没有账号“{login}”。", field="by")
    return person


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Refused(f"无法读取 {file}：{reason(error)}。", field="file") from error


def _report(done: Any, really: bool, as_json: bool) -> None:
    if as_json:
        moves = [{"subject": m.subject, "clock": m.clock, "old": m.old.isoformat(), "new": m.new.isoformat(), "overdue": m.newly_overdue} for m in done.moves]
        print_json({"applied": really, "looked_at": done.looked_at, "moved": len(done.moves), "overdue": done.overdue, "orphans": done.orphans, "moves": moves})
    else:
        click.echo(done.sentence + ("" if really else " 这是预览，什么也没改。"))
