"""机构人员 and 本人: units and accounts as the administrator keeps them, and in which capacity somebody acts."""

import re
import uuid
from datetime import date, timedelta

from hotline.db import Session
from hotline.people import Department, Person
from tests.web.conftest import As, Stage, state, version


def unique(prefix: str) -> str:
    return f"{prefix}{uuid.uuid4().hex[:8]}"


def days() -> dict[str, str]:
    today = date.today()  # noqa: DTZ011  the pages live by the real clock
    return {"first_day": str(today - timedelta(days=1)), "last_day": str(today + timedelta(days=1))}


def test_only_the_administrator_keeps_units_and_people(as_: As) -> None:
    for path in ("/organisation", "/people", "/people/huawu1"):
        for who in ("operator", "dispatcher", "supervisor", "auditor", "clerk"):
            assert as_(who).get(path).status_code == 403, (who, path)
    assert "机构人员" in as_("admin").sees("/welcome")


def test_the_tree_opens_branch_by_branch_and_finds_by_name(as_: As) -> None:
    admin = as_("admin")
    assert "市公安局" in admin.sees("/organisation") and "市公安局交通警察支队" not in admin.sees("/organisation")
    branch = admin.sees("/organisation?unit=gongan")
    assert "市公安局交通警察支队" in branch and "姜正平" in branch
    assert "市公安局交通警察支队" in admin.sees("/organisation?q=交警")
    assert admin.get("/organisation?unit=nowhere").status_code == 404


def test_a_unit_is_added_moved_and_dissolved(as_: As) -> None:
    admin, code = as_("admin"), unique("u")
    fields = {"name": f"{code}测试站", "short": "", "kind": "department", "parent": "市水务局", "area": "", "duties": ""}
    assert admin.post("/organisation/units", code=code, **fields).headers["location"].startswith(f"/organisation?unit={code}&done=add_unit")
    with Session() as s:
        assert s.get_one(Department, code).path == f"/shuili/{code}/"
    again = admin.post("/organisation/units", code=code, **fields)
    assert again.status_code == 422 and "已有单位使用" in again.text and f"{code}测试站" in again.text
    wrong = admin.post("/organisation/units/shuili", at="shuili", **(fields | {"parent": code}))
    assert wrong.status_code == 422 and "上级不能是这个单位自己或它的下级" in wrong.text
    assert admin.post(f"/organisation/units/{code}", **(fields | {"parent": ""})).status_code == 303
    assert admin.post(f"/organisation/units/{code}/dissolution").status_code == 303
    held = admin.post("/organisation/units/gongshui/dissolution", at="gongshui")
    assert held.status_code == 422 and ("责任清单里还有" in held.text or "件在办" in held.text)
    with Session() as s:
        unit = s.get_one(Department, code)
        assert (unit.path, unit.active) == (f"/{code}/", False)


def test_an_account_is_made_with_a_password_that_is_shown_once(as_: As) -> None:
    admin, login = as_("admin"), unique("z")
    made = admin.post("/people", login=login, name="张测试", department="供水集团", roles=["clerk", "chief"])
    password = re.search(r'<b class="password">(\w{12})</b>', made.text)
    assert made.status_code == 200 and password, made.text[-500:]
    page = admin.sees(f"/people/{login}")
    assert password[1] not in page and "安和供水集团" in page
    refused = admin.post("/people", login="张", name="张", department="", roles="clerk")
    assert refused.status_code == 422 and "小写字母开头" in refused.text
    assert login in admin.sees("/people?q=张测试")
    assert admin.post(f"/people/{login}/closure").status_code == 303
    assert "恢复账号" in admin.sees(f"/people/{login}")
    assert "密码（只显示这一次" in admin.post(f"/people/{login}/password").text


def test_somebody_with_a_further_unit_switches_and_back(as_: As, ticket: Stage) -> None:
    admin, login = as_("admin"), unique("j")
    admin.post("/people", login=login, name="兼任甲", department="shuili", roles="clerk")
    changed = admin.post(f"/people/{login}", name="兼任甲", department="shuili", roles="clerk", more_unit="gongshui", more_posts="clerk")
    assert changed.status_code == 303
    number = ticket("dispatched")
    person = as_login(as_, login)
    assert number not in person.sees("/inbox") and "供水集团" in person.sees("/me")
    assert person.post("/me/capacity", capacity="unit:gongshui").status_code == 303
    assert "供水集团" in person.sees("/me") and number in person.sees(f"/tickets/{number}")
    assert person.post("/me/capacity", capacity="unit:linhu").status_code == 422
    person.post("/me/capacity", capacity="")
    assert person.get(f"/tickets/{number}").status_code == 404


def test_a_deputy_signs_on_behalf_and_the_page_says_so(as_: As, ticket: Stage) -> None:
    admin, absent, deputy = as_("admin"), unique("a"), unique("d")
    admin.post("/people", login=absent, name="出差的", department="gongshui", roles="clerk")
    admin.post("/people", login=deputy, name="代办的", department="shuili", roles="clerk")
    assert "没有账号" in admin.post(f"/people/{absent}/deputies", deputy="nobody1", reason="", **days()).text
    assert admin.post(f"/people/{absent}/deputies", deputy=deputy, reason="出差", **days()).status_code == 303
    assert admin.post(f"/people/{absent}/leaves", reason="", **days()).status_code == 303
    assert "由代办的代理" in admin.sees("/organisation?unit=gongshui")
    number = ticket("dispatched")
    with Session() as s:
        behalf = s.query(Person.id).filter(Person.login == absent).scalar()
    acting = as_login(as_, deputy)
    acting.post("/me/capacity", capacity=f"for:{behalf}")
    assert "（代理）" in acting.sees("/me")
    assert acting.post(f"/tickets/{number}/signature", version=version(number)).status_code == 303
    assert state(number) == "handling" and "代办的（代出差的）" in acting.sees(f"/tickets/{number}")


def test_everybody_orders_their_own_leave_and_ends_it(as_: As) -> None:
    admin, login = as_("admin"), unique("l")
    admin.post("/people", login=login, name="休假的", department="gongshui", roles="clerk")
    person = as_login(as_, login)
    assert person.post("/me/leaves", reason="年休", **days()).status_code == 303
    page = person.sees("/me")
    number = re.search(r"/me/leaves/(\d+)/end", page)
    assert number and "年休" in page
    assert person.post(f"/me/leaves/{number[1]}/end").status_code == 303 and "年休" not in person.sees("/me")
    wrong = person.post("/me/leaves", reason="", first_day="2026-01-02", last_day="2026-01-01")
    assert wrong.status_code == 422


def as_login(as_: As, login: str):  # type: ignore[no-untyped-def]
    """Signed in as exactly this person."""
    from hotline import clock, people

    somebody = as_("operator")
    with Session.begin() as s:
        person = s.query(Person).filter(Person.login == login).one()
        somebody.token = people.sign_in(s, person, at=clock.now())
        somebody.person = person
    return somebody
