"""延期 and 挂起: what moves a leg's deadline. A department asks, a supervisor grants within what the policy allows; the original deadline stays."""

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.errors import Conflict, Refused
from hotline.outbox import record
from hotline.people import Person
from sla.limit import Limit
from tickets import access, applying, deadlines
from tickets.application import Application, Ask
from tickets.dispatching import required, touch
from tickets.lifecycle import Verb
from tickets.ticket import Leg, Ticket


def ask_extension(s: Session, ticket: Ticket, *, limit: str, reason: str, by: Person, at: datetime) -> Application:
    """申请延期 of the department's own leg, before its deadline. Raises Refused where it could not be granted anyway."""
    _, leg = access.check_leg(ticket, Verb.ASK_EXTENSION, by)
    more = Limit.parse(required(limit, "limit", "请写明延长多久，例如 3 个工作日。"))
    reason = required(reason, "reason", "请写明延期理由。")
    deadlines.check_extension(s, ticket, leg, more, at=at)
    return applying.ask(s, ticket, leg, Ask.EXTENSION, by=by, at=at, limit=str(more), reason=reason)


def extend(s: Session, ticket: Ticket, *, limit: str = "", reason: str = "", application: int | None = None, by: Person, at: datetime) -> Leg:
    """延期 by `limit` (`3 workday`), before the deadline and at most as often and as long as the rule allows. Raises Refused, Conflict.

    Where a department has asked, this grants what it asked for, or less where `limit` says so; otherwise the lead's leg is extended straight away.
    """
    access.check(ticket, Verb.EXTEND, by)
    asked = _asked(ticket, Ask.EXTENSION, application)
    reason = required(reason or (asked.reason if asked else ""), "reason", "请写明延期理由。")
    more = Limit.parse(required(limit or ((asked.limit or "") if asked else ""), "limit", "请写明延长多久，例如 3 个工作日。"))
    leg = _leg(ticket, asked)
    before = leg.due_at
    deadlines.extended(s, ticket, leg, more, at=at)
    _settled(s, "ticket.extended", ticket, leg, asked, by=by, at=at, limit=str(more), reason=reason, before=before.isoformat() if before else None)
    return leg


def ask_pause(s: Session, ticket: Ticket, *, reason: str, text: str, by: Person, at: datetime) -> Application:
    """申请挂起 of the department's own leg, for a reason that the policy lists, with what shows it."""
    _, leg = access.check_leg(ticket, Verb.ASK_PAUSE, by)
    listed = deadlines.policy_of(s, ticket).pause(required(reason, "reason", "请选择挂起原因。"))
    text = required(text, "text", "请写明挂起的依据。")
    if leg.paused(at):
        raise Conflict("本段计时已经挂起，无须再申请。")
    return applying.ask(s, ticket, leg, Ask.PAUSE, by=by, at=at, reason=listed.reason, evidence=text)


def pause(s: Session, ticket: Ticket, *, reason: str = "", text: str = "", application: int | None = None, by: Person, at: datetime) -> Leg:
    """挂起 for a listed reason, at most for its cap: then the clock runs on by itself. Raises Refused for another reason, Conflict when it stands.

    Where a department has asked, this grants it; otherwise the lead's leg is paused straight away.
    """
    access.check(ticket, Verb.PAUSE, by)
    asked = _asked(ticket, Ask.PAUSE, application)
    reason = reason or (asked.reason if asked else "")
    text = required(text or (asked.evidence if asked else ""), "text", "请写明挂起的依据。")
    leg = _leg(ticket, asked)
    deadlines.paused(s, ticket, leg, reason, at=at)
    _settled(s, "ticket.paused", ticket, leg, asked, by=by, at=at, reason=reason, text=text)
    return leg


def resume(s: Session, ticket: Ticket, *, text: str, leg: int | None = None, by: Person, at: datetime) -> Leg:
    """恢复: the clock runs on; the pause is given back in the unit of the limit. leg: which; default: the one that is paused, or the lead's."""
    access.check(ticket, Verb.RESUME, by)
    text = required(text, "text", "请写明恢复的原因。")
    standing = [one for one in ticket.current_legs if one.paused_at is not None and leg in (None, one.id)]
    if len(standing) > 1:
        raise Refused("有几个单位的计时挂起，请指明是哪一个。", field="leg")
    running_on = standing[0] if standing else _leg(ticket, None)
    deadlines.resumed(s, ticket, running_on, at=at)
    _settled(s, "ticket.resumed", ticket, running_on, None, by=by, at=at, text=text)
    return running_on


def _asked(ticket: Ticket, kind: Ask, application: int | None) -> Application | None:
    """The request that is granted; None where a supervisor acts unasked."""
    return applying.one(ticket, kind, application) if application is not None or applying.waiting(ticket, kind) else None


def _leg(ticket: Ticket, asked: Application | None) -> Leg:
    found = next((leg for leg in ticket.current_legs if leg.id == asked.leg_id), None) if asked else ticket.lead_leg
    if found is None:
        raise Conflict("申请的单位已不在承办，请刷新后再看。" if asked else "工单当前没有主办单位。")
    return found


def _settled(s: Session, kind: str, ticket: Ticket, leg: Leg, asked: Application | None, *, by: Person, at: datetime, **data: object) -> None:
    if asked is not None:
        applying.grant(asked, by=by, at=at)
        data["application"] = asked.id
    touch(ticket)
    record(s, kind, ticket, by=by, at=at, leg=leg.id, department=leg.department_code, due=leg.due_at.isoformat() if leg.due_at else None, **data)
