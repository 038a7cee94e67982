"""研判: the verb that puts a 办不成事 on its track, and with it under its limits."""

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.errors import Refused
from hotline.outbox import record
from hotline.people import Person
from tickets import access, deadlines
from tickets.filing import clean
from tickets.lifecycle import Verb
from tickets.ticket import Kind, Ticket
from tickets.tracks import Track, track_of


def triage(s: Session, ticket: Ticket, *, should: str, obstacle: str, note: str = "", by: Person, at: datetime) -> Track | None:
    """Sets the track; clocks that run go by its rule from now on. What a person will not do (人为不给办) cannot be returned.

    Raises Refused for another kind of matter and for words that are not listed.
    """
    access.check(ticket, Verb.TRIAGE, by)
    if ticket.kind is not Kind.STUCK:
        raise Refused("只有“办不成事”才研判该不该办、卡在哪里。")
    track = track_of(should, obstacle)
    ticket.should, ticket.obstacle, ticket.track = should, obstacle, track
    s.flush()
    deadlines.triaged(s, ticket, at=at)
    record(s, "ticket.triaged", ticket, by=by, at=at, should=should, obstacle=obstacle, track=track, note=clean(note, "note"))
    return track
