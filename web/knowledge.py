"""知识库: pages to search, read, write and edit articles, and to say that one is wrong."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template
from sqlalchemy.orm import Session as Session_

from hotline.db import Session
from hotline.errors import Refusal, Refused
from hotline.people import Department
from tickets import knowledge
from tickets.article import Article
from tickets.catalogue import Item
from tickets.knowledge import Draft
from tickets.suggesting import Advice
from web import choices
from web.deps import Answer, Typed
from web.form import NOTHING, Form
from web.refusals import sentence_of, status_of
from web.shell import Page


@dataclass(frozen=True)
class ArticleView:
    """An article that may answer. key: what a form sends back, with the version that was read."""

    key: str
    number: int
    title: str
    body: str
    flags: int


class Knowledge(Controller):
    """知识."""

    path = "/knowledge"

    @get("/", sync_to_thread=True)
    def search(self, page: Answer, q: FromQuery[str] = "") -> Template:
        """Articles by words; without words all of them. First what is said to be wrong, to who answers for it."""
        knowledge.check_may_read(page.me)
        with Session() as s:
            found = [_row(s, one.article, one.flags) for one in knowledge.search(s, q, limit=100)]
            wrong = [_row(s, article, number) for article, number in knowledge.flagged(s, page.me)]
        return page.show("knowledge.html", q=q, found=found, wrong=wrong, may_write=knowledge.may_edit(None, page.me))

    @get("/new", sync_to_thread=True)
    def blank(self, page: Answer) -> Template:
        """An empty article."""
        return edit_page(page, None)

    @post("/", sync_to_thread=True)
    def write(self, form: Typed, page: Answer) -> Response[Any]:
        """新增知识."""
        try:
            with Session.begin() as s:
                article = knowledge.write(s, _draft(s, form), by=page.me, at=page.at)
                s.flush()
                number = article.id
        except Refusal as no:
            return edit_page(page, None, form, no)
        return page.go(f"/knowledge/{number}", "write_article", number)

    @get("/{number:int}", sync_to_thread=True)
    def one(self, number: FromPath[int], page: Answer, version: FromQuery[int | None] = None) -> Template:
        """An article, in one of its versions."""
        return article_page(page, number, version=version)

    @get("/{number:int}/edit", sync_to_thread=True)
    def edit(self, number: FromPath[int], page: Answer) -> Template:
        """The form to change it."""
        return edit_page(page, number)

    @post("/{number:int}", sync_to_thread=True)
    def change(self, number: FromPath[int], form: Typed, page: Answer) -> Response[Any]:
        """修改: the next version."""
        try:
            with Session.begin() as s:
                article = knowledge.find(s, number, version=form.whole("version"), lock=True)
                knowledge.edit(s, article, _draft(s, form), by=page.me, at=page.at)
        except Refusal as no:
            return edit_page(page, number, form, no)
        return page.go(f"/knowledge/{number}", "edit_article", number)

    @post("/{number:int}/flags", sync_to_thread=True)
    def flag(self, number: FromPath[int], form: Typed, page: Answer) -> Response[Any]:
        """不准."""
        try:
            with Session.begin() as s:
                knowledge.flag(s, knowledge.find(s, number), note=form.text("note"), by=page.me, at=page.at)
        except Refusal as no:
            return article_page(page, number, typed=form, no=no)
        return page.go(f"/knowledge/{number}", "flag_article", number)

    @post("/{number:int}/review", sync_to_thread=True)
    def keep(self, number: FromPath[int], form: Typed, page: Answer) -> Response[Any]:
        """核对无误: it holds as it is."""
        try:
            with Session.begin() as s:
                knowledge.keep(s, knowledge.find(s, number, lock=True), answer=form.text("answer"), by=page.me, at=page.at)
        except Refusal as no:
            return article_page(page, number, typed=form, no=no)
        return page.go(f"/knowledge/{number}", "keep_article", number)


def article_page(page: Page, number: int, *, version: int | None = None, typed: Form = NOTHING, no: Refusal | None = None) -> Template:
    """An article to be read; no: why a flag or an answer to one was refused."""
    knowledge.check_may_read(page.me)
    with Session() as s:
        article = knowledge.find(s, number)
        said = knowledge.as_of(s, number, version or article.version)
        row, versions, flags = _row(s, article, 0), knowledge.versions(s, article), knowledge.flags(s, article)
    return page.show(
        "article.html", status=status_of(no) if no else 200, article=row, said=said, version=version or row["version"], versions=versions, flags=flags,
        may_edit=knowledge.may_edit(article, page.me), typed=typed, no=sentence_of(no) if no else "", field=getattr(no, "field", None),
    )  # fmt: skip


def edit_page(page: Page, number: int | None, typed: Form | None = None, no: Refusal | None = None) -> Template:
    """The form for an article, new or old; what was typed before goes first."""
    with Session() as s:
        article = knowledge.find(s, number) if number is not None else None
        knowledge.check_may_edit(article, page.me)
        values = {name: typed.text(name) for name in FIELDS} if typed else _values(s, article)
        model = {"values": values, "number": number, "version": article.version if article else 1}
    return page.show("article_form.html", status=status_of(no) if no else 200, no=sentence_of(no) if no else "", field=getattr(no, "field", None), **model)


def cited(form: Form) -> tuple[int | None, int | None]:
    """The article that was chosen as the answer, and its version. Raises Refused where it cannot be read."""
    number, _, version = form.text("article").partition(":")
    if number and not (number.isdigit() and version.isdigit()):
        raise Refused("请从列表中选择要引用的知识。", field="article")
    return (int(number), int(version)) if number else (None, None)


def offered(s: Session_, advice: Advice | None, text: str) -> list[ArticleView]:
    """Articles of the knowledge base that may answer this text."""
    item = advice.suggestions[0].item if advice and advice.suggestions and not advice.unknown else None
    found = knowledge.offered(s, text, item=item) if text.strip() else []
    return [ArticleView(f"{one.article.id}:{one.article.version}", one.article.id, one.article.title, one.article.body, one.flags) for one in found]


FIELDS = ("title", "keywords", "body", "item", "owner")


def _draft(s: Session_, form: Form) -> Draft:
    item, owner = choices.item_code(s, form.text("item")), choices.unit_code(s, form.text("owner"))
    return Draft(title=form.text("title"), body=form.text("body"), keywords=form.text("keywords"), item=item, owner=owner or None)


def _values(s: Session_, article: Article | None) -> dict[str, str]:
    if article is None:
        return dict.fromkeys(FIELDS, "")
    row = _row(s, article, 0)
    named = {"item": f"{article.item_code or ''} {row['item']}".strip(), "owner": f"{article.owner_code or ''} {row['owner']}".strip()}
    return {"title": article.title, "keywords": article.keywords, "body": article.body, **named}


def _row(s: Session_, article: Article, flags: int) -> dict[str, Any]:
    item = s.get(Item, article.item_code) if article.item_code else None
    owner = s.get(Department, article.owner_code) if article.owner_code else None
    return {
        "id": article.id, "title": article.title, "body": article.body, "version": article.version, "item": item.name if item else "",
        "owner": owner.short if owner else "", "reviewed_at": article.reviewed_at, "flags": flags,
    }  # fmt: skip
