"""实时通话 on the pages: what is said reaches the desk as it is said, survives a reload and a restart of the database, and becomes a ticket."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from app import create_app
from asr.live_scripted import ScriptedLive
from asr.names import Names
from asr.protocol import Utterance, Word
from hotline import clock, people, privacy
from hotline.db import Session, bind
from hotline.embedded import Embedded
from hotline.migrate import migrate
from hotline.people import Person
from hotline.settings import Settings
from sla import versions
from switchboard import close_finished
from tests.web.conftest import WATER, As, Scripted, Somebody, World
from tests.web.live_lines import LINES, ROOM, SPEECH, Reader, served
from tickets import live, setup
from tickets.call import Call, CallState
from tickets.live_call import LiveCall, LiveLine, Speaker
from tickets.ticket import Ticket

FORM = {"kind": "complaint", "phone": "13800001234", "confidentiality": "open", "suggested": WATER, "then": "leave"}


@pytest.fixture
def site(world: World) -> Iterator[str]:
    """The pages behind a real server, with a listener that hears what it was told to."""
    app = create_app(Settings(data=world.data, live_voices=3))
    app.state.classifier = Scripted()
    with served(app, ScriptedLive(LINES)) as address:
        yield address


def spoken(text: str, start: float = 0.0) -> Utterance:
    return Utterance.of(0, [Word(character, start + place, start + place + 1, 0.9) for place, character in enumerate(text)])


def ring(*said: str, speaker: Speaker = Speaker.CITIZEN, at: datetime | None = None) -> tuple[int, int]:
    """A live call in which this was said; gives its number and its line's."""
    at = at or clock.now()
    with Session.begin() as s:
        call = live.open_call(s, key=uuid.uuid4().hex, source="vosk", at=at, phone="13800005678")
        line = live.join(s, call, speaker=speaker, rate=8000, sound=f"{uuid.uuid4().hex}.pcm", at=at)
        numbers = call.id, line.id
    say(numbers[1], *said)
    return numbers


def say(line: int, *said: str, now: str = "") -> None:
    """More in the same voice."""
    with Session.begin() as s:
        row = s.get_one(LiveLine, line)
        known = len([line for line in live.said(s, row.live_call_id)])
        utterances = {known + place + 1: spoken(text, 10.0 * (known + place)) for place, text in enumerate(said)}
        live.say(s, row, utterances, now, at=clock.now())


def cookie(somebody: Somebody) -> str:
    return f"hotline={somebody.token}"


def listen(site: str, who: Somebody, number: int, **query: int) -> ClientConnection:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return connect(
        f"{site.replace('http', 'ws')}/live/{number}/microphone?{asked}", additional_headers={"Cookie": cookie(who)}, origin=site  # type: ignore[arg-type]
    )  # fmt: skip


def wait(what: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_the_page_shows_what_was_said_beside_a_form_that_is_filled_with_it(as_: As) -> None:
    number, line = ring("我们小区停水了")
    say(line, now="没人管")
    page = as_("operator").sees(f"/live/{number}")
    assert "我们小区停水了</span>" in page and "没人管" in page and ">我们小区停水了</textarea>" in page
    assert f'value="{WATER}" form="filing" checked' in page and "138****5678" in page and "13800005678" not in page
    assert f"/live/{number}" in as_("operator").sees("/live")


def test_a_telephone_number_that_is_spoken_with_pauses_is_hidden_in_every_part(as_: As) -> None:
    number, _ = ring("我的电话是一三八零零", "零零一二三四")
    page = as_("operator").sees(f"/live/{number}")
    assert "一三八零零" not in page and "零零一二三四" not in page and "号码" in page


def test_names_and_numbers_are_put_right_as_they_are_spoken_and_what_was_heard_is_kept_beside(as_: As) -> None:
    number, line = ring("我住在和平小区")
    say(line, "对面三十二号楼停水三天了", "在脆胡花园")
    with Session.begin() as s:
        row = s.get_one(LiveLine, line)
        live.say(s, row, {4: spoken("在脆胡花园", 30.0)}, "", at=clock.now(), names=Names(["翠湖花园"]))
        said = live.said(s, number)
    assert [row["text"] for row in said] == ["我住在和平小区", "对面32号楼停水3天了", "在翠湖花园", "在翠湖花园"]
    assert [row["heard"] for row in said][1:] == ["对面三十二号楼停水三天了", "在脆胡花园", "在脆胡花园"]
    page = as_("operator").sees(f"/live/{number}")
    assert 'title="识别原文：在脆胡花园">在翠湖花园</span>' in page and "32号楼" in page


@pytest.mark.parametrize("who", ["clerk@gongshui", "revisitor", "discipline", "admin", "auditor"])
def test_only_the_centre_hears_live_calls(as_: As, who: str) -> None:
    number, _ = ring("停水")
    for path in ("/live", "/live/list", f"/live/{number}", f"/live/{number}/events"):
        assert as_(who).get(path).status_code == 403, path
    assert as_(who).post("/live").status_code == 403
    assert as_(who).post(f"/live/{number}/end").status_code == 403


def test_a_ticket_filed_while_one_speaks_belongs_to_the_call_that_it_becomes(as_: As, world: World) -> None:
    began = clock.now()
    number, line = ring("我们小区停水了", at=began)
    answer = as_("operator").post(f"/live/{number}/ticket", body="我们小区停水了", **(FORM | {"phone": ""}))
    assert answer.status_code == 303, answer.text[-500:]
    again = as_("operator").post(f"/live/{number}/ticket", body="我们小区停水了", **FORM)
    assert again.status_code == 409 and "已经登记过" in again.text
    settings = Settings(data=world.data)
    settings.live.mkdir(exist_ok=True)
    with Session.begin() as s:
        (settings.live / s.get_one(LiveLine, line).sound).write_bytes(SPEECH * 10)
        live.leave(s, line, at=began)
    close_finished(settings, at=clock.now() + live.LINGERS)
    with Session() as s:
        call = s.get_one(Call, s.get_one(LiveCall, number).call_id)
        ticket = s.get_one(Ticket, call.ticket_id)
        assert call.state is CallState.FILED and ticket.received_at == began and ticket.phone == "13800005678" and ticket.channel == "phone"
        heard = call.id
    assert "我们小区停水了" in as_("operator").sees(f"/calls/{heard}")
    assert f"/calls/{heard}" in as_("operator").sees(f"/live/{number}")


def test_a_call_that_is_ended_by_the_operator_hangs_up_and_keeps_the_last_word(site: str, as_: As) -> None:
    operator = as_("operator")
    with Session.begin() as s:
        number = live.open_call(s, key=uuid.uuid4().hex, source="microphone", at=clock.now()).id
    with listen(site, operator, number) as microphone, pytest.raises(ConnectionClosed) as end:
        microphone.recv()
        microphone.send(SPEECH * 4)
        assert operator.post(f"/live/{number}/end").status_code == 303
        while True:
            microphone.send(SPEECH)
    assert end.value.rcvd is not None and "已经结束" in end.value.rcvd.reason
    with Session() as s:
        assert LINES[0].startswith(live.said(s, number)[0]["text"][:2])
    assert "已结束" in operator.sees(f"/live/{number}")
    assert operator.post(f"/live/{number}/end").status_code == 409


def test_what_is_said_reaches_the_reader_and_a_reload_misses_nothing(site: str, as_: As) -> None:
    number, line = ring("第一句")
    operator = as_("operator")
    reader = Reader(site, f"/live/{number}/events", cookie(operator))
    first, said = reader.next("said")
    assert said["text"] == "第一句" and said["speaker"] == "citizen"
    say(line, now="第二")
    assert reader.next("now")[1] == {"citizen": "第二"}
    say(line, "第二句")
    assert reader.next("said")[1]["text"] == "第二句"
    reader.close()
    say(line, "第三句")
    again = Reader(site, f"/live/{number}/events", cookie(operator), last=int(first))
    assert [again.next("said")[1]["text"] for _ in range(2)] == ["第二句", "第三句"]
    with Session.begin() as s:
        live.leave(s, line, at=clock.now())
        live.finish(s, at=clock.now() + live.LINGERS * 2)
    assert again.next("over")[1] == {"call": None, "gone": False}
    again.close()


def test_the_microphone_is_a_voice_of_the_call(site: str, as_: As) -> None:
    operator = as_("operator")
    with Session.begin() as s:
        number = live.open_call(s, key=uuid.uuid4().hex, source="microphone", at=clock.now()).id
    reader = Reader(site, f"/live/{number}/events", cookie(operator))
    with listen(site, operator, number, rate=16000) as microphone:
        assert microphone.recv() == '{"state":"heard"}'
        for _ in range(7):
            microphone.send(SPEECH * 2)
        wait(lambda: reader.next("now")[1].get("operator", "").startswith("小区"))
        microphone.send(ROOM * 2)
        assert reader.next("said")[1]["text"] == LINES[0]
        with pytest.raises(ConnectionClosed) as end, listen(site, operator, number) as second:
            second.recv()
        assert end.value.rcvd is not None and end.value.rcvd.code == 4003 and "已经接入" in end.value.rcvd.reason
        microphone.send(SPEECH * 2)
    assert reader.next("said")[1]["text"] == "物", "whoever vanishes leaves what he said"
    reader.close()


@pytest.mark.parametrize(("who", "origin", "code"), [("operator", "http://elsewhere.example", 4003), ("clerk@gongshui", "", 4003), ("", "", 4001)])
def test_the_microphone_is_for_operators_on_our_own_pages(site: str, as_: As, who: str, origin: str, code: int) -> None:
    number, _ = ring("停水")
    header = {"Cookie": cookie(as_(who))} if who else {}
    with (
        pytest.raises(ConnectionClosed) as end,
        connect(f"{site.replace('http', 'ws')}/live/{number}/microphone", additional_headers=header, origin=origin or site) as microphone,  # type: ignore[arg-type]
    ):
        microphone.recv()
    assert end.value.rcvd is not None and end.value.rcvd.code == code


@pytest.mark.parametrize("rubbish", ["text", b"x" * 300_000])
def test_a_microphone_that_sends_no_sound_is_told_so_and_what_was_said_is_kept(site: str, as_: As, rubbish: str | bytes) -> None:
    operator = as_("operator")
    with Session.begin() as s:
        number = live.open_call(s, key=uuid.uuid4().hex, source="microphone", at=clock.now()).id
    with pytest.raises(ConnectionClosed) as end, listen(site, operator, number) as microphone:
        microphone.recv()
        microphone.send(SPEECH * 4)
        microphone.send(rubbish)
        microphone.recv()
    assert end.value.rcvd is not None and "不是声音" in end.value.rcvd.reason
    with Session() as s:
        assert [line["text"] for line in live.said(s, number)] == ["小区"]


def test_a_microphone_that_sends_faster_than_one_speaks_is_waited_for_and_heard_to_the_end(site: str, as_: As) -> None:
    operator = as_("operator")
    with Session.begin() as s:
        number = live.open_call(s, key=uuid.uuid4().hex, source="microphone", at=clock.now()).id
    with listen(site, operator, number) as microphone:
        microphone.recv()
        for _ in range(150):
            microphone.send(ROOM * 8)  # two minutes of silence in no time
        microphone.send(SPEECH * 6)
    wait(lambda: bool(_said(number)))
    assert _said(number) == ["小区停"]
    with Session() as s:
        row = s.query(LiveLine).filter(LiveLine.live_call_id == number).one()
    assert row.rate == 16000


def _said(number: int) -> list[str]:
    with Session() as s:
        return [line["text"] for line in live.said(s, number)]


def test_more_voices_than_there_are_places_are_refused_with_a_reason(site: str, as_: As) -> None:
    operator = as_("operator")
    with Session.begin() as s:
        numbers = [live.open_call(s, key=uuid.uuid4().hex, source="microphone", at=clock.now()).id for _ in range(4)]
    with ExitStack() as stack:
        for number in numbers[:3]:
            stack.enter_context(listen(site, operator, number)).recv()
        with pytest.raises(ConnectionClosed) as end, listen(site, operator, numbers[3]) as late:
            late.recv()
    assert end.value.rcvd is not None and end.value.rcvd.code == 1013 and "上限" in end.value.rcvd.reason


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Embedded, Settings]]:
    """An installation with a database server of its own, that a test may stop."""
    tmp_path.chmod(0o711)
    data = tmp_path / "data"
    data.mkdir(mode=0o711)
    server = Embedded(data, durable=False)
    engine = bind(server.start())
    migrate(engine)
    privacy.unlock(data / "secret.key")
    with Session.begin() as s:
        versions.seed(s, at=clock.now())
        setup.load(s)
    yield server, Settings(data=data)
    engine.dispose()
    server.stop()


@pytest.mark.slow
def test_a_restart_of_the_database_loses_nothing_that_is_said_meanwhile(own: tuple[Embedded, Settings]) -> None:
    server, settings = own
    with Session.begin() as s:
        person = s.query(Person).filter(Person.login == "huawu1").one()
        token = people.sign_in(s, person, at=clock.now())
        number = live.open_call(s, key="pbx-1", source="microphone", at=clock.now()).id
    with served(create_app(settings), ScriptedLive(["停水了", "没人管", "快来修"])) as site:
        reader = Reader(site, f"/live/{number}/events", f"hotline={token}")
        address = f"{site.replace('http', 'ws')}/live/{number}/microphone"
        with connect(address, additional_headers={"Cookie": f"hotline={token}"}, origin=site) as microphone:  # type: ignore[arg-type]
            microphone.recv()
            microphone.send(SPEECH * 10)
            microphone.send(ROOM * 3)
            assert reader.next("said")[1]["text"] == "停水了"
            server.stop()
            microphone.send(SPEECH * 10)
            microphone.send(ROOM * 3)
            time.sleep(1.5)  # long enough for the line and the reader to notice, and to ask again in vain
            server.start()
            assert reader.next("said")[1]["text"] == "没人管"
            microphone.send(SPEECH * 10)
            microphone.send(ROOM * 3)
            assert reader.next("said")[1]["text"] == "快来修"
        reader.close()
