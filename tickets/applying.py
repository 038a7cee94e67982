"""申请 and 审批: what 延期, 挂起, 终止 and 剔除 have in common: one open request for each leg and kind, and two different people where two must approve."""

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.errors import Conflict, Forbidden, Refused
from hotline.outbox import record
from hotline.people import Person
from tickets import access
from tickets.application import Application, Ask, Judged
from tickets.dispatching import required, touch
from tickets.lifecycle import Verb
from tickets.ticket import Leg, Ticket

REFUSALS = {
    Ask.EXTENSION: Verb.REFUSE_EXTENSION,
    Ask.PAUSE: Verb.REFUSE_PAUSE,
    Ask.TERMINATION: Verb.REFUSE_TERMINATION,
    Ask.EXCLUSION: Verb.REFUSE_EXCLUSION,
}


def ask(s: Session, ticket: Ticket, leg: Leg, kind: Ask, *, by: Person, at: datetime, **said: str | None) -> Application:
    """Puts a department's request on record and tells of it. Raises Conflict while one of the same kind waits for this leg."""
    if any(other.leg_id == leg.id for other in waiting(ticket, kind)):
        raise Conflict(f"贵单位的{kind.label}申请已在等待审批，不必重复提交。")
    request = Application(
        ticket=ticket, leg_id=leg.id, department_code=leg.department_code, kind=kind, state=Judged.ASKED, asked_at=at, asked_by_id=by.id, **said
    )
    s.add(request)
    _recorded(s, f"ticket.{kind.value}_asked", ticket, request, by=by, at=at, **said)
    return request


def refuse(s: Session, ticket: Ticket, kind: Ask, *, reason: str, application: int | None = None, by: Person, at: datetime) -> Application:
    """驳回: the request is judged, and the reason is kept."""
    access.check(ticket, REFUSALS[kind], by)
    request = one(ticket, kind, application)
    if not request.waits_for(by):
        raise Forbidden(f"这件{kind.label}申请现在{request.state.label}，不由您决定。")
    request.decision = required(reason, "reason", "请写明驳回理由。")
    request.state, request.decided_by_id, request.decided_at = Judged.REFUSED, by.id, at
    _recorded(s, f"ticket.{kind.value}_refused", ticket, request, by=by, at=at, reason=request.decision)
    return request


def approve_first(s: Session, ticket: Ticket, kind: Ask, *, application: int | None = None, by: Person, at: datetime) -> Application:
    """初审同意: the first of two approvals."""
    request = one(ticket, kind, application, Judged.ASKED)
    request.state, request.first_by_id, request.first_at = Judged.FIRST_APPROVED, by.id, at
    _recorded(s, f"ticket.{kind.value}_approved", ticket, request, by=by, at=at)
    return request


def approve_second(ticket: Ticket, kind: Ask, *, application: int | None = None, by: Person, at: datetime) -> Application:
    """批准: the second approval, by another person than the first. The verb that it belongs to does the rest, and tells of it."""
    request = one(ticket, kind, application, Judged.FIRST_APPROVED)
    if request.first_by_id in (by.id, by.on_behalf_of):
        raise Forbidden("初审和批准须由两个人分别进行，您已作过初审。")
    grant(request, by=by, at=at)
    return request


def grant(request: Application, *, by: Person, at: datetime) -> None:
    """It is granted."""
    request.state, request.decided_by_id, request.decided_at = Judged.GRANTED, by.id, at


def waiting(ticket: Ticket, kind: Ask) -> list[Application]:
    """The requests of this kind that nobody has judged to the end."""
    return [request for request in ticket.requests if request.kind is kind and request.waiting]


def one(ticket: Ticket, kind: Ask, number: int | None, state: Judged | None = None) -> Application:
    """The request with this number, or the only one that waits. Raises Conflict when there is none, Refused when there are several."""
    found = [request for request in waiting(ticket, kind) if number in (None, request.id)]
    if not found:
        raise Conflict(f"没有待批的{kind.label}申请，请刷新后再看。")
    if len(found) > 1:
        raise Refused(f"有几个单位同时申请{kind.label}，请指明是哪一个。", field="application")
    if state is not None and found[0].state is not state:
        raise Conflict(f"这件{kind.label}申请现在{found[0].state.label}，请刷新后再看。")
    return found[0]


def _recorded(s: Session, kind: str, ticket: Ticket, request: Application, *, by: Person, at: datetime, **said: object) -> None:
    touch(ticket)
    s.flush()
    record(s, kind, ticket, by=by, at=at, application=request.id, leg=request.leg_id, department=request.department_code, **said)
