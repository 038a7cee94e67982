"""退单: a department says that a ticket is not its to answer; a dispatcher decides. The leg's clock runs meanwhile."""

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.errors import Conflict, NotFound, Refused
from hotline.outbox import record
from hotline.people import Department, Person
from tickets import access
from tickets.dispatching import end_leg, required, touch
from tickets.lifecycle import State, Verb, after
from tickets.ticket import Leg, Ticket

NOT_THEIRS = ("duty", "area", "ownership")
"""Reasons that say the dispatch was wrong: a return for one of them counts against dispatching (无责退单)."""

REASONS = {
    "duty": "职责不符",
    "area": "属地不符",
    "ownership": "权属不清",
    "unreachable": "信息不全无法联系",
    "duplicate": "重复",
    "legal": "已进入法定程序",
    "void": "无效",
}


def ask_return(s: Session, ticket: Ticket, *, reason: str, basis: str, suggests: str | None = None, by: Person, at: datetime) -> Leg:
    """Asks to return the department's leg, with a reason code, the basis for it, and who should have it instead.

    Raises Refused outside the return window (退单窗), on a leg that came by ruling, and without a basis.
    """
    _, leg = access.check_leg(ticket, Verb.ASK_RETURN, by)
    if leg.forced:
        raise Refused("本件经裁定或重办指派，不能退单。")
    if leg.return_until is not None and at > leg.return_until:
        raise Refused("已超过退单时限，请继续办理；确需调整请申请会商。")
    if reason not in REASONS:
        raise Refused(f"退单原因只能是：{'、'.join(REASONS.values())}。", field="reason")
    if suggests and s.get(Department, suggests) is None:
        raise NotFound(f"没有编码为“{suggests}”的承办单位。", field="suggests")
    leg.return_basis = required(basis, "basis", "请写明退单依据。")
    leg.return_reason, leg.return_suggests = reason, suggests or None
    _moved(ticket, leg, after(leg.state, Verb.ASK_RETURN))
    record(
        s, "ticket.return_asked", ticket, by=by, at=at, leg=leg.id, department=leg.department_code, reason=reason, basis=leg.return_basis,
        suggests=leg.return_suggests,
    )  # fmt: skip
    return leg


def approve_return(
    s: Session, ticket: Ticket, *, leg: int | None = None, wrong_dispatch: bool | None = None, by: Person, at: datetime
) -> Leg:
    """Ends the leg as returned. A lead's return sends the ticket back to the dispatcher; a co-handler's only ends its part.

    leg: which one, where several departments ask; default: the only one. wrong_dispatch: whether it should never have come to them
    (无责退单), which counts against dispatching and not against the department; default: as the reason says.
    """
    returned = _asking(ticket, leg)
    move = access.permitted(returned.state, Verb.APPROVE_RETURN, by)
    returned.wrong_dispatch = returned.return_reason in NOT_THEIRS if wrong_dispatch is None else wrong_dispatch
    end_leg(s, ticket, returned, outcome=str(move.ends), at=at)
    if returned.lead:
        ticket.returns += 1
        ticket.state = after(ticket.state, Verb.APPROVE_RETURN)
        ticket.lead_code = None
        for other in ticket.current_legs:  # co-handlers help a lead; without one their part ends too
            end_leg(s, ticket, other, outcome="recalled", at=at)
    else:
        touch(ticket)
    record(
        s, "ticket.return_approved", ticket, by=by, at=at, leg=returned.id, department=returned.department_code, returns=ticket.returns,
        wrong_dispatch=returned.wrong_dispatch,
    )  # fmt: skip
    return returned


def hops(ticket: Ticket) -> list[Leg]:
    """经手单位: who has led this round, in order; a chain A→B→A is seen at a glance."""
    return [leg for leg in ticket.legs if leg.lead and leg.round == ticket.round]


def refuse_return(s: Session, ticket: Ticket, *, reason: str, leg: int | None = None, by: Person, at: datetime) -> Leg:
    """The department keeps it (驳回, 强制承办) and cannot ask again."""
    kept = _asking(ticket, leg)
    access.permitted(kept.state, Verb.REFUSE_RETURN, by)
    reason = required(reason, "reason", "请写明驳回理由。")
    kept.forced = True
    _moved(ticket, kept, after(kept.state, Verb.REFUSE_RETURN))
    record(s, "ticket.return_refused", ticket, by=by, at=at, leg=kept.id, department=kept.department_code, reason=reason)
    return kept


def _asking(ticket: Ticket, leg: int | None) -> Leg:
    asking = [other for other in ticket.current_legs if other.state is State.RETURNING and leg in (None, other.id)]
    if not asking:
        raise Conflict("没有待审的退单申请，请刷新后再看。")
    if len(asking) > 1:
        raise Refused("有几个单位同时申请退单，请指明是哪一个。", field="leg")
    return asking[0]


def _moved(ticket: Ticket, leg: Leg, state: State) -> None:
    leg.state = state
    if leg.lead:
        ticket.state = state
    else:
        touch(ticket)
