"""The road to discipline inspection (纪检监督): proposed by the ladder, explained by the unit, confirmed by a supervisor, concluded."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, joinedload, selectinload

from hotline.errors import Conflict, Forbidden, NotFound
from hotline.outbox import record
from hotline.people import Person, system
from hotline.roles import Role
from tickets import access, deadlines
from tickets.discipline_case import CaseState, DisciplineCase
from tickets.dispatching import required
from tickets.ticket import Leg, Ticket

SEES_QUEUE = (Role.SUPERVISOR, Role.DISCIPLINE)


def propose(s: Session, ticket: Ticket, leg: Leg, *, trigger: str, evidence: str, at: datetime) -> bool:
    """拟移送: asks the department for a statement within one workday. Once per leg; returns whether this was the first."""
    due = deadlines.statement_due(s, at=at)
    new = s.scalar(
        insert(DisciplineCase)
        .values(ticket_id=ticket.id, leg_id=leg.id, department_code=leg.department_code, state=CaseState.PROPOSED, trigger=trigger, evidence=evidence,
                proposed_at=at, statement_due_at=due)
        .on_conflict_do_nothing()
        .returning(DisciplineCase.id)
    )  # fmt: skip
    if new is None:
        return False
    record(
        s, "ticket.discipline_proposed", ticket, by=system(s), at=at, case=new, leg=leg.id, department=leg.department_code, trigger=trigger, evidence=evidence
    )
    return True


def explain(s: Session, case: DisciplineCase, *, statement: str, by: Person, at: datetime) -> None:
    """说明: the department's own account, before anybody decides."""
    if not by.has(Role.CLERK, Role.CHIEF) or by.department_code != case.department_code:
        raise Forbidden("情况说明须由被拟移送的单位提交。")
    _expect(case, CaseState.PROPOSED)
    case.statement, case.statement_at = required(statement, "statement", "请填写情况说明。"), at
    _move(s, case, CaseState.EXPLAINED, "ticket.discipline_explained", by=by, at=at)


def confirm(s: Session, case: DisciplineCase, *, decision: str, by: Person, at: datetime) -> None:
    """移送: a supervisor confirms; not before the unit has explained, or let its workday for that pass."""
    _supervisor(by)
    _expect(case, CaseState.PROPOSED, CaseState.EXPLAINED)
    if case.state is CaseState.PROPOSED and at < case.statement_due_at:
        raise Conflict("承办单位的说明时限未到，暂不能确认移送。")
    case.decision, case.decided_by_id, case.transferred_at = required(decision, "decision", "请写明移送理由。"), by.id, at
    _move(s, case, CaseState.TRANSFERRED, "ticket.discipline_transferred", by=by, at=at)


def withdraw(s: Session, case: DisciplineCase, *, decision: str, by: Person, at: datetime) -> None:
    """不予移送: the supervisor accepts the explanation."""
    _supervisor(by)
    _expect(case, CaseState.PROPOSED, CaseState.EXPLAINED)
    case.decision, case.decided_by_id = required(decision, "decision", "请写明不予移送的理由。"), by.id
    _move(s, case, CaseState.WITHDRAWN, "ticket.discipline_withdrawn", by=by, at=at)


def conclude(s: Session, case: DisciplineCase, *, conclusion: str, by: Person, at: datetime) -> None:
    """结论: by discipline inspection."""
    if not by.has(Role.DISCIPLINE):
        raise Forbidden("结论须由纪检监察员作出。")
    _expect(case, CaseState.TRANSFERRED)
    case.conclusion, case.concluded_at = required(conclusion, "conclusion", "请填写结论。"), at
    _move(s, case, CaseState.CONCLUDED, "ticket.discipline_concluded", by=by, at=at)


def find(s: Session, case_id: int, person: Person) -> DisciplineCase:
    """The case, locked for a change, if this person may know of it. Raises NotFound."""
    cases = select(DisciplineCase).join(Ticket, Ticket.id == DisciplineCase.ticket_id).where(DisciplineCase.id == case_id, access.about_others(person))
    case = s.scalar(cases.with_for_update(of=DisciplineCase).execution_options(populate_existing=True))
    if case is None or not _may_see(case, person):
        raise NotFound("没有这件监督件，或您无权查看。")
    return case


def _may_see(case: DisciplineCase, person: Person) -> bool:
    if person.has(Role.SUPERVISOR):
        return True
    if person.has(Role.DISCIPLINE):
        return case.transferred_at is not None
    return person.has(Role.CLERK, Role.CHIEF) and person.department_code == case.department_code


def _supervisor(by: Person) -> None:
    if not by.has(Role.SUPERVISOR):
        raise Forbidden("是否移送须由督办员确认。")


def _expect(case: DisciplineCase, *states: CaseState) -> None:
    if case.state not in states:
        raise Conflict(f"监督件当前“{case.state.label}”，请刷新后再看。")


def _move(s: Session, case: DisciplineCase, to: CaseState, kind: str, *, by: Person, at: datetime) -> None:
    case.state = to
    ticket = s.scalars(select(Ticket).where(Ticket.id == case.ticket_id).options(selectinload(Ticket.legs), joinedload(Ticket.item))).one()
    record(s, kind, ticket, by=by, at=at, case=case.id, department=case.department_code, text=case.conclusion or case.decision or case.statement)
