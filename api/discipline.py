"""/board and /discipline-cases: supervision."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

from litestar import Controller, Request, Response
from litestar.datastructures import State
from litestar.params import Body, FromPath
from sqlalchemy.orm import Session as Session_

from api.deps import At, Me, once
from api.routes import get, post
from api.shapes import iso
from hotline.db import Session
from hotline.errors import Forbidden
from hotline.people import Person
from hotline.roles import Role
from tickets import board, desks, discipline
from tickets.discipline_case import DisciplineCase

VERBS = {"statement": discipline.explain, "confirmation": discipline.confirm, "withdrawal": discipline.withdraw, "conclusion": discipline.conclude}
FIELDS = {"statement": "statement", "confirmation": "decision", "withdrawal": "decision", "conclusion": "conclusion"}


@dataclass
class Words:
    """What is said with the decision."""

    text: str


@dataclass
class CaseOut:
    """监督件."""

    id: int
    state: str
    state_label: str
    department: str
    trigger: str
    evidence: str
    proposed_at: str | None
    statement_due: str | None
    statement: str | None
    decision: str | None
    transferred_at: str | None
    conclusion: str | None
    ticket: str | None


@dataclass
class DepartmentOut:
    """How a department stands. near: due within 24 hours; cases: open discipline cases."""

    department: str
    name: str
    open: int
    unsigned: int
    near: int
    overdue: int
    cases: int


@dataclass
class BoardOut:
    """督办台. at: the moment of which the figures are true. totals: open tickets by state. overdue: legs, in all. departments: the most overdue first."""

    at: str | None
    totals: dict[str, int]
    overdue: int
    departments: list[DepartmentOut]


class Discipline(Controller):
    """督办与纪检."""

    path = "/"
    tags = ["督办与纪检"]

    @get("/board", summary="督办台")
    def standings(self, me: Me, at: At) -> BoardOut:
        """How every department stands now."""
        if not me.has(Role.SUPERVISOR):
            raise Forbidden("督办台由督办员使用。")
        with Session() as s:
            found = board.counted(s, me, at=at)
            rows = board.rows(s, found, me)
            return BoardOut(iso(found.at), found.totals, found.overdue, [DepartmentOut(name=row.name, cases=row.cases, **asdict(row.standing)) for row in rows])

    @get("/discipline-cases", summary="监督件")
    def cases(self, me: Me) -> list[CaseOut]:
        """Those this person may know of, the open ones first."""
        with Session() as s:
            return [_out(case, ticket.number) for case, ticket, _ in desks.discipline_queue(s, me)]

    @post("/discipline-cases/{number:int}/{verb:str}", status_code=200, summary="说明、确认移送、不予移送、结论")
    def decide(
        self, request: Request[Person, Any, State], number: FromPath[int], verb: FromPath[str], data: Annotated[Words, Body()], me: Me, at: At
    ) -> Response[CaseOut]:
        """verb: statement (说明), confirmation (确认移送), withdrawal (不予移送) or conclusion (结论)."""
        from hotline.errors import NotFound

        if verb not in VERBS:
            raise NotFound("没有这个操作。")

        def do(s: Session_) -> CaseOut:
            case = discipline.find(s, number, me)
            VERBS[verb](s, case, by=me, at=at, **{FIELDS[verb]: data.text})  # type: ignore[operator]
            return _out(case, None)

        return once(request, f"{verb}{data.text}".encode(), by=me, at=at, status=200, do=do)


def _out(case: DisciplineCase, ticket: str | None) -> CaseOut:
    return CaseOut(
        id=case.id,
        state=case.state.value,
        state_label=case.state.label,
        department=case.department_code,
        trigger=case.trigger,
        evidence=case.evidence,
        proposed_at=iso(case.proposed_at),
        statement_due=iso(case.statement_due_at),
        statement=case.statement,
        decision=case.decision,
        transferred_at=iso(case.transferred_at),
        conclusion=case.conclusion,
        ticket=ticket,
    )
