"""call and transcribe: recordings from the command line."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from commands.common import JSON, notice, print_json, settings
from hotline import clock
from hotline.errors import Refusal

COMPANIONS = {".txt", ".md", ".tsv", ".csv", ".json", ".py", ".log"}


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@JSON
def call(files: Sequence[Path], as_json: bool) -> None:
    """受理录音：转写、登记、派单、起算时限，逐件打印结果。"""
    import system
    from hotline.db import Session
    from tickets.report import call_report

    reports = []
    with system.running(settings(), progress=notice) as running:
        for path, call_id, problem in running.take_calls(_recordings(files)):
            with Session() as s:
                reports.append(call_report(s, path, call_id, problem, at=clock.now()))
    if as_json:
        print_json(reports)
    else:
        for report in reports:
            _print_call(report)
    if any(report.get("problem") and not report.get("ticket") for report in reports):
        sys.exit(1)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "declared", help="无文件头的录音是什么编码：alaw、mulaw、slin …")
@JSON
def transcribe(files: Sequence[Path], declared: str | None, as_json: bool) -> None:
    """只转写录音，不登记。"""
    from asr import model
    from asr.formats import declared_for
    from asr.pool import SpeechPool

    own = settings()
    results, failed = [], False
    with SpeechPool(model.place(own.models, own.model)) as pool:
        for path in files:
            try:
                transcript = pool.transcribe(path, declared=declared or declared_for(path.name))
                results.append({"file": str(path), **transcript.as_dict()})
            except Refusal as problem:
                failed = True
                results.append({"file": str(path), "duration": None, "channels": [], "problem": problem.sentence, "code": getattr(problem, "code", None)})
    if as_json:
        print_json(results)
    else:
        for result in results:
            _print_transcript(result)
    sys.exit(1 if failed else 0)


def _recordings(files: Sequence[Path]) -> list[Path]:
    """Of several files, those that are no plain companions of recordings (scripts, lists): `call folder/*` is what people type."""
    if len(files) == 1:
        return list(files)
    companions = [path for path in files if path.is_dir() or path.suffix.lower() in COMPANIONS]
    if companions:
        notice(f"跳过 {len(companions)} 个不是录音的文件：{'、'.join(path.name for path in companions[:5])}{' 等' if len(companions) > 5 else ''}。")
    return [path for path in files if path not in companions]


def _print_call(report: dict[str, Any]) -> None:
    click.secho(f"■ {report['file']}", bold=True)
    if report.get("problem"):
        click.echo(f"  {report['problem']}")
    if not report.get("ticket"):
        return
    click.echo("  " + report["transcript"].replace("\n", "\n  "))
    who = {"classifier": "分类器派单", "person": "待人派单"}[report["decided_by"]]
    click.echo(f"  工单 {report['ticket']}   事项 {report['item'] or ''} {report['item_name'] or '待定'}")
    if report["decided_by"] == "person" and report["reason"]:
        who += f"：{report['reason']}"
    click.echo(f"  承办 {report['department_name'] or '待定'}   置信度 {report['confidence'] or 0:.0%}（{who}）")
    click.echo(f"  到期 {report['due']}")
    for step in report["steps"]:
        click.echo(f"    · {step}")


def _print_transcript(result: dict[str, Any]) -> None:
    click.secho(f"■ {result['file']}", bold=True)
    if result.get("problem"):
        click.echo(f"  {result['problem']}", err=True)
        return
    names = {"operator": "话务员", "citizen": "市民", "mono": ""}
    for channel in result["channels"]:
        for utterance in channel["utterances"]:
            click.echo(f"  {utterance['start']:7.2f}–{utterance['end']:<7.2f} {names.get(channel['name'], channel['name'])} {utterance['text']}")
