"""查找: which tickets a person is looking for, among those the person may see; by keyset, the newest first or the most pressing first.

Ids are found first, from the index that fits; then their rows are read. No list reads a whole table, and no page costs more than the one before it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Select, and_, cast, func, literal, select, tuple_
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from hotline.errors import Refused
from hotline.people import Person
from hotline.privacy import fingerprint, phone_number
from sla.light import Light
from tickets import access
from tickets.board import standing_still
from tickets.catalogue import Area, Item
from tickets.desks import DONE, LISTED, PAGE, Page
from tickets.lifecycle import State
from tickets.numbers import ALPHABET, is_number
from tickets.ticket import Kind, Leg, Ticket
from tickets.wording import SLICE_BITS, TicketText, says, words_in

NEWEST, DUE = "new", "due"
ORDERS: Final = {NEWEST: "最新登记在前", DUE: "最先到期在前"}


@dataclass(frozen=True)
class Wanted:
    """What is looked for; what is empty does not narrow. area, item: with all below them. received, due: from (included) until (not included).

    unit: whose current legs; state, light, due and the order are then those of its leg. ever: all that the unit ever held.
    light: of what still runs. By deadline only what is open is listed, unless the states say otherwise. caller: the keyed hash of a telephone number.
    """

    text: str = ""
    caller: str = ""
    area: str = ""
    item: str = ""
    unit: str = ""
    ever: bool = False
    kinds: tuple[Kind, ...] = ()
    states: tuple[State, ...] = ()
    light: Light | None = None
    received_from: datetime | None = None
    received_until: datetime | None = None
    due_from: datetime | None = None
    due_until: datetime | None = None
    order: str = NEWEST

    @property
    def of_legs(self) -> bool:
        """Whether the list is of the unit's current legs."""
        return bool(self.unit) and not self.ever


@dataclass(frozen=True)
class Found:
    """One line: the ticket, and the unit's leg where the list is of legs."""

    ticket: Ticket
    leg: Leg | None


def named(s: Session, text: str, person: Person) -> Ticket | None:
    """The one ticket with this number or this query code, None where the text is neither or there is none that the person may see."""
    text = text.strip().upper()
    if is_number(text):
        which = Ticket.number == text
    elif len(text) == 6 and set(text) <= set(ALPHABET):
        which = Ticket.query_code == text
    else:
        return None
    return s.scalar(access.visible_to(person).where(which).options(*LISTED))


def caller(text: str) -> str:
    """The keyed hash by which the tickets of a telephone number are found, in whichever spelling it was typed; '' where it is none."""
    if not re.fullmatch(r"[\d\s\-+()./—－＋（）]{7,30}", text.strip()):
        return ""
    try:
        number = phone_number(text)
    except Refused:
        return ""
    return fingerprint(number) if number and len(number) >= 7 else ""


def search(s: Session, wanted: Wanted, *, by: Person, at: datetime, after: str | None = None, limit: int = PAGE) -> Page[Found]:
    """One page of what is looked for. Raises Refused naming the field."""
    rows = s.execute(_ids(s, wanted, by, at, after).limit(limit + 1)).all()
    more, rows = len(rows) > limit, rows[:limit]
    return Page(tuple(_read(s, rows)), _key_of(wanted, rows[-1]) if more else None)


def _ids(s: Session, wanted: Wanted, by: Person, at: datetime, after: str | None) -> Select[Any]:
    """(ticket id, due, id that the order ends on, leg id or NULL), in order."""
    if wanted.order not in ORDERS:
        raise Refused(f"排序只能是：{'、'.join(ORDERS.values())}。", field="order")
    words = words_in(wanted.text)
    last = Leg.id if wanted.of_legs and wanted.order == DUE else Ticket.id
    due = Leg.due_at if wanted.of_legs else Ticket.due_at
    leg = Leg.id if wanted.of_legs else cast(None, BigInteger)
    seen = access.visible_to(by, listed=not (words or wanted.caller or wanted.of_legs) and access.holds_few(s, by))
    found: Any = seen.with_only_columns(Ticket.id, due.label("due"), last.label("last"), leg.label("leg"))
    if wanted.of_legs:
        found = found.join(Leg, and_(Leg.ticket_id == Ticket.id, Leg.department_code == wanted.unit, Leg.ended_at.is_(None)))
    found = found.where(*_narrowed(s, wanted, by, at))
    if wanted.order == DUE:
        found = found.where(due.is_not(None))
    if after:
        found = found.where(_beyond(wanted, after, due, last))
    if words:
        return _saying(found, words, wanted.order, after)
    ordered: Select[Any] = found.order_by(due, last) if wanted.order == DUE else found.order_by(Ticket.id.desc())
    return ordered


def _saying(found: Select[Any], words: Sequence[str], order: str, after: str | None) -> Select[Any]:
    """Slice after slice of the text index, the newest first, until there are enough. By deadline all slices are looked at."""
    last = select(func.max(TicketText.ticket_id)).scalar_subquery() if order == DUE or not after else literal(int(after), BigInteger)
    newest = last.op(">>")(literal(SLICE_BITS))
    slices = func.generate_series(newest, literal(0, BigInteger), literal(-1, BigInteger)).table_valued("n").render_derived("slices")
    inner = found.join(TicketText, TicketText.ticket_id == Ticket.id).where(says(words, cast(slices.c.n, BigInteger)))
    one = (inner.order_by(Ticket.id.desc()) if order == NEWEST else inner).lateral("one")
    # A nested loop keeps the order of the slices: an ORDER BY out here would make it read all of them before the first.
    every = select(one.c.id, one.c.due, one.c.last, one.c.leg).select_from(slices.join(one, literal(True)))
    return every.order_by(one.c.due, one.c.last) if order == DUE else every


def _narrowed(s: Session, wanted: Wanted, by: Person, at: datetime) -> list[ColumnElement[bool]]:
    whose = Leg if wanted.of_legs else Ticket
    found: list[ColumnElement[bool]] = []
    if wanted.caller:
        found.append(Ticket.phone_hash == wanted.caller)
        if not by.has(*access.SEES_ALL):  # 保密: nobody outside the centre learns by trying numbers who asked
            found.append(Ticket.confidentiality == "open")
    if wanted.area:
        found.append(Ticket.area_code.in_(_below(s, Area, wanted.area)))
    if wanted.item:
        found.append(Ticket.item_code.in_(_below(s, Item, wanted.item)))
    if wanted.unit and wanted.ever:
        found.append(Ticket.id.in_(select(Leg.ticket_id).where(Leg.department_code == wanted.unit)))
    if wanted.kinds:
        found.append(Ticket.kind.in_(wanted.kinds))
    if wanted.states:
        found.append(whose.state.in_(wanted.states))
    if not wanted.of_legs and not set(wanted.states) & set(DONE) and (wanted.states or (wanted.order == DUE and wanted.light is not Light.GREY)):
        found.append(Ticket.state.not_in(DONE))  # where the states say so too, these are the words of the partial indexes
    if wanted.light:
        found += _shining(wanted.light, whose, at)
    for column, since, until in ((Ticket.received_at, wanted.received_from, wanted.received_until), (whose.due_at, wanted.due_from, wanted.due_until)):
        found += [column >= since] if since else []
        found += [column < until] if until else []
    return found


def _shining(light: Light, whose: type[Ticket] | type[Leg], at: datetime) -> list[ColumnElement[bool]]:
    """红黄绿灯 as sla/light.py has it, of what still runs."""
    if light is Light.GREY:
        return [Ticket.state.in_(DONE)]
    if whose is Leg:
        open_, still, late = Leg.state != State.RESOLVED, standing_still(at), and_(Leg.due_at < at, ~standing_still(at))
    else:
        of_leg = select(Leg.ticket_id).where(Leg.ended_at.is_(None), standing_still(at))
        open_, still, late = Ticket.state.not_in(DONE), Ticket.id.in_(of_leg), Ticket.due_at < at
    return [open_] + {
        Light.RED: [late],
        Light.BLUE: [still],
        Light.AMBER: [whose.due_at >= at, whose.warn_at <= at, ~still],
        Light.GREEN: [whose.due_at >= at, whose.warn_at > at, ~still],
    }[light]


def _below(s: Session, tree: type[Area] | type[Item], code: str) -> list[str]:
    """The code and all below it. Raises Refused where there is no such code."""
    top = select(tree.code).where(tree.code == code).cte(recursive=True)
    codes = list(s.scalars(select(top.union_all(select(tree.code).where(tree.parent_code == top.c.code)).c.code)))
    if not codes:
        what, name = ("区划", "area") if tree is Area else ("事项", "item")
        raise Refused(f"没有编码为“{code[:20]}”的{what}。", field=name)
    return codes


def _beyond(wanted: Wanted, after: str, due: Any, last: Any) -> ColumnElement[bool]:
    try:
        if wanted.order == NEWEST:
            return Ticket.id < _whole(after)
        moment, _, key = after.rpartition("~")
        return tuple_(due, last) > (datetime.fromisoformat(moment), _whole(key))
    except ValueError:
        raise Refused("翻页位置无效，请从第一页重新打开。", field="after") from None


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError
    return int(text)


def _key_of(wanted: Wanted, row: Any) -> str:
    if wanted.order == NEWEST:
        return str(row.id)
    return f"{row.due.isoformat()}~{row.last}"


def _read(s: Session, rows: Sequence[Any]) -> list[Found]:
    tickets = {ticket.id: ticket for ticket in s.scalars(select(Ticket).where(Ticket.id.in_([row.id for row in rows])).options(*LISTED))}
    held = [row.leg for row in rows if row.leg]
    legs = {leg.id: leg for leg in s.scalars(select(Leg).where(Leg.id.in_(held)).options(joinedload(Leg.department)))} if held else {}
    for leg in legs.values():
        set_committed_value(leg, "ticket", tickets[leg.ticket_id])
    return [Found(tickets[row.id], legs.get(row.leg)) for row in rows]
