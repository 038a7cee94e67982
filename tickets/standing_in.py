"""代理与请假: who answers in somebody's place while they are away. A ticket is never given to a person who is not there."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.capacity import Leave, deputy_of, leave_of, running, works_in
from hotline.clock import local
from hotline.errors import Refused
from hotline.people import Person
from tickets.ticket import Leg


@dataclass(frozen=True)
class Absence:
    """An owner who is away: until when (the last day), and who stands in; None where nobody was named."""

    until: date
    deputy: str | None

    @property
    def words(self) -> str:
        """As the pages say it."""
        return f"请假至 {self.until:%m-%d}，" + (f"由{self.deputy}代理" if self.deputy else "没有代理人")


def owner_in(s: Session, department: str, wanted: int, *, at: datetime, by: Person) -> Person:
    """Who is to own a leg of the department: the colleague, or, while they are on leave, their deputy.

    Whoever takes it themselves is there. Raises Refused when the person does not work there, or is away without a deputy.
    """
    who = s.scalar(select(Person).where(Person.id == wanted, Person.active))
    acting_here = wanted == by.id and by.department_code == department  # as a deputy, from elsewhere
    if who is None or not (acting_here or s.scalar(select(Person.id).where(Person.id == wanted, works_in(department)))):
        raise Refused("承办人须是本单位在岗人员。", field="owner")
    today = local(at).date()
    leave = leave_of(s, who.id, on=today) if who.id != by.id else None
    if leave is None:
        return who
    deputy = deputy_of(s, who.id, on=today)
    if deputy is None:
        raise Refused(f"{who.name}请假至 {leave.last_day:%m-%d}，没有代理人，请另选承办人。", field="owner")
    return deputy


def owner_words(s: Session, leg: Leg, *, at: datetime) -> str:
    """Who owns the leg, as the pages say it: 张三（请假至 11-25，由李四代理）. Its owner is loaded."""
    if leg.owner is None:
        return ""
    away = absences(s, [leg.owner.id], at=at).get(leg.owner.id) if leg.ended_at is None else None
    return f"{leg.owner.name}（{away.words}）" if away else leg.owner.name


def absences(s: Session, people: Iterable[int], *, at: datetime) -> dict[int, Absence]:
    """Which of these people are away today, and who stands in for them."""
    today = local(at).date()
    away: dict[int, date] = {}
    for person, last in s.execute(select(Leave.person_id, Leave.last_day).where(Leave.person_id.in_(set(people)), running(Leave, today))):
        away[person] = max(last, away.get(person, last))
    deputies = {person: deputy_of(s, person, on=today) for person in away}
    return {person: Absence(until, deputy.name if (deputy := deputies[person]) else None) for person, until in away.items()}
