"""The cast of the played day (演示的一天): who calls, who comes to the window, and how somebody of a post or a unit does what is theirs to do."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session as Session_

import system
from hotline import clock
from hotline.db import Session
from hotline.errors import Refusal, Refused
from hotline.people import Person
from hotline.people import system as the_system
from hotline.roles import Role
from tickets import access, attaching, calling_again, calls, dispatching, resolving, signing
from tickets.call import Call, CallState
from tickets.filing import Matter, file
from tickets.lifecycle import State
from tickets.reception import Reception
from tickets.suggesting import advise
from tickets.ticket import Ticket

CALLS = Path(__file__).resolve().parent.parent / "tests" / "calls"
CALLERS = {"06-ludeng-buliang.wav": "13800000614", "14-cuiban-ludeng.wav": "13800000614"}
"""Whose number is known: the same citizen calls about the street lamp, and calls again."""

PATIENCE = 90.0  # seconds for anything that the system does by itself
Notice = Callable[[str], None]
Verb = Callable[..., Any]
"""A verb of tickets/: verb(s, ticket, *, by, at, …)."""


class Day:
    """The day as it is played. Every act is a verb in a transaction of its own, at the real time. wrong: what went otherwise than it should, by ticket."""

    def __init__(self, running: system.Running, say: Notice) -> None:
        self.running, self.say = running, say
        self.wrong: dict[str, list[str]] = {}

    def calls_in(self) -> Iterator[str]:
        """The calls come in and become tickets; without a speech model, what people say is typed instead."""
        for path, call_id, problem in self.running.take_calls(sorted(CALLS.glob("*.wav")), callers=CALLERS):
            if call_id is None:
                raise Refused(f"{path.name}：{problem}")
            if known := self._urged_by(call_id) or self._asks_after(path, call_id):
                self.say(f"{known}  同一来电人又来电，催办已有单")
                continue
            yield self._ticket_of(call_id) or self.files(Matter(body=_said_in(path), kind="", phone=CALLERS.get(path.name, "")))

    def files(self, matter: Matter) -> str:
        """An operator files what was said at the window or read in a letter; without a kind, the one that the classifier says."""
        with Session.begin() as s:
            by, at = self.somebody(s, Role.OPERATOR), clock.now()
            advice = advise(s, self.running.classifier, matter.body, at=at)
            fields = {**vars(matter), "kind": matter.kind or advice.kind}
            return file(s, Matter(**fields), by=by, at=at, advice=advice).number

    def centre(self, role: Role, number: str, verb: Verb, *, other: bool = False, **said: Any) -> Any:
        """Somebody of the centre acts; other: the second of that post, where two must approve."""
        with Session.begin() as s:
            by = self.somebody(s, role, other=other)
            return verb(s, access.find(s, number, by, lock=True), by=by, at=clock.now(), **said)

    def unit(self, number: str, verb: Verb, *, department: str | None = None, **said: Any) -> Any:
        """Somebody of that department (default: the lead) acts, whom the ticket is not about."""
        with Session.begin() as s:
            ticket = access.find(s, number, the_system(s), lock=True)
            working = select(Person).where(Person.department_code == (department or ticket.lead_code)).order_by(Person.id)
            by = next(one for one in s.scalars(working) if one.has(*access.DEPARTMENT) and not access.is_about(ticket, one))
            return verb(s, ticket, by=by, at=clock.now(), **said)

    def refused(self, number: str, what: str, act: Callable[[], object]) -> None:
        """Something that must not be possible is tried; where it is, the night says so."""
        try:
            act()
        except Refusal:
            return
        self.wrong.setdefault(number, []).append(f"{what}，却办成了")

    def dispatched(self, number: str) -> None:
        """A dispatcher sees to what the classifier left."""

        def unless_it_was(s: Session_, ticket: Ticket, *, by: Person, at: datetime) -> None:
            if ticket.state is State.FILED:
                first = next((x for x in (ticket.suggestion or {}).get("suggestions", ()) if x["department"]), None)
                item, department = (first["item"], first["department"]) if first else ("900104", "zhengwu")
                dispatching.dispatch(s, ticket, department=department, item=ticket.item_code or item, basis="责任清单", by=by, at=at)

        self.centre(Role.DISPATCHER, number, unless_it_was)

    def answered(self, number: str) -> None:
        """The co-handlers who are at it sign and answer, then the lead."""
        for code in self.helping(number):
            self.unit(number, signing.sign, department=code)
            self.unit(number, answer, department=code, reply="协办事项已完成。")
        self.unit(number, answer, reply="已现场处理，并向您说明了办理情况。")

    def hands_in(self, number: str, name: str, content: bytes) -> None:
        """The citizen brings a paper, and an operator attaches it."""
        with Session.begin() as s:
            by, at = self.somebody(s, Role.OPERATOR), clock.now()
            upload = attaching.keep(s, [content], name, self.running.settings.attachments, by=by, at=at)
            ticket = access.find(s, number, by, lock=True)
            attaching.bring(s, ticket, [upload.id], by=by, at=at)
            attaching.attach(s, ticket, text="诉求人带来的材料", by=by, at=at)

    def helping(self, number: str) -> list[str]:
        """The co-handlers who have not begun."""
        with Session() as s:
            legs = access.find(s, number, the_system(s)).current_legs
        return [leg.department_code for leg in legs if not leg.lead and leg.state is State.DISPATCHED]

    def seen_by(self, number: str, role: Role) -> Ticket:
        """The ticket as somebody of the centre sees it now."""
        with Session() as s:
            return access.find(s, number, self.somebody(s, role))

    def waited_for(self, found: Callable[[Session_], Any]) -> Any:
        """What the system does by itself, once it has."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with Session() as s:
                if (value := found(s)) is not None:
                    return value
            time.sleep(0.2)
        raise Refused(f"等了 {PATIENCE:.0f} 秒，系统没有做该做的事。")

    def somebody(self, s: Session_, role: Role, *, other: bool = False) -> Person:
        """The first who holds the post, or the second."""
        return s.scalars(select(Person).where(Person.roles.contains([role.value])).order_by(Person.id).offset(int(other)).limit(1)).one()

    def _ticket_of(self, call_id: int) -> str | None:
        with Session() as s:
            return s.scalar(select(Ticket.number).join(Call, Call.ticket_id == Ticket.id).where(Call.id == call_id))

    def _urged_by(self, call_id: int) -> str | None:
        """The open ticket that this call asked after, and so urged."""
        with Session() as s:
            return s.scalar(select(Ticket.number).join(Reception, Reception.ticket_id == Ticket.id).where(Reception.call_id == call_id))

    def _asks_after(self, path: Path, call_id: int) -> str | None:
        """Without a speech model an operator hears it, sees the caller's open ticket, and urges that."""
        with Session.begin() as s:
            by, call = self.somebody(s, Role.OPERATOR), calls.find(s, call_id, lock=True)
            if call.state is CallState.FILED or call.phone is None:
                return None
            known = next((one.ticket.number for one in calling_again.tickets_of(s, call.phone, by=by) if one.open), None)
            if known is not None:
                ticket = access.find(s, known, by, lock=True)
                calling_again.urge(s, ticket, said=_said_in(path), call=call, by=by, at=clock.now())
            return known


def answer(s: Session_, ticket: Ticket, *, reply: str, by: Person, at: datetime) -> object:
    """答复, with the result by which a department is done: 已解决, or of a 找茬 属实."""
    return resolving.resolve(s, ticket, result=next(iter(resolving.results_of(ticket.kind))), reply=reply, contacted_at=at, by=by, at=at)


def _said_in(path: Path) -> str:
    return path.with_suffix(".txt").read_text(encoding="utf-8")
