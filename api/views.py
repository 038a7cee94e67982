"""/saved-views: searches kept under a name."""

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Controller, Request, Response
from litestar.datastructures import State
from litestar.params import Body, FromPath

from api.deps import At, Me, once
from api.routes import delete, get, post
from hotline.db import Session
from hotline.people import Person
from tickets import queries, views


@dataclass
class NewView:
    """query: the search as the address of GET /tickets has it. shared: with the colleagues of one's own unit."""

    name: str
    query: str
    shared: bool = False


@dataclass
class ViewOut:
    """保存的查询. mine: whether you may remove it."""

    id: int
    name: str
    query: str
    shared: bool
    mine: bool


class Views(Controller):
    """保存的查询."""

    path = "/saved-views"
    tags = ["工单"]

    @get("/", summary="保存的查询")
    def kept(self, me: Me) -> list[ViewOut]:
        """Your own, and those that colleagues of your unit share."""
        with Session() as s:
            return [_out(view, me) for view in views.views_of(s, me)]

    @post("/", status_code=201, summary="保存查询")
    def save(self, request: Request[Person, Any, State], data: Annotated[NewView, Body()], me: Me, at: At) -> Response[ViewOut]:
        """The same name again replaces it."""
        query = queries.spelt(queries.parsed(data.query))
        content = f"{data.name}\n{query}\n{data.shared}".encode()
        return once(
            request, content, by=me, at=at, status=201,
            do=lambda s: _out(views.save(s, name=data.name, query=query, shared=data.shared, by=me, at=at), me),
        )  # fmt: skip

    @delete("/{number:int}", summary="删除保存的查询")
    def remove(self, number: FromPath[int], me: Me) -> None:
        """Only your own."""
        with Session.begin() as s:
            views.remove(s, number, by=me)


def _out(view: views.SavedView, me: Person) -> ViewOut:
    return ViewOut(view.id, view.name, view.query, bool(view.department_code), view.person_id == me.id)
