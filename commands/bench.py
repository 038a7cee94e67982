"""bench: how fast it is, every figure as a ratio measured in the same run."""

import click

from commands.common import JSON, notice, settings


@click.group()
def bench() -> None:
    """测速：sla 时限。每个数字都是同一次运行里的比值。"""


@bench.command("sla")
@JSON
def bench_sla(as_json: bool) -> None:
    """时限计算与超期扫描；在数据库里另建一个模式，测完删除。"""
    import system
    from sla import bench as measure

    with system.running(settings(), progress=notice, jobs=False) as running:
        measure.main(json=as_json, url=running.url)
