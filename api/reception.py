"""/receptions: contacts that did not become a ticket, and how often each result came."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from litestar import Controller, Request, Response
from litestar.datastructures import State
from litestar.params import Body, FromPath, FromQuery
from sqlalchemy.orm import Session as Session_

from api.deps import At, Me, once
from api.routes import get, post
from api.shapes import iso
from hotline.clock import SHANGHAI, local
from hotline.db import Session
from hotline.people import Person
from hotline.privacy import masked_phone
from tickets import access, calling_again, calls, reception
from tickets.reception import RESULTS, Reception


@dataclass
class Contact:
    """受理登记. result: urgent, police, route, secret, unlawful, external, repeat, urge or talk; channel: where the citizen was sent.

    ticket: number of the ticket that a repeat or an urge is about. call: id of the call that it came by.
    """

    result: str
    channel: str = ""
    note: str = ""
    phone: str = ""
    ticket: str | None = None
    call: int | None = None


@dataclass
class ContactOut:
    """受理登记 as it is kept. say: what the citizen is to be told."""

    id: int
    number: str
    result: str
    label: str
    say: str
    channel: str
    note: str
    phone: str
    ticket: str | None
    call: int | None
    at: str | None
    by: str


@dataclass
class Counted:
    """How often each result came; ticket: tickets filed, direct: of those answered on the spot."""

    since: str | None
    until: str | None
    numbers: dict[str, int]


class Receptions(Controller):
    """受理登记."""

    path = "/receptions"
    tags = ["受理"]

    @post("/", status_code=201, summary="受理登记")
    def keep(self, request: Request[Person, Any, State], data: Annotated[Contact, Body()], me: Me, at: At) -> Response[ContactOut]:
        """Keeps what became of a contact; an urge also urges its ticket. Takes an Idempotency-Key."""

        def do(s: Session_) -> ContactOut:
            ticket = access.find(s, data.ticket, me, lock=True) if data.ticket else None
            call = calls.find(s, data.call, by=me, lock=True) if data.call is not None else None
            if data.result == "urge" and ticket is not None:
                kept = calling_again.urge(s, ticket, said=data.note, phone=data.phone, call=call, by=me, at=at)
            else:
                kept = calling_again.kept(
                    s, data.result, channel=data.channel, note=data.note, phone=data.phone, ticket=ticket, call=call, by=me, at=at
                )  # fmt: skip
            s.flush()
            return _out(reception.find(s, kept.number, me))

        return once(request, json.dumps(asdict(data), sort_keys=True).encode(), by=me, at=at, status=201, do=do)

    @get("/", summary="受理登记列表")
    def listed(self, me: Me, result: FromQuery[str] = "", after: FromQuery[int | None] = None) -> list[ContactOut]:
        """The latest first, fifty at a time; after: the last id seen."""
        with Session() as s:
            return [_out(kept) for kept in reception.listed(s, me, result=result, after=after)]

    @get("/numbers", summary="受理统计")
    def numbers(self, me: Me, at: At, since: FromQuery[datetime | None] = None, until: FromQuery[datetime | None] = None) -> Counted:
        """Of today, or of the time asked for."""
        begin = _there(since) or local(at).replace(hour=0, minute=0, second=0, microsecond=0)
        end = _there(until) or begin + timedelta(days=1)
        with Session() as s:
            reception.check_may_read(me)
            return Counted(iso(begin), iso(end), reception.numbers(s, since=begin, until=end))

    @get("/{number:str}", summary="一件受理登记")
    def one(self, number: FromPath[str], me: Me) -> ContactOut:
        """By its 受理编号."""
        with Session() as s:
            return _out(reception.find(s, number, me))


def _there(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def _out(kept: Reception) -> ContactOut:
    return ContactOut(
        id=kept.id, number=kept.number, result=kept.result, label=kept.label, say=RESULTS[kept.result].say, channel=kept.channel, note=kept.note,
        phone=masked_phone(kept.phone), ticket=kept.ticket.number if kept.ticket else None, call=kept.call_id, at=iso(kept.at), by=kept.by.name,
    )  # fmt: skip
