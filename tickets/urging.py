"""催办 and 督办: words to the department that are kept; they change no state and stop no clock."""

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.outbox import record
from hotline.people import Person
from tickets import access
from tickets.dispatching import required, touch
from tickets.lifecycle import Verb
from tickets.ticket import Ticket


def urge(s: Session, ticket: Ticket, *, text: str, by: Person, at: datetime) -> None:
    """催办: the citizen asks again, or somebody of the centre does."""
    access.check(ticket, Verb.URGE, by)
    touch(ticket)
    record(s, "ticket.urged", ticket, by=by, at=at, text=required(text, "text", "请写明催办内容。"))


def supervise(s: Session, ticket: Ticket, *, text: str, by: Person, at: datetime) -> None:
    """督办: a supervisor's demand on the departments that hold it."""
    access.check(ticket, Verb.SUPERVISE, by)
    touch(ticket)
    record(s, "ticket.supervised", ticket, by=by, at=at, text=required(text, "text", "请写明督办要求。"))
