"""suggest, train and evaluate: the classifier from the command line."""

from pathlib import Path
from typing import Any

import click

from commands.common import JSON, bar, notice, print_json, settings
from hotline import clock
from hotline.errors import Refused


@click.command()
@click.argument("text")
@click.option("--area", help="区划编码；不给则从文字里找。")
@JSON
def suggest(text: str, area: str | None, as_json: bool) -> None:
    """对一段诉求给出事项和承办单位的建议，以及依据。"""
    import system
    from hotline.db import Session
    from tickets.suggesting import advise

    with system.running(settings(), progress=notice, jobs=False) as running, Session.begin() as s:
        advice = advise(s, running.classifier, text, at=clock.now(), area=area)
    if as_json:
        print_json(advice.as_dict())
        return
    for suggestion in advice.suggestions:
        why = "、".join(suggestion.because)
        click.echo(f"{suggestion.confidence:6.1%}  {suggestion.item} {suggestion.item_name} → {suggestion.department_name or '无'}  依据：{why}")
    for past in advice.similar:
        click.echo(f"相似的以往工单：{past.number} {past.item_name} → {past.department_name}（相似 {past.likeness:.0%}）")
    for alarm in advice.alarms:
        click.echo(f"注意：{alarm}")
    click.echo("可自动派单。" if advice.dispatch else f"由人派单：{advice.reason}")


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="模型目录；不给则训练并启用系统自己的派单模型。")
@click.option("--from-tickets", is_flag=True, help="用语料和本市工单训练新模型，与现任比较，更好才启用。")
@click.option("--back", is_flag=True, help="退回前一个模型。")
@JSON
def train(file: Path | None, out: Path | None, from_tickets: bool, back: bool, as_json: bool) -> None:
    """训练派单模型：不给 CSV 则用项目自带语料。"""
    import preparing

    if from_tickets + back + (file is not None) > 1:
        raise Refused("CSV 文件、--from-tickets、--back 只能选一样。")
    if back:
        report = _back(out)
    elif from_tickets:
        report = _from_tickets(out)
    else:
        report = preparing.train(settings(), file, out, progress=bar())
    if as_json:
        print_json(report)
        return
    for name, value in report.items():
        if not isinstance(value, dict):
            click.echo(f"{name}: {value}")


def _from_tickets(out: Path | None) -> dict[str, Any]:
    import system
    from hotline.db import Session
    from tickets import retraining

    folder, at, show = out or settings().models / "routing", clock.now(), bar()
    with system.running(settings(), progress=notice, jobs=False):
        retraining.catch_up(Session.begin)
        with Session() as s:
            course = retraining.course(s, folder, on=clock.local(at).date())
        return retraining.retrain(course, folder, at=at, progress=lambda stage, share: show("train", share, 1.0))


def _back(out: Path | None) -> dict[str, Any]:
    from routing import store

    folder = out or settings().models / "routing"
    left = store.shelf(folder).champion
    return {"version": store.back(folder), "previous": left.version if left else None, "reason": "已退回前一个模型；再执行一次 --back 可换回来。"}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@JSON
def evaluate(folder: Path, file: Path, as_json: bool) -> None:
    """用一份 CSV 评测派单模型。"""
    from routing.evaluate import evaluate as score

    scores = score(folder, file).as_json()
    if as_json:
        print_json(scores)
    else:
        for name, value in scores.items():
            click.echo(f"{name}: {value}")
