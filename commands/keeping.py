"""replay and chain: whether what is stored is what happened."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import click
from sqlalchemy.orm import Session as Session_

from commands.common import JSON, notice, print_json, settings
from hotline.errors import NotFound, Refused


@click.command()
@click.argument("numbers", metavar="[工单号]...", nargs=-1)
@click.option("--all", "all_", is_flag=True, help="所有工单。")
@JSON
def replay(numbers: tuple[str, ...], all_: bool, as_json: bool) -> None:
    """按流转记录重放工单，与库里的工单、承办段和时限逐项比较；有出入时退出码为 1。"""
    import system
    from hotline.db import Session
    from tickets.replay import every_ticket, replay

    if not numbers and not all_:
        raise Refused("请给出工单号，或用 --all 检查所有工单。")
    checked, differences = 0, []
    with system.running(settings(), progress=notice, jobs=False), Session.begin() as s:
        for tickets in every_ticket(s) if all_ else _named(s, numbers):
            checked += len(tickets)
            differences += replay(s, tickets)
    differing = len({difference.number for difference in differences})
    if as_json:
        print_json({"checked": checked, "differing": differing, "differences": [asdict(difference) for difference in differences[:1000]]})
    else:
        click.echo(f"重放 {checked} 件工单，{differing} 件有出入。")
        for difference in differences:
            click.echo(f"  {difference.number} {difference.row} {difference.column}：记录为 {difference.told}，库里为 {difference.found}")
    if differing:
        raise SystemExit(1)


@click.command()
@click.option("--head", default=None, metavar="位置:哈希", help="以前抄下的链头：链上必须还有它，否则末尾被删过。")
@JSON
def chain(head: str | None, as_json: bool) -> None:
    """检查事件链：有没有人绕过系统改过、删过或添过流转记录；有则退出码为 1。"""
    import system
    from hotline.chain import check
    from hotline.db import Session

    with system.running(settings(), progress=notice, jobs=False), Session.begin() as s:
        found = check(s, head=head)
    if as_json:
        print_json(asdict(found))
    elif found.why:
        where = f"编号 {found.first_bad} 的事件" if found.first_bad is not None else "事件链"
        click.echo(f"共 {found.rows} 行，{where}有问题：{found.why}。")
    else:
        click.echo(f"共 {found.rows} 行，完好（其中 {found.unlinked} 行尚未入链）。链头 {found.head}，请抄存到别处。")
    if found.why:
        raise SystemExit(1)


def _named(s: Session_, numbers: tuple[str, ...]) -> Iterable[list[Any]]:
    from sqlalchemy import select

    from tickets.ticket import Ticket

    found = list(s.scalars(select(Ticket).where(Ticket.number.in_(numbers))))
    if missing := sorted(set(numbers) - {ticket.number for ticket in found}):
        raise NotFound(f"没有找到工单：{'、'.join(missing)}。")
    return [found]
