"""What the classifier says, put together with who answers for it: text -> item -> area -> department (派单建议)."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.clock import local
from hotline.people import Department, Person
from routing.protocol import Classifier, Routing
from tickets import likeness
from tickets.catalogue import Item, holding, responsible


@dataclass(frozen=True)
class Suggested:
    """One suggestion: the item, the department that answers for it, and why.

    confidence: calibrated, 0 to 1. because: the words of the text that decided. basis: the row of the responsibility table.
    """

    item: str
    item_name: str
    department: str | None
    department_name: str | None
    co_handlers: tuple[str, ...]
    confidence: float
    because: tuple[str, ...]
    basis: str


@dataclass(frozen=True)
class Past:
    """A ticket of the past that said much the same: what it was in the end, and who led it. likeness: of the texts, 0 to 1."""

    number: str
    title: str
    item: str
    item_name: str
    department: str
    department_name: str
    likeness: float


@dataclass(frozen=True)
class Advice:
    """All that is known about a text before a person decides.

    dispatch: sure enough to dispatch without one; reason: why not. unknown: the suggestions are only hints.
    needs_more: too short, the operator should ask for one more sentence. similar: tickets of the past that said much the same.
    """

    suggestions: tuple[Suggested, ...]
    dispatch: bool
    unknown: bool
    needs_more: bool
    reason: str
    kind: str
    area: str | None
    alarms: tuple[str, ...]
    model_version: str
    similar: tuple[Past, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For keeping with the ticket: whoever sees the ticket may see it, so it does not tell what others said."""
        return asdict(self) | {"similar": [{name: value for name, value in asdict(one).items() if name != "title"} for one in self.similar]}


def advise(s: Session, classifier: Classifier, text: str, *, at: datetime, area: str | None = None, by: Person | None = None) -> Advice:
    """Classifies `text` and looks up who answers. An `area` that a person chose goes before the one found in the text.

    by: who asks; similar tickets are among those that this person may see, for None (the system) among all.
    """
    routing = classifier.suggest(text)
    place = area or routing.area
    suggestions = _with_departments(s, routing, place, at)
    # The classifier is sure of its first item only: where that has ended, a person decides.
    answered = bool(suggestions) and suggestions[0].item == routing.suggestions[0].item and suggestions[0].department is not None
    return Advice(
        suggestions=suggestions,
        dispatch=routing.dispatch and answered,
        unknown=routing.unknown,
        needs_more=routing.needs_more,
        reason=routing.reason if answered or not routing.dispatch else "责任清单没有写明由谁承办，须由派单员决定。",
        kind=routing.kind,
        area=place,
        alarms=tuple(alarm.sentence for alarm in routing.alarms),
        model_version=routing.model_version,
        similar=_similar(s, text, by),
    )


def _similar(s: Session, text: str, by: Person | None) -> tuple[Past, ...]:
    return tuple(
        Past(ticket.number, ticket.title, ticket.item.code, ticket.item.name, ticket.lead.code, ticket.lead.short, round(share, 2))
        for ticket, share in likeness.past(s, text, by=by)
        if ticket.item is not None and ticket.lead is not None
    )


def _with_departments(s: Session, routing: Routing, area: str | None, at: datetime) -> tuple[Suggested, ...]:
    held = select(Item.code, Item.name).where(Item.code.in_([x.item for x in routing.suggestions]), holding(local(at).date()))
    names: dict[str, str] = {code: name for code, name in s.execute(held)}
    known = [suggestion for suggestion in routing.suggestions if suggestion.item in names]
    rows = [responsible(s, item=suggestion.item, area=area, on=local(at).date()) for suggestion in known]
    departments: dict[str, str] = {
        code: name for code, name in s.execute(select(Department.code, Department.name).where(Department.code.in_([row.lead for row in rows if row])))
    }
    return tuple(
        Suggested(
            item=suggestion.item,
            item_name=names[suggestion.item],
            department=row.lead if row else None,
            department_name=departments.get(row.lead) if row else None,
            co_handlers=tuple(row.co_handlers) if row else (),
            confidence=round(suggestion.confidence, 4),
            because=suggestion.because,
            basis=row.basis if row else "责任清单中没有这一事项",
        )
        for suggestion, row in zip(known, rows, strict=True)
    )
