"""The catalogue and one's capacity over the API."""

from datetime import date, timedelta
from typing import Any

from litestar.testing import TestClient

from hotline import clock
from hotline.capacity import Deputy, Membership
from hotline.db import Session
from hotline.people import Person
from tests.api.conftest import Headers

HEAD = "code,name,promised\n"


def sent(text: str, **fields: str) -> dict[str, Any]:
    return {"files": {"file": ("items.csv", text.encode(), "text/csv")}, "data": fields}


def test_an_import_is_previewed_made_once_and_seen_as_of_any_moment(client: TestClient[Any], as_: Headers) -> None:
    admin = as_("admin")
    before = clock.now()
    text = HEAD + "030202,不动产登记,2个工作日\n"
    assert client.post("/api/v1/catalogue/diff", headers=as_("dispatcher"), **sent(text)).status_code == 403
    found = client.post("/api/v1/catalogue/diff", headers=admin, **sent(text)).json()
    assert found["sheets"]["items"]["changes"] == [{"row": "030202 不动产登记", "fields": [["承诺时限", "3个工作日", "2个工作日"]]}]
    keyed = admin | {"Idempotency-Key": "catalogue-1"}
    made = client.post("/api/v1/catalogue/imports", headers=keyed, **sent(text, base="0"))
    again = client.post("/api/v1/catalogue/imports", headers=keyed, **sent(text, base="0"))
    assert made.status_code == 200 and made.json() == again.json() and made.json()["version"] == 1
    assert client.post("/api/v1/catalogue/imports", headers=admin, **sent(text, base="0")).status_code == 409
    assert client.get("/api/v1/items/030202", headers=admin).json()["promised"] == "2 workday"
    then = client.get("/api/v1/items/030202", headers=admin, params={"as_of": before.isoformat()}).json()
    assert then["promised"] == "3 workday"
    (version,) = client.get("/api/v1/catalogue/versions", headers=admin).json()
    assert version["digest"] == made.json()["digest"] and version["counts"]["items"]["changed"] == 1


def test_a_wrong_file_is_a_problem_that_names_its_rows(client: TestClient[Any], as_: Headers) -> None:
    answer = client.post("/api/v1/catalogue/imports", headers=as_("admin"), **sent(HEAD + "030202,,五天半\n"))
    assert answer.status_code == 422 and answer.json()["field"] == "file"
    assert "事项第 2 行“事项名称”：不能空着" in answer.json()["detail"]
    assert client.post("/api/v1/catalogue/imports", headers=as_("admin"), data={"whole": "true"}, files={"x": b""}).json()["field"] == "file"


def test_departments_are_searched_and_paged(client: TestClient[Any], as_: Headers) -> None:
    clerk = as_("clerk")
    assert [one["code"] for one in client.get("/api/v1/departments?q=供水", headers=clerk).json()] == ["gongshui"]
    assert [one["code"] for one in client.get("/api/v1/departments?parent=gongan", headers=clerk).json()] == ["jiaojing"]
    codes = [one["code"] for one in client.get("/api/v1/departments?after=m", headers=clerk).json()]
    assert codes == sorted(codes) and codes[0] > "m"
    answering = client.get("/api/v1/items/030302/responsible?area=990102", headers=clerk).json()
    assert (answering["lead"], answering["co_handlers"]) == ("linhu", ["huanwei"])


def test_exports_are_files(client: TestClient[Any], as_: Headers) -> None:
    assert client.get("/api/v1/catalogue/export/a.xlsx", headers=as_("clerk")).content.startswith(b"PK")
    assert client.get("/api/v1/catalogue/export/a.csv?table=units", headers=as_("clerk")).content.startswith(b"\xef\xbb\xbf")
    assert client.get("/api/v1/catalogue/export/a.csv?table=people", headers=as_("clerk")).status_code == 403
    assert client.get("/api/v1/catalogue/export/a.pdf", headers=as_("clerk")).status_code == 422


def test_a_token_acts_in_the_capacity_that_was_chosen(client: TestClient[Any], as_: Headers) -> None:
    clerk = as_("clerk@gongshui")
    with Session.begin() as s:
        me = s.query(Person).filter(Person.department_code == "gongshui", Person.roles.contains(["clerk"])).order_by(Person.id).first()
        other = s.query(Person).filter(Person.department_code == "linhu").order_by(Person.id).first()
        assert me and other
        today = date.today()  # noqa: DTZ011  the API lives by the real clock
        s.add(Membership(person_id=me.id, department_code="shuili", roles=["chief"]))
        s.add(Deputy(person_id=other.id, deputy_id=me.id, first_day=today - timedelta(1), last_day=today + timedelta(1), reason=""))
        behalf = other.id
    keys = [one["key"] for one in client.get("/api/v1/sign-ins/current/capacities", headers=clerk).json()]
    assert keys == ["", "unit:shuili", f"for:{behalf}"]
    assert client.post("/api/v1/sign-ins/current/capacity", headers=clerk, json={"key": "unit:shuili"}).json()["roles"] == ["chief"]
    assert client.get("/api/v1/sign-ins/current", headers=clerk).json()["department"] == "shuili"
    assert client.post("/api/v1/sign-ins/current/capacity", headers=clerk, json={"key": "unit:zhujian"}).status_code == 422
    client.post("/api/v1/sign-ins/current/capacity", headers=clerk, json={"key": ""})
    assert client.get("/api/v1/sign-ins/current", headers=clerk).json()["department"] == "gongshui"


def test_items_and_areas_come_by_pages_and_are_searched(client: TestClient[Any], as_: Headers) -> None:
    clerk = as_("clerk@gongshui")
    first = client.get("/api/v1/items", headers=clerk).json()
    assert len(first) == 200
    second = client.get("/api/v1/items", headers=clerk, params={"after": first[-1]["code"]}).json()
    assert second and second[0]["code"] > first[-1]["code"]
    assert {one["code"] for one in client.get("/api/v1/items?q=供水", headers=clerk).json()} >= {"090481"}
    assert all(one["parent"] == "990102" for one in client.get("/api/v1/areas?parent=990102", headers=clerk).json())
    assert client.get("/api/v1/areas?q=临湖", headers=clerk).json()[0] == {"code": "990102", "name": "临湖区", "parent": "990100"}
