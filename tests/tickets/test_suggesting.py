"""From text to the department that answers: item, area, responsibility table; and dispatch without a person only where that is sure."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from routing.protocol import Alarm, Routing, Suggestion
from tests.tickets.conftest import Cast
from tickets import dispatching, hotspots
from tickets.catalogue import responsible
from tickets.filing import Matter, file
from tickets.lifecycle import State
from tickets.suggesting import Advice, advise
from tickets.ticket import Ticket


class Says:
    """A classifier that says what it is told."""

    def __init__(self, *items: str, dispatch: bool = True, area: str | None = None, alarm: str = "") -> None:
        alarms = (Alarm("gas", ("燃气",), alarm, "urgent"),) if alarm else ()
        self.routing = Routing(
            suggestions=tuple(Suggestion(item, 0.9 - n / 10, ("停水",)) for n, item in enumerate(items)),
            dispatch=dispatch, unknown=not items, needs_more=False, reason="", unit_confidence=0.9, kind="complaint", kind_confidence=0.9,
            alarms=alarms, area=area, area_because=(), model_version="test",
        )  # fmt: skip

    def suggest(self, text: str, k: int = 5) -> Routing:
        return self.routing


@pytest.mark.parametrize(
    ("item", "area", "lead"),
    [
        ("050101", None, "gongshui"),
        ("050101", "990102001", "linhu"),
        ("050101", "990103", "gongshui"),
        ("050102", "990102001", "gongshui"),
        ("0599", None, "zhujian"),
        ("010101", None, None),
    ],
)
def test_the_longest_item_wins_then_the_smallest_area(session: Session, city: None, at: datetime, item: str, area: str | None, lead: str | None) -> None:
    row = responsible(session, item=item, area=area, on=at.date())
    assert (row.lead if row else None) == lead


def test_a_row_that_is_not_valid_any_more_answers_for_nothing(session: Session, city: None) -> None:
    row = responsible(session, item="050101", area=None, on=datetime(2020, 1, 1).date())  # noqa: DTZ001
    assert row is None


def test_a_suggestion_names_item_department_confidence_words_and_basis(session: Session, city: None, at: datetime) -> None:
    first = advise(session, Says("050101", "050102"), "停水了", at=at).suggestions[0]
    assert (first.item_name, first.department, first.confidence, first.because, first.basis) == ("停水", "gongshui", 0.9, ("停水",), "职责分工")


def test_the_area_that_a_person_chose_goes_before_the_one_in_the_text(session: Session, city: None, at: datetime) -> None:
    assert advise(session, Says("050101", area="990102"), "停水了", at=at).suggestions[0].department == "linhu"
    assert advise(session, Says("050101", area="990102"), "停水了", at=at, area="990100").suggestions[0].department == "gongshui"


def test_items_that_the_city_does_not_have_are_not_suggested(session: Session, city: None, at: datetime) -> None:
    assert [x.item for x in advise(session, Says("999999", "050101"), "停水了", at=at).suggestions] == ["050101"]


def file_with(session: Session, cast: Cast, at: datetime, advice: Advice, **fields: object) -> Ticket:
    return file(session, Matter(**({"body": "停水了", "kind": "complaint"} | fields)), by=cast.operator, at=at, advice=advice)  # type: ignore[arg-type]


def test_a_sure_suggestion_is_dispatched_by_the_classifier(session: Session, cast: Cast, at: datetime) -> None:
    ticket = file_with(session, cast, at, advise(session, Says("050101"), "停水了", at=at))
    assert dispatching.dispatch_as_suggested(session, ticket.id, at=at) is not None
    assert (ticket.state, ticket.lead_code, ticket.decided_by, ticket.item_code) == (State.DISPATCHED, "gongshui", "classifier", "050101")


@pytest.mark.parametrize("says", [Says("050101", dispatch=False), Says("050101", alarm="疑似燃气泄漏"), Says()])
def test_an_unsure_or_alarming_one_is_left_to_a_person(session: Session, cast: Cast, at: datetime, says: Says) -> None:
    ticket = file_with(session, cast, at, advise(session, says, "停水了", at=at))
    assert dispatching.dispatch_as_suggested(session, ticket.id, at=at) is None
    assert ticket.state is State.FILED and ticket.decided_by is None


def test_where_the_operator_chose_another_item_the_classifier_keeps_out(session: Session, cast: Cast, at: datetime) -> None:
    ticket = file_with(session, cast, at, advise(session, Says("050101"), "停水了", at=at), item="050102")
    assert dispatching.dispatch_as_suggested(session, ticket.id, at=at) is None


def test_what_a_person_has_dispatched_is_not_dispatched_again(session: Session, cast: Cast, at: datetime, filed: Callable[..., Ticket]) -> None:
    ticket = filed()
    dispatching.dispatch(session, ticket, department="zhujian", by=cast.dispatcher, at=at)
    assert dispatching.dispatch_as_suggested(session, ticket.id, at=at) is None
    assert ticket.lead_code == "zhujian"


def test_a_suggestion_tells_of_similar_tickets_of_the_past(session: Session, cast: Cast, at: datetime, filed: Callable[..., Ticket]) -> None:
    ticket = filed(body="翠湖花园小区停水三天了，物业和供水集团都没人管")
    dispatching.dispatch(session, ticket, department="gongshui", by=cast.dispatcher, at=at)
    hotspots.follow(session, ticket.id)
    session.expunge_all()  # another request
    text = "翠湖花园停水已经三天，希望尽快恢复供水"
    (past,) = advise(session, Says("050101"), text, at=at, by=cast.operator).similar
    assert (past.number, past.title, past.item_name, past.department_name) == (ticket.number, ticket.title, "停水", "供水集团")
    assert 0.16 <= past.likeness <= 1
    assert advise(session, Says("050101"), text, at=at, by=cast.roads).similar == ()


def test_what_is_kept_with_a_ticket_does_not_tell_what_others_said(session: Session, cast: Cast, at: datetime, filed: Callable[..., Ticket]) -> None:
    ticket = filed(body="翠湖花园小区停水三天了，物业和供水集团都没人管")
    dispatching.dispatch(session, ticket, department="gongshui", by=cast.dispatcher, at=at)
    hotspots.follow(session, ticket.id)
    session.expunge_all()
    kept = advise(session, Says("050101"), "翠湖花园停水已经三天，希望尽快恢复供水", at=at).as_dict()
    assert kept["similar"][0]["number"] == ticket.number
    assert ticket.title not in str(kept)
