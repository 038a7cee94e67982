"""并单: one matter that several citizens reported is answered once, and every one of them still gets the answer and a revisit.

The merged ticket follows its master: its own legs end, the citizen's clock runs on, its owner is the master's. When the master is answered
it is to be revisited too; when the master is withdrawn it goes back to the dispatcher. A merger can be undone until then.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from hotline.errors import Conflict, Refused
from hotline.outbox import Event, record
from hotline.people import Person, system
from tickets import access, deadlines
from tickets.dispatching import end_leg, required
from tickets.lifecycle import OUT, State, Verb, after
from tickets.ticket import Leg, Ticket

TAKES = OUT | {State.FILED}
"""States in which a ticket may become a master: its answer is still to come."""


def merge(s: Session, ticket: Ticket, *, master: str, reason: str, by: Person, at: datetime) -> Ticket:
    """Merges the ticket into `master` (its number). Returns the master. Raises Refused naming the field, NotFound, or Conflict."""
    move = access.check(ticket, Verb.MERGE, by)
    reason = required(reason, "reason", "请写明并单理由。")
    into = _master(s, master, by)
    if into.id == ticket.id:
        raise Refused("不能并入自己。", field="master")
    if into.state is State.MERGED:
        raise Refused("那件工单自己已并入别的工单，请并入它的主单。", field="master")
    if into.state not in TAKES:
        raise Refused(f"主单当前“{into.state.label}”，不能再并入。", field="master")
    if s.scalar(_followers(ticket).limit(1)) is not None:
        raise Refused("已有工单并入本件。请以本件为主单，把另一件并进来。", field="master")
    for leg in ticket.current_legs:
        end_leg(s, ticket, leg, outcome="merged", at=at)
    deadlines.merged(s, ticket, at=at)
    led = ticket.lead_code
    ticket.state, ticket.lead_code, ticket.master_id = after(ticket.state, move.verb), None, into.id
    record(s, "ticket.merged", ticket, by=by, at=at, master=into.number, reason=reason, department=led)
    return into


def unmerge(s: Session, ticket: Ticket, *, reason: str, by: Person, at: datetime) -> None:
    """撤销并单: the ticket is to be dispatched on its own again."""
    move = access.check(ticket, Verb.UNMERGE, by)
    reason = required(reason, "reason", "请写明撤销并单的理由。")
    ticket.state, ticket.master_id = after(ticket.state, move.verb), None
    deadlines.unmerged(s, ticket, at=at)
    record(s, "ticket.unmerged", ticket, by=by, at=at, reason=reason)


def follow_master(s: Session, event: Event, *, at: datetime) -> int:
    """What the tickets merged into this event's ticket do after it; returns how many there were."""
    followers = s.scalars(
        select(Ticket)
        .where(Ticket.master_id == event.subject_id, Ticket.state == State.MERGED)
        .options(*access.FULL)
        .order_by(Ticket.id)
        .with_for_update(of=Ticket, key_share=True)
    ).all()
    master = s.scalars(select(Ticket).where(Ticket.id == event.subject_id).options(*access.FULL)).one()
    for ticket in followers:
        if event.kind in ANSWERS:
            _follow(s, ticket, master, event, at=at)
        else:
            unmerge(s, ticket, reason="主单已撤", by=system(s), at=at)
    return len(followers)


def followers(s: Session, ticket: Ticket, person: Person) -> list[Ticket]:
    """The tickets merged into this one that this person may see."""
    return list(s.scalars(access.visible_to(person).where(Ticket.master_id == ticket.id, Ticket.state == State.MERGED).order_by(Ticket.id)))


def master_of(s: Session, ticket: Ticket) -> Ticket | None:
    """The ticket into which this one was merged, with its legs."""
    return s.scalar(select(Ticket).where(Ticket.id == ticket.master_id).options(*access.FULL)) if ticket.master_id else None


ANSWERS = frozenset({"ticket.review_passed", "ticket.answered", "ticket.terminated"})
EVENTS = ANSWERS | {"ticket.withdrawn"}
"""What a master's followers follow."""


def _follow(s: Session, ticket: Ticket, master: Ticket, event: Event, *, at: datetime) -> None:
    """随主单答复: the master's answer is this citizen's too, who is now to be asked."""
    by = system(s)
    move = access.check(ticket, Verb.FOLLOW, by)
    ticket.state = after(ticket.state, move.verb)
    deadlines.revisit_due(s, ticket, at=at)
    answered = _answer_of(master, event)
    record(s, "ticket.followed", ticket, by=by, at=at, master=master.number, department=answered["department"], reply=answered["reply"])


def _answer_of(master: Ticket, event: Event) -> Mapping[str, str | None]:
    leg: Leg | None = max((leg for leg in master.legs if leg.lead and leg.reply), key=lambda leg: leg.id, default=None)
    said = event.data.get("reply")
    return {"department": leg.department_code if leg else None, "reply": said or (leg.reply if leg else None)}


def _followers(ticket: Ticket) -> Select[Ticket]:
    return select(Ticket).where(Ticket.master_id == ticket.id, Ticket.state == State.MERGED).order_by(Ticket.id)


def _master(s: Session, number: str, by: Person) -> Ticket:
    """The master, locked. Two people who merge two tickets into one another do not wait for each other for ever: the second is told."""
    if not number.strip():
        raise Refused("请填写主单的工单号。", field="master")
    found = access.find(s, number, by)
    try:
        s.execute(select(Ticket.id).where(Ticket.id == found.id).with_for_update(nowait=True, key_share=True))
    except OperationalError as locked:
        raise Conflict("另一位同事正在办理那件主单，请稍后再试。") from locked
    s.refresh(found, ["state", "master_id"])
    return found
