"""/knowledge: the articles by which a question is answered on the spot."""

import json
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from litestar import Controller, Request, Response
from litestar.datastructures import State
from litestar.params import Body, FromPath, FromQuery
from sqlalchemy.orm import Session as Session_

from api.deps import At, Me, once
from api.routes import get, post
from api.shapes import iso
from hotline.db import Session
from hotline.people import Person
from tickets import knowledge
from tickets.article import Article
from tickets.knowledge import Draft


@dataclass
class ArticleOut:
    """知识条目. flags: how many say that it is wrong (不准) and are not settled."""

    id: int
    version: int
    title: str
    body: str
    keywords: str
    item: str | None
    owner: str | None
    reviewed: str | None
    flags: int


@dataclass(frozen=True)
class ArticleIn(Draft):
    """What an article says. version: of the article you were looking at, where it is changed."""

    version: int | None = None


@dataclass
class Flagged:
    """不准: how it is wrong; or why it holds."""

    note: str = ""


class Knowledge(Controller):
    """知识库."""

    path = "/knowledge"
    tags = ["知识库"]

    @get("/", summary="查找知识")
    def search(self, me: Me, q: FromQuery[str] = "", item: FromQuery[str | None] = None) -> list[ArticleOut]:
        """Those that share most with the words, twenty at most; without words those of the item, or all."""
        knowledge.check_may_read(me)
        with Session() as s:
            return [_out(one.article, one.flags) for one in knowledge.search(s, q, item=item)]

    @get("/{number:int}", summary="一条知识")
    def one(self, number: FromPath[int], me: Me, version: FromQuery[int | None] = None) -> ArticleOut:
        """As it stands, or as it was in a version."""
        knowledge.check_may_read(me)
        with Session() as s:
            article = knowledge.find(s, number)
            out = _out(article, len(knowledge.flags(s, article)))
            if version is not None:
                said = knowledge.as_of(s, number, version)
                out.version, out.title, out.body, out.keywords = version, said["title"], said["body"], said["keywords"]
            return out

    @post("/", status_code=201, summary="新增知识")
    def write(self, request: Request[Person, Any, State], data: Annotated[ArticleIn, Body()], me: Me, at: At) -> Response[ArticleOut]:
        """By the centre's reviewers, or a department for itself."""

        def do(s: Session_) -> ArticleOut:
            return _out(knowledge.write(s, data, by=me, at=at), 0)

        return once(request, json.dumps(asdict(data), sort_keys=True).encode(), by=me, at=at, status=201, do=do)

    @post("/{number:int}/versions", status_code=201, summary="修改知识")
    def edit(self, request: Request[Person, Any, State], number: FromPath[int], data: Annotated[ArticleIn, Body()], me: Me, at: At) -> Response[ArticleOut]:
        """The next version; what was flagged as wrong is settled by it."""

        def do(s: Session_) -> ArticleOut:
            article = knowledge.find(s, number, version=data.version, lock=True)
            knowledge.edit(s, article, data, by=me, at=at)
            return _out(article, 0)

        return once(request, json.dumps(asdict(data), sort_keys=True).encode(), by=me, at=at, status=201, do=do)

    @post("/{number:int}/flags", status_code=201, summary="标“不准”")
    def flag(self, request: Request[Person, Any, State], number: FromPath[int], data: Annotated[Flagged, Body()], me: Me, at: At) -> Response[ArticleOut]:
        """Its owner is shown it."""

        def do(s: Session_) -> ArticleOut:
            article = knowledge.find(s, number)
            knowledge.flag(s, article, note=data.note, by=me, at=at)
            return _out(article, len(knowledge.flags(s, article)))

        return once(request, json.dumps(asdict(data)).encode(), by=me, at=at, status=201, do=do)

    @post("/{number:int}/review", status_code=200, summary="核对无误")
    def keep(self, request: Request[Person, Any, State], number: FromPath[int], data: Annotated[Flagged, Body()], me: Me, at: At) -> Response[ArticleOut]:
        """It holds as it is, and this is why."""

        def do(s: Session_) -> ArticleOut:
            article = knowledge.find(s, number, lock=True)
            knowledge.keep(s, article, answer=data.note, by=me, at=at)
            return _out(article, 0)

        return once(request, json.dumps(asdict(data)).encode(), by=me, at=at, status=200, do=do)


def _out(article: Article, flags: int) -> ArticleOut:
    return ArticleOut(
        article.id, article.version, article.title, article.body, article.keywords, article.item_code, article.owner_code, iso(article.reviewed_at), flags
    )
