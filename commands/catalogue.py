"""catalogue: items, responsibilities, units and people in and out as CSV and XLSX."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from commands.common import JSON, notice, print_json, settings
from hotline import clock
from hotline.errors import Refused, reason

WHOLE = click.option("--whole", is_flag=True, help="文件是完整的一份：里面没有的行停用。不给则只增加和修改。")
FILE = click.argument("file", type=click.Path(path_type=Path))
SHOWN = 40


@click.group()
def catalogue() -> None:
    """事项、责任清单、单位、人员：diff 看差别，import 导入，export 导出，history 各版本。"""


@catalogue.command("diff")
@FILE
@WHOLE
@JSON
def diff(file: Path, whole: bool, as_json: bool) -> None:
    """一份 CSV 或 XLSX 与现在的差别；什么都不改。"""
    import system
    from hotline.db import Session
    from tickets import catalogue_import

    with system.running(settings(), progress=notice, jobs=False), Session() as s:
        found = catalogue_import.preview(s, _content(file), file.name, whole=whole, at=clock.now())
    if as_json:
        print_json(_as_dict(found))
    else:
        _show(found)


@catalogue.command("import")
@FILE
@WHOLE
@click.option("--yes", is_flag=True, help="看过差别后不再询问，直接导入。")
@JSON
def import_(file: Path, whole: bool, yes: bool, as_json: bool) -> None:
    """先列出差别，确认后整份导入；有一行不对就什么都不改。"""
    import system
    from hotline.db import Session
    from hotline.people import system as the_system
    from tickets import catalogue_import

    content = _content(file)
    with system.running(settings(), progress=notice, jobs=False):
        with Session() as s:
            found = catalogue_import.preview(s, content, file.name, whole=whole, at=clock.now())
        if not as_json:
            _show(found)
        if not found.empty and not yes:
            if not sys.stdin.isatty():
                raise Refused("请先看过差别，再加 --yes 导入。")
            click.confirm("导入吗？", abort=True, err=True)
        with Session.begin() as s:
            found, version = catalogue_import.bring_in(s, content, file.name, whole=whole, by=the_system(s), at=clock.now())
            said = {"version": version.id, "digest": version.digest} if version else {"version": None, "digest": None}
    if as_json:
        print_json(said | _as_dict(found))
    elif said["version"]:
        click.echo(f"已导入，目录第 {said['version']} 版。")


@catalogue.command("export")
@FILE
@click.option("--table", "tables", multiple=True, help="事项、责任清单、单位、人员或 all；可重复给出。CSV 只能一张，默认事项；XLSX 默认事项和责任清单。")
def export(file: Path, tables: Sequence[str]) -> None:
    """导出为 CSV（Excel 可直接打开）或 XLSX。人员不含密码。"""
    import system
    from hotline.db import Session
    from tickets import catalogue_import
    from tickets.catalogue_sheets import SHEETS, sheet_named

    suffix = file.suffix.lower().lstrip(".")
    chosen = tables or (("items",) if suffix == "csv" else ("items", "responsibility"))
    sheets = list(SHEETS.values()) if "all" in chosen else [sheet_named(name) for name in chosen]
    with system.running(settings(), progress=notice, jobs=False), Session() as s:
        content = catalogue_import.export(s, sheets, suffix)
    try:
        file.write_bytes(content)
    except OSError as error:
        raise Refused(f"写不进“{file}”：{reason(error)}。", field="file") from error
    click.echo(f"已导出{'、'.join(sheet.name for sheet in sheets)}到 {file}。")


@catalogue.command("history")
@JSON
def history(as_json: bool) -> None:
    """历次导入：谁、什么时候、改了多少。"""
    import system
    from hotline.db import Session
    from hotline.people import Person
    from tickets import catalogue_version

    with system.running(settings(), progress=notice, jobs=False), Session() as s:
        rows = [
            {"version": one.id, "at": one.at.isoformat(), "by": s.get_one(Person, one.by_id).name}
            | {"source": one.source, "digest": one.digest, "counts": one.counts}
            for one in catalogue_version.history(s)
        ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"第 {row['version']} 版  {row['at'][:16]}  {row['by']}  {row['source']}  {row['digest'][:12]}")


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Refused(f"读不了“{file}”：{reason(error)}。", field="file") from error


def _as_dict(found: Any) -> dict[str, Any]:
    return {
        "empty": found.empty,
        "sheets": {
            one.sheet.key: {
                **one.counts(),
                "changes": [{"row": one.label(change.new), "fields": change.fields(one.sheet)} for change in one.changed],
                "new": [one.label(row) for _, row in one.added],
                "ending": [one.label(row) for row in one.ended],
            }
            for one in found.sheets
        },
    }


def _show(found: Any) -> None:
    for one in found.sheets:
        counts = one.counts()
        left = f"，文件里没有而保留 {counts['left_out']}" if counts["left_out"] else ""
        click.echo(f"{one.sheet.name}：增加 {counts['added']}，修改 {counts['changed']}，停用 {counts['ended']}，不变 {counts['same']}{left}")
        lines = [f"  + {one.label(row)}" for _, row in one.added]
        for change in one.changed:
            fields = [f"{title} {old or '空'} → {new or '空'}" for title, old, new in change.fields(one.sheet)]
            lines.append(f"  ~ {one.label(change.new)}：{'；'.join(fields)}")
        lines += [f"  - {one.label(row)}" for row in one.ended]
        for line in lines[:SHOWN]:
            click.echo(line)
        if len(lines) > SHOWN:
            click.echo(f"  ……另有 {len(lines) - SHOWN} 行")
    if found.empty:
        click.echo("没有差别。")
