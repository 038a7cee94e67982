"""督办台 and 纪检台: how departments stand, what is overdue, and the cases on their way to discipline inspection."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from litestar.response import Template

from hotline.clock import local
from hotline.db import Session
from hotline.errors import NotFound, Refusal
from hotline.people import Department, Person
from hotline.roles import Role
from tickets import access, board, desks, discipline
from tickets.discipline_case import CaseState, DisciplineCase
from tickets.lifecycle import State
from tickets.ticket import Ticket
from web.deps import Answer, Typed
from web.due import Due, statement_due
from web.form import NOTHING, Form
from web.refusals import status_of
from web.rows import Row, leg_row, ticket_row
from web.shell import Page


@dataclass(frozen=True)
class CaseRow:
    """监督件. due: by when the department may explain itself; moves: what this person may decide now."""

    id: int
    ticket: Row
    department: str
    department_code: str
    state: str
    state_label: str
    open: bool
    trigger: str
    evidence: str
    proposed_at: datetime
    due: Due | None
    statement: str
    statement_at: datetime | None
    decision: str
    transferred_at: datetime | None
    conclusion: str
    concluded_at: datetime | None


@dataclass(frozen=True)
class Decision:
    """One thing that may be said about a case: its form field, what it is called, and how it is asked for."""

    verb: str
    field: str
    label: str
    question: str
    posts: tuple[Role, ...]
    states: tuple[CaseState, ...]
    do: Any


P, E, T = CaseState.PROPOSED, CaseState.EXPLAINED, CaseState.TRANSFERRED
DECISIONS: Mapping[str, Decision] = {
    decision.verb: decision
    for decision in (
        Decision("statement", "statement", "提交情况说明", "情况说明：为何超期，采取了什么措施", (Role.CLERK, Role.CHIEF), (P,), discipline.explain),
        Decision("confirmation", "decision", "确认移送", "移送理由", (Role.SUPERVISOR,), (P, E), discipline.confirm),
        Decision("withdrawal", "decision", "不予移送", "不予移送的理由", (Role.SUPERVISOR,), (P, E), discipline.withdraw),
        Decision("conclusion", "conclusion", "作出结论", "结论：属实、部分属实或不属实，处理意见", (Role.DISCIPLINE,), (T,), discipline.conclude),
    )
}


class Supervision(Controller):
    """督办与纪检."""

    path = "/"

    @get("/board", sync_to_thread=True)
    def standings(self, page: Answer) -> Template:
        """督办台."""
        page.only(Role.SUPERVISOR)
        with Session() as s:
            cases = [case_row(*found, page.at) for found in desks.discipline_queue(s, page.me)]
            figures = board.counted(s, page.me, at=page.at)
            return page.show(
                "board.html",
                as_of=figures.at,
                totals=[(State(state), number) for state, number in figures.totals.items()],
                late=figures.overdue,
                standings=board.rows(s, figures, page.me),
                near=urlencode({"due_from": local(figures.at).isoformat(), "due_until": local(figures.at + board.NEAR).isoformat()}),
                overdue=[(leg_row(leg, page.at), leg.department.short, leg.lead) for leg in board.overdue(s, page.me, at=page.at)],
                cases=[case for case in cases if case.state in ("proposed", "explained")],
            )

    @get("/discipline", sync_to_thread=True)
    def queue(self, page: Answer) -> Template:
        """纪检台: what was transferred. A supervisor sees every case."""
        page.only(Role.DISCIPLINE, Role.SUPERVISOR)
        with Session() as s:
            return page.show("discipline.html", cases=[case_row(*found, page.at) for found in desks.discipline_queue(s, page.me)])

    @get("/discipline-cases/{number:int}", sync_to_thread=True)
    def case(self, number: FromPath[int], page: Answer) -> Template:
        """One case, and what may be decided about it."""
        return case_page(page, number)

    @post("/discipline-cases/{number:int}/{verb:str}", sync_to_thread=True)
    def decide(self, number: FromPath[int], verb: FromPath[str], form: Typed, page: Answer) -> Response[Any]:
        """说明, 确认移送, 不予移送 or 结论."""
        decision = DECISIONS.get(verb)
        if decision is None:
            raise NotFound("没有这个操作。")
        try:
            with Session.begin() as s:
                decision.do(s, discipline.find(s, number, page.me), by=page.me, at=page.at, **{decision.field: form.text("text")})
        except NotFound:
            raise
        except Refusal as no:
            return case_page(page, number, tried=verb, form=form, no=no)
        return page.go(form.path("back") or f"/discipline-cases/{number}", verb)


def case_page(page: Page, number: int, tried: str = "", form: Form = NOTHING, no: Refusal | None = None) -> Template:
    """The case; tried: the decision that was just refused."""
    with Session.begin() as s:
        case = discipline.find(s, number, page.me)
        unit = s.get_one(Department, case.department_code)
        ticket = s.scalars(access.visible_to(page.me).where(Ticket.id == case.ticket_id).options(*desks.LISTED)).one()
        row = case_row(case, ticket, unit, page.at)
    too_early = case.state is CaseState.PROPOSED and page.at < case.statement_due_at
    return page.show(
        "case.html", status=status_of(no) if no else 200, case=row, decisions=_open(case, page.me, too_early), tried=tried, typed=form,
        too_early=too_early and page.me.has(Role.SUPERVISOR), no=no.sentence if no else "",
    )  # fmt: skip


def _open(case: DisciplineCase, me: Person, too_early: bool) -> list[Decision]:
    """What this person may decide now. Only the department itself explains; nobody confirms before it could."""
    own = me.department_code == case.department_code
    may = [one for one in DECISIONS.values() if me.has(*one.posts) and case.state in one.states]
    return [one for one in may if (own or one.verb != "statement") and not (too_early and one.verb == "confirmation")]


def case_row(case: DisciplineCase, ticket: Ticket, unit: Department, at: datetime) -> CaseRow:
    """A case with its ticket and its department."""
    waits = case.state is CaseState.PROPOSED
    return CaseRow(
        id=case.id,
        ticket=ticket_row(ticket, at),
        department=unit.name,
        department_code=unit.code,
        state=case.state.value,
        state_label=case.state.label,
        open=case.state not in (CaseState.WITHDRAWN, CaseState.CONCLUDED),
        trigger=case.trigger,
        evidence=case.evidence,
        proposed_at=case.proposed_at,
        due=statement_due(case, at) if waits else None,
        statement=case.statement or "",
        statement_at=case.statement_at,
        decision=case.decision or "",
        transferred_at=case.transferred_at,
        conclusion=case.conclusion or "",
        concluded_at=case.concluded_at,
    )
