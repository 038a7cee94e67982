"""bench: how fast it is, every figure as a ratio measured in the same run."""

from pathlib import Path

import click

from commands.common import JSON, notice, print_json, settings


@click.group()
def bench() -> None:
    """测速与质量：sla 时限，routing 派单。时间都是同一次运行里的比值。"""


@bench.command("sla")
@JSON
def bench_sla(as_json: bool) -> None:
    """时限计算与超期扫描；在数据库里另建一个模式，测完删除。"""
    import system
    from sla import bench as measure

    with system.running(settings(), progress=notice, jobs=False) as running:
        measure.main(json=as_json, url=running.url)


@bench.command("routing")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="目录，内有 train.csv.gz 和 dev.csv（列：label,text 或 label,title,detail）。")
@JSON
def bench_routing(data: Path, as_json: bool) -> None:
    """派单的准确、校准、覆盖和快慢；在给出的数据上训练和评测，不动系统自己的模型。"""
    import system
    from hotline import clock
    from routing import bench as measure
    from tickets.classifier import gazetteer

    with system.running(settings(), progress=notice, jobs=False):
        units, scopes = system.city_of_corpus()
        report = measure.run(data, measure.City(units, scopes, gazetteer()), at=clock.now())
    if as_json:
        print_json(report)
        return
    for part, figures in report.items():
        click.echo(f"{part}: {figures}")
