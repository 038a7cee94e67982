"""本人: in which capacity one acts now (切换身份), and one's own deputies and leave."""

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlalchemy.orm import Session as Session_

from hotline import capacity
from hotline.db import Session
from hotline.errors import Refusal
from hotline.people import Person
from tickets import people_browse, personnel
from web.deps import COOKIE, Answer, Typed
from web.form import NOTHING, Form
from web.organisation import ending, name_deputy, take_leave
from web.refusals import status_of
from web.shell import Page


class Mine(Controller):
    """本人."""

    path = "/me"

    @get("/", sync_to_thread=True)
    def me(self, page: Answer) -> Template:
        """What one may act as, who stands in, when one is away."""
        return my_page(page)

    @post("/capacity", sync_to_thread=True)
    def act_as(self, request: Request[Any, Any, Any], form: Typed, page: Answer) -> Response[Any]:
        """切换身份 for this sign-in."""
        try:
            with Session.begin() as s:
                chosen = capacity.choose(s, request.cookies.get(COOKIE, ""), form.text("capacity"), at=page.at)
        except Refusal as no:
            return my_page(page, form=form, no=no)
        return page.go("/me", "capacity", chosen.name)

    @post("/deputies", sync_to_thread=True)
    def deputise(self, form: Typed, page: Answer) -> Response[Any]:
        """请人代理."""
        return _mine(page, form, "deputise", lambda s, login: name_deputy(s, login, form, page))

    @post("/leaves", sync_to_thread=True)
    def leave(self, form: Typed, page: Answer) -> Response[Any]:
        """请假."""
        return _mine(page, form, "leave", lambda s, login: take_leave(s, login, form, page))

    @post("/{kind:str}/{number:int}/end", sync_to_thread=True)
    def end(self, kind: FromPath[str], number: FromPath[int], form: Typed, page: Answer) -> Response[Any]:
        """结束代理 or 销假."""
        return _mine(page, form, f"end_{kind}", lambda s, login: ending(kind)(s, number, by=page.me, at=page.at))


def my_page(page: Page, *, form: Form = NOTHING, no: Refusal | None = None) -> Template:
    """The page; no: what was just refused."""
    key = f"for:{page.me.on_behalf_of}" if page.me.on_behalf_of else None
    with Session() as s:
        open_ = capacity.capacities(s, page.me.id, at=page.at)
        myself = s.get_one(Person, page.me.id)
        deputies = personnel.deputies(s, myself, at=page.at)
        leaves = personnel.leaves(s, myself, at=page.at)
    shown = [(one, people_browse.posts(list(one.roles)), one.key == (key or _of(page, open_))) for one in open_]
    return page.show("me.html", status=status_of(no) if no else 200, capacities=shown, deputies=deputies, leaves=leaves, form=form,
                     no=no.sentence if no else "", field=no.field if no else None)  # fmt: skip


def _of(page: Page, open_: list[capacity.Capacity]) -> str:
    """The key of the capacity in which the page is looked at, of oneself."""
    same = (one.key for one in open_ if one.behalf is None and (one.department.code if one.department else None) == page.me.department_code)
    return next(same, "")


def _mine(page: Page, form: Form, said: str, do: Any) -> Response[Any]:
    try:
        with Session.begin() as s:
            do(s, _login(s, page))
    except Refusal as no:
        return my_page(page, form=form, no=no)
    return page.go("/me", said)


def _login(s: Session_, page: Page) -> str:
    return s.get_one(Person, page.me.id).login
