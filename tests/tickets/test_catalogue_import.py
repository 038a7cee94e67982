"""The catalogue in and out: a file is looked at, then wholly brought in or not at all; old tickets keep what was valid for them."""

import io
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.errors import Conflict, Forbidden, Refused
from hotline.outbox import Event
from hotline.people import Department, Person
from tests.tickets.conftest import Cast
from tickets import catalogue_import, catalogue_version, dispatching
from tickets.catalogue import Item, item_as_of, responsible, responsible_then
from tickets.catalogue_difference import Plan
from tickets.catalogue_sheets import ITEMS, PEOPLE, RESPONSIBILITY, SHEETS, UNITS
from tickets.ticket import Ticket

HEAD = "事项编码,事项名称,说明,件类,办理方式,法定时限,承诺时限\n"


def csv(*lines: str, head: str = HEAD) -> bytes:
    return (head + "\n".join(lines)).encode()


@pytest.fixture
def import_(session: Session, cast: Cast, at: datetime) -> Callable[..., Plan]:
    def bring(content: bytes, name: str = "f.csv", *, whole: bool = False, on: datetime = at) -> Plan:
        found, _ = catalogue_import.bring_in(session, content, name, whole=whole, by=cast.admin, at=on)
        session.expire_all()
        return found

    return bring


def refused(session: Session, content: bytes, at: datetime, name: str = "f.csv") -> str:
    with pytest.raises(Refused) as no:
        catalogue_import.preview(session, content, name, whole=False, at=at)
    return no.value.sentence


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_what_was_exported_reads_back_as_no_difference(session: Session, cast: Cast, at: datetime, suffix: str) -> None:
    session.add(Item(code="06", name="=1+1", level=1, scope="'@引号"))
    session.flush()
    for sheet in SHEETS.values():
        content = catalogue_import.export(session, [sheet], suffix)
        found = catalogue_import.preview(session, content, f"a.{suffix}", whole=True, at=at)
        assert found.empty, (sheet.name, found.counts())


def test_an_export_holds_no_formula_and_keeps_the_zeros_of_codes(session: Session, city: None) -> None:
    session.add(Item(code="06", name='=HYPERLINK("x")', level=1))
    session.flush()
    text = catalogue_import.export(session, [ITEMS], "csv")
    assert text.startswith(b"\xef\xbb\xbf") and b"\n06,\"'=HYPERLINK" in text.replace(b"\r", b"")
    book = load_workbook(io.BytesIO(catalogue_import.export(session, [ITEMS, RESPONSIBILITY], "xlsx")))
    assert book.sheetnames == ["事项", "责任清单"]
    cells = [cell for page in book for row in page.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}


def test_an_import_adds_and_changes_and_leaves_the_rest(session: Session, import_: Callable[..., Plan]) -> None:
    found = import_(csv("0501,供水,城市供水,承诺件,单办,20个工作日,5 workday", "0502,供电,,,,,"))
    assert found.counts()["items"] == {"added": 1, "changed": 1, "ended": 0, "same": 0, "left_out": 3}
    item = session.get_one(Item, "0501")
    assert (item.piece, item.mode, item.statutory, item.promised) == ("promised", "single", "20 workday", "5 workday")
    assert session.get_one(Item, "0502").parent_code == "05"


def test_a_column_that_the_file_lacks_keeps_what_it_says(session: Session, import_: Callable[..., Plan]) -> None:
    import_(csv("0501,供水,城市供水,承诺件,单办,,"))
    import_(csv("0501,自来水", head="事项编码,事项名称\n"))
    assert (session.get_one(Item, "0501").name, session.get_one(Item, "0501").scope) == ("自来水", "城市供水")


def test_a_whole_file_ends_what_it_leaves_out_and_deletes_nothing(session: Session, import_: Callable[..., Plan], at: datetime) -> None:
    found = import_(csv("05,公共服务", "0501,供水", "050101,停水", head="事项编码,事项名称\n"), whole=True)
    assert [row["code"] for row in found.sheets[0].ended] == ["050102"]
    assert session.get_one(Item, "050102").valid_to == date(2026, 11, 20)


def test_every_import_is_one_version_and_one_event(session: Session, import_: Callable[..., Plan], at: datetime) -> None:
    import_(csv("0502,供电,,,,,"))
    import_(csv("0502,供电,,,,,"))  # says what holds already: nothing
    (version,) = catalogue_version.history(session)
    assert version.digest == catalogue_import.digest(session) and version.counts["items"]["added"] == 1
    (event,) = session.scalars(select(Event).where(Event.kind == "catalogue.imported"))
    assert (event.subject_kind, event.subject_id, event.data["digest"]) == ("catalogue_version", version.id, version.digest)


def test_an_old_ticket_keeps_what_was_valid_for_it(
    session: Session, cast: Cast, filed: Callable[..., Ticket], import_: Callable[..., Plan], at: datetime
) -> None:
    ticket = filed(area="990102")
    later = at + timedelta(days=30)
    import_(csv("050101,停水和水压,,,,,10 workday"), on=later)
    head = "item,area,lead,valid_from\n"
    import_(csv("0501,990102,zhujian,2024-01-01", head=head), on=later)
    assert item_as_of(session, "050101", ticket.filed_at).name == "停水"
    assert item_as_of(session, "050101", later).promised == "10 workday"
    today = later.date()
    then = responsible(session, item="050101", area="990102", on=today, as_of=ticket.filed_at)
    now = responsible(session, item="050101", area="990102", on=today)
    assert then and now and (then.lead, now.lead) == ("linhu", "zhujian")
    kept = responsible_then(session, item="050101", area="990102", filed_at=ticket.filed_at, at=later)
    assert kept and kept.lead == "linhu"
    session.get_one(Department, "linhu").active = False
    today_instead = responsible_then(session, item="050101", area="990102", filed_at=ticket.filed_at, at=later)
    assert today_instead and today_instead.lead == "zhujian"
    with pytest.raises(Refused, match="已停用"):
        dispatching.dispatch(session, ticket, department="linhu", by=cast.dispatcher, at=later)
    assert catalogue_version.version_at(session, ticket.filed_at) == 0
    assert catalogue_version.version_at(session, later) == catalogue_version.current(session) > 0


def test_the_promised_limit_is_the_time_to_answer_of_tickets_filed_after_it(
    session: Session, cast: Cast, filed: Callable[..., Ticket], import_: Callable[..., Plan], at: datetime
) -> None:
    before = filed(kind="help")
    import_(csv("050101,停水,,承诺件,,,15个工作日"), on=at + timedelta(minutes=1))
    from tickets.filing import Matter, file

    after = file(session, Matter(body="停水了", kind="help", item="050101"), by=cast.operator, at=at + timedelta(minutes=2))
    legs = [dispatching.dispatch(session, one, department="gongshui", by=cast.dispatcher, at=at + timedelta(minutes=3)) for one in (before, after)]
    assert [leg.due_at.date() for leg in legs] == [date(2026, 11, 27), date(2026, 12, 11)]  # 5 and 15 workdays from a Friday


def test_errors_name_row_and_column_and_nothing_is_changed(session: Session, city: None, at: datetime) -> None:
    said = refused(session, csv("0503,,,,,,", "0504,供气,,快办件,,,", "0505,供热,,,,3 workday,三十个工作日", "0612,没有上级,,,,,", "0504,又一个,,,,,"), at)
    assert "事项第 2 行“事项名称”：不能空着" in said
    assert "事项第 3 行“件类”：“快办件”不在可填的里面：即办件、承诺件" in said
    said = refused(session, csv("0505,供热,,,,3 workday,三十个工作日", "0612,没有上级,,,,,", "0505,又一个,,,,,"), at)
    assert "事项第 4 行“事项编码”：与第 2 行重复" in said
    said = refused(session, csv("0505,供热,,,,3 workday,三十个工作日", "0612,没有上级,,,,,"), at)
    assert "事项第 2 行“承诺时限”：承诺时限（30个工作日）比法定时限（3个工作日）还长" in said
    assert "事项第 3 行“上级编码”：没有编码为“06”的上级事项" in said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("9999,,gongshui,,2026-01-01,", "没有编码为“9999”的事项"),
        ("0501,123456,gongshui,,2026-01-01,", "没有编码为“123456”的区划"),
        ("0501,,nobody,,2026-01-01,", "没有编码为“nobody”的单位"),
        ("0501,,jijian,,2026-01-01,", "不承办工单"),
        ("0501,,gongshui,gongshui,2026-01-01,", "也不能就是主办单位"),
        ("0501,,zhujian,,2026-01-01,2025-01-01", "有效期止须晚于有效期起"),
        ("0501,,zhujian,,2026-01-01,", "那时还有效，请先写明它的有效期止"),
        ("0501,,zhujian,,昨天,", "看不懂日期“昨天”"),
    ],
)
def test_a_responsibility_that_cannot_be_is_refused(session: Session, city: None, at: datetime, line: str, said: str) -> None:
    assert said in refused(session, csv(line, head="事项编码,区划编码,主办单位,协办单位,有效期起,有效期止\n"), at)


def test_a_responsibility_passes_on_by_ending_one_row_and_beginning_another(session: Session, import_: Callable[..., Plan]) -> None:
    head = "事项编码,区划编码,主办单位,协办单位,依据,有效期起,有效期止\n"
    import_(csv("0501,,gongshui,,三定,2024-01-01,2027-01-01", "0501,,zhujian,,三定,2027-01-01,", head=head))
    leads = [responsible(session, item="050101", area=None, on=on) for on in (date(2026, 12, 31), date(2027, 1, 1))]
    assert [row.lead for row in leads if row] == ["gongshui", "zhujian"]


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"\xff\xfe\x00\x01\x81", "a.csv", "看不懂文件的编码"),
        ("甲,乙\n1,2".encode(), "a.csv", "认不出是哪张表"),
        (b"", "a.csv", "认不出是哪张表"),
        (b"PK\x03\x04 no", "a.xlsx", "不是有效的 XLSX"),
        (b"x", "a.xls", "只认 .csv 和 .xlsx"),
        ("事项编码,事项名称,价格\n".encode(), "a.csv", "认不出是哪张表"),
    ],
)
def test_a_file_that_is_none_is_refused(session: Session, city: None, at: datetime, content: bytes, name: str, said: str) -> None:
    assert said in refused(session, content, at, name)


def test_gb18030_from_an_old_excel_and_codes_that_lost_their_zero_are_read(session: Session, import_: Callable[..., Plan]) -> None:
    import_("事项编码,事项名称\n501,供水，新\n".replace("，", "").encode("gb18030"))
    assert session.get_one(Item, "0501").name == "供水新"


def test_a_formula_in_a_workbook_is_not_read(session: Session, city: None, at: datetime) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    page.title = "事项"
    page.append(["事项编码", "事项名称", "有效期起"])
    page.append(["0501", "=1+1", datetime(2026, 1, 1)])  # noqa: DTZ001
    out = io.BytesIO()
    book.save(out)
    assert "事项第 2 行“事项名称”：是公式，请改成值再导入" in refused(session, out.getvalue(), at, "a.xlsx")


def test_units_and_people_come_in_by_the_same_door_without_passwords(session: Session, import_: Callable[..., Plan]) -> None:
    import_(csv("xia,供水二站,,公用事业单位,,shang,", "shang,供水一区,,公用事业单位,,gongshui,", head="单位编码,单位名称,简称,类别,区划编码,上级编码,职责\n"))
    assert session.get_one(Department, "xia").path == "/gongshui/shang/xia/"
    import_(csv("zhangsan,张三,承办人、承办单位领导,xia,linhu:承办人", head="账号,姓名,岗位,单位编码,兼任\n"))
    person = session.scalars(select(Person).where(Person.login == "zhangsan")).one()
    assert (person.roles, person.department_code, person.password_hash) == (["clerk", "chief"], "xia", None)
    text = catalogue_import.export(session, [PEOPLE], "csv").decode()
    assert "zhangsan,张三,承办人；承办单位领导,xia,linhu:承办人,是" in text
    import_(csv("shang,供水一区,,公用事业单位,,linhu,", head="单位编码,单位名称,简称,类别,区划编码,上级编码,职责\n"))
    assert session.get_one(Department, "xia").path == "/linhu/shang/xia/"


def test_a_unit_that_holds_work_or_is_in_the_list_cannot_be_dissolved(session: Session, cast: Cast, filed: Callable[..., Ticket], at: datetime) -> None:
    dispatching.dispatch(session, filed(), department="linhu", by=cast.dispatcher, at=at)
    said = refused(session, csv("linhu,临湖区政府,区县,否", "gongshui,供水集团,公用事业单位,否", head="单位编码,单位名称,类别,在用\n"), at)
    assert "还有 1 件在办，先改派再停用" in said and "责任清单里还有“gongshui”" in said


def test_a_circle_of_units_is_refused(session: Session, city: None, at: datetime) -> None:
    said = refused(session, csv("linhu,临湖区政府,区县,gongshui", "gongshui,供水集团,公用事业单位,linhu", head="单位编码,单位名称,类别,上级编码\n"), at)
    assert "上级绕成了一圈" in said


def test_only_an_administrator_imports_and_never_out_of_their_own_account(session: Session, cast: Cast, at: datetime) -> None:
    with pytest.raises(Forbidden):
        catalogue_import.bring_in(session, csv("0502,供电,,,,,"), "a.csv", whole=False, by=cast.dispatcher, at=at)
    people = csv(f"{cast.admin.login},甲,系统管理员,否", head="账号,姓名,岗位,在岗\n")
    with pytest.raises(Refused, match="您自己的账号"):
        catalogue_import.bring_in(session, people, "a.csv", whole=False, by=cast.admin, at=at)


def test_a_draft_is_confirmed_by_its_author_and_only_while_nothing_changed(session: Session, cast: Cast, import_: Callable[..., Plan], at: datetime) -> None:
    _, draft = catalogue_import.keep_draft(session, csv("0502,供电,,,,,"), "a.csv", whole=False, by=cast.admin, at=at)
    version = catalogue_import.confirm(session, draft.id, by=cast.admin, at=at)
    assert version is not None and session.get(Item, "0502") is not None
    _, draft = catalogue_import.keep_draft(session, csv("0503,供气,,,,,"), "a.csv", whole=False, by=cast.admin, at=at)
    import_(csv("0504,供热,,,,,"))
    with pytest.raises(Conflict, match="重新上传"):
        catalogue_import.confirm(session, draft.id, by=cast.admin, at=at)


def test_the_sheets_have_names_of_their_own() -> None:
    assert [sheet.name for sheet in (ITEMS, RESPONSIBILITY, UNITS, PEOPLE)] == ["事项", "责任清单", "单位", "人员"]


def test_an_item_that_has_ended_is_not_suggested_nor_filed_under_and_never_dispatched_by_itself(
    session: Session, cast: Cast, filed: Callable[..., Ticket], import_: Callable[..., Plan], at: datetime
) -> None:
    from routing.protocol import Routing, Suggestion
    from tickets.suggesting import advise

    class Sure:
        def suggest(self, text: str, k: int = 5) -> Routing:
            return Routing((Suggestion("050101", 0.9), Suggestion("050102", 0.05)), dispatch=True, kind="complaint", model_version="scripted")

    assert advise(session, Sure(), "停水了", at=at).dispatch
    import_(csv("050101,停水,2026-11-20", head="事项编码,事项名称,有效期止\n"), on=at + timedelta(minutes=1))
    advice = advise(session, Sure(), "停水了", at=at + timedelta(minutes=2))
    assert [one.item for one in advice.suggestions] == ["050102"] and not advice.dispatch
    with pytest.raises(Refused, match="已于 2026-11-20 停用"):
        filed(item="050101")
