"""/tickets: filing and reading. The verbs are in api/verbs.py."""

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any

from litestar import Controller, Request, Response
from litestar.datastructures import State
from litestar.params import Body, FromPath, FromQuery, QueryParameter
from sqlalchemy.orm import Session as Session_

from api.deps import At, Me, once
from api.routes import get, post
from api.shapes import TicketOut, TicketPage, ticket_line, ticket_out
from hotline.db import Session
from hotline.errors import Forbidden, Refused
from hotline.people import Person
from tickets import access, attaching, desks, queries, searching
from tickets.filing import Matter, clean, file
from tickets.suggesting import advise


@dataclass(frozen=True)
class NewTicket(Matter):
    """What is to be filed. kind: inquiry, help, complaint, report, suggestion, praise, stuck, fault, promise or agency.

    burden, for stuck: trips, departments, materials, days; should (yes, no, unclear) and obstacle (none, materials, policy, departments, system,
    people) where it is known already. concerns (id) or concerns_name, or else window, for fault. attachments: ids of your uploads.
    """

    channel: str = "api"
    attachments: list[int] = field(default_factory=list)


class Tickets(Controller):
    """工单."""

    path = "/tickets"
    tags = ["工单"]

    @post("/", status_code=201, summary="登记")
    def file(self, request: Request[Person, Any, State], data: Annotated[NewTicket, Body()], me: Me, at: At) -> Response[TicketOut]:
        """Files a ticket; where the classifier is sure, it is dispatched moments later. Takes an Idempotency-Key."""

        def do(s: Session_) -> TicketOut:
            advice = advise(s, request.app.state.classifier, clean(data.body, "body"), at=at, area=data.area)
            number = file(s, data, by=me, at=at, advice=advice).number
            ticket = access.find(s, number, me)
            if attaching.bring(s, ticket, data.attachments, by=me, at=at):
                attaching.attach(s, ticket, by=me, at=at)
            return ticket_out(s, ticket, me)

        return once(request, json.dumps(asdict(data), sort_keys=True).encode(), by=me, at=at, status=201, do=do)

    @get("/", summary="工作队列与查找")
    def listed(
        self,
        request: Request[Person, Any, State],
        me: Me,
        at: At,
        desk: FromQuery[str | None] = None,
        after: FromQuery[str | None] = None,
        q: FromQuery[str | None] = None,
        area: FromQuery[str | None] = None,
        item: FromQuery[str | None] = None,
        unit: FromQuery[str | None] = None,
        ever: FromQuery[str | None] = None,
        kind: FromQuery[list[str] | None] = None,
        states: Annotated[list[str] | None, QueryParameter(name="state")] = None,
        light: FromQuery[str | None] = None,
        received_from: FromQuery[str | None] = None,
        received_until: FromQuery[str | None] = None,
        due_from: FromQuery[str | None] = None,
        due_until: FromQuery[str | None] = None,
        order: FromQuery[str | None] = None,
    ) -> TicketPage:
        """A desk's queue by deadline, or a search among all that you may see; fifty at a time, `after` asks for the next.

        desk: dispatch (待派单), inbox (本单位承办), below (下属单位承办, for a chief), review (待审核) or revisit (待回访).
        q: words of two characters and more, all of which must occur, or a ticket number, a query code, a telephone number.
        area, item: with all below. unit: whose current legs, with ever=1 all it ever held. light: green, amber, red, blue or grey.
        received_*, due_*: a day or a moment. order: new (the newest first) or due (open ones, the most pressing first).
        """
        with Session() as s:
            return _desk(s, desk, me, after) if desk else _search(s, request, me, at, after)

    @get("/{number:str}", summary="一件工单")
    def one(self, number: FromPath[str], me: Me) -> TicketOut:
        """The ticket, its legs, its timeline, and the moves that you may make now."""
        with Session() as s:
            return ticket_out(s, access.find(s, number, me), me)


def _desk(s: Session_, desk: str, me: Person, after: str | None) -> TicketPage:
    if desk in ("inbox", "below"):
        if not me.department_code or not me.has(*access.DEPARTMENT):
            raise Forbidden("部门工作台由承办单位使用。")
        legs = desks.inbox(s, me, below=desk == "below", after=after)
        return TicketPage([ticket_line(leg.ticket, due=leg.due_at) for leg in legs.rows], legs.after)
    listing = {"dispatch": desks.to_dispatch, "review": desks.to_review, "revisit": desks.to_revisit}.get(desk)
    if listing is None:
        raise Refused("desk 只能是 dispatch、inbox、below、review 或 revisit。", field="desk")
    page = listing(s, me, after=after)
    return TicketPage([ticket_line(ticket) for ticket in page.rows], page.after)


def _search(s: Session_, request: Request[Person, Any, State], me: Person, at: datetime, after: str | None) -> TicketPage:
    wanted = queries.wanted_of({name: request.query_params.getall(name) for name in request.query_params})
    if one := searching.named(s, wanted.text, me):
        return TicketPage([ticket_line(one)], None)
    if found := searching.caller(wanted.text):
        wanted = replace(wanted, text="", caller=found)
    lines = searching.search(s, wanted, by=me, at=at, after=after)
    return TicketPage([ticket_line(line.ticket, due=line.leg.due_at if line.leg else None) for line in lines.rows], lines.after)
