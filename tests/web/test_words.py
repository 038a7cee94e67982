"""Small things that every page relies on: fields, countdowns, marked words, ranges of a recording."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hotline.errors import Refused
from sla import versions
from tickets.suggesting import Suggested
from web.due import left
from web.filters import clock, marked, moment, percent, when, worth_showing
from web.form import Form, local_path
from web.recording import recording
from web.today import note

AT = datetime(2026, 11, 20, 2, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(90_061, "剩 1天1小时"), (13_245, "剩 3小时40分"), (3_599, "剩 59分"), (599, "剩 9分59秒"), (0, "剩 0分0秒"), (-1, "超期 0分1秒"),
     (-93_600, "超期 1天2小时")],
)  # fmt: skip
def test_what_is_left_is_said_in_two_units(seconds: float, said: str) -> None:
    assert left(seconds) == said


def test_moments_are_read_in_shanghai() -> None:
    assert when(AT) == "11-20 10:05"
    assert moment(AT) == "2026-11-20（周五）10:05"
    assert when(None) == moment(None) == ""


def test_a_confidence_is_cut_and_never_rounded_up() -> None:
    assert percent(0.9999) == "99%"
    assert clock(65.9) == "1:05"


def test_deciding_words_are_marked_and_the_rest_stays_text() -> None:
    assert str(marked("<b>停水了", ["停水"])) == "&lt;b&gt;<mark>停水</mark>了"
    assert str(marked("没有", [])) == "没有"


@pytest.mark.parametrize("path", ["/calls", "/tickets/1?a=b#c"])
def test_an_address_of_this_site_is_taken(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize("path", ["", "calls", "//x", "/\\x", "http://x/", "/a\nb"])
def test_an_address_of_another_site_is_not(path: str) -> None:
    assert local_path(path) is None


def test_a_field_that_makes_no_sense_is_named() -> None:
    form = Form({"owner": "x1", "contacted_at": "yesterday", "boxes": ["a", "", "b"]})
    for read, name in ((form.whole, "owner"), (form.moment, "contacted_at")):
        with pytest.raises(Refused) as no:
            read(name)
        assert no.value.field == name
    assert form.texts("boxes") == ["a", "b"] and form.text("nothing") == "" and form.whole("nothing") is None


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        (None, 200, b"0123456789"),
        ("bytes=2-4", 206, b"234"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-3", 206, b"789"),
        ("bytes=-99", 206, b"0123456789"),
        ("bytes=5-99", 206, b"56789"),
        ("bytes=4-2", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
        ("bytes=0-1,3-4", 200, b"0123456789"),
        ("bytes=10-", 416, b""),
    ],
)
def test_a_player_gets_the_range_it_asks_for(tmp_path: Path, asked: str | None, status: int, body: bytes) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"0123456789")
    answer: Any = recording(file, "a.wav", asked)
    assert answer.status_code == status or (status == 200 and answer.status_code is None)
    assert (b"".join(answer.iterator) if status != 416 else answer.content) == body


def test_a_recording_never_opens_as_a_page(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"<script>")
    assert recording(file, "a.html", None).headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (datetime(2026, 11, 20, 2, tzinfo=UTC), ""),
        (datetime(2026, 11, 20, 17, tzinfo=UTC), "今天周末，不计工作日"),
        (datetime(2026, 2, 14, 2, tzinfo=UTC), "今天春节调休上班，计工作日"),
        (datetime(2026, 2, 17, 2, tzinfo=UTC), "今天春节放假，不计工作日"),
    ],
)
def test_the_bar_says_what_a_wall_calendar_would_leave_in_doubt(session: Session, day: datetime, said: str) -> None:
    versions.seed(session, at=day)
    assert note(session, day) == said


def test_a_city_without_that_calendar_has_no_note(session: Session) -> None:
    assert note(session, AT) == ""


def test_next_to_nothing_is_not_suggested_but_the_first_and_the_chosen_are() -> None:
    def one(item: str, confidence: float) -> Suggested:
        return Suggested(item, item, None, None, (), confidence, (), "")

    given = [one("a", 0.9), one("b", 0.05), one("c", 0.001), one("d", 0.04)]
    assert [shown.item for shown in worth_showing(given, "")] == ["a", "b"]
    assert [shown.item for shown in worth_showing(given, "d")] == ["a", "b", "d"]
    assert [shown.item for shown in worth_showing([one("a", 0.001)], "")] == ["a"]
    assert worth_showing([], "") == []
