"""The command line's door: `./run COMMAND …`. `up` starts everything; every reporting command takes --json."""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from hotline import clock, log
from hotline.errors import Refusal
from hotline.settings import Settings

ROOT = Path(__file__).resolve().parent
JSON = click.option("--json", "as_json", is_flag=True, help="只在标准输出打印一份 JSON。")


class Chinese(click.Group):
    """A group whose refusals are sentences: Chinese for the person on stderr, exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Refusal as problem:
            click.echo(problem.sentence, err=True)
            ctx.exit(1)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=Chinese, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def main() -> None:
    """12345 热线与“办不成事”窗口。不带命令时等于 up：启动整个系统。"""


@main.command("help")
@click.argument("command", required=False)
@click.pass_context
def help_(ctx: click.Context, command: str | None) -> None:
    """说明各个命令；help COMMAND 说明一个命令。"""
    parent = ctx.parent or ctx
    if command is None:
        click.echo(parent.get_help())
        return
    found = main.get_command(parent, command)
    if found is None:
        raise click.UsageError(f"没有命令“{command}”。")
    click.echo(found.get_help(click.Context(found, parent=parent, info_name=command)))


@main.command()
@click.option("--empty", is_flag=True, help="空库启动时不装入演示城市。")
@click.option("--no-model", is_flag=True, help="不获取语音模型；通话会等待，直到有了模型。")
def up(empty: bool, no_model: bool) -> None:
    """启动整个系统：数据库、网页、转写、派单和计时；全部就绪后打印 READY。"""
    import system

    system.up(_settings(), empty=empty, fetch_model=not no_model)


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@JSON
def call(files: Sequence[Path], as_json: bool) -> None:
    """受理录音：转写、登记、派单、起算时限，逐件打印结果。"""
    import system
    from hotline.db import Session
    from tickets.report import call_report

    reports = []
    with system.running(_settings(), progress=_notice) as running:
        for path, call_id, problem in running.take_calls(files):
            with Session() as s:
                reports.append(call_report(s, path, call_id, problem, at=clock.now()))
    if as_json:
        _print_json(reports)
    else:
        for report in reports:
            _print_call(report)
    if any(report.get("problem") and not report.get("ticket") for report in reports):
        sys.exit(1)


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "declared", help="无文件头的录音是什么编码：alaw、mulaw、slin …")
@JSON
def transcribe(files: Sequence[Path], declared: str | None, as_json: bool) -> None:
    """只转写录音，不登记。"""
    from asr import model
    from asr.formats import declared_for
    from asr.pool import SpeechPool

    settings = _settings()
    results, failed = [], False
    with SpeechPool(model.place(settings.models, settings.model)) as pool:
        for path in files:
            try:
                transcript = pool.transcribe(path, declared=declared or declared_for(path.name))
                results.append({"file": str(path), **transcript.as_dict()})
            except Refusal as problem:
                failed = True
                results.append({"file": str(path), "duration": None, "channels": [], "problem": problem.sentence, "code": getattr(problem, "code", None)})
    if as_json:
        _print_json(results)
    else:
        for result in results:
            _print_transcript(result)
    sys.exit(1 if failed else 0)


@main.command()
@click.argument("text")
@click.option("--area", help="区划编码；不给则从文字里找。")
@JSON
def suggest(text: str, area: str | None, as_json: bool) -> None:
    """对一段诉求给出事项和承办单位的建议，以及依据。"""
    import system
    from hotline.db import Session
    from tickets.suggesting import advise

    with system.running(_settings(), progress=_notice, jobs=False) as running, Session.begin() as s:
        advice = advise(s, running.classifier, text, at=clock.now(), area=area)
    if as_json:
        _print_json(advice.as_dict())
        return
    for suggestion in advice.suggestions:
        click.echo(f"{suggestion.confidence:6.1%}  {suggestion.item} {suggestion.item_name} → {suggestion.department_name or '无'}  依据：{'、'.join(suggestion.because)}")
    for alarm in advice.alarms:
        click.echo(f"注意：{alarm}")
    click.echo("可自动派单。" if advice.dispatch else f"由人派单：{advice.reason}")


@main.command()
@click.option("--received", required=True, help="受理时间，如 “2026-02-13 16:00”（北京时间）。")
@click.option("--limit", "limit_", required=True, help="时限：30 minute、2 hour、7 day、5 workday、0.5 workday、420 workminute。")
@click.option("--calendar", "calendar_", default="standard", show_default=True, help="日历名称。")
@JSON
def due(received: str, limit_: str, calendar_: str, as_json: bool) -> None:
    """按工作时间（含调休）计算到期时间，并逐步说明。"""
    from sla import calendars
    from sla.worktime import Limit, add

    deadline = add(calendars.shipped(calendar_), _moment(received), Limit.parse(limit_))
    when = clock.local(deadline.due)
    if as_json:
        _print_json({"received": received, "limit": limit_, "due": when.isoformat(), "provisional": deadline.provisional, "steps": list(deadline.steps)})
        return
    click.echo(f"到期：{when:%Y-%m-%d %H:%M}")
    for step in deadline.steps:
        click.echo(f"  · {step}")


@main.command()
@click.option("--keep", is_flag=True, help="保留这一天的数据（在数据目录的 play 下）。")
@JSON
def play(keep: bool, as_json: bool) -> None:
    """用真实系统和以秒计的时限演一遍热线的一天，最后核对每件工单。"""
    import play as day

    result = day.play(_settings(), keep=keep, say=_notice)
    if as_json:
        _print_json(result.as_dict())
    else:
        click.echo(result.table())
    sys.exit(0 if result.right else 1)


@main.command()
@click.option("--loop", is_flag=True, help="一直运行（up 就是这样用它的）。")
@JSON
def tick(loop: bool, as_json: bool) -> None:
    """走一拍：转发事件、扫过到期的时限、收取收件箱里的录音。"""
    import system

    if loop:
        system.beat(_settings(), stop=_stop_on_signal())
        return
    with system.running(_settings(), progress=_notice, jobs=False) as running:
        counts = running.tick(at=clock.now())
    if as_json:
        _print_json(counts)
    else:
        click.echo("，".join(f"{name} {counts[key]}" for key, name in {"relayed": "转发事件", "fired": "触发时限", "received": "收取录音", "requeued": "重新转写"}.items()))


@main.command(hidden=True)
@click.option("--queue", "queues", multiple=True, default=("ticket", "speech"))
@click.option("--threads", default=4, show_default=True)
def work(queues: Sequence[str], threads: int) -> None:
    """运行后台工作进程（up 会启动它；多机部署时可在别的机器上单独启动）。"""
    import system

    system.work(_settings(), queues=queues, threads=threads, stop=_stop_on_signal())


@main.command(hidden=True)
def serve() -> None:
    """只运行网页和接口（up 会启动它）。"""
    import system

    system.serve(_settings())


@main.command()
def migrate() -> None:
    """把外部数据库升级到当前版本（up 会自动做）。"""
    import system

    with system.running(_settings(), progress=_notice, jobs=False):
        click.echo("数据库已是当前版本。")


@main.command()
@JSON
def doctor(as_json: bool) -> None:
    """检查数据库、语音模型、派单模型、端口和磁盘，逐项说明。"""
    import system

    findings = system.examine(_settings())
    if as_json:
        _print_json([{"what": finding.what, "ok": finding.ok, "says": finding.says} for finding in findings])
    else:
        for finding in findings:
            click.echo(f"{'正常' if finding.ok else '注意'}  {finding.what}：{finding.says}")
    sys.exit(0 if all(finding.ok for finding in findings) else 1)


@main.command()
@click.argument("source", required=False, type=click.Path(path_type=Path))
@click.option("--check", "check_only", is_flag=True, help="只核对已有模型的校验和。")
@JSON
def model(source: Path | None, check_only: bool, as_json: bool) -> None:
    """获取并核对语音模型；可给出模型所在的目录或 zip。"""
    from asr import model as speech

    settings = _settings()
    given = source.absolute() if source else settings.model
    if check_only:
        folder = speech.place(settings.models, given)
        speech.check(folder, thorough=True)
    else:
        folder = speech.fetch(settings.models, given, progress=bar())
    if as_json:
        _print_json({"model": speech.NAME, "folder": str(folder)})
    else:
        click.echo(f"语音模型 {speech.NAME} 可用：{folder}")


@main.group()
def user() -> None:
    """账号：list 列出，add 新建，reset 重设密码，close 停用。"""


@user.command("list")
@JSON
def user_list(as_json: bool) -> None:
    """列出账号。"""
    import system
    from sqlalchemy import select

    from hotline.db import Session
    from hotline.people import Person
    from hotline.roles import LABELS, Role

    with system.running(_settings(), progress=_notice, jobs=False), Session() as s:
        rows = [
            {"login": p.login, "name": p.name, "roles": p.roles, "department": p.department_code, "active": p.active, "can_sign_in": p.password_hash is not None}
            for p in s.scalars(select(Person).order_by(Person.id))
        ]
    if as_json:
        _print_json(rows)
        return
    for row in rows:
        posts = "、".join(LABELS[Role(role)] for role in row["roles"])
        click.echo(f"{row['login']:<14}{row['name']}  {posts}  {row['department'] or ''}{'' if row['active'] else '  已停用'}")


@user.command("add")
@click.argument("login")
@click.option("--name", required=True, help="姓名。")
@click.option("--role", "roles", multiple=True, required=True, help="岗位，可重复给出：operator、dispatcher、clerk …")
@click.option("--department", help="所在单位的编码。")
@JSON
def user_add(login: str, name: str, roles: Sequence[str], department: str | None, as_json: bool) -> None:
    """新建账号，打印一次随机密码。"""
    from tickets import accounts

    _account(as_json, lambda s: accounts.add(s, login=login, name=name, roles=roles, department=department))


@user.command("reset")
@click.argument("login")
@JSON
def user_reset(login: str, as_json: bool) -> None:
    """重设密码，打印一次；该账号已登录的地方全部退出。"""
    from tickets import accounts

    _account(as_json, lambda s: accounts.reset(s, login=login))


@user.command("close")
@click.argument("login")
@JSON
def user_close(login: str, as_json: bool) -> None:
    """停用账号。"""
    from tickets import accounts

    _account(as_json, lambda s: accounts.close(s, login=login))


@main.command()
@JSON
def diagram(as_json: bool) -> None:
    """打印工单状态图（Mermaid），与文档中的一致。"""
    from tickets.lifecycle import diagram as drawing

    if as_json:
        _print_json({"mermaid": drawing()})
    else:
        click.echo(drawing())


@main.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="模型目录；不给则训练并启用系统自己的派单模型。")
@JSON
def train(file: Path | None, out: Path | None, as_json: bool) -> None:
    """训练派单模型：不给 CSV 则用项目自带语料。"""
    import system

    report = system.train(_settings(), file, out, progress=bar())
    if as_json:
        _print_json(report)
    else:
        for name, value in report.items():
            click.echo(f"{name}: {value}")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@JSON
def evaluate(folder: Path, file: Path, as_json: bool) -> None:
    """用一份 CSV 评测派单模型。"""
    from routing.evaluate import evaluate as score

    scores = score(folder, file).as_json()
    if as_json:
        _print_json(scores)
    else:
        for name, value in scores.items():
            click.echo(f"{name}: {value}")


def _settings() -> Settings:
    return Settings.from_environment()


def _moment(text: str) -> Any:
    from datetime import datetime

    from hotline.errors import Refused

    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refused(f"看不懂时间“{text}”，请写成 2026-02-13 16:00。", field="received") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=clock.SHANGHAI)


def _account(as_json: bool, change: Callable[[Any], Any]) -> None:
    import system

    from hotline.db import Session

    with system.running(_settings(), progress=_notice, jobs=False), Session.begin() as s:
        account = change(s)
    if as_json:
        _print_json(account)
    else:
        click.echo(f"账号 {account['login']}" + (f" 的密码（只显示这一次）：{account['password']}" if account.get("password") else " 已停用。"))


def _notice(text: str) -> None:
    click.echo(text, err=True)


def _print_json(document: Any) -> None:
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _print_call(report: dict[str, Any]) -> None:
    click.secho(f"■ {report['file']}", bold=True)
    if report.get("problem"):
        click.echo(f"  {report['problem']}")
    if not report.get("ticket"):
        return
    click.echo("  " + report["transcript"].replace("\n", "\n  "))
    who = {"classifier": "分类器派单", "person": "待人派单"}[report["decided_by"]]
    click.echo(f"  工单 {report['ticket']}   事项 {report['item']} {report['item_name']}   承办 {report['department_name'] or '待定'}   置信度 {report['confidence'] or 0:.0%}（{who}）")
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


def bar() -> Callable[[str, float, float], None]:
    """A progress bar on stderr: a moving one for a terminal, a line every tenth for a log."""
    last: dict[str, int] = {}
    names = {"download": "下载语音模型", "unpack": "解开语音模型", "train": "训练派单模型"}
    moving = sys.stderr.isatty()

    def show(stage: str, done: float, total: float) -> None:
        tenth = int(done / total * (50 if moving else 10)) if total else 0
        if last.get(stage) == tenth:
            return
        last[stage] = tenth
        share = done / total if total else 0.0
        if moving:
            filled = int(share * 30)
            end = "\n" if share >= 1 else ""
            sys.stderr.write(f"\r{names.get(stage, stage)} [{'#' * filled}{'.' * (30 - filled)}] {share:4.0%}{end}")
        else:
            sys.stderr.write(f"{names.get(stage, stage)} {share:.0%}\n")
        sys.stderr.flush()

    return show


def _stop_on_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


if __name__ == "__main__":
    log.configure()
    main(args=sys.argv[1:] or ["up"], prog_name="./run")
