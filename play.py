"""A hotline's day (演示的一天), played with the real system and limits of seconds: `./run play`.

Calls come in, are routed, signed, answered; one is returned and dispatched again, one is co-handled, one runs over its time and climbs
step by step into the discipline queue; citizens are revisited, an unsatisfied one reopens a ticket. At the end everything is read back
from the database and compared with where it should be. It plays in a data folder of its own and touches nothing of the real one.
"""

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import cycle
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Session_

import system
from hotline import clock
from hotline.chain import Verdict, check
from hotline.db import Session
from hotline.errors import Refused
from hotline.outbox import Event
from hotline.people import Person
from hotline.people import system as the_system
from hotline.roles import Role
from hotline.settings import Settings
from sla import policies, versions
from tickets import access, calling_again, calls, co_handling, discipline, dispatching, resolving, returning, revisiting, signing, urging
from tickets.call import Call, CallState
from tickets.discipline_case import CaseState, DisciplineCase
from tickets.filing import Matter, file
from tickets.lifecycle import State
from tickets.reception import Reception
from tickets.replay import Difference, replay
from tickets.suggesting import advise
from tickets.ticket import Leg, Ticket

CALLS = Path(__file__).resolve().parent / "tests" / "calls"
CALLERS = {"06-ludeng-buliang.wav": "13800000614", "14-cuiban-ludeng.wav": "13800000614"}
"""Whose number is known: the same citizen calls about the street lamp, and calls again."""

PATIENCE = 90.0  # seconds for anything that the system does by itself
Notice = Callable[[str], None]


@dataclass(frozen=True)
class Part:
    """What one ticket is to go through, by day and in the evening, where it should be at night, and what must have happened to it."""

    name: str
    acts: Callable[["Day", str], None]
    evening: Callable[["Day", str], None] = lambda day, number: None
    state: State = State.CLOSED
    events: tuple[str, ...] = ()


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


def play(settings: Settings, *, keep: bool, say: Notice) -> Result:
    """Plays the day and returns what the database says of it."""
    settings.data.mkdir(mode=0o711, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="play-", dir=settings.data))
    folder.chmod(0o711)
    own = replace(settings, data=folder, model=settings.model or _model_of(settings))
    if (settings.models / "routing").exists():
        shutil.copytree(settings.models / "routing", own.models / "routing")
    try:
        with system.running(own, progress=say) as running:
            with Session.begin() as s:
                versions.save_policy(s, replace(policies.load("play"), name="policies"), at=clock.now(), by=the_system(s).name)
            day = Day(running, say)
            say("电话打进来……")
            played = []
            for number, part in zip(day.calls_in(), cycle(PARTS), strict=False):
                say(f"{number}  {part.name}")
                part.acts(day, number)
                played.append((number, part))
            for number, part in played:
                part.evening(day, number)
            return day.night(played)
    finally:
        if keep:
            say(f"这一天的数据在 {folder}。")
        else:
            shutil.rmtree(folder, ignore_errors=True)


class Day:
    """The cast and what they do. Every act is a verb in a transaction of its own, at the real time."""

    def __init__(self, running: system.Running, say: Notice) -> None:
        self.running, self.say = running, say

    def calls_in(self) -> Iterator[str]:
        """The calls come in and become tickets; without a speech model, what people say is typed instead."""
        for path, call_id, problem in self.running.take_calls(sorted(CALLS.glob("*.wav")), callers=CALLERS):
            if call_id is None:
                raise Refused(f"{path.name}：{problem}")
            if known := self._urged_by(call_id) or self._asks_after(path, call_id):
                self.say(f"{known}  同一来电人又来电，催办已有单")
                continue
            yield self._ticket_of(call_id) or self._typed(path)

    def get_dispatched(self, number: str, *, co_handlers: Sequence[str] = ()) -> None:
        """A dispatcher sees to what the classifier left, and adds co-handlers."""

        def act(s: Session_, ticket: Ticket, by: Person, at: datetime) -> None:
            if ticket.state is State.FILED:
                first = next((x for x in (ticket.suggestion or {}).get("suggestions", ()) if x["department"]), None)
                item, department = (first["item"], first["department"]) if first else ("900104", "zhengwu")
                dispatching.dispatch(s, ticket, department=department, item=ticket.item_code or item, basis="责任清单", by=by, at=at)
            for code in co_handlers:
                if all(code != leg.department_code for leg in ticket.current_legs):
                    co_handling.add_co_handler(s, ticket, department=code, reason="现场需要配合", by=by, at=at)

        self._as(Role.DISPATCHER, number, act)

    def sign(self, number: str) -> None:
        """The lead signs."""
        self.in_department(number, lambda s, t, by, at: signing.sign(s, t, by=by, at=at))

    def resolve(self, number: str) -> None:
        """The co-handlers answer, then the lead."""
        for code in self._co_handlers(number):
            self.in_department(number, _help, department=code)
        reply = "已现场处理，并向您说明了办理情况。"
        self.in_department(number, lambda s, t, by, at: resolving.resolve(s, t, result=best_result(t), reply=reply, contacted_at=at, by=by, at=at))

    def review(self, number: str, *, passed: bool = True) -> None:
        """The centre judges the answer."""
        if passed:
            self._as(Role.REVIEWER, number, lambda s, t, by, at: resolving.pass_review(s, t, by=by, at=at))
        else:
            self._as(Role.REVIEWER, number, lambda s, t, by, at: resolving.reject_review(s, t, reason="没有说明何时恢复", by=by, at=at))

    def close(self, number: str) -> None:
        """The citizen is reached and content."""
        self._as(Role.REVISITOR, number, lambda s, t, by, at: revisiting.close(s, t, contacted=True, solved="yes", satisfied=5, by=by, at=at))

    def redo(self, number: str) -> None:
        """The citizen is reached and not content."""
        self._as(
            Role.REVISITOR, number, lambda s, t, by, at: revisiting.redo(s, t, contacted=True, solved="no", satisfied=1, reason="问题又出现了", by=by, at=at)
        )

    def decline(self, number: str) -> None:
        """The citizen does not want to be asked."""
        self._as(Role.REVISITOR, number, lambda s, t, by, at: revisiting.miss_revisit(s, t, outcome="declined", by=by, at=at))

    def give_back(self, number: str) -> None:
        """The lead says that it is not its to answer; the dispatcher agrees and gives it to another department."""
        self.in_department(number, lambda s, t, by, at: returning.ask_return(s, t, reason="duty", basis="不属于本单位职责", suggests="zhujian", by=by, at=at))
        self._as(Role.DISPATCHER, number, lambda s, t, by, at: returning.approve_return(s, t, by=by, at=at))

        def again(s: Session_, ticket: Ticket, by: Person, at: datetime) -> None:
            other = "zhengwu" if ticket.legs[-1].department_code == "zhujian" else "zhujian"
            dispatching.dispatch(s, ticket, department=other, basis="按退单建议改派", by=by, at=at)

        self._as(Role.DISPATCHER, number, again)

    def urge(self, number: str) -> None:
        """The citizen calls again."""
        self._as(Role.OPERATOR, number, lambda s, t, by, at: urging.urge(s, t, text="市民再次来电，希望尽快处理", by=by, at=at))

    def wait_for_discipline(self, number: str) -> None:
        """Nobody answers until the ladder proposes the transfer; then the unit explains and a supervisor confirms."""
        self.say(f"{number}  没有人签收，等它超期、逐级升级……")
        case_id = self._wait(lambda s: s.scalar(select(DisciplineCase.id).join(Ticket, Ticket.id == DisciplineCase.ticket_id).where(Ticket.number == number)))


        def explain(s: Session_, ticket: Ticket, by: Person, at: datetime) -> None:
            discipline.explain(s, discipline.find(s, case_id, by), statement="人手不足，未及时签收。", by=by, at=at)

        def confirm(s: Session_, ticket: Ticket, by: Person, at: datetime) -> None:
            discipline.confirm(s, discipline.find(s, case_id, by), decision="超期未签收，说明不成立。", by=by, at=at)

        self.in_department(number, explain)
        self._as(Role.SUPERVISOR, number, confirm)

    def night(self, played: Sequence[tuple[str, Part]]) -> Result:
        """Reads everything back and compares."""
        with Session() as s:
            lines = [self._line(s, number, part) for number, part in played]
            events: dict[str, int] = {kind: count for kind, count in s.execute(select(Event.kind, func.count()).group_by(Event.kind))}
            steps = s.execute(select(Event.subject_id, Event.data).where(Event.kind == "ticket.climbed"))
            climbed = Counter((ticket, data["clock"], data["leg"], data["round"], data["level"]) for ticket, data in steps)
            unrelayed = s.scalar(select(func.count()).select_from(Event).where(Event.relayed_at.is_(None), Event.kind.in_(("call.received", "ticket.filed"))))
        replayed, differences, chained = self._kept()
        wrong = [f"阶梯重复：{step}" for step, times in climbed.items() if times > 1] + ([f"{unrelayed} 个事件没有转发"] if unrelayed else [])
        wrong += [f"重放有出入：{other.number} {other.row} {other.column}" for other in differences] + ([f"事件链：{chained.why}"] if chained.why else [])
        return Result(lines, events, wrong, replayed, chained.rows)

    def _kept(self) -> tuple[int, list[Difference], Verdict]:
        """Whether the events give the day's tickets again, and their chain is whole."""
        with Session.begin() as s:
            tickets = list(s.scalars(select(Ticket).order_by(Ticket.id)))
            return len(tickets), replay(s, tickets), check(s)

    def _line(self, s: Session_, number: str, part: Part) -> Line:
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
            by, call = self._somebody(s, Role.OPERATOR), calls.find(s, call_id, lock=True)
            if call.state is CallState.FILED or call.phone is None:
                return None
            known = next((one.ticket.number for one in calling_again.tickets_of(s, call.phone, by=by) if one.open), None)
            if known is not None:
                ticket = access.find(s, known, by, lock=True)
                calling_again.urge(s, ticket, said=said_in(path), call=call, by=by, at=clock.now())
            return known

    def _typed(self, path: Path) -> str:
        said = said_in(path)
        with Session.begin() as s:
            by, at = self._somebody(s, Role.OPERATOR), clock.now()
            advice = advise(s, self.running.classifier, said, at=at)
            return file(s, Matter(body=said, kind=advice.kind, phone=CALLERS.get(path.name, "")), by=by, at=at, advice=advice).number

    def _as(self, role: Role, number: str, act: Callable[[Session_, Ticket, Person, datetime], object]) -> None:
        with Session.begin() as s:
            by = self._somebody(s, role)
            act(s, access.find(s, number, by, lock=True), by, clock.now())

    def in_department(self, number: str, act: Callable[[Session_, Ticket, Person, datetime], object], *, department: str | None = None) -> None:
        """Somebody of that department (default: the lead) acts."""
        with Session.begin() as s:
            ticket = access.find(s, number, the_system(s), lock=True)
            clerks = select(Person).where(Person.department_code == (department or ticket.lead_code), Person.roles.contains([Role.CLERK.value]))
            by = s.scalars(clerks.order_by(Person.id).limit(1)).one()
            act(s, ticket, by, clock.now())

    def _co_handlers(self, number: str) -> list[str]:
        with Session() as s:
            legs = access.find(s, number, the_system(s)).current_legs
        return [leg.department_code for leg in legs if not leg.lead and leg.state is State.DISPATCHED]

    def _somebody(self, s: Session_, role: Role) -> Person:
        return s.scalars(select(Person).where(Person.roles.contains([role.value])).order_by(Person.id).limit(1)).one()

    def _wait(self, found: Callable[[Session_], Any]) -> Any:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with Session() as s:
                if (value := found(s)) is not None:
                    return value
            time.sleep(0.2)
        raise Refused(f"等了 {PATIENCE:.0f} 秒，系统没有做该做的事。")


def said_in(path: Path) -> str:
    """What is said in a sample call."""
    return path.with_suffix(".txt").read_text(encoding="utf-8")


def best_result(ticket: Ticket) -> str:
    """The result by which a department is done: 已解决, or of a 找茬 属实."""
    return next(iter(resolving.results_of(ticket.kind)))


def _answered(day: Day, number: str) -> None:
    day.get_dispatched(number)
    day.sign(number)
    day.resolve(number)
    day.review(number)


def _plain(day: Day, number: str) -> None:
    _answered(day, number)
    day.close(number)


def _returned(day: Day, number: str) -> None:
    day.get_dispatched(number)
    day.give_back(number)
    day.sign(number)
    day.resolve(number)
    day.review(number)
    day.close(number)


def _co_handled(day: Day, number: str) -> None:
    day.get_dispatched(number, co_handlers=["chengguan", "zhujian"])
    day.sign(number)
    day.resolve(number)
    day.review(number)
    day.close(number)


def _help(s: Session_, ticket: Ticket, by: Person, at: datetime) -> Leg:
    signing.sign(s, ticket, by=by, at=at)
    return resolving.resolve(s, ticket, result=best_result(ticket), reply="协办事项已完成。", contacted_at=at, by=by, at=at)


def _reopened(day: Day, number: str) -> None:
    _answered(day, number)
    day.redo(number)
    day.sign(number)
    day.resolve(number)
    day.review(number)
    day.close(number)


def _answered_early(day: Day, number: str) -> None:
    day.get_dispatched(number)
    day.urge(number)
    day.sign(number)
    day.resolve(number)


def _rejected(day: Day, number: str) -> None:
    day.review(number, passed=False)
    day.resolve(number)
    day.review(number)
    day.close(number)


def _declined(day: Day, number: str) -> None:
    _answered(day, number)
    day.decline(number)


CLIMBED = ("ticket.climbed", "ticket.discipline_proposed", "ticket.discipline_transferred")
PARTS: tuple[Part, ...] = (
    Part("按时办结", _plain, events=("ticket.closed",)),
    Part("退单后改派", _returned, events=("ticket.return_approved", "ticket.closed")),
    Part("多部门联办", _co_handled, events=("ticket.co_handler_added", "ticket.closed")),
    Part("超期升级，移送纪检", Day.get_dispatched, Day.wait_for_discipline, State.DISPATCHED, CLIMBED),
    Part("不满意，重办", _reopened, events=("ticket.redone", "ticket.closed")),
    Part("催办，审核退回", _answered_early, _rejected, events=("ticket.urged", "ticket.review_rejected", "ticket.closed")),
    Part("拒绝回访", _declined, events=("ticket.revisit_missed",)),
)


def _model_of(settings: Settings) -> Path | None:
    """The speech model that the real data folder already has: the day does not fetch another."""
    from asr import model

    folder = model.place(settings.models, settings.model)
    return folder if folder.exists() else None
