"""附件 through the pages: chosen beside what is typed, not lost when the form is refused, handed out only to who may see the ticket."""

import re
from urllib.parse import unquote

from sqlalchemy import select

from hotline.db import Session
from tests.tickets.test_attachments import files_no_larger_than
from tests.web.conftest import As, Stage, World, version
from tickets.attachment import Attachment
from tickets.ticket import Ticket

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 60
PDF = b"%PDF-1.7\n" + b"x" * 60


def files_of(number: str) -> list[tuple[int, str]]:
    with Session() as s:
        found = select(Attachment.id, Attachment.name).join(Ticket, Ticket.id == Attachment.ticket_id).where(Ticket.number == number)
        return [(one, name) for one, name in s.execute(found.order_by(Attachment.id))]


def test_a_unit_answers_with_photos_and_the_reviewer_saves_them(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    clerk = as_("clerk@gongshui")
    two = [("files", ("现场 前.png", PNG, "text/html")), ("files", ("批复.pdf", PDF, "application/pdf"))]
    answer = clerk.post(f"/tickets/{number}/contacts", files=two, version=version(number), text="到现场看过，照片附后")
    assert answer.status_code == 303, answer.text[-500:]
    [(photo, name), (_, other)] = files_of(number)
    assert (name, other) == ("现场 前.png", "批复.pdf")
    reviewer = as_("reviewer")
    page = reviewer.sees(f"/tickets/{number}")
    assert f"/tickets/{number}/attachments/{photo}" in page and "现场 前.png" in page
    got = reviewer.get(f"/tickets/{number}/attachments/{photo}")
    assert got.status_code == 200 and got.content == PNG
    assert got.headers["content-type"] == "image/png"
    assert got.headers["content-disposition"].startswith("attachment;")
    assert "现场 前.png" in unquote(got.headers["content-disposition"])
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "no-store" in got.headers["cache-control"]


def test_the_reviewer_has_the_evidence_beside_the_answer(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    said = {"version": version(number), "result": "unreachable", "reply": "三次上门无人，照片附后"}
    assert as_("clerk@gongshui").post(f"/tickets/{number}/reply", files=[("files", ("上门.png", PNG, ""))], **said).status_code == 303
    [(photo, _)] = files_of(number)
    assert re.search(rf'/tickets/{number}/attachments/{photo}" download>上门.png</a>', as_("reviewer").sees("/review"))


def test_a_form_that_is_refused_keeps_its_files(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    clerk = as_("clerk@gongshui")
    refused = clerk.post(f"/tickets/{number}/contacts", files=[("files", ("申请.pdf", PDF, ""))], version=version(number), text=" ")
    assert refused.status_code == 422 and files_of(number) == []
    kept = re.search(r'name="uploads" value="(\d+)" checked>申请.pdf', refused.text)
    assert kept, "the page does not name the file that was handed in"
    again = clerk.post(f"/tickets/{number}/contacts", version=version(number), text="已联系", uploads=kept[1])
    assert again.status_code == 303, again.text[-500:]
    assert [name for _, name in files_of(number)] == ["申请.pdf"]


def test_a_file_that_is_no_document_is_refused_by_name_of_its_field_and_the_others_stay(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    clerk = as_("clerk@gongshui")
    two = [("files", ("病毒.jpg", b"MZ\x90\0" + b"\0" * 99, "image/jpeg")), ("files", ("好的.png", PNG, "image/png"))]
    refused = clerk.post(f"/tickets/{number}/contacts", files=two, version=version(number), text="照片附后")
    assert refused.status_code == 422
    assert "这个文件不能作附件" in refused.text and "照片附后" in refused.text and "好的.png" in refused.text
    assert files_of(number) == []


def test_a_disk_that_is_full_is_said_so_and_changes_nothing(as_: As, ticket: Stage, world: World) -> None:
    number = ticket("handling")
    clerk = as_("clerk@gongshui")
    before = version(number)
    for size, status, said in ((700_000, 422, "附件无法保存"), (3_000_000, 507, "磁盘已满")):  # laid aside in memory, and already on the disk
        with files_no_larger_than(512_000):
            refused = clerk.post(f"/tickets/{number}/contacts", files=[("files", ("大图.png", PNG + b"x" * size, ""))], version=before, text="照片附后")
        assert refused.status_code == status and said in refused.text, refused.text[-500:]
    assert (version(number), files_of(number)) == (before, [])
    assert not list((world.data / "attachments").glob(".incoming-*"))


def test_what_is_put_aside_comes_back_with_its_files(as_: As, ticket: Stage) -> None:
    number = ticket("handling")
    clerk = as_("clerk@gongshui")
    place = f"ticket:{number}:ask_extension"
    put = clerk.post("/drafts", files=[("files", ("申请.pdf", PDF, ""))], place=place, reason="管道老旧", aside=f"/tickets/{number}")
    assert put.status_code == 303
    page = clerk.sees(f"/tickets/{number}")
    assert "管道老旧" in page and re.search(r'name="uploads" value="\d+" checked>申请.pdf', page)


def test_a_matter_is_filed_with_its_photo(as_: As) -> None:
    operator = as_("operator")
    said = {"kind": "complaint", "channel": "window", "then": "leave", "phone": "13800007777"}
    filed = operator.post("/new", files=[("files", ("漏水.png", PNG, ""))], body="楼道漏水", **said)
    assert filed.status_code == 303, filed.text[-500:]
    number = filed.headers["location"].split("/")[2].split("?")[0]
    assert [name for _, name in files_of(number)] == ["漏水.png"]
    second = operator.post("/new", body="楼道还在漏水", **said)
    another = second.headers["location"].split("/")[2].split("?")[0]
    page = operator.sees(f"/tickets/{another}")
    offered = re.search(r'name="again" value="(\d+)">漏水.png', page)
    assert offered, "what the citizen handed in before is not offered"
    assert operator.post(f"/tickets/{another}/attachments", version=version(another), again=offered[1]).status_code == 303
    assert [name for _, name in files_of(another)] == ["漏水.png"]


def test_nobody_else_gets_a_file_least_of_all_the_person_concerned(as_: As, ticket: Stage, world: World) -> None:
    concerned = as_("clerk@gongshui")
    number = ticket("filed", kind="fault", body="停水窗口办事员态度恶劣", concerns=concerned.person.id)
    operator = as_("operator")
    assert operator.post(f"/tickets/{number}/attachments", files=[("files", ("录像.png", PNG, ""))], version=version(number)).status_code == 303
    [(photo, _)] = files_of(number)
    path = f"/tickets/{number}/attachments/{photo}"
    assert as_("operator").get(path).status_code == 200
    for who in ("clerk@gongshui", "clerk@zhujian", "admin", "auditor", "discipline"):
        assert as_(who).get(path).status_code == 404, who
    assert as_("operator").get(path.replace(str(photo), "999999999")).status_code == 404
    (world.data / "attachments").rename(world.data / "gone")
    try:
        assert "不在本机" in as_("operator").get(path).text
    finally:
        (world.data / "gone").rename(world.data / "attachments")
