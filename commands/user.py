"""user: accounts from the command line."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from commands.common import JSON, notice, print_json, settings
from hotline import clock


@click.group()
def user() -> None:
    """账号：list 列出，add 新建，reset 重设密码，close 停用。"""


@user.command("list")
@JSON
def user_list(as_json: bool) -> None:
    """列出账号。"""
    from sqlalchemy import select

    import system
    from hotline.db import Session
    from hotline.people import Person
    from hotline.roles import LABELS, Role

    with system.running(settings(), progress=notice, jobs=False), Session() as s:
        rows = [_row(person) for person in s.scalars(select(Person).order_by(Person.id))]
    if as_json:
        print_json(rows)
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

    _account(as_json, lambda s, by: accounts.add(s, login=login, name=name, roles=roles, department=department, by=by, at=clock.now()))


@user.command("reset")
@click.argument("login")
@JSON
def user_reset(login: str, as_json: bool) -> None:
    """重设密码，打印一次；该账号已登录的地方全部退出。"""
    from tickets import accounts

    _account(as_json, lambda s, by: accounts.reset(s, login=login, by=by, at=clock.now()))


@user.command("close")
@click.argument("login")
@JSON
def user_close(login: str, as_json: bool) -> None:
    """停用账号。"""
    from tickets import accounts

    _account(as_json, lambda s, by: accounts.close(s, login=login, by=by, at=clock.now()))


def _row(person: Any) -> dict[str, Any]:
    return {
        "login": person.login,
        "name": person.name,
        "roles": person.roles,
        "department": person.department_code,
        "active": person.active,
        "can_sign_in": person.password_hash is not None,
    }


def _account(as_json: bool, change: Callable[[Any, Any], Any]) -> None:
    import system
    from hotline.db import Session
    from hotline.people import system as the_system

    with system.running(settings(), progress=notice, jobs=False), Session.begin() as s:
        account = change(s, the_system(s))
    if as_json:
        print_json(account)
    else:
        click.echo(f"账号 {account['login']}" + (f" 的密码（只显示这一次）：{account['password']}" if account.get("password") else " 已停用。"))
