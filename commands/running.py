"""up and the processes it starts; tick, play, migrate, doctor, model, diagram."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from commands.common import JSON, bar, notice, print_json, settings, stop_on_signal
from hotline import clock

COUNTED = {"relayed": "转发事件", "fired": "触发时限", "received": "收取录音", "requeued": "重新转写", "counted": "点算督办数"}


@click.command()
@click.option("--empty", is_flag=True, help="空库启动时不装入演示城市。")
@click.option("--no-model", is_flag=True, help="不获取语音模型；通话会等待，直到有了模型。")
def up(empty: bool, no_model: bool) -> None:
    """启动整个系统：数据库、网页、转写、派单和计时；全部就绪后打印 READY。"""
    import system

    try:
        system.up(settings(), empty=empty, fetch_model=not no_model)
    except KeyboardInterrupt:  # before everything was up; what had been started has been stopped
        notice("已停止。")
        sys.exit(130)


@click.command()
@click.option("--keep", is_flag=True, help="保留这一天的数据（在数据目录的 play 下）。")
@JSON
def play(keep: bool, as_json: bool) -> None:
    """用真实系统和以秒计的时限演一遍热线的一天，最后核对每件工单。"""
    import play as day

    result = day.play(settings(), keep=keep, say=notice)
    if as_json:
        print_json(result.as_dict())
    else:
        click.echo(result.table())
    sys.exit(0 if result.right else 1)


@click.command()
@click.option("--loop", is_flag=True, help="一直运行（up 就是这样用它的）。")
@JSON
def tick(loop: bool, as_json: bool) -> None:
    """走一拍：转发事件、扫过到期的时限、收取收件箱里的录音。"""
    import system

    if loop:
        system.beat(settings(), stop=stop_on_signal())
        return
    with system.running(settings(), progress=notice, jobs=False) as running:
        counts = running.tick(at=clock.now())
    if as_json:
        print_json(counts)
    else:
        click.echo("，".join(f"{name} {counts[key]}" for key, name in COUNTED.items()))


@click.command(hidden=True)
@click.option("--queue", "queues", multiple=True, default=("ticket", "speech"))
@click.option("--threads", default=4, show_default=True)
def work(queues: Sequence[str], threads: int) -> None:
    """运行后台工作进程（up 会启动它；多机部署时可在别的机器上单独启动）。"""
    import system

    system.work(settings(), queues=queues, threads=threads, stop=stop_on_signal())


@click.command(hidden=True)
def serve() -> None:
    """只运行网页和接口（up 会启动它）。"""
    import system

    system.serve(settings())


@click.command(hidden=True)
def listen() -> None:
    """接听交换机送来的实时语音（vosk-server 协议和 AudioSocket；up 会启动它）。"""
    import system

    system.listen(settings(), stop=stop_on_signal())


@click.command()
def migrate() -> None:
    """把外部数据库升级到当前版本（up 会自动做）。"""
    import system

    with system.running(settings(), progress=notice, jobs=False):
        click.echo("数据库已是当前版本。")


@click.command()
@JSON
def doctor(as_json: bool) -> None:
    """检查数据库、语音模型、派单模型、端口和磁盘，逐项说明。"""
    from dataclasses import asdict

    from doctor import examine

    findings = examine(settings())
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            click.echo(f"{'正常' if finding.ok else '注意'}  {finding.what}：{finding.says}")
    sys.exit(0 if all(finding.ok for finding in findings) else 1)


@click.command()
@click.argument("source", required=False, type=click.Path(path_type=Path))
@click.option("--check", "check_only", is_flag=True, help="只核对已有模型的校验和。")
@JSON
def model(source: Path | None, check_only: bool, as_json: bool) -> None:
    """获取并核对语音模型，首次还学热线用语；可给出模型所在的目录或 zip。"""
    import preparing
    from asr import model as speech

    own = settings()
    given = source.absolute() if source else own.model
    if check_only:
        folder = speech.place(own.models, given)
        speech.check(folder, thorough=True)
    else:
        folder = speech.fetch(own.models, given, progress=bar())
        preparing.learn_hotline_words(replace(own, model=given), progress=bar())
    if as_json:
        print_json({"model": speech.NAME, "folder": str(folder)})
    else:
        click.echo(f"语音模型 {speech.NAME} 可用：{folder}")


@click.command()
@JSON
def diagram(as_json: bool) -> None:
    """打印工单状态图（Mermaid），与文档中的一致。"""
    from tickets.lifecycle import diagram as drawing

    if as_json:
        print_json({"mermaid": drawing()})
    else:
        click.echo(drawing())
