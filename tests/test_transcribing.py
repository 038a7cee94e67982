"""A long recording: committed as it is heard, stopped when nobody wants it, and taken up again where it was broken off."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import OperationalError

import transcribing
import worker
from asr.errors import Cancelled, SpeechFailed
from asr.protocol import Channel, Transcript, Utterance, Word
from asr.scripted import Scripted
from hotline import privacy
from hotline.clock import now
from hotline.db import Session, bind, libpq_url
from hotline.outbox import Event
from hotline.people import Person
from hotline.roles import Role
from routing.protocol import Routing
from tickets import calls, hearing
from tickets.call import Call, CallState, Said
from transcribing import Keeper

SAYS = ["我们小区停水", "电话是一三八零零", "零零一二三四", "没人管", "希望尽快恢复", "谢谢"]


def utterance(place: int) -> Utterance:
    return Utterance.of(0, [Word(SAYS[place], place * 10.0, place * 10.0 + 3, 1.0)])


WHOLE = Transcript(60.0, (Channel(0, "mono", tuple(utterance(place) for place in range(6))),))


class Breaking:
    """A recogniser that gets on for some utterances and then dies, or waits to be cancelled. asked: since when, each time."""

    def __init__(self, dies_after: Sequence[int] = (), *, waits_after: int | None = None) -> None:
        self.dies_after, self.waits_after = list(dies_after), waits_after
        self.asked: list[Mapping[int, float]] = []
        self.waiting = threading.Event()

    def transcribe(
        self, path: Path, *, since: Mapping[int, float], on_utterance: Callable[..., None], on_progress: Callable[..., None], cancel: Any, **_: Any
    ) -> Transcript:  # fmt: skip
        self.asked.append(dict(since))
        new = [one for one in WHOLE.utterances if one.start >= since.get(0, 0.0)]
        alive = self.dies_after.pop(0) if self.dies_after else len(new)
        for one in new[:alive]:
            on_utterance(one)
            on_progress(one.end, 60.0)
        if alive < len(new):
            raise SpeechFailed("died")
        if self.waits_after is not None:
            self.waiting.set()
            while not cancel.wait(0.01):
                on_progress(60.0, 60.0)
            raise Cancelled
        return Transcript(60.0, (Channel(0, "mono", tuple(new)),))

    def close(self) -> None: ...


class Unsure:
    def suggest(self, text: str, k: int = 5) -> Routing:
        return Routing(kind="complaint")


@pytest.fixture
def database(empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    engine = bind(empty_database)
    privacy.unlock(tmp_path / "secret.key")
    monkeypatch.setattr(transcribing, "OFTEN", 0.0)
    yield engine
    engine.dispose()


@pytest.fixture
def event(database: Engine) -> int:
    """The event of a recording that came in."""
    with Session.begin() as s:
        operator = Person(login="op", name="op", roles=[Role.OPERATOR.value])
        s.add(operator)
        s.flush()
        calls.receive(s, sha256="a" * 64, size=1, name="long.wav", by=operator, at=now(), auto=False)
        return s.scalars(select(Event.id)).one()


def hear(event: int, recogniser: Any, tmp_path: Path) -> None:
    worker.equip(worker.Tools(recordings=tmp_path, recogniser=recogniser, classifier=Unsure()))
    worker.transcribe_call(event)


def the_call() -> Call:
    with Session() as s:
        return s.scalars(select(Call)).one()


def operator(s: Any) -> Person:
    return s.scalars(select(Person).where(Person.login == "op")).one()  # type: ignore[no-any-return]


def texts() -> list[str]:
    return [row["text"] for row in calls.utterances(the_call())]


def test_a_transcription_that_breaks_off_goes_on_from_the_last_committed_utterance(event: int, tmp_path: Path) -> None:
    recogniser = Breaking([2, 1])
    for _ in range(2):
        with pytest.raises(SpeechFailed):
            hear(event, recogniser, tmp_path)
    assert (the_call().state, the_call().done, the_call().length) == (CallState.WAITING, 23.0, 60.0)
    hear(event, recogniser, tmp_path)
    assert recogniser.asked == [{}, {0: 13.0}, {0: 23.0}]
    assert the_call().state is CallState.TRANSCRIBED and the_call().duration == 60.0
    assert texts() == ["我们小区停水", "电话是［号码］", "［号码］", "没人管", "希望尽快恢复", "谢谢"]


def test_what_is_committed_meanwhile_cannot_be_read_and_is_gone_afterwards(event: int, tmp_path: Path, database: Engine) -> None:
    with pytest.raises(SpeechFailed):
        hear(event, Breaking([3]), tmp_path)
    with psycopg.connect(libpq_url(database.url.render_as_string(hide_password=False))) as plain:
        rows = plain.execute("SELECT utterance FROM said").fetchall()
    assert len(rows) == 3 and not any("零".encode() in bytes(row[0]) for row in rows)
    hear(event, Breaking(), tmp_path)
    with Session() as s:
        assert s.scalar(select(func.count()).select_from(Said)) == 0


def test_failures_count_only_while_nothing_new_is_heard(event: int, tmp_path: Path) -> None:
    for _ in range(5):
        with pytest.raises(SpeechFailed):
            hear(event, Breaking([1]), tmp_path)
    for _ in range(calls.MOST_TRIES):
        try:
            hear(event, Breaking([0]), tmp_path)
        except SpeechFailed:
            continue
    assert the_call().state is CallState.FAILED and texts()[0] == "我们小区停水" and len(texts()) == 5


def test_an_operator_stops_it_and_what_was_heard_stays(event: int, tmp_path: Path) -> None:
    recogniser = Breaking(waits_after=6)
    work = threading.Thread(target=hear, args=(event, recogniser, tmp_path))
    work.start()
    assert recogniser.waiting.wait(20)
    with Session.begin() as s:
        calls.stop(s, calls.find(s, the_call().id, lock=True), by=operator(s), at=now())
    work.join(20)
    assert not work.is_alive() and the_call().state is CallState.STOPPED and texts()[-1] == "谢谢"


def test_a_stopped_transcription_goes_on_where_it_ended_when_asked_to(event: int, tmp_path: Path) -> None:
    with pytest.raises(SpeechFailed):
        hear(event, Breaking([4]), tmp_path)
    with Session.begin() as s:
        call = calls.find(s, the_call().id, lock=True)
        calls.stop(s, call, by=operator(s), at=now())
    hear(event, recogniser := Breaking(), tmp_path)
    assert recogniser.asked == [] and len(texts()) == 4
    with Session.begin() as s:
        calls.retry(s, calls.find(s, the_call().id, lock=True), by=operator(s), at=now())
        again = s.scalars(select(Event.id).order_by(Event.id.desc())).first()
    hear(again or 0, recogniser, tmp_path)
    assert recogniser.asked == [{0: 33.0}] and len(texts()) == 6 and the_call().state is CallState.TRANSCRIBED


def test_two_deliveries_at_once_keep_each_utterance_once(event: int, tmp_path: Path) -> None:
    first, second = Keeper(the_call().id), Keeper(the_call().id)
    for keeper in (first, second, first, second):
        for place in range(3):
            keeper.hear(utterance(place))
        keeper.progress(30.0, 60.0)
    with Session() as s:
        assert [one.text for one in hearing.so_far(s, the_call())] == SAYS[:3]


def test_a_call_that_was_filed_by_hand_meanwhile_still_gets_its_text(event: int, tmp_path: Path) -> None:
    with Session.begin() as s:
        s.query(Call).update({"state": CallState.FILED})
    hear(event, Breaking(), tmp_path)
    assert the_call().state is CallState.FILED and len(texts()) == 6


def test_while_the_database_is_away_the_work_goes_on(event: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = Keeper(the_call().id)
    keep = hearing.keep

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("x", {}, Exception())

    keeper.hear(utterance(0))
    monkeypatch.setattr(hearing, "keep", away)
    keeper.progress(10.0, 60.0)
    monkeypatch.setattr(hearing, "keep", keep)
    keeper.hear(utterance(1))
    keeper.progress(20.0, 60.0)
    with Session() as s:
        assert len(hearing.so_far(s, the_call())) == 2


def test_the_scripted_recogniser_goes_on_too(tmp_path: Path) -> None:
    heard = Scripted({"x": "一\n二\n三"}).transcribe(tmp_path / "x", since={0: 1.0})
    assert [one.text for one in heard.utterances] == ["二", "三"]
