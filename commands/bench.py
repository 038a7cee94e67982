"""bench: how fast it is, every figure as a ratio measured in the same run."""

from collections.abc import Collection
from pathlib import Path

import click

from commands.common import JSON, notice, print_json, settings

ROOT = Path(__file__).resolve().parent.parent


@click.group()
def bench() -> None:
    """测速与质量：sla 时限，tickets 工单，routing 派单，speech 转写。时间都是同一次运行里的比值。"""


@bench.command("sla")
@JSON
def bench_sla(as_json: bool) -> None:
    """时限计算与超期扫描；在数据库里另建一个模式，测完删除。"""
    import system
    from sla import bench as measure

    with system.running(settings(), progress=notice, jobs=False) as running:
        measure.main(json=as_json, url=running.url)


@bench.command("tickets")
@click.option("--tickets", default=1_000_000, show_default=True, type=click.IntRange(1_000, 20_000_000), help="大城有多少件工单；事件约为其五到六倍。")
@JSON
def bench_tickets(tickets: int, as_json: bool) -> None:
    """登记与裸 SQL 比，大城的列表与小城比；在同一台数据库服务器上另建两个库，测完删除（百万件约需 10 GB 磁盘和数分钟）。"""
    import system
    from hotline import clock
    from tickets import bench as measure

    with system.running(settings(), progress=notice, jobs=False) as running:
        key = running.settings.key
        measure.main(json=as_json, url=running.url, key=key, tickets=tickets, at=clock.now(), say=notice)


@bench.command("routing")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="目录，内有 train.csv.gz 和 dev.csv（列：label,text 或 label,title,detail）。")
@JSON
def bench_routing(data: Path, as_json: bool) -> None:
    """派单的准确、校准、覆盖和快慢；在给出的数据上训练和评测，不动系统自己的模型。"""
    import preparing
    import system
    from hotline import clock
    from routing import bench as measure
    from tickets.classifier import gazetteer

    with system.running(settings(), progress=notice, jobs=False):
        units, scopes = preparing.city_of_corpus()
        report = measure.run(data, measure.City(units, scopes, gazetteer()), at=clock.now())
    if as_json:
        print_json(report)
        return
    for part, figures in report.items():
        click.echo(f"{part}: {figures}")


@bench.command("speech")
@click.option("--only", default="", metavar="PARTS", help="只测哪几部分，逗号分开：cost 开销，together 两段同时，live 现场，mandarin 朗读，hotline 热线。")
@click.option("--skip", "skipped", default="", metavar="PARTS", help="不测哪几部分，逗号分开。")
@click.option("--calls", type=click.Path(path_type=Path), help="样例通话目录（manifest.tsv 和各自的脚本）；默认 tests/calls。")
@click.option("--mandarin", type=click.Path(path_type=Path), help="普通话朗读目录（manifest.tsv）；默认 ../shared/data/aishell。")
@click.option("--city", type=click.Path(path_type=Path), help="城市留言 CSV；默认 ../shared/data/teddy2020c/messages.csv.gz。")
@JSON
def bench_speech(only: str, skipped: str, calls: Path | None, mandarin: Path | None, city: Path | None, as_json: bool) -> None:
    """转写的开销与字错误率，同一次运行里与裸 Vosk 比：出厂、自带语料适应后、城市文本适应后；没有的数据跳过。"""
    from asr import bench as measure
    from asr import model
    from commands import adapting
    from commands.asr import read
    from hotline import clock

    own, shared = settings(), ROOT.parent / "shared" / "data"
    folder = model.place(own.models, own.model)
    model.check(folder)
    sources = measure.Sources(
        calls or ROOT / "tests" / "calls",
        mandarin or shared / "aishell",
        city or shared / "teddy2020c" / "messages.csv.gz",
        adapting.own_material(),
        lambda path: list(read(path)),
    )
    asked, left = _parts(only, measure.PARTS) or list(measure.PARTS), _parts(skipped, measure.PARTS)
    report = measure.run(folder, sources, [part for part in asked if part not in left], at=clock.now(), say=notice)
    if as_json:
        print_json(report)
        return
    for part, figures in report.items():
        click.echo(f"{part}: {figures}")


def _parts(given: str, known: Collection[str]) -> list[str]:
    """Raises BadParameter for a part that is none."""
    found = [part.strip() for part in given.split(",") if part.strip()]
    if strange := [part for part in found if part not in known]:
        raise click.BadParameter(f"没有 {strange[0]} 这一部分，只有 {'、'.join(known)}。")
    return found
