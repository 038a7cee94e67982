"""Who may see which tickets, and who may do what to them: the one place that answers both.

Look things up through `visible_to(person)`: a ticket that somebody may not see is not found, rather than refused.
"""

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, object_session, selectinload

from hotline.errors import Conflict, Forbidden, NotFound
from hotline.people import Department, Person
from hotline.roles import Role
from tickets import organisation
from tickets.consultation import Consultation, Opinion
from tickets.discipline_case import DisciplineCase
from tickets.lifecycle import Move, State, Verb, label, move_for, open_moves
from tickets.openings import open_to
from tickets.ticket import Kind, Leg, Ticket

SEES_ALL = (Role.OPERATOR, Role.DISPATCHER, Role.REVIEWER, Role.REVISITOR, Role.SUPERVISOR, Role.SYSTEM)
DEPARTMENT = (Role.CLERK, Role.CHIEF)
FEW = 20_000


def visible_to(person: Person, *, listed: bool = False) -> Select[Ticket]:
    """The tickets that this person may see, to be narrowed with `.where`.

    The centre sees all; a department what it holds, held or was asked about (会商), and its chief (部门负责人) what the units below it do, too;
    discipline what was transferred to it. Administrators and auditors see none: their duties are kept apart (三员分立). Nobody sees what is about
    themselves. listed: nothing else narrows them, so that they are gathered first; otherwise each that something else has found is asked about.
    """
    tickets = select(Ticket).where(about_others(person))
    if person.has(*SEES_ALL):
        return tickets
    reasons: list[tuple[InstrumentedAttribute[int], ColumnElement[bool]]] = []
    if person.has(*DEPARTMENT) and person.department_code:
        reasons += [(of.ticket_id, held_below(person, of.department_code)) for of in (Leg, Opinion)]
    if person.has(Role.DISCIPLINE):
        reasons.append((DisciplineCase.ticket_id, DisciplineCase.transferred_at.is_not(None)))
    if not reasons:
        return tickets.where(false())
    if listed:
        return tickets.where(Ticket.id.in_(union_all(*(select(ticket).where(so) for ticket, so in reasons))))
    # Asked one by one: joined, the units of a district would be gathered anew for each slice of a search for words.
    return tickets.where(or_(*(exists().where(ticket == Ticket.id, so).correlate(Ticket) for ticket, so in reasons)))


def holds_few(s: Session, person: Person) -> bool:
    """Whether the person's units have held so little that it is quicker gathered than looked for among all tickets, the newest first."""
    if not person.has(Role.CHIEF) or person.has(*SEES_ALL):
        return True
    held = select(Leg.id).where(held_below(person, Leg.department_code, gathered=True)).limit(FEW)
    return (s.scalar(select(func.count()).select_from(held.subquery())) or 0) < FEW


def held_below(person: Person, unit: InstrumentedAttribute[str], *, gathered: bool = False) -> ColumnElement[bool]:
    """Rows of the person's unit; for a chief, of all units below it as well. gathered: by an index on the unit, code after code."""
    if not person.has(Role.CHIEF):
        return unit == person.department_code
    branch = organisation.branch(_unit(person))
    return unit == func.any(func.array(branch.scalar_subquery())) if gathered else unit.in_(branch)


def oversees(person: Person, leg: Leg) -> bool:
    """Whether the leg is of the person's unit, or of one below it whose chief the person is."""
    return leg.department_code == person.department_code or (person.has(Role.CHIEF) and leg.department.path.startswith(_unit(person).path))


def _unit(person: Person) -> Department:
    """The unit in which the person acts: read with them when they signed in, otherwise now."""
    known: Department | None = person.__dict__.get("department")
    s = object_session(person)
    if known is not None or s is None:
        return person.department  # type: ignore[return-value]
    return s.get_one(Department, person.department_code)


def about_others(person: Person) -> ColumnElement[bool]:
    """Tickets that are not about this person (被反映人), by id or, where only a name is known, by name; nor about whom they stand in for."""
    return and_(
        or_(Ticket.concerns_id.is_(None), Ticket.concerns_id.not_in(_selves(person))),
        or_(Ticket.concerns_id.is_not(None), Ticket.concerns_name == "", Ticket.concerns_name != person.name),
    )


def about(s: Session, person: Person) -> list[int]:
    """The tickets that are about this person: a few, found by indexes of their own. Figures leave them out, and nothing else names them."""
    by_name = and_(Ticket.concerns_id.is_(None), Ticket.concerns_name != "", Ticket.concerns_name == person.name)
    found = union_all(select(Ticket.id).where(Ticket.concerns_id.in_(_selves(person))), select(Ticket.id).where(by_name))
    return list(s.scalars(found))


def is_about(ticket: Ticket, person: Person) -> bool:
    """Whether the ticket is about this person: then it is not theirs to see, to own or to touch."""
    return ticket.concerns_id in _selves(person) if ticket.concerns_id is not None else bool(ticket.concerns_name) and ticket.concerns_name == person.name


def _selves(person: Person) -> list[int]:
    return [number for number in (person.id, person.on_behalf_of) if number is not None]


def find(s: Session, number: str, person: Person, *, lock: bool = False, version: int | None = None) -> Ticket:
    """The ticket with this number and its legs, through what the person may see. Raises NotFound.

    lock: take the row for a change, so that two verbs on one ticket come one after the other.
    version: what the person was looking at; Conflict when the ticket has changed since.
    """
    wanted = visible_to(person).where(Ticket.number == number.strip())
    if lock:
        wanted = wanted.with_for_update(of=Ticket, key_share=True)
    ticket = s.scalar(wanted.options(*FULL).execution_options(populate_existing=True))
    if ticket is None:
        raise NotFound(f"没有找到工单“{number}”，或您无权查看。")
    if version is not None and version != ticket.version:
        raise Conflict(f"您打开页面之后，工单已有变动（现为“{ticket.state.label}”）。请看过最新情况后再操作。")
    return ticket


FULL = (
    selectinload(Ticket.legs).options(joinedload(Leg.department), joinedload(Leg.owner)),
    selectinload(Ticket.requests),
    selectinload(Ticket.consultations).selectinload(Consultation.opinions),
    joinedload(Ticket.item),
    joinedload(Ticket.area),
    joinedload(Ticket.lead),
    joinedload(Ticket.filed_by),
)


def leg_of(ticket: Ticket, person: Person) -> Leg | None:
    """The current leg that this person's department holds; none for the person whom the ticket is about."""
    if is_about(ticket, person):
        return None
    return next((leg for leg in ticket.current_legs if leg.department_code == person.department_code), None)


def check(ticket: Ticket, verb: Verb, by: Person) -> Move:
    """The move, if it may follow in the ticket's state and `by` may make it. Raises Conflict or Forbidden."""
    if is_about(ticket, by):
        raise Forbidden("这件工单与您有关，应由他人办理。")
    return permitted(ticket.state, verb, by)


def check_leg(ticket: Ticket, verb: Verb, by: Person) -> tuple[Move, Leg]:
    """The same for a move of the department's own leg. A department without a current leg here is refused."""
    leg = leg_of(ticket, by)
    if leg is None:
        raise Forbidden(f"贵单位当前没有承办这件工单，不能{label(verb)}。")
    return permitted(leg.state, verb, by), leg


def permitted(state: State, verb: Verb, by: Person) -> Move:
    """The move from `state`, if there is one and `by` holds a post that may make it. Raises Conflict or Forbidden."""
    move = move_for(state, verb)
    if not any(role in move.by for role in by.roles):
        posts = "、".join(sorted({role.label for role in move.by} - {Role.SYSTEM.label}))
        raise Forbidden(f"“{move.label}”须由{posts}操作。")
    return move


def moves_for(ticket: Ticket, person: Person) -> list[Move]:
    """The buttons this person gets on this ticket: what the table leaves open, in its order."""
    moves = []
    leg = leg_of(ticket, person)
    own = [Role(role) for role in person.roles if role in DEPARTMENT]
    centre = [Role(role) for role in person.roles if role not in DEPARTMENT]
    if leg is not None:
        moves += [move for move in open_moves(leg.state, own) if move.leg and not (move.verb is Verb.ASK_RETURN and leg.forced)]
    moves += [move for move in open_moves(ticket.state, own) if not move.leg and not is_about(ticket, person)]
    moves += open_moves(ticket.state, centre)
    if ticket.state is not State.RETURNING and any(leg.state is State.RETURNING for leg in ticket.current_legs):  # a co-handler asks
        moves += [move for move in open_moves(State.RETURNING, centre) if move.leg]
    if ticket.filed_by_id == person.id:  # blind rule: who filed it does not revisit it
        moves = [move for move in moves if move.verb not in REVISITING]
    if ticket.kind not in TRIAGED:
        moves = [move for move in moves if move.verb is not Verb.TRIAGE]
    return [move for move in moves if open_to(ticket, person, move.verb)]


TRIAGED = (Kind.STUCK, Kind.BAD_RATING)
REVISITING = (Verb.CLOSE, Verb.REDO, Verb.MISS_REVISIT)
