"""答复 and 审核: the department answers, the centre judges the answer."""

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.errors import Conflict, Refused
from hotline.outbox import record
from hotline.people import Person
from tickets import access, co_handling, deadlines, sampling, turns
from tickets.application import lapse
from tickets.dispatching import end_leg, required, touch
from tickets.lifecycle import Verb, after
from tickets.ticket import Kind, Leg, Ticket

RESULTS = {
    "solved": "已解决",
    "partly": "部分解决",
    "explained": "已解释（政策不支持）",
    "planned": "已立项或列入计划",
    "unfounded": "查证不实",
    "unreachable": "无法联系",
}
VERDICTS = {"substantiated": "属实", "partly_substantiated": "部分属实", "unsubstantiated": "不属实"}
"""What the investigation of a 找茬 found (查证结论)."""

EVERY_RESULT = RESULTS | VERDICTS


def results_of(kind: Kind) -> dict[str, str]:
    """The results that an answer to this kind may have."""
    return VERDICTS | {"unreachable": RESULTS["unreachable"]} if kind is Kind.FAULT else RESULTS


def resolve(
    s: Session, ticket: Ticket, *, result: str, reply: str, contacted_at: datetime | None, without: str = "", by: Person, at: datetime
) -> Leg:
    """The department's answer: a result code, what the citizen will read, and when the citizen was contacted.

    A co-handler's answer goes to the lead. The lead's answer stops the clock provisionally and waits for review; it has to
    wait until every co-handler has answered, unless it says why it answers `without` the others (缺席说明): their part ends as absent.
    Raises Refused naming the field, Conflict while co-handlers still owe theirs.
    """
    _, leg = access.check_leg(ticket, Verb.RESOLVE, by)
    allowed = results_of(ticket.kind)
    if result not in allowed:
        raise Refused(f"办理结果只能是：{'、'.join(allowed.values())}。", field="result")
    if contacted_at is None and result != "unreachable":
        raise Refused("请填写联系诉求人的时间。", field="contacted_at")
    if contacted_at is not None and not leg.dispatched_at <= contacted_at <= at:
        raise Refused("联系诉求人的时间应在派单之后、现在之前。", field="contacted_at")
    reply = required(reply, "reply", "请填写给诉求人的答复。")
    absent = _consolidated(s, ticket, without, at=at) if leg.lead else {}
    leg.reply = reply
    leg.result, leg.contacted_at, leg.resolved_at = result, contacted_at, at
    leg.state = after(leg.state, Verb.RESOLVE)
    if leg.lead:
        ticket.state = leg.state
    else:
        touch(ticket)
    deadlines.resolved(s, ticket, leg, at=at)
    lapse(s, leg.id, at=at)
    in_time = leg.due_at is None or at <= leg.due_at
    record(
        s, "ticket.resolved", ticket, by=by, at=at, leg=leg.id, department=leg.department_code, lead=leg.lead, result=result, in_time=in_time, **absent
    )  # fmt: skip
    return leg


def _consolidated(s: Session, ticket: Ticket, without: str, *, at: datetime) -> dict[str, object]:
    """汇总: everybody who helps has answered, or the lead says why it answers without them. What the event tells of those who are absent."""
    owing = co_handling.awaited(s, ticket)
    if not owing:
        return {}
    if not without.strip():
        raise Conflict(f"协办单位还没有答复：{'、'.join(owing)}。主办单位须汇总后再答复；确实等不到的，请填写缺席说明。")
    without = required(without, "without", "请写明协办单位缺席的情况。")
    for leg in co_handling.still_helping(ticket):
        end_leg(s, ticket, leg, outcome="absent", at=at)
    turns.drop(s, ticket, at=at)
    return {"without": without, "absent": owing}


def pass_review(s: Session, ticket: Ticket, *, by: Person, at: datetime) -> None:
    """审核通过: the answer stands, every leg ends, the citizen is asked; where the rule asks only a share of them, it is drawn whether this one is."""
    access.check(ticket, Verb.PASS_REVIEW, by)
    for leg in ticket.current_legs:
        end_leg(s, ticket, leg, outcome="resolved", at=at)
    ticket.state = after(ticket.state, Verb.PASS_REVIEW)
    deadlines.revisit_due(s, ticket, at=at)
    drawn = sampling.draw(s, ticket, deadlines.revisit_share(s, ticket), at=at)
    record(s, "ticket.review_passed", ticket, by=by, at=at, round=ticket.round, **({"revisit": drawn.as_data()} if drawn else {}))


def reject_review(s: Session, ticket: Ticket, *, reason: str, by: Person, at: datetime) -> None:
    """审核退回: the lead answers again, and its clock resumes from where it stopped; there is no free time."""
    access.check(ticket, Verb.REJECT_REVIEW, by)
    reason = required(reason, "reason", "请写明退回原因。")
    leg = ticket.lead_leg
    if leg is None:
        raise Conflict("工单当前没有主办单位。")
    ticket.state = leg.state = after(leg.state, Verb.REJECT_REVIEW)
    deadlines.resumed(s, ticket, leg, at=at)
    leg.resolved_at = None
    record(s, "ticket.review_rejected", ticket, by=by, at=at, leg=leg.id, reason=reason, due=leg.due_at and leg.due_at.isoformat())
