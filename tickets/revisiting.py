"""回访, 办结, 重办, 归档: asking the citizen closes the loop, and what was not solved comes back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.clock import local
from hotline.errors import Conflict, Forbidden, Refused
from hotline.outbox import Event, record
from hotline.people import Person
from tickets import access, bad_rating, deadlines, knowledge, merging
from tickets.catalogue import responsible
from tickets.dispatching import open_redo_leg, opened, required, touch
from tickets.filing import BURDEN, burden_of, clean
from tickets.lifecycle import Verb, after
from tickets.ticket import Kind, Leg, Revisit, Ticket

SOLVED = {"yes": "已解决", "partly": "部分解决", "no": "未解决", "disputed": "不认可"}
SATISFIED = {5: "非常满意", 4: "满意", 3: "基本满意", 2: "不满意", 1: "非常不满意"}
MISSED = {"no_answer": "无人接听", "off": "关机或空号", "declined": "拒绝回访", "language": "语言不通"}
MOST_TRIES = 3


def miss_revisit(s: Session, ticket: Ticket, *, outcome: str, by: Person, at: datetime) -> bool:
    """One attempt that did not reach the citizen. The third, over at least two half-days, closes the ticket as unreached.

    Returns whether it was closed. Unreached is an outcome of its own and never counts as satisfied.
    """
    _check(ticket, Verb.MISS_REVISIT, by)
    if outcome not in MISSED:
        raise Refused(f"未接通的情形只能是：{'、'.join(MISSED.values())}。", field="outcome")
    attempts = [*_attempts(s, ticket), _attempt(s, ticket, by=by, at=at, outcome=outcome)]
    closed = outcome == "declined" or (len(attempts) >= MOST_TRIES and len({_half_day(attempt.at) for attempt in attempts}) > 1)
    if closed:
        _close(s, ticket, solved="unreached", satisfied=None, at=at)
    else:
        touch(ticket)
    record(s, "ticket.revisit_missed", ticket, by=by, at=at, outcome=outcome, attempt=len(attempts), closed=closed, round=ticket.round)
    return closed


def close(
    s: Session, ticket: Ticket, *, contacted: bool, solved: str, satisfied: int, comment: str = "", burden: Mapping[str, Any] | None = None, by: Person,
    at: datetime,
) -> None:  # fmt: skip
    """回访办结: the citizen was reached and the matter is settled.

    burden: 跑动负担 until it was done at last; asked where it was asked at filing, so that before and after can be proved.
    Refused when the citizen says that it is not solved or is not satisfied: then it has to come back (重办).
    """
    _check(ticket, Verb.CLOSE, by)
    _answers(solved, satisfied)
    if unsettled(solved, satisfied):
        raise Refused("诉求人表示未解决或不满意，应转重办，不能办结。", field="solved")
    ticket.burden_after = _burden_after(ticket, burden or {})
    _attempt(s, ticket, by=by, at=at, outcome="reached", contacted=contacted, solved=solved, satisfied=satisfied, comment=comment)
    _close(s, ticket, solved=solved, satisfied=satisfied, at=at)
    record(
        s, "ticket.closed", ticket, by=by, at=at, solved=solved, satisfied=satisfied, contacted=contacted, round=ticket.round,
        **({"burden": ticket.burden_after} if ticket.burden_after else {}),
    )  # fmt: skip


def redo(
    s: Session, ticket: Ticket, *, contacted: bool, solved: str, satisfied: int, reason: str, comment: str = "", by: Person, at: datetime
) -> Leg:
    """重办: a new round with the department that led, with its own limit and no right of return. Returns the new leg."""
    _check(ticket, Verb.REDO, by)
    _answers(solved, satisfied)
    if not unsettled(solved, satisfied):
        raise Refused("诉求人表示已解决且满意，不需要重办。", field="solved")
    reason = required(reason, "reason", "请写明重办原因。")
    _attempt(s, ticket, by=by, at=at, outcome="reached", contacted=contacted, solved=solved, satisfied=satisfied, comment=comment)
    led = _led(s, ticket, at=at)
    ticket.round += 1
    ticket.returns = 0
    ticket.solved, ticket.satisfied = solved, satisfied
    deadlines.revisited(s, ticket, at=at)
    ticket.state = after(ticket.state, Verb.REDO)
    ticket.lead_code = led
    leg = open_redo_leg(s, ticket, department=led, reason=reason, at=at)
    record(s, "ticket.redone", ticket, by=by, at=at, solved=solved, satisfied=satisfied, reason=reason, round=ticket.round, legs=[opened(leg)])
    return leg


def answer(
    s: Session, ticket: Ticket, *, reply: str, article: int | None = None, version: int | None = None, satisfied: int | None = None, by: Person, at: datetime
) -> None:
    """直办: answered in the same contact, and closed.

    article, version: the article of the knowledge base that was read out (default: as it stands); without a reply it is the answer itself.
    satisfied: the citizen's rating, where one was given (一键评价).
    """
    access.check(ticket, Verb.ANSWER, by)
    bad_rating.check_answer(s, ticket, by)
    cited: dict[str, Any] = {}
    if article is not None:
        version = version or knowledge.find(s, article).version
        said = knowledge.as_of(s, article, version)
        cited = {"article": article, "article_version": version, "article_title": said["title"]}
        reply = reply if reply.strip() else said["body"]
    reply = required(reply, "reply", "请填写答复内容，或引用一条知识。")
    if satisfied is not None:
        _answers("yes", satisfied)
        cited["satisfied"] = satisfied
    _close(s, ticket, solved="yes", satisfied=satisfied, at=at, verb=Verb.ANSWER)
    record(s, "ticket.answered", ticket, by=by, at=at, reply=reply, **cited)


def skip_revisit(s: Session, ticket: Ticket, *, by: Person, at: datetime) -> None:
    """未抽中回访，办结: closes what the draw did not choose. Raises Conflict for a ticket whose citizen is to be asked."""
    access.check(ticket, Verb.SKIP_REVISIT, by)
    passed = select(Event.data).where(Event.subject_kind == "ticket", Event.subject_id == ticket.id, Event.kind == "ticket.review_passed")
    last = s.scalar(passed.order_by(Event.id.desc()).limit(1)) or {}
    drawn = last.get("revisit")
    if not drawn or drawn["asked"] or last["round"] != ticket.round:
        raise Conflict("这件工单须回访，不能略过。")
    _close(s, ticket, solved="unsampled", satisfied=None, at=at, verb=Verb.SKIP_REVISIT)
    record(s, "ticket.revisit_skipped", ticket, by=by, at=at, round=ticket.round, **drawn)


def archive(s: Session, ticket: Ticket, *, by: Person, at: datetime) -> None:
    """归档."""
    access.check(ticket, Verb.ARCHIVE, by)
    ticket.state = after(ticket.state, Verb.ARCHIVE)
    record(s, "ticket.archived", ticket, by=by, at=at)


def unsettled(solved: str, satisfied: int) -> bool:
    """Whether these answers bring the ticket back: not solved, or one of the two bad ratings (差评)."""
    return solved in ("no", "disputed") or satisfied in bad_rating.BAD


def _check(ticket: Ticket, verb: Verb, by: Person) -> None:
    access.check(ticket, verb, by)
    if ticket.filed_by_id == by.id:
        raise Forbidden("登记人不能回访自己登记的工单，请由其他回访员进行。")


def _led(s: Session, ticket: Ticket, *, at: datetime) -> str:
    """Who answered: its own lead, its master's where it was merged (并单), or who should have where the centre answered the master itself."""
    for of in (ticket, merging.master_of(s, ticket)):
        answered = [leg.department_code for leg in of.legs if leg.lead and leg.outcome == "resolved"] if of else []
        if answered:
            return answered[-1]
    row = responsible(s, item=ticket.item_code, area=ticket.area_code, on=local(at).date()) if ticket.item_code else None
    if row is None:
        raise Refused("这件工单还没有单位承办过，责任清单里也没有它的单位。请先核定事项。", field="reason")
    return row.lead


def _answers(solved: str, satisfied: int) -> None:
    if solved not in SOLVED:
        raise Refused(f"是否解决只能是：{'、'.join(SOLVED.values())}。", field="solved")
    if satisfied not in SATISFIED:
        raise Refused("请按诉求人的回答选择满意程度。", field="satisfied")


def _burden_after(ticket: Ticket, given: Mapping[str, Any]) -> dict[str, Any]:
    """What it took in the end. A burden that was asked at filing is asked again."""
    after_all = burden_of(given) if ticket.kind is Kind.STUCK else {}
    if missing := [name for name in BURDEN if name in ticket.burden and name not in after_all and ticket.kind is Kind.STUCK]:
        raise Refused(f"请填写办成为止的跑动负担（{'、'.join(BURDEN[name] for name in missing)}），以便与登记时对照。", field=missing[0])
    return after_all


def _attempts(s: Session, ticket: Ticket) -> list[Revisit]:
    return list(s.scalars(select(Revisit).where(Revisit.ticket_id == ticket.id, Revisit.round == ticket.round).order_by(Revisit.id)))


def _attempt(
    s: Session, ticket: Ticket, *, by: Person, at: datetime, outcome: str, contacted: bool | None = None, solved: str | None = None,
    satisfied: int | None = None, comment: str = "",
) -> Revisit:  # fmt: skip
    attempt = Revisit(
        ticket_id=ticket.id, round=ticket.round, at=at, by_id=by.id, outcome=outcome, contacted=contacted, solved=solved, satisfied=satisfied,
        comment=clean(comment, "comment"),
    )  # fmt: skip
    s.add(attempt)
    return attempt


def _half_day(moment: datetime) -> tuple[object, bool]:
    wall = local(moment)
    return wall.date(), wall.hour >= 12


def _close(s: Session, ticket: Ticket, *, solved: str, satisfied: int | None, at: datetime, verb: Verb = Verb.CLOSE) -> None:
    ticket.state = after(ticket.state, verb)
    ticket.solved, ticket.satisfied, ticket.closed_at, ticket.due_at = solved, satisfied, at, None
    deadlines.closed(s, ticket, at=at)


