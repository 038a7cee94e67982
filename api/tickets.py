"""/tickets: filing and reading. The verbs are in api/verbs.py."""

import json
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

from litestar import Controller, Request, Response
from litestar.datastructures import State
from litestar.params import Body, FromPath, FromQuery
from sqlalchemy.orm import Session as Session_

from api.deps import At, Me, once
from api.routes import get, post
from api.shapes import TicketOut, TicketPage, ticket_line, ticket_out
from hotline.db import Session
from hotline.errors import Forbidden, Refused
from hotline.people import Person
from tickets import access, desks
from tickets.filing import Matter, clean, file
from tickets.suggesting import advise


@dataclass
class NewTicket:
    """What is to be filed. kind: inquiry, help, complaint, report, suggestion, praise, stuck or fault.

    burden, for stuck: trips, departments, materials, days.
    """

    body: str
    kind: str
    title: str = ""
    wants: str = ""
    item: str | None = None
    area: str | None = None
    address: str = ""
    caller_name: str = ""
    phone: str = ""
    confidentiality: str = "open"
    channel: str = "api"
    burden: dict[str, int] = field(default_factory=dict)


class Tickets(Controller):
    """工单."""

    path = "/tickets"
    tags = ["工单"]

    @post("/", status_code=201, summary="登记")
    def file(self, request: Request[Person, Any, State], data: Annotated[NewTicket, Body()], me: Me, at: At) -> Response[TicketOut]:
        """Files a ticket; where the classifier is sure, it is dispatched moments later. Takes an Idempotency-Key."""

        def do(s: Session_) -> TicketOut:
            advice = advise(s, request.app.state.classifier, clean(data.body, "body"), at=at, area=data.area)
            ticket = file(s, Matter(**asdict(data)), by=me, at=at, advice=advice)
            return ticket_out(s, access.find(s, ticket.number, me), me)

        return once(request, json.dumps(asdict(data), sort_keys=True).encode(), by=me, at=at, status=201, do=do)

    @get("/", summary="工作队列")
    def queue(self, me: Me, desk: FromQuery[str], after: FromQuery[str | None] = None) -> TicketPage:
        """desk: dispatch (待派单), inbox (本单位承办), review (待审核) or revisit (待回访); by deadline, fifty at a time."""
        with Session() as s:
            if desk == "inbox":
                if not me.department_code or not me.has(*access.DEPARTMENT):
                    raise Forbidden("部门工作台由承办单位使用。")
                legs = desks.inbox(s, me.department_code, after=after)
                return TicketPage([ticket_line(leg.ticket, due=leg.due_at) for leg in legs.rows], legs.after)
            listing = {"dispatch": desks.to_dispatch, "review": desks.to_review, "revisit": desks.to_revisit}.get(desk)
            if listing is None:
                raise Refused("desk 只能是 dispatch、inbox、review 或 revisit。", field="desk")
            page = listing(s, me, after=after)
            return TicketPage([ticket_line(ticket) for ticket in page.rows], page.after)

    @get("/{number:str}", summary="一件工单")
    def one(self, number: FromPath[str], me: Me) -> TicketOut:
        """The ticket, its legs, its timeline, and the moves that you may make now."""
        with Session() as s:
            return ticket_out(s, access.find(s, number, me), me)
