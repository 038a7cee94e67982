"""剔除: a matter that is not to be scored. The department that answered asks for it; a reviewer and a supervisor approve; all inside may read the list."""

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.errors import Conflict, Forbidden, Refused
from hotline.outbox import record
from hotline.people import Person
from tickets import access, applying
from tickets.application import Application, Ask
from tickets.dispatching import required
from tickets.lifecycle import Verb
from tickets.openings import answered_leg
from tickets.ticket import Ticket

REASONS = {
    "unreasonable": "不合理诉求",
    "unsupported": "法律政策不支持",
    "citizen": "诉求人原因",
    "force_majeure": "不可抗力",
    "legacy": "历史遗留（已立项）",
    "malicious": "恶意诉求",
}


def ask_exclusion(s: Session, ticket: Ticket, *, reason: str, evidence: str, by: Person, at: datetime) -> Application:
    """申请剔除, after closing, by a department that answered, with a listed reason and evidence."""
    access.check(ticket, Verb.ASK_EXCLUSION, by)
    leg = answered_leg(ticket, by)
    if leg is None:
        raise Forbidden("贵单位没有答复过这件工单，不能申请剔除。")
    if ticket.excluded:
        raise Conflict("这件工单已经剔除，不计入考核。")
    if reason not in REASONS:
        raise Refused(f"剔除原因只能是：{'、'.join(REASONS.values())}。", field="reason")
    evidence = required(evidence, "evidence", "请写明剔除的依据。")
    return applying.ask(s, ticket, leg, Ask.EXCLUSION, by=by, at=at, reason=reason, evidence=evidence)


def approve_exclusion(s: Session, ticket: Ticket, *, application: int | None = None, by: Person, at: datetime) -> Application:
    """初审同意剔除, by a reviewer."""
    access.check(ticket, Verb.APPROVE_EXCLUSION, by)
    return applying.approve_first(s, ticket, Ask.EXCLUSION, application=application, by=by, at=at)


def exclude(s: Session, ticket: Ticket, *, application: int | None = None, by: Person, at: datetime) -> Application:
    """批准剔除, by a supervisor: the ticket is not scored. Figures are shown with and without such tickets."""
    access.check(ticket, Verb.EXCLUDE, by)
    request = applying.approve_second(ticket, Ask.EXCLUSION, application=application, by=by, at=at)
    ticket.excluded = True
    record(
        s, "ticket.excluded", ticket, by=by, at=at, application=request.id, leg=request.leg_id, department=request.department_code, reason=request.reason
    )  # fmt: skip
    return request

