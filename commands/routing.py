"""suggest, train and evaluate: the classifier from the command line."""

from pathlib import Path

import click

from commands.common import JSON, bar, notice, print_json, settings
from hotline import clock


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
    for alarm in advice.alarms:
        click.echo(f"注意：{alarm}")
    click.echo("可自动派单。" if advice.dispatch else f"由人派单：{advice.reason}")


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="模型目录；不给则训练并启用系统自己的派单模型。")
@JSON
def train(file: Path | None, out: Path | None, as_json: bool) -> None:
    """训练派单模型：不给 CSV 则用项目自带语料。"""
    import system

    report = system.train(settings(), file, out, progress=bar())
    if as_json:
        print_json(report)
    else:
        for name, value in report.items():
            click.echo(f"{name}: {value}")


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
