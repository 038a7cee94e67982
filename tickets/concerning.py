"""被反映人: whom a 找茬 is about. It goes to that person's unit to be looked into; the person concerned never learns of it (tickets.access)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.errors import NotFound
from hotline.people import Department, Person
from tickets.ticket import Kind, Ticket


def named(s: Session, number: int | None, name: str) -> Person | None:
    """The colleague with this id, or the only one of this name; None where the name is nobody's or several people's. Raises NotFound for the id."""
    if number is not None:
        person = s.get(Person, number)
        if person is None:
            raise NotFound("没有这名工作人员。", field="concerns")
        return person
    found = s.scalars(select(Person).where(Person.name == name, Person.active).limit(2)).all() if name else []
    return found[0] if len(found) == 1 else None


def unit_of(s: Session, ticket: Ticket) -> Department | None:
    """The unit that looks into it (查证), whatever the responsibility list says: of the person concerned; of a bad rating, the one that was rated."""
    if ticket.kind is Kind.BAD_RATING and ticket.origin_id is not None:
        return s.scalar(select(Department).join(Ticket, Ticket.lead_code == Department.code).where(Ticket.id == ticket.origin_id))
    if ticket.concerns_id is None:
        return None
    return s.scalar(select(Department).join(Person, Person.department_code == Department.code).where(Person.id == ticket.concerns_id))
