"""代理 and 请假: who stands in for whom, and who is away, from one day to another. Ordered by the administrator, the unit's chief, or oneself."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.capacity import Deputy, Leave
from hotline.clock import local
from hotline.errors import Forbidden, NotFound, Refused
from hotline.outbox import record
from hotline.people import Person
from hotline.roles import Role
from tickets.accounts import KEEPERS

LONGEST_REASON = 200


def name_deputy(s: Session, person: Person, deputy: Person, *, first_day: date, last_day: date, reason: str, by: Person, at: datetime) -> Deputy:
    """代理: on these days, the last included, the deputy may act for the person, with their posts in their unit. Raises Forbidden or Refused."""
    _may_order(person, by)
    _days(first_day, last_day, at)
    if deputy.id == person.id:
        raise Refused("不能代理自己。", field="deputy")
    if not deputy.active:
        raise Refused(f"{deputy.name}的账号已停用。", field="deputy")
    row = Deputy(person_id=person.id, deputy_id=deputy.id, first_day=first_day, last_day=last_day, reason=_reason(reason))
    s.add(row)
    days = {"first_day": first_day.isoformat(), "last_day": last_day.isoformat()}
    record(s, "person.deputised", person, by=by, at=at, deputy=deputy.id, **days)
    return row


def end_deputy(s: Session, number: int, *, by: Person, at: datetime) -> None:
    """The deputy's time is over from now on."""
    row = s.get(Deputy, number, with_for_update=True)
    if row is None or row.ended_at is not None:
        raise NotFound("没有这项代理，或已结束。")
    person = s.get_one(Person, row.person_id)
    _may_order(person, by)
    row.ended_at = at
    record(s, "person.deputy_ended", person, by=by, at=at, deputy=row.deputy_id)


def take_leave(s: Session, person: Person, *, first_day: date, last_day: date, reason: str, by: Person, at: datetime) -> Leave:
    """请假: on these days, the last included, no ticket is given to the person; their deputy gets it. Raises Forbidden or Refused."""
    _may_order(person, by)
    _days(first_day, last_day, at)
    row = Leave(person_id=person.id, first_day=first_day, last_day=last_day, reason=_reason(reason))
    s.add(row)
    record(s, "person.on_leave", person, by=by, at=at, first_day=first_day.isoformat(), last_day=last_day.isoformat())
    return row


def end_leave(s: Session, number: int, *, by: Person, at: datetime) -> None:
    """销假: the person is back."""
    row = s.get(Leave, number, with_for_update=True)
    if row is None or row.ended_at is not None:
        raise NotFound("没有这次请假，或已销假。")
    person = s.get_one(Person, row.person_id)
    _may_order(person, by)
    row.ended_at = at
    record(s, "person.leave_ended", person, by=by, at=at)


def deputies(s: Session, person: Person, *, at: datetime) -> list[tuple[Deputy, Person]]:
    """Who stands in for this person, now and later."""
    rows = select(Deputy, Person).join(Person, Person.id == Deputy.deputy_id).where(Deputy.person_id == person.id)
    return [(row, who) for row, who in s.execute(rows.where(Deputy.ended_at.is_(None), Deputy.last_day >= local(at).date()).order_by(Deputy.first_day))]


def leaves(s: Session, person: Person, *, at: datetime) -> list[Leave]:
    """When this person is away, now and later."""
    rows = select(Leave).where(Leave.person_id == person.id, Leave.ended_at.is_(None), Leave.last_day >= local(at).date())
    return list(s.scalars(rows.order_by(Leave.first_day)))


def _may_order(person: Person, by: Person) -> None:
    chief = by.has(Role.CHIEF) and by.department_code is not None and by.department_code == person.department_code
    if not (by.has(*KEEPERS) or chief or (by.id == person.id and by.on_behalf_of is None)):
        raise Forbidden("代理和请假由本人、本单位领导或系统管理员登记。")


def _days(first: date, last: date, at: datetime) -> None:
    if last < first:
        raise Refused("结束日期早于开始日期。", field="last_day")
    if last < local(at).date():
        raise Refused("结束日期已经过去。", field="last_day")


def _reason(text: str) -> str:
    if len(text) > LONGEST_REASON:
        raise Refused(f"事由最多 {LONGEST_REASON} 字。", field="reason")
    return text.strip()
