"""The played day without its recordings: every way a ticket may go is gone, and at night everything is where it should be."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

import worker
from hotline import clock, outbox, privacy
from hotline.db import Session, bind
from hotline.people import Person
from hotline.settings import Settings
from playing import night, plot
from playing.players import Day
from routing.protocol import Routing
from sla import policies, versions
from tickets import setup
from tickets.filing import Matter
from tickets.lifecycle import MOVES, State, Verb
from tickets.ticket import Ticket

ALL_DAY = next(part for part in plot.PHONED if part.state is State.DISPATCHED)
"""Runs over its time and climbs: half a minute that `./run play` takes, and this test does not."""

NOT_SHOWN = {
    Verb.ARCHIVE, Verb.CONTACT, Verb.HAND_OVER, Verb.REDISPATCH, Verb.REFUSE_EXCLUSION, Verb.REFUSE_EXTENSION, Verb.REFUSE_PAUSE, Verb.REFUSE_RETURN,
    Verb.REFUSE_TERMINATION, Verb.SKIP_REVISIT, Verb.SUPERVISE,
}  # fmt: skip


class Unsure:
    """A classifier that leaves everything to people."""

    def suggest(self, text: str, k: int = 5) -> Routing:
        return Routing(reason="没有足够把握的事项。", unknown=True, kind="complaint", model_version="unsure")


@pytest.fixture
def day(empty_database: str, tmp_path: Path) -> Iterator[Day]:
    engine = bind(empty_database)
    settings = Settings(data=tmp_path)
    privacy.unlock(settings.key)
    with Session.begin() as s:
        versions.seed(s, at=clock.now())
        setup.load(s)
        versions.save_policy(s, replace(policies.load("play"), name="policies"), at=clock.now(), by="play")
    stop = threading.Event()
    following = threading.Thread(target=follow, args=(stop,), daemon=True)
    following.start()
    yield Day(SimpleNamespace(settings=settings, classifier=Unsure()), lambda sentence: None)  # type: ignore[arg-type]
    stop.set()
    following.join(10)
    engine.dispose()


def follow(stop: threading.Event) -> None:
    """The relay and the worker in one: what an event causes is done as soon as it is relayed."""
    while not stop.wait(0.02):
        told: list[tuple[str, int]] = []
        with Session.begin() as s:
            outbox.relay(s, send=lambda _, event, told=told: told.append((event.kind, event.id)), at=clock.now())  # type: ignore[misc]
        for kind, number in told:
            for job in worker.SUBSCRIBERS.get(kind, ()):
                job(number)


@pytest.mark.slow
def test_every_way_of_the_day_is_gone_and_found_right_at_night(day: Day) -> None:
    ways: list[tuple[Any, plot.Part]] = [(part.matter, part) for part in plot.AT_THE_WINDOW]
    ways += [(Matter(body="路灯坏了", kind="complaint", item="900104"), part) for part in plot.PHONED if part is not ALL_DAY]
    played = []
    for matter, part in ways:
        number = day.files(matter)
        part.acts(day, number)
        played.append((number, part))
    for number, part in played:
        part.evening(day, number)
    found = night.reckoned(day, played)
    assert found.right, found.table()
    assert found.replayed == len(played) + 2, "the neighbour and the bad rating"
    with Session() as s:
        assert s.scalar(select(Ticket.id).where(Ticket.concerns_id == select(Person.id).where(Person.name == "毕依然").scalar_subquery()))


@pytest.mark.slow
def test_the_night_says_what_is_not_as_it_should_be(day: Day) -> None:
    part = plot.AT_THE_WINDOW[0]
    assert part.matter
    number = day.files(part.matter)
    day.refused(number, "什么都没做", lambda: None)
    found = night.reckoned(day, [(number, part)])
    assert not found.right
    assert found.lines[0].wrong[:2] == ["什么都没做，却办成了", "应是“已办结”，却是“待派单”"]
    assert "有工单不在该在的地方" in found.table()


def test_the_day_shows_what_the_table_of_moves_has() -> None:
    shown = (Path(plot.__file__).parent / "ways.py").read_text(encoding="utf-8") + (Path(plot.__file__).parent / "players.py").read_text(encoding="utf-8")
    verbs = {move.verb for move in MOVES} - NOT_SHOWN
    named = {verb for verb in verbs if f".{CALLED.get(verb, verb.value)}" in shown}
    assert named == verbs, sorted(verbs - named)


CALLED = {Verb.FOLLOW: "merge", Verb.START_CO_HANDLER: "add_co_handler"}
"""What the system does of itself after another verb."""
