"""The reckoning of the played day: everything is read back from the database and compared with where it should be."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Session_

from hotline.chain import Verdict, check
from hotline.db import Session
from hotline.outbox import Event
from hotline.people import system as the_system
from playing.players import Day
from playing.plot import Part
from tickets import access
from tickets.discipline_case import CaseState, DisciplineCase
from tickets.lifecycle import State
from tickets.replay import Difference, replay
from tickets.ticket import Ticket


@dataclass
class Line:
    """One ticket at night: what it played, where it is, what is wrong."""

    number: str
    part: str
    state: str
    department: str
    legs: int
    round: int
    climbed: int
    wrong: list[str] = field(default_factory=list)


@dataclass
class Result:
    """The night's table, read back from the database. replayed: tickets built again from their events; chained: events whose seals were checked."""

    lines: list[Line]
    events: dict[str, int]
    wrong: list[str]
    replayed: int = 0
    chained: int = 0

    @property
    def right(self) -> bool:
        """Whether everything is where it should be."""
        return not self.wrong and not any(line.wrong for line in self.lines)

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        counted = {"events": self.events, "replayed": self.replayed, "chained": self.chained}
        return {"right": self.right, "tickets": [line.__dict__ for line in self.lines], "wrong": self.wrong} | counted

    def table(self) -> str:
        """For people."""
        rows = [
            f"{line.number}  {line.state}  承办段 {line.legs}  轮次 {line.round}  阶梯 {line.climbed}  {line.part}  {line.department}"
            for line in self.lines
        ]
        wrong = [f"不对：{line.number} {problem}" for line in self.lines for problem in line.wrong] + [f"不对：{problem}" for problem in self.wrong]
        counted = "，".join(f"{kind} {count}" for kind, count in sorted(self.events.items()))
        kept = f"按事件重放 {self.replayed} 件工单，核对事件链 {self.chained} 行。"
        return "\n".join([*rows, "", f"事件：{counted}", kept, *wrong, "这一天每件工单都在该在的地方。" if self.right else "有工单不在该在的地方。"])


def reckoned(day: Day, played: Sequence[tuple[str, Part]]) -> Result:
    """Reads everything back and compares."""
    with Session() as s:
        lines = [_line(s, number, part, day.wrong.get(number, [])) for number, part in played]
        events: dict[str, int] = {kind: count for kind, count in s.execute(select(Event.kind, func.count()).group_by(Event.kind))}
        steps = s.execute(select(Event.subject_id, Event.data).where(Event.kind == "ticket.climbed"))
        climbed = Counter((ticket, data["clock"], data["leg"], data["round"], data["level"]) for ticket, data in steps)
        unrelayed = s.scalar(select(func.count()).select_from(Event).where(Event.relayed_at.is_(None), Event.kind.in_(("call.received", "ticket.filed"))))
    replayed, differences, chained = _kept()
    wrong = [f"阶梯重复：{step}" for step, times in climbed.items() if times > 1] + ([f"{unrelayed} 个事件没有转发"] if unrelayed else [])
    wrong += [f"重放有出入：{other.number} {other.row} {other.column}" for other in differences] + ([f"事件链：{chained.why}"] if chained.why else [])
    wrong += [f"{number} {problem}" for number in day.wrong.keys() - {number for number, _ in played} for problem in day.wrong[number]]
    return Result(lines, events, wrong, replayed, chained.rows)


def _kept() -> tuple[int, list[Difference], Verdict]:
    """Whether the events give the day's tickets again, and their chain is whole."""
    with Session.begin() as s:
        tickets = list(s.scalars(select(Ticket).order_by(Ticket.id)))
        return len(tickets), replay(s, tickets), check(s)


def _line(s: Session_, number: str, part: Part, wrong: list[str]) -> Line:
    ticket = access.find(s, number, the_system(s))
    kinds = list(s.scalars(select(Event.kind).where(Event.subject_kind == "ticket", Event.subject_id == ticket.id).order_by(Event.id)))
    line = Line(
        number=number,
        part=part.name,
        state=ticket.state.label,
        department="→".join(leg.department.short for leg in ticket.legs if leg.lead),
        legs=len(ticket.legs),
        round=ticket.round,
        climbed=kinds.count("ticket.climbed"),
        wrong=list(wrong),
    )
    if ticket.state is not part.state:
        line.wrong.append(f"应是“{part.state.label}”，却是“{ticket.state.label}”")
    line.wrong += [f"缺少 {kind}" for kind in part.events if kind not in kinds]
    if part.state is State.CLOSED and any(leg.ended_at is None for leg in ticket.legs):
        line.wrong.append("办结后仍有未结束的承办段")
    case = s.scalar(select(DisciplineCase).where(DisciplineCase.ticket_id == ticket.id))
    if "ticket.discipline_transferred" in part.events and (case is None or case.state is not CaseState.TRANSFERRED):
        line.wrong.append("没有进入纪检队列")
    return line
