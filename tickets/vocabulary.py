"""The city's own names, as people say them: places, units and items, for whoever has to recognise them in speech."""

from collections.abc import Iterator
from itertools import chain

from sqlalchemy import select
from sqlalchemy.orm import Session

from asr.names import Names
from hotline.people import Department
from tickets.catalogue import Area, Item


def spoken_names(s: Session) -> list[str]:
    """Every name of an area, a department or an item, aliases and short forms included, each once."""
    units = chain.from_iterable((name, short) for name, short in s.execute(select(Department.name, Department.short)))
    items = chain.from_iterable(name.split("、") for name in s.scalars(select(Item.name)))
    return sorted({name.strip() for name in chain(_areas(s), units, items)} - {""})


def names(s: Session) -> Names:
    """The same, to be found by their sound."""
    return Names(spoken_names(s))


def places(s: Session) -> Names:
    """Only the places, landmarks, roads and estates included."""
    return Names(_areas(s))


def _areas(s: Session) -> Iterator[str]:
    return chain.from_iterable((name, *aliases) for name, aliases in s.execute(select(Area.name, Area.aliases)))
