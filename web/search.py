"""查找工单: one box for number, query code, telephone and words; filters; pages by keyset; searches kept under a name.

A telephone number never stands in an address: what is typed into the box is posted, and goes on as a keyed hash.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template

from hotline.clock import local
from hotline.db import Session
from hotline.errors import NotFound, Refusal
from sla.light import Light
from tickets import queries, searching, views
from tickets.lifecycle import State
from tickets.numbers import is_number
from tickets.searching import Found, Wanted
from tickets.ticket import Kind
from web import choices
from web.deps import Answer, Typed
from web.refusals import status_of
from web.rows import Row, leg_row, ticket_row
from web.shell import Page

FILTERS = {"kinds": {kind: kind.label for kind in Kind}, "states": {state: state.label for state in State}, "lights": {light: light.word for light in Light}}


@dataclass(frozen=True)
class Kept:
    """A saved search as a link. query: its address; mine: whether this person may remove it."""

    id: int
    name: str
    query: str
    mine: bool
    shared: bool


class Search(Controller):
    """查找."""

    path = "/"

    @get("/tickets", sync_to_thread=True)
    def results(self, request: Request[Any, Any, Any], page: Answer) -> Response[Any]:
        """The page of results; a number or a query code leads to its ticket at once."""
        given = _given(request)
        try:
            wanted = _named(queries.wanted_of(given))
            return _results(page, wanted, next(iter(given.get("after", ())), None))
        except NotFound:
            raise
        except Refusal as no:
            return _page(page, Wanted(), (), None, given=given, no=no)

    @post("/tickets/find", sync_to_thread=True)
    def find(self, form: Typed, page: Answer) -> Response[Any]:
        """The box in the bar."""
        typed = form.text("q")
        if found := searching.caller(typed):
            return page.go("/tickets?" + urlencode({"caller": found}))
        return page.go("/tickets?" + urlencode({"q": typed}))

    @post("/saved-views", sync_to_thread=True)
    def save(self, form: Typed, page: Answer) -> Response[Any]:
        """保存查询."""
        wanted = queries.parsed(form.text("query"))
        query = queries.spelt(wanted)
        try:
            with Session.begin() as s:
                views.save(s, name=form.text("name"), query=query, shared=form.ticked("shared"), by=page.me, at=page.at)
        except Refusal as no:
            return _results(page, wanted, None, no=no)
        return page.go(f"/tickets?{query}", "save_view", form.text("name"))

    @post("/saved-views/{number:int}/removal", sync_to_thread=True)
    def remove(self, number: FromPath[int], page: Answer) -> Response[Any]:
        """删除查询."""
        with Session.begin() as s:
            views.remove(s, number, by=page.me)
        return page.go("/tickets", "remove_view")


def _named(wanted: Wanted) -> Wanted:
    """The unit, the item and the area by their codes, however they were typed."""
    with Session() as s:
        unit, item, area = choices.unit_code(s, wanted.unit, "unit"), choices.item_code(s, wanted.item), choices.area_code(s, wanted.area)
        return replace(wanted, unit=unit, item=item or "", area=area or "")


def _results(page: Page, wanted: Wanted, after: str | None, *, no: Refusal | None = None) -> Response[Any]:
    with Session() as s:
        if wanted.text and (one := searching.named(s, wanted.text, page.me)):
            return page.go(f"/tickets/{one.number}")
        if is_number(wanted.text.upper()):
            raise NotFound(f"没有找到编号为“{wanted.text[:40]}”的工单，或您无权查看。")
        if found := searching.caller(wanted.text):
            return page.go("/tickets?" + urlencode({"caller": found}))
        lines = searching.search(s, wanted, by=page.me, at=page.at, after=after)
    return _page(page, wanted, lines.rows, lines.after, no=no)


def _page(
    page: Page, wanted: Wanted, lines: Sequence[Found], after: str | None, *, given: Mapping[str, Sequence[str]] | None = None, no: Refusal | None = None
) -> Template:
    """given: what was asked, where it could not be understood."""
    with Session() as s:
        offered = {"departments": choices.departments(s, wanted.unit), "areas": choices.areas(s, wanted.area)}
        kept = [Kept(one.id, one.name, one.query, one.person_id == page.me.id, bool(one.department_code)) for one in views.views_of(s, page.me)]
    query = queries.spelt(wanted)
    asked = wanted.text if given is None else (given.get("q") or [""])[-1]
    return page.show(
        "search.html", status=status_of(no) if no else 200, wanted=wanted, asked=asked, query=query, rows=[_row(line, page) for line in lines], after=after,
        here=f"/tickets?{query}" if query else "/tickets", orders=_orders(wanted), kept=kept, no=no.sentence if no else "", at_fault=getattr(no, "field", None),
        narrowed=query not in ("", "order=due"), days=_days(wanted), **offered, **FILTERS,
    )  # fmt: skip


def _row(line: Found, page: Page) -> tuple[Row, str]:
    state = line.leg.state if line.leg else line.ticket.state
    return (leg_row(line.leg, page.at) if line.leg else ticket_row(line.ticket, page.at)), state.value


def _orders(wanted: Wanted) -> list[tuple[str, str, bool]]:
    return [("/tickets?" + queries.spelt(replace(wanted, order=order)), name, wanted.order == order) for order, name in searching.ORDERS.items()]


def _given(request: Request[Any, Any, Any]) -> dict[str, list[str]]:
    return {name: request.query_params.getall(name) for name in request.query_params}


def _days(wanted: Wanted) -> dict[str, str]:
    """The moments as the date fields show them: until a day means to its end."""
    shown = {}
    for name in queries.MOMENTS:
        moment = getattr(wanted, name)
        shown[name] = f"{local(moment - (timedelta(microseconds=1) if name.endswith('until') else timedelta())):%Y-%m-%d}" if moment else ""
    return shown
