"""The catalogue's pages: looked at by everybody, changed by the administrator who has seen the differences."""

import io

from openpyxl import load_workbook

from hotline.db import Session
from tests.web.conftest import As
from tickets.catalogue import Item

HEAD = "事项编码,事项名称,说明\n"


def upload(text: str, name: str = "事项.csv") -> dict[str, tuple[str, bytes, str]]:
    return {"file": (name, text.encode(), "text/csv")}


def test_anybody_browses_and_finds_but_only_the_administrator_imports(as_: As) -> None:
    clerk = as_("clerk")
    assert "城乡建设" in clerk.sees("/catalogue")
    page = clerk.sees("/catalogue?item=030202")
    assert "不动产登记中心" in page and "承诺 3个工作日" in page and "导入" not in page.split("<main")[1]
    assert "030202" in clerk.sees("/catalogue?q=不动产")
    assert "按上级 0302" not in page
    assert clerk.get("/catalogue?item=999999").status_code == 404
    assert clerk.post("/catalogue/preview", files=upload(HEAD)).status_code == 403
    assert clerk.post("/catalogue/imports", draft="1").status_code == 403


def test_an_upload_shows_its_differences_and_is_brought_in_when_confirmed(as_: As) -> None:
    admin = as_("admin")
    page = admin.post("/catalogue/preview", files=upload(HEAD + "0304,土地规划管理,改了说明的一项\n030489,测试新增,新增的一项"))
    assert page.status_code == 200 and "改了说明的一项" in page.text and "030489 测试新增" in page.text
    with Session() as s:
        assert s.get(Item, "030489") is None
    draft = page.text.split('name="draft" value="')[1].split('"')[0]
    done = admin.post("/catalogue/imports", draft=draft)
    assert done.headers["location"].startswith("/catalogue?done=import")
    assert "测试新增" in admin.sees("/catalogue?item=0304") and "事项.csv" in admin.sees("/catalogue")
    assert "以前是怎么写的" in admin.sees("/catalogue?item=0304")
    assert admin.post("/catalogue/imports", draft=draft).status_code == 404


def test_a_wrong_file_is_refused_with_its_rows_and_columns(as_: As) -> None:
    admin = as_("admin")
    page = admin.post("/catalogue/preview", files=upload(HEAD + "0304,,\n99,没有,"))
    assert page.status_code == 422 and "事项第 2 行“事项名称”：不能空着" in page.text
    assert admin.post("/catalogue/preview").status_code == 422
    assert "只认 .csv 和 .xlsx" in admin.post("/catalogue/preview", files=upload("x", "a.pdf")).text


def test_exports_are_files_and_people_are_for_the_administrator(as_: As) -> None:
    answer = as_("dispatcher").get("/catalogue/export/catalogue.xlsx")
    assert answer.headers["content-disposition"].startswith("attachment")
    book = load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == ["事项", "责任清单"] and book["事项"].max_row > 600
    assert as_("dispatcher").get("/catalogue/export/items.csv").content.startswith(b"\xef\xbb\xbf")
    assert as_("dispatcher").get("/catalogue/export/organisation.xlsx").status_code == 403
    people = as_("admin").get("/catalogue/export/people.csv").text
    assert "huawu1,赵晓梅,话务员" in people and "argon2" not in people
    assert as_("admin").get("/catalogue/export/secrets.csv").status_code == 404
