"""机构人员: the administrator keeps units, accounts, deputies and leave; the tree opens branch by branch, people are searched for."""

from collections.abc import Callable
from datetime import date
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template
from sqlalchemy.orm import Session as Session_

from hotline.db import Session
from hotline.errors import NotFound, Refusal, Refused
from hotline.people import Department
from hotline.roles import LABELS, Role
from tickets import accounts, organisation, organisation_keeping, people_browse, personnel
from tickets.catalogue_sheets import UNIT_KINDS
from web import choices
from web.deps import Answer, Typed
from web.form import NOTHING, Form
from web.refusals import status_of
from web.shell import Page

POSTS = {role.value: label for role, label in LABELS.items() if role is not Role.SYSTEM}


class Organisation(Controller):
    """机构."""

    path = "/organisation"

    @get("/", sync_to_thread=True)
    def tree(self, page: Answer, unit: FromQuery[str] = "", q: FromQuery[str] = "", after: FromQuery[str] = "") -> Template:
        """One unit with what is under it and who works there, or what the words find."""
        page.only(Role.ADMIN)
        return unit_page(page, unit=unit, words=q.strip(), after=after)

    @post("/units", sync_to_thread=True)
    def add_unit(self, form: Typed, page: Answer) -> Response[Any]:
        """新增单位."""
        page.only(Role.ADMIN)
        code = form.text("code")
        return _done(page, form, f"/organisation?unit={code}", "add_unit", lambda s: organisation_keeping.add_unit(s, code=code, **_unit(s, form), **_by(page)))

    @post("/units/{code:str}", sync_to_thread=True)
    def change_unit(self, code: FromPath[str], form: Typed, page: Answer) -> Response[Any]:
        """修改单位."""
        page.only(Role.ADMIN)
        to = f"/organisation?unit={code}"
        return _done(page, form, to, "change_unit", lambda s: organisation_keeping.change_unit(s, code, **_unit(s, form), **_by(page)))

    @post("/units/{code:str}/{verb:str}", sync_to_thread=True)
    def end_unit(self, code: FromPath[str], verb: FromPath[str], form: Typed, page: Answer) -> Response[Any]:
        """停用 or 恢复."""
        page.only(Role.ADMIN)
        do = {"dissolution": organisation_keeping.dissolve, "restoration": organisation_keeping.restore}.get(verb)
        if do is None:
            raise NotFound("没有这个操作。")
        return _done(page, form, f"/organisation?unit={code}", verb, lambda s: do(s, code, **_by(page)))


class People(Controller):
    """人员."""

    path = "/people"

    @get("/", sync_to_thread=True)
    def search(self, page: Answer, q: FromQuery[str] = "", after: FromQuery[str] = "") -> Template:
        """People by a piece of their name or login, and the form for a new account."""
        page.only(Role.ADMIN)
        return people_page(page, words=q.strip(), after=after)

    @post("/", sync_to_thread=True)
    def add(self, form: Typed, page: Answer) -> Response[Any]:
        """新建账号: the password is shown on this answer and nowhere else."""
        page.only(Role.ADMIN)
        try:
            with Session.begin() as s:
                unit = choices.unit_code(s, form.text("department")) or None
                given = accounts.add(s, login=form.text("login"), name=form.text("name"), roles=form.texts("roles"), department=unit, **_by(page))
        except Refusal as no:
            return people_page(page, form=form, no=no)
        return person_page(page, given["login"], password=given["password"])

    @get("/{login:str}", sync_to_thread=True)
    def one(self, login: FromPath[str], page: Answer) -> Template:
        """One person: posts, units, deputies, leave."""
        page.only(Role.ADMIN)
        return person_page(page, login)

    @post("/{login:str}", sync_to_thread=True)
    def change(self, login: FromPath[str], form: Typed, page: Answer) -> Response[Any]:
        """修改."""

        def do(s: Session_) -> None:
            unit = choices.unit_code(s, form.text("department")) or None
            accounts.change(s, login=login, name=form.text("name"), roles=form.texts("roles"), department=unit, memberships=_memberships(s, form), **_by(page))

        return _of_person(page, login, form, "change_person", do)

    @post("/{login:str}/password", sync_to_thread=True)
    def reset(self, login: FromPath[str], form: Typed, page: Answer) -> Response[Any]:
        """重设密码, shown once; it also opens a closed account again."""
        page.only(Role.ADMIN)
        with Session.begin() as s:
            given = accounts.reset(s, login=login, **_by(page))
        return person_page(page, login, password=given["password"])

    @post("/{login:str}/closure", sync_to_thread=True)
    def close(self, login: FromPath[str], form: Typed, page: Answer) -> Response[Any]:
        """停用."""
        return _of_person(page, login, form, "close_person", lambda s: accounts.close(s, login=login, **_by(page)))

    @post("/{login:str}/deputies", sync_to_thread=True)
    def deputise(self, login: FromPath[str], form: Typed, page: Answer) -> Response[Any]:
        """登记代理."""
        return _of_person(page, login, form, "deputise", lambda s: name_deputy(s, login, form, page))

    @post("/{login:str}/leaves", sync_to_thread=True)
    def leave(self, login: FromPath[str], form: Typed, page: Answer) -> Response[Any]:
        """登记请假."""
        return _of_person(page, login, form, "leave", lambda s: take_leave(s, login, form, page))

    @post("/{login:str}/{kind:str}/{number:int}/end", sync_to_thread=True)
    def end(self, login: FromPath[str], kind: FromPath[str], number: FromPath[int], form: Typed, page: Answer) -> Response[Any]:
        """结束代理 or 销假."""
        return _of_person(page, login, form, f"end_{kind}", lambda s: ending(kind)(s, number, **_by(page)))


def unit_page(page: Page, *, unit: str = "", words: str = "", after: str = "", form: Form = NOTHING, no: Refusal | None = None) -> Template:
    """A branch of the tree; no: what was just refused."""
    with Session() as s:
        chosen = s.get(Department, unit) if unit else None
        if unit and chosen is None and no is None:
            raise NotFound(f"没有编码为“{unit}”的单位。")
        nodes, more = ([], None) if words else organisation.children(s, chosen.code if chosen else None, after=after)
        found = organisation.search(s, words, limit=50) if words else []
        staff, _ = people_browse.of_unit(s, chosen.code, at=page.at) if chosen else ([], None)
        line = organisation.above(s, chosen) if chosen else []
        named = choices.departments(s, chosen.parent_code) if chosen else []
        areas = choices.areas(s, form.text("area"), chosen.area_code if chosen else None)
    return page.show(
        "organisation.html", status=status_of(no) if no else 200, unit=chosen, line=line, nodes=nodes, more=more, found=found, words=words, staff=staff,
        kinds=UNIT_KINDS, areas=areas, departments=named, form=form, no=no.sentence if no else "", field=no.field if no else None,
    )  # fmt: skip


def people_page(page: Page, *, words: str = "", after: str = "", form: Form = NOTHING, no: Refusal | None = None) -> Template:
    """The search for people; no: why an account was not made."""
    with Session() as s:
        rows, more = people_browse.search(s, words, at=page.at, after=after)
    return page.show("people.html", status=status_of(no) if no else 200, rows=rows, more=more, words=words, all_posts=POSTS, form=form,
                     no=no.sentence if no else "", field=no.field if no else None)  # fmt: skip


def person_page(page: Page, login: str, *, password: str = "", form: Form | None = None, no: Refusal | None = None) -> Template:
    """One person. password: a new one, shown this once."""
    with Session() as s:
        person = accounts.find(s, login)
        unit = s.get(Department, person.department_code) if person.department_code else None
        given = {
            "deputies": personnel.deputies(s, person, at=page.at),
            "leaves": personnel.leaves(s, person, at=page.at),
            "further": people_browse.further(s, person),
        }
    return page.show("person.html", status=status_of(no) if no else 200, person=person, unit=unit, password=password, all_posts=POSTS, form=form or NOTHING,
                     no=no.sentence if no else "", field=no.field if no else None, **given)  # fmt: skip


def name_deputy(s: Session_, login: str, form: Form, page: Page) -> None:
    """代理, as the form says it."""
    deputy = accounts.find(s, form.text("deputy").split(" ")[0])
    first, last = _day(form, "first_day"), _day(form, "last_day")
    personnel.name_deputy(s, accounts.find(s, login), deputy, first_day=first, last_day=last, reason=form.text("reason"), **_by(page))


def take_leave(s: Session_, login: str, form: Form, page: Page) -> None:
    """请假, as the form says it."""
    first, last = _day(form, "first_day"), _day(form, "last_day")
    personnel.take_leave(s, accounts.find(s, login), first_day=first, last_day=last, reason=form.text("reason"), **_by(page))


def ending(kind: str) -> Callable[..., None]:
    """The verb that ends a deputy's time or a leave."""
    verb = {"deputies": personnel.end_deputy, "leaves": personnel.end_leave}.get(kind)
    if verb is None:
        raise NotFound("没有这个操作。")
    return verb


def _done(page: Page, form: Form, to: str, said: str, do: Callable[[Session_], object]) -> Response[Any]:
    try:
        with Session.begin() as s:
            do(s)
    except Refusal as no:
        return unit_page(page, unit=form.text("at"), form=form, no=no)
    return page.go(to, said)


def _of_person(page: Page, login: str, form: Form, said: str, do: Callable[[Session_], object]) -> Response[Any]:
    page.only(Role.ADMIN)
    try:
        with Session.begin() as s:
            do(s)
    except Refusal as no:
        return person_page(page, login, form=form, no=no)
    return page.go(f"/people/{login}", said)


def _unit(s: Session_, form: Form) -> dict[str, Any]:
    parent = choices.unit_code(s, form.text("parent"), "parent") or None
    return {name: form.text(name) for name in ("name", "short", "kind", "duties")} | {"parent": parent, "area": choices.area_code(s, form.text("area"))}


def _memberships(s: Session_, form: Form) -> dict[str, list[str]]:
    """The units already held, each with its ticked posts, and one more."""
    kept = {code: form.texts(f"posts-{code}") for code in form.texts("member")}
    if more := choices.unit_code(s, form.text("more_unit"), "memberships"):
        kept[more] = form.texts("more_posts")
    return {unit: posts for unit, posts in kept.items() if posts or unit == more}


def _day(form: Form, name: str) -> date:
    try:
        return date.fromisoformat(form.text(name))
    except ValueError:
        raise Refused("请填写日期，如 2026-11-20。", field=name) from None


def _by(page: Page) -> dict[str, Any]:
    return {"by": page.me, "at": page.at}
