"""What the speech model learns from: the project's own texts, the city's names, its closed tickets. asr knows none of these; the door hands them over."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from asr import adapt
from asr import model as speech_model
from asr.lm_build import Material
from asr.lm_names import Names
from hotline import clock
from hotline.errors import Refusal
from hotline.people import Department
from hotline.settings import Settings
from tickets.catalogue import Area, Item
from tickets.lifecycle import State
from tickets.setup import DEMO
from tickets.ticket import Ticket

log = structlog.get_logger("hotline.adapting")
LEAVES = 3  # level of the items that callers speak of
CLOSED = (State.CLOSED, State.ARCHIVED)


def once(settings: Settings) -> None:
    """首次适应: learns the project's texts and the demo city's names, unless something was learnt before. Never raises: the shipped model serves as well."""
    folder = speech_model.place(settings.models, settings.model)
    try:
        report = adapt.adapt_once(folder, own_material, at=clock.now())
    except Refusal as problem:
        log.warning("the speech model was not adapted", reason=getattr(problem, "detail", "") or type(problem).__name__)
        return
    if report is not None:
        log.info(
            "the speech model was adapted", graph=report.graph, installed=report.installed, seconds=report.seconds, peak_mb=report.peak_mb
        )


def own_material(given: Sequence[str] = (), names: Names | None = None) -> Material:
    """The routing corpus, and what the demo city's items and units say of themselves; and what a city gives. names: the demo city's unless told."""
    from routing import corpus

    utterances = corpus.read()
    return Material(
        own=[
            *(utterance.text for utterance in utterances if utterance.style != "spoken"),
            *(row["scope"] for row in _rows("items")),
            *(row["duties"] for row in _rows("units")),
        ],
        given=given,
        names=names or demo_names(),
        spoken=[utterance.text for utterance in utterances if utterance.style == "spoken"],
    )


def demo_names() -> Names:
    """Of the demo city, out of its files."""
    areas, units, items = _rows("areas"), _rows("units"), _rows("items")
    return Names(
        [name for row in areas for name in (row["name"], *row["aliases"].split(";")) if name],
        [name for row in units for name in (row["name"], row["short"]) if name],
        [row["name"] for row in items if row["level"] == str(LEAVES)],
    )


def city_names(s: Session) -> Names:
    """Of the city in the database."""
    areas = s.execute(select(Area.name, Area.aliases)).all()
    units = s.execute(select(Department.name, Department.short)).all()
    items = s.scalars(select(Item.name).where(Item.level >= LEAVES)).all()
    return Names([name for area, aliases in areas for name in (area, *aliases)], [name for unit in units for name in unit if name], items)


def closed_texts(s: Session) -> Iterator[str]:
    """What the closed tickets say. Numbers are masked before anything is learnt, and nothing that is said once."""
    for title, body, wants in s.execute(select(Ticket.title, Ticket.body, Ticket.wants).where(Ticket.state.in_(CLOSED))):
        yield "。".join(part for part in (title, body, wants) if part)


def _rows(name: str) -> list[dict[str, str]]:
    """A table of the demo city."""
    from routing import examples

    return [row for _, row in examples.rows(Path(DEMO) / f"{name}.csv")]
