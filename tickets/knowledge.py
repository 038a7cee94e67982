"""知识库, its verbs: to find, read, write and edit an article, and to say that it is wrong (不准)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Text, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from hotline import words
from hotline.errors import Conflict, Forbidden, NotFound, Refused
from hotline.outbox import record
from hotline.people import Department, Person
from hotline.roles import Role
from tickets.article import Article, ArticleFlag, ArticlePast
from tickets.catalogue import item_named
from tickets.filing import clean

MAY_READ = (Role.OPERATOR, Role.DISPATCHER, Role.REVIEWER, Role.REVISITOR, Role.SUPERVISOR, Role.CLERK, Role.CHIEF)
EDITS_ALL = (Role.REVIEWER,)
EDITS_OWN = (Role.CHIEF, Role.CLERK)
LONGEST = {"title": 80, "body": 4000, "keywords": 200, "note": 500}
OF_A_TEXT = 300
"""Characters of a text that are compared with the articles: a longer one is no clearer."""

LEAST = 3
"""Pairs of characters that an article's title and keywords must share with a text for it to be offered unasked; being about the item counts for so many."""

OF_THE_ITEM = 3
NEAR = 30


@dataclass(frozen=True)
class Draft:
    """What an article says. item, owner: codes, None where it belongs to no one in particular."""

    title: str
    body: str
    keywords: str = ""
    item: str | None = None
    owner: str | None = None


@dataclass(frozen=True)
class Found:
    """An article that answers. shared: pairs of characters in common with what was asked; flags: how many say that it is wrong."""

    article: Article
    shared: int
    flags: int


def search(s: Session, text: str = "", *, item: str | None = None, owner: str | None = None, limit: int = 20) -> list[Found]:
    """Articles that share most with the text, those about the item (or its branch) first; without a text all of them, by title."""
    asked = _pairs(text)
    flags = select(func.count()).where(ArticleFlag.article_id == Article.id, ArticleFlag.settled_at.is_(None)).correlate(Article).scalar_subquery()
    shared = func.cardinality(func.array(select(func.unnest(Article.words)).intersect(select(func.unnest(cast(asked, ARRAY(Text))))).scalar_subquery()))
    found = select(Article, shared if asked else literal(0), flags).where(Article.active)
    if asked:
        found = found.where(Article.words.overlap(cast(asked, ARRAY(Text))))
    if owner:
        found = found.where(Article.owner_code == owner)
    if item and not asked:
        found = found.where(Article.item_code.startswith(item))
    about = func.coalesce(Article.item_code == item, False)
    order = (about.desc(), shared.desc(), Article.id) if asked else (Article.title, Article.id)
    return [Found(article, number, wrong) for article, number, wrong in s.execute(found.order_by(*order).limit(limit))]


def offered(s: Session, text: str, *, item: str | None = None, limit: int = 3) -> list[Found]:
    """What an operator may answer by, unasked: about the same item, or much alike in words."""
    asked = set(_pairs(text))
    near = [(len(asked.intersection(_pairs(f"{one.article.title} {one.article.keywords}"))), one) for one in search(s, text, item=item, limit=NEAR)]
    good = [(named + OF_THE_ITEM * (item is not None and one.article.item_code == item), one) for named, one in near]
    return [one for weight, one in sorted(good, key=lambda pair: -pair[0]) if weight >= LEAST][:limit]


def find(s: Session, number: int, *, version: int | None = None, lock: bool = False) -> Article:
    """The article. version: what the person was looking at; Conflict when it has changed since. Raises NotFound."""
    article = s.get(Article, number, with_for_update=lock or None, populate_existing=True)
    if article is None:
        raise NotFound(f"没有编号为 {number} 的知识条目。", field="article")
    if version is not None and version != article.version:
        raise Conflict(f"您打开之后，这条知识已改为第 {article.version} 版，请看过新版再操作。")
    return article


def write(s: Session, draft: Draft, *, by: Person, at: datetime) -> Article:
    """A new article, version 1. A department writes only its own."""
    fields = _checked(s, draft, by)
    article = Article(**fields, reviewed_at=at)
    s.add(article)
    record(s, "article.written", article, by=by, at=at, version=1)
    return article


def edit(s: Session, article: Article, draft: Draft, *, by: Person, at: datetime) -> None:
    """The next version; the one before stays readable. What was flagged as wrong (不准) is settled by it."""
    check_may_edit(article, by)
    fields = _checked(s, draft, by)
    s.add(ArticlePast(article_id=article.id, version=article.version, body=_said(article), replaced_at=at, replaced_by_id=by.id))
    for name, value in fields.items():
        setattr(article, name, value)
    article.version += 1
    article.reviewed_at = at
    article.words = words.words_of(article.title, article.keywords, article.body)
    for flag in flags(s, article):
        _settle(flag, f"已改为第 {article.version} 版", by, at)
    record(s, "article.edited", article, by=by, at=at, version=article.version)


def flag(s: Session, article: Article, *, note: str, by: Person, at: datetime) -> ArticleFlag:
    """不准: tells the article's owner that it is wrong, and how."""
    check_may_read(by)
    note = _text(note, "note")
    if not note:
        raise Refused("请写明哪里不准。", field="note")
    raised = ArticleFlag(article_id=article.id, version=article.version, note=note, at=at, by_id=by.id)
    s.add(raised)
    record(s, "article.flagged", article, by=by, at=at, version=article.version)
    return raised


def keep(s: Session, article: Article, *, answer: str, by: Person, at: datetime) -> None:
    """The owner has looked: the article holds as it is, and this is why."""
    check_may_edit(article, by)
    answer = _text(answer, "note")
    if not answer:
        raise Refused("请写明为何不必修改。", field="answer")
    for raised in flags(s, article):
        _settle(raised, answer, by, at)
    article.reviewed_at = at
    record(s, "article.kept", article, by=by, at=at, version=article.version)


def flags(s: Session, article: Article) -> Sequence[ArticleFlag]:
    """What is said against it and not settled, oldest first."""
    return s.scalars(select(ArticleFlag).where(ArticleFlag.article_id == article.id, ArticleFlag.settled_at.is_(None)).order_by(ArticleFlag.id)).all()


def flagged(s: Session, person: Person) -> list[tuple[Article, int]]:
    """Articles that this person answers for and that somebody says are wrong, with how often, the oldest flag first."""
    if not person.has(*EDITS_ALL, *EDITS_OWN):
        return []
    open_ = (
        select(Article, func.count())
        .join(ArticleFlag, ArticleFlag.article_id == Article.id)
        .where(ArticleFlag.settled_at.is_(None))
        .group_by(Article.id)
        .order_by(func.min(ArticleFlag.id))
    )
    if not person.has(*EDITS_ALL):
        open_ = open_.where(Article.owner_code == person.department_code)
    return [(article, number) for article, number in s.execute(open_)]


def versions(s: Session, article: Article) -> list[tuple[int, dict[str, str], datetime | None, str]]:
    """(version, what it said, replaced when, by whom), the one that holds first."""
    rows = s.execute(
        select(ArticlePast, Person.name).join(Person, Person.id == ArticlePast.replaced_by_id).where(ArticlePast.article_id == article.id)
        .order_by(ArticlePast.version.desc())
    ).all()  # fmt: skip
    return [(article.version, _said(article), None, ""), *((past.version, past.body, past.replaced_at, name) for past, name in rows)]


def as_of(s: Session, number: int, version: int) -> dict[str, str]:
    """What an article said in one of its versions. Raises NotFound."""
    article = find(s, number)
    if version == article.version:
        return _said(article)
    past = s.get(ArticlePast, (number, version))
    if past is None:
        raise NotFound(f"知识条目 {number} 没有第 {version} 版。", field="article_version")
    return past.body


def may_edit(article: Article | None, person: Person) -> bool:
    """The centre's reviewers edit all, a department its own."""
    own = article is None or (article.owner_code is not None and article.owner_code == person.department_code)
    return person.has(*EDITS_ALL) or (person.has(*EDITS_OWN) and own)


def check_may_edit(article: Article | None, by: Person) -> None:
    """Raises Forbidden."""
    if not may_edit(article, by):
        raise Forbidden("知识条目由热线审核员或它的责任单位维护；发现有误请标“不准”。")


def check_may_read(by: Person) -> None:
    """Raises Forbidden for who has nothing to answer."""
    if not by.has(*MAY_READ):
        raise Forbidden("知识库供话务、审核和承办人员使用。")


def _checked(s: Session, draft: Draft, by: Person) -> dict[str, object]:
    check_may_edit(None, by)
    title, body, keywords = (_text(getattr(draft, name), name) for name in ("title", "body", "keywords"))
    for name, text, what in (("title", title, "标题"), ("body", body, "内容")):
        if not text:
            raise Refused(f"请填写{what}。", field=name)
    owner = draft.owner or None if by.has(*EDITS_ALL) else by.department_code
    if owner is not None and s.get(Department, owner) is None:
        raise NotFound(f"没有编码为“{owner}”的单位。", field="owner")
    item = item_named(s, draft.item).code if draft.item else None
    return {"title": title, "body": body, "keywords": keywords, "item_code": item, "owner_code": owner}


def _text(text: str, name: str) -> str:
    kept = clean(text, "body")
    if len(kept) > LONGEST[name]:
        raise Refused(f"内容过长：最多 {LONGEST[name]} 字，现有 {len(kept)} 字。", field=name)
    return kept


def _settle(raised: ArticleFlag, answer: str, by: Person, at: datetime) -> None:
    raised.settled_at, raised.settled_by_id, raised.answer = at, by.id, answer


def _said(article: Article) -> dict[str, str]:
    return {"title": article.title, "body": article.body, "keywords": article.keywords}


def _pairs(text: str) -> list[str]:
    return [piece for piece in words.words_of(text[:OF_A_TEXT]) if len(piece) == 2]
