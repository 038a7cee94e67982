"""转交承办人: inside a department the ticket goes from one named owner to another. It is no leg, and no clock hears of it."""

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.errors import Refused
from hotline.outbox import record
from hotline.people import Person
from tickets import access
from tickets.dispatching import touch
from tickets.filing import clean
from tickets.lifecycle import Verb
from tickets.standing_in import owner_in
from tickets.ticket import Leg, Ticket


def hand_over(s: Session, ticket: Ticket, *, owner: int | None, reason: str = "", by: Person, at: datetime) -> Leg:
    """The department's leg has another named owner. Raises Refused for somebody of another unit, or who has it already."""
    _, leg = access.check_leg(ticket, Verb.HAND_OVER, by)
    if owner is None:
        raise Refused("请选择接手的承办人。", field="owner")
    who = owner_in(s, leg.department_code, owner, by=by, at=at)
    if access.is_about(ticket, who):
        raise Refused("不能由被反映人承办，请另定承办人。", field="owner")
    if who.id == leg.owner_id:
        raise Refused(f"{who.name}已经是承办人。", field="owner")
    before, leg.owner_id = leg.owner_id, who.id
    touch(ticket)
    record(
        s, "ticket.handed_over", ticket, by=by, at=at, leg=leg.id, department=leg.department_code, owner=who.id, owner_name=who.name, before=before,
        reason=clean(reason, "reason"),
    )  # fmt: skip
    return leg
