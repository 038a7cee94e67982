"""The transcript on the page: what was repaired or doubtful is seen, corrected, stopped, and followed while it grows."""

import re
from datetime import datetime

import pytest

from asr.protocol import Channel, Transcript, Utterance, Word
from hotline.db import Session
from hotline.people import Person
from tests.web.conftest import As, World
from tickets import announcing, calls, correcting, hearing
from tickets.call import Call
from tickets.fetching import Allowed


def words(channel: int, start: float, *said: str) -> Utterance:
    """An utterance of these words; one that ends in ? was not heard well."""
    return Utterance.of(
        channel, [Word(word.rstrip("?"), start + n * 0.4, start + n * 0.4 + 0.4, 0.3 if word.endswith("?") else 1.0) for n, word in enumerate(said)]
    )


@pytest.fixture
def waiting(world: World, now: datetime, request: pytest.FixtureRequest) -> int:
    """A call that waits for its transcript."""
    return received(request.node.name, now)


def received(name: str, now: datetime) -> int:
    with Session.begin() as s:
        by = s.query(Person).filter(Person.login == "huawu1").one()
        call, _ = calls.receive(s, sha256=name.encode().hex()[:64].ljust(64, "0"), size=9, name="x.wav", by=by, at=now, auto=False)
        s.flush()
        return call.id


def heard(number: int, now: datetime, *utterances: Utterance) -> int:
    with Session.begin() as s:
        channels = tuple(Channel(n, name, tuple(u for u in utterances if u.channel == n)) for n, name in enumerate(("operator", "citizen")))
        calls.transcribed(s, calls.find(s, number, lock=True), Transcript(30.0, channels), at=now)
    return number


MATTER = (
    words(0, 0.0, "您好", "请讲"),
    words(1, 2.0, "我", "叫", "李敏", "我", "住", "在", "脆胡", "话园", "三", "号楼"),
    words(1, 8.0, "停水", "两天", "了", "电话", "一三八零零零零"),
    words(1, 12.0, "一二三四", "物业?", "不管"),
    words(1, 16.0, "希望", "尽快", "恢复"),
)


def test_repairs_doubts_and_hidden_numbers_are_seen_where_they_stand(as_: As, waiting: int, now: datetime) -> None:
    page = as_("operator").sees(f"/calls/{heard(waiting, now, *MATTER)}")
    assert '<ins class="repaired" title="识别原文：脆胡话园">翠湖花园</ins><small class="was">〔原文“脆胡话园”〕</small>' in page
    assert '<span class="counted" title="听到：两">2</span>' in page
    assert '<span class="doubt" title="这个词听得不太准">物业</span>' in page
    assert page.count("［号码］") >= 2 and "一二三四" not in page and "零零零" not in page


def test_the_form_begins_with_the_five_elements_of_the_call(as_: As, waiting: int, now: datetime) -> None:
    page = as_("operator").sees(f"/calls/{heard(waiting, now, *MATTER)}")
    field = {name: re.search(rf'name="{name}" value="([^"]*)"', page) for name in ("title", "wants", "address", "caller_name")}
    assert field["address"] and field["address"][1] == "翠湖花园3号楼" and field["wants"] and field["wants"][1] == "希望尽快恢复"
    assert "<dt>何地</dt><dd>翠湖花园3号楼</dd>" in page and "<dt>何人</dt><dd>李敏</dd>" in page


def test_an_utterance_is_corrected_with_and_without_scripts(as_: As, waiting: int, now: datetime) -> None:
    number, operator = heard(waiting, now, *MATTER), as_("operator")
    answer = operator.post(f"/calls/{number}/corrections", **{"utterance": "4", "text-4": "希望尽快恢复供水", "text-3": "别的"})
    assert answer.status_code == 303
    page = operator.sees(f"/calls/{number}")
    assert "希望尽快恢复供水" in page and "原文“希望尽快恢复”" in page and "别的" not in page
    with Session() as s:
        assert [(pair.recognised, pair.corrected) for pair in correcting.pairs(s) if pair.sha256 == calls.find(s, number).sha256] == [
            ("希望尽快恢复", "希望尽快恢复供水")
        ]
    assert operator.post(f"/calls/{number}/corrections", **{"utterance": "99", "text-99": "x"}).status_code == 404
    assert operator.post(f"/calls/{number}/corrections").status_code == 422
    assert as_("clerk@gongshui").post(f"/calls/{number}/corrections", **{"utterance": "4", "text-4": "x"}).status_code == 403


def test_what_is_heard_so_far_is_shown_with_how_far_it_is(as_: As, waiting: int, now: datetime) -> None:
    with Session.begin() as s:
        hearing.keep(s, calls.find(s, waiting, lock=True), MATTER[:3], done=600.0, length=7200.0)
    operator = as_("operator")
    page = operator.sees(f"/calls/{waiting}")
    assert "已转写 10:00，共 120:00" in page and 'value="8"' in page and "停水" in page and "零零零" not in page
    part = operator.sees(f"/calls/{waiting}/progress")
    assert 'hx-trigger="every 2s"' in part and 'id="said"' in part and "停水" in part and "订正" not in part
    heard(waiting, now, *MATTER)
    part = operator.sees(f"/calls/{waiting}/progress")
    assert "hx-trigger" not in part and "data-written" in part and "希望尽快恢复" in part


def test_a_transcription_is_stopped_and_gone_on_with(as_: As, waiting: int, now: datetime) -> None:
    with Session.begin() as s:
        hearing.keep(s, calls.find(s, waiting, lock=True), MATTER[:2], done=5.0, length=30.0)
    operator = as_("operator")
    assert as_("reviewer").post(f"/calls/{waiting}/stop").status_code == 403
    operator = as_("operator")
    assert operator.post(f"/calls/{waiting}/stop").status_code == 303
    page = operator.sees(f"/calls/{waiting}")
    assert "已停止转写" in page and "接着转写" in page and "翠湖花园" in page
    assert operator.post(f"/calls/{waiting}/stop").status_code == 409
    assert operator.post(f"/calls/{waiting}/retry").status_code == 303
    with Session() as s:
        assert s.get_one(Call, waiting).state == "waiting"


def test_a_recording_that_a_pbx_announced_in_vain_is_shown_and_asked_for_again(as_: As, world: World, now: datetime) -> None:
    with Session.begin() as s:
        told, _ = announcing.announce(s, pbx_id="pbx-<7>", source="a.wav", allowed=Allowed(world.data), at=now)
        announcing.failed(s, told, "交换机答复 404，录音没有取到。")
    operator = as_("operator")
    page = operator.sees("/calls")
    assert "通话号 pbx-&lt;7&gt;" in page and "交换机答复 404" in page
    assert operator.post("/calls/announced", call_id="pbx-<7>").status_code == 303
    assert "交换机答复 404" not in operator.sees("/calls/list")
    assert operator.post("/calls/announced", call_id="pbx-<7>").status_code == 409
    assert as_("reviewer").post("/calls/announced", call_id="pbx-<7>").status_code == 403
