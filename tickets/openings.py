"""What beside the state must be so for a move to be offered: an open request, a pause that lasts, a unit that was asked. Verbs say the same in words."""

from collections.abc import Callable, Mapping

from hotline.people import Person
from hotline.roles import Role
from tickets.application import Application, Ask, Judged
from tickets.consultation import asked_of, open_consultation
from tickets.lifecycle import Verb
from tickets.ticket import Leg, Ticket

ANSWERED = ("resolved", "terminated")
"""Outcomes of a leg whose department answered."""

CENTRE = frozenset(Role) - {Role.CLERK, Role.CHIEF}


def open_to(ticket: Ticket, person: Person, verb: Verb) -> bool:
    """Whether there is something for this person to do with this verb, where the table leaves it open."""
    so = CONDITIONS.get(verb)
    return so is None or so(ticket, person)


def answered_leg(ticket: Ticket, person: Person) -> Leg | None:
    """The last leg in which this person's department answered."""
    own = [leg for leg in ticket.legs if leg.department_code == person.department_code and leg.outcome in ANSWERED]
    return own[-1] if own else None


def _asks(kind: Ask, *, lead: bool = False) -> Callable[[Ticket, Person], bool]:
    """Its department has not asked yet. lead: only the lead may."""

    def so(ticket: Ticket, person: Person) -> bool:
        if any(_own(request, person) for request in _waiting(ticket, kind)):
            return False
        return not lead or (ticket.lead_leg is not None and ticket.lead_leg.department_code == person.department_code)

    return so


def _judges(kind: Ask, *states: Judged) -> Callable[[Ticket, Person], bool]:
    """A request waits for this person."""
    return lambda ticket, person: any(request.state in states and request.waits_for(person) for request in _waiting(ticket, kind))


def _own(request: Application, person: Person) -> bool:
    return request.department_code == person.department_code


def _holds(ticket: Ticket, person: Person) -> bool:
    return any(leg.department_code == person.department_code for leg in ticket.current_legs)


def _waiting(ticket: Ticket, kind: Ask) -> list[Application]:
    return [request for request in ticket.requests if request.kind is kind and request.waiting]


def _may_ask_exclusion(ticket: Ticket, person: Person) -> bool:
    return not ticket.excluded and answered_leg(ticket, person) is not None and _asks(Ask.EXCLUSION)(ticket, person)


FIRST, SECOND = Judged.ASKED, Judged.FIRST_APPROVED
CONDITIONS: Mapping[Verb, Callable[[Ticket, Person], bool]] = {
    Verb.ASK_EXTENSION: _asks(Ask.EXTENSION),
    Verb.REFUSE_EXTENSION: _judges(Ask.EXTENSION, FIRST),
    Verb.ASK_PAUSE: _asks(Ask.PAUSE),
    Verb.REFUSE_PAUSE: _judges(Ask.PAUSE, FIRST),
    Verb.RESUME: lambda ticket, person: any(leg.paused_at is not None for leg in ticket.current_legs),
    Verb.ASK_TERMINATION: _asks(Ask.TERMINATION, lead=True),
    Verb.APPROVE_TERMINATION: _judges(Ask.TERMINATION, FIRST),
    Verb.TERMINATE: _judges(Ask.TERMINATION, SECOND),
    Verb.REFUSE_TERMINATION: _judges(Ask.TERMINATION, FIRST, SECOND),
    Verb.ASK_EXCLUSION: _may_ask_exclusion,
    Verb.APPROVE_EXCLUSION: _judges(Ask.EXCLUSION, FIRST),
    Verb.EXCLUDE: _judges(Ask.EXCLUSION, SECOND),
    Verb.REFUSE_EXCLUSION: _judges(Ask.EXCLUSION, FIRST, SECOND),
    Verb.CONSULT: lambda ticket, person: open_consultation(ticket) is None,
    Verb.CONCLUDE_CONSULT: lambda ticket, person: open_consultation(ticket) is not None,
    Verb.OPINE: lambda ticket, person: asked_of(ticket, person) is not None,
    Verb.ATTACH: lambda ticket, person: person.has(*CENTRE) or _holds(ticket, person) or asked_of(ticket, person) is not None,
}
