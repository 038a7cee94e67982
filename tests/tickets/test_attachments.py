"""Files that a ticket carries: kept before anything else, taken by a verb, told of by its event, and found again by who may see the ticket."""

import io
import resource
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline import file_types
from hotline.errors import Forbidden, NotFound, Refused
from hotline.outbox import Event
from hotline.people import Person
from tests.tickets.conftest import Cast
from tickets import access, attaching, contacting, dispatching, easing, signing
from tickets.attachment import Attachment, Upload
from tickets.replay import replay
from tickets.ticket import Ticket
from tickets.timeline import timeline

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 60
PDF = b"%PDF-1.7\n" + b"x" * 60


def office(*members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("[Content_Types].xml", *members):
            archive.writestr(name, "x")
    return buffer.getvalue()


Hand = Callable[..., Upload]


@pytest.fixture
def hand(session: Session, tmp_path: Path, at: datetime) -> Hand:
    """Hands a file in."""

    def keep(by: Person, content: bytes = PNG, name: str = "现场.png", when: datetime | None = None) -> Upload:
        return attaching.keep(session, [content], name, tmp_path, by=by, at=when or at)

    return keep


@pytest.fixture
def held(session: Session, cast: Cast, filed: Callable[..., Ticket], at: datetime) -> Ticket:
    """A ticket that the water company is handling."""
    ticket = filed()
    dispatching.dispatch(session, ticket, department="gongshui", by=cast.dispatcher, at=at)
    signing.sign(session, ticket, by=cast.water, at=at)
    return ticket


def brought(session: Session, ticket: Ticket, by: Person, at: datetime, *uploads: Upload) -> list[Attachment]:
    attaching.bring(session, ticket, [one.id for one in uploads], by=by, at=at)
    contacting.contact(session, ticket, text="已到现场，照片附后", by=by, at=at)
    session.commit()
    return attaching.of_ticket(session, ticket)


def test_the_event_of_the_verb_tells_of_the_files_and_gives_them_again(session: Session, cast: Cast, held: Ticket, hand: Hand, at: datetime) -> None:
    before = session.scalar(select(func.count()).select_from(Event))
    [photo] = brought(session, held, cast.water, at, hand(cast.water))
    assert session.scalar(select(func.count()).select_from(Event)) == before + 1
    told = session.scalars(select(Event).order_by(Event.id.desc()).limit(1)).one()
    assert told.kind == "ticket.contacted"
    assert told.changes is not None
    assert {"sha256": photo.sha256, "name": "现场.png", "size": len(PNG)}.items() <= told.changes[f"attachment:{photo.id}"].items()
    assert timeline(session, held)[-1].files == ((photo.id, "现场.png"),)
    assert replay(session, [held]) == []
    photo.name = "别的.png"
    session.flush()
    assert {(one.row, one.column) for one in replay(session, [held])} == {(f"attachment:{photo.id}", "name")}
    session.rollback()


def test_a_file_that_no_event_tells_of_is_refused(session: Session, cast: Cast, held: Ticket, hand: Hand, at: datetime) -> None:
    attaching.bring(session, held, [hand(cast.water).id], by=cast.water, at=at)
    with pytest.raises(RuntimeError, match="without an event"):
        session.commit()
    session.rollback()


def test_a_verb_that_is_refused_takes_no_file_and_loses_none(session: Session, cast: Cast, held: Ticket, hand: Hand, tmp_path: Path, at: datetime) -> None:
    upload = hand(cast.water)
    number = upload.id
    session.commit()
    attaching.bring(session, held, [number], by=cast.water, at=at)
    with pytest.raises(Refused):
        easing.ask_extension(session, held, limit="1 workday", reason=" ", by=cast.water, at=at)
    session.rollback()
    assert [one.id for one in attaching.uploads(session, [number], by=cast.water)] == [number]
    assert attaching.of_ticket(session, held) == []
    assert (tmp_path / upload.sha256).read_bytes() == PNG


def test_files_may_come_by_themselves(session: Session, cast: Cast, held: Ticket, hand: Hand, at: datetime) -> None:
    attaching.bring(session, held, [hand(cast.operator).id], by=cast.operator, at=at)
    attaching.attach(session, held, text="诉求人补来的照片", by=cast.operator, at=at)
    session.commit()
    assert [one.department_code for one in attaching.of_ticket(session, held)] == [None]
    assert timeline(session, held)[-1].headline == "补充附件 1 个"
    with pytest.raises(Refused, match="请选择"):
        attaching.attach(session, held, by=cast.operator, at=at)


def test_only_a_unit_that_holds_the_ticket_adds_files(session: Session, cast: Cast, held: Ticket, hand: Hand, at: datetime) -> None:
    attaching.bring(session, held, [hand(cast.roads).id], by=cast.roads, at=at)
    with pytest.raises(Forbidden, match="没有承办"):
        attaching.attach(session, held, by=cast.roads, at=at)
    session.rollback()


def test_a_file_of_somebody_else_cannot_be_brought(session: Session, cast: Cast, held: Ticket, hand: Hand, at: datetime) -> None:
    with pytest.raises(Refused) as no:
        attaching.bring(session, held, [hand(cast.roads).id], by=cast.water, at=at)
    assert no.value.field == "files"


def test_an_upload_is_taken_once(session: Session, cast: Cast, held: Ticket, hand: Hand, at: datetime) -> None:
    upload = hand(cast.water)
    brought(session, held, cast.water, at, upload)
    with pytest.raises(Refused):
        attaching.bring(session, held, [upload.id], by=cast.water, at=at)


def test_at_most_nine_at_a_time(session: Session, cast: Cast, held: Ticket, hand: Hand, at: datetime) -> None:
    many = [hand(cast.water, PNG + bytes([n])).id for n in range(attaching.MOST + 1)]
    with pytest.raises(Refused, match="一次最多附 9 个"):
        attaching.bring(session, held, many, by=cast.water, at=at)


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (b"\xff\xd8\xff\xe0" + b"\0" * 20, "image/jpeg"),
        (PNG, "image/png"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 20, "image/heic"),
        (PDF, "application/pdf"),
        (office("word/document.xml"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (office("xl/workbook.xml"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (office("OFD.xml"), "application/ofd"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "WordDocument".encode("utf-16-le"), "application/msword"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
        (b"#!AMR\n" + b"\0" * 20, "audio/amr"),
        (b"\0\0\0\x20ftypisom" + b"\0" * 20, "video/mp4"),
    ],
)
def test_what_a_file_is_its_content_says(content: bytes, media: str, tmp_path: Path) -> None:
    path = tmp_path / "whatever.exe"
    path.write_bytes(content)
    kind = file_types.type_of(path)
    assert kind is not None and kind.media == media


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\0" + b"\0" * 60,
        b"\x7fELF" + b"\0" * 60,
        b"<html><script>alert(1)</script></html>",
        b"#!/bin/sh\nrm -rf /\n",
        office("word/document.xml", "word/vbaProject.bin"),
        office("classes.dex"),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
        b"just text that is called photo.jpg",
    ],
)
def test_what_is_no_document_is_refused_and_does_not_stay(content: bytes, hand: Hand, cast: Cast, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="不能作附件") as no:
        hand(cast.water, content, "照片.jpg")
    assert no.value.field == "files"
    assert list(tmp_path.iterdir()) == []


def test_a_name_says_what_the_file_really_is(hand: Hand, cast: Cast) -> None:
    assert hand(cast.water, PNG, "安装程序.exe").name == "安装程序.exe.png"
    assert hand(cast.water, PDF, "..\\..\\etc/批\u202e复\n.PDF").name == "批复 .PDF"
    assert hand(cast.water, PDF, "长" * 300 + ".pdf").name == "长" * 96 + ".pdf"


def test_what_is_too_large_is_refused(hand: Hand, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attaching, "LARGEST", 1024 * 1024)
    with pytest.raises(Refused, match="附件超过 1 MB"):
        hand(cast.water, PNG + b"\0" * 1024 * 1024)
    assert list(tmp_path.iterdir()) == []


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """The system writes no file beyond this: for this process the disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_loses_nothing_and_claims_nothing(session: Session, hand: Hand, cast: Cast, tmp_path: Path) -> None:
    first = hand(cast.water, PNG)
    with files_no_larger_than(4096), pytest.raises(Refused, match="附件无法保存") as no:
        hand(cast.water, PNG + b"\0" * 8192)
    assert no.value.field == "files"
    assert [path.name for path in tmp_path.iterdir()] == [first.sha256]
    assert session.scalar(select(func.count()).select_from(Upload)) == 1


def test_whoever_sees_the_ticket_finds_its_files_and_nobody_else(
    session: Session, cast: Cast, held: Ticket, filed: Callable[..., Ticket], hand: Hand, at: datetime
) -> None:
    [photo] = brought(session, held, cast.water, at, hand(cast.water))
    for person in (cast.operator, cast.supervisor, cast.water_colleague):
        assert attaching.find(session, access.find(session, held.number, person), photo.id).id == photo.id
    for person in (cast.roads, cast.admin, cast.discipline):
        with pytest.raises(NotFound):
            access.find(session, held.number, person)
    with pytest.raises(NotFound, match="没有这个附件"):
        attaching.find(session, filed(), photo.id)


def test_what_a_citizen_handed_in_once_is_not_asked_for_again(
    session: Session, cast: Cast, held: Ticket, filed: Callable[..., Ticket], hand: Hand, at: datetime
) -> None:
    attaching.bring(session, held, [hand(cast.operator, PDF, "身份证.pdf").id], by=cast.operator, at=at)
    attaching.attach(session, held, by=cast.operator, at=at)
    session.commit()
    brought(session, held, cast.water, at, hand(cast.water))
    second, stranger = filed(body="又停水了"), filed(body="别人家停水", phone="13900009999")
    [known] = attaching.earlier(session, second, by=cast.operator)
    assert known.name == "身份证.pdf"
    assert attaching.earlier(session, stranger, by=cast.operator) == []
    with pytest.raises(Refused):
        attaching.bring(session, stranger, [], again=[known.id], by=cast.operator, at=at)
    attaching.bring(session, second, [], again=[known.id], by=cast.operator, at=at)
    attaching.attach(session, second, by=cast.operator, at=at)
    session.commit()
    [again] = attaching.of_ticket(session, second)
    assert (again.sha256, again.again_id) == (known.sha256, known.id)
    assert attaching.earlier(session, second, by=cast.operator) == []


def test_a_unit_does_not_learn_that_two_confidential_tickets_are_one_callers(
    session: Session, cast: Cast, held: Ticket, filed: Callable[..., Ticket], hand: Hand, at: datetime
) -> None:
    attaching.bring(session, held, [hand(cast.operator, PDF, "身份证.pdf").id], by=cast.operator, at=at)
    attaching.attach(session, held, by=cast.operator, at=at)
    secret = filed(body="举报供水乱收费", confidentiality="confidential")
    dispatching.dispatch(session, secret, department="gongshui", by=cast.dispatcher, at=at)
    session.commit()
    assert attaching.earlier(session, secret, by=cast.water) == []
    assert len(attaching.earlier(session, secret, by=cast.operator)) == 1


def test_what_nobody_took_is_swept_and_what_a_row_claims_is_not(
    session: Session, cast: Cast, held: Ticket, hand: Hand, tmp_path: Path, at: datetime
) -> None:
    later = datetime.now(at.tzinfo) + timedelta(hours=2)
    [photo] = brought(session, held, cast.water, later, hand(cast.water))
    waiting = hand(cast.water, PDF, "批复.pdf", later)
    forgotten = hand(cast.water, PDF + b"?", "忘了.pdf", later - timedelta(days=8))
    (tmp_path / ("0" * 64)).write_bytes(b"written by somebody who was killed before the row")
    (tmp_path / ".incoming-x").write_bytes(b"half")
    assert attaching.sweep(session, tmp_path, at=later - timedelta(hours=2)) == 0
    assert attaching.sweep(session, tmp_path, at=later) == 3
    assert {path.name for path in tmp_path.iterdir()} == {photo.sha256, waiting.sha256}
    assert session.get(Upload, forgotten.id, populate_existing=True) is None


def test_nothing_is_swept_while_somebody_hands_in(engine: Any, session: Session, cast: Cast, hand: Hand, tmp_path: Path, at: datetime) -> None:
    hand(cast.water)
    (tmp_path / ("0" * 64)).write_bytes(b"stray")
    with Session(engine) as other:
        assert attaching.sweep(other, tmp_path, at=datetime.now(at.tzinfo) + timedelta(hours=2)) == 0
