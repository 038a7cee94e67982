"""知识库: found by what people say, versioned, kept right by its owners."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.errors import Conflict, Forbidden, NotFound, Refused
from hotline.outbox import Event
from hotline.people import Person
from hotline.roles import Role
from tests.tickets.conftest import Cast
from tickets import knowledge, revisiting
from tickets.article import Article
from tickets.knowledge import Draft
from tickets.ticket import Ticket
from tickets.timeline import timeline

WATER = Draft(title="停水了怎样查", body="先看水表阀门。", keywords="停水 没水 抢修", item="050101", owner="gongshui")


@pytest.fixture
def article(session: Session, cast: Cast, at: datetime) -> Article:
    return knowledge.write(session, WATER, by=cast.reviewer, at=at)


def titles(found: list[knowledge.Found]) -> list[str]:
    return [one.article.title for one in found]


def test_an_article_is_found_by_what_a_citizen_says(session: Session, cast: Cast, article: Article, at: datetime) -> None:
    knowledge.write(session, Draft(title="水质发黄怎么办", body="放水几分钟。", keywords="水质 发黄"), by=cast.reviewer, at=at)
    assert titles(knowledge.search(session, "我们小区停水了，什么时候抢修好"))[0] == "停水了怎样查"
    assert titles(knowledge.offered(session, "小区停水了，没水做饭，抢修了没有")) == ["停水了怎样查"]
    assert knowledge.offered(session, "广场舞太吵") == []
    assert titles(knowledge.offered(session, "完全没有线索", item="050101")) == [] and len(knowledge.search(session)) == 2


def test_an_edit_is_a_new_version_and_the_old_one_stays_readable(session: Session, cast: Cast, article: Article, at: datetime) -> None:
    knowledge.edit(session, article, Draft(title="停水了怎样查", body="可在公众号查询。"), by=cast.reviewer, at=at)
    session.flush()
    assert article.version == 2
    assert knowledge.as_of(session, article.id, 1)["body"] == "先看水表阀门。" and knowledge.as_of(session, article.id, 2)["body"] == "可在公众号查询。"
    assert [version for version, *_ in knowledge.versions(session, article)] == [2, 1]
    with pytest.raises(NotFound):
        knowledge.as_of(session, article.id, 3)
    with pytest.raises(Conflict):
        knowledge.find(session, article.id, version=1)


def test_a_department_edits_its_own_and_nobody_elses(session: Session, cast: Cast, article: Article, at: datetime) -> None:
    knowledge.edit(session, article, WATER, by=cast.water, at=at)
    for other in (cast.roads, cast.operator):
        with pytest.raises(Forbidden):
            knowledge.edit(session, article, WATER, by=other, at=at)
    own = knowledge.write(session, Draft(title="路面坑洼", body="请说明路名。", owner="gongshui"), by=cast.roads, at=at)
    assert own.owner_code == "zhujian", "a department writes only for itself"


def test_what_is_wrong_is_flagged_for_its_owner_until_it_is_settled(session: Session, cast: Cast, article: Article, at: datetime) -> None:
    with pytest.raises(Refused):
        knowledge.flag(session, article, note=" ", by=cast.operator, at=at)
    knowledge.flag(session, article, note="电话已换", by=cast.operator, at=at)
    session.flush()
    assert [(one.id, number) for one, number in knowledge.flagged(session, cast.water)] == [(article.id, 1)]
    assert knowledge.flagged(session, cast.roads) == [] and knowledge.search(session, "停水")[0].flags == 1
    knowledge.keep(session, article, answer="已核对，电话没有换", by=cast.water, at=at)
    session.flush()
    assert knowledge.flagged(session, cast.water) == []


def test_an_edit_settles_what_was_flagged(session: Session, cast: Cast, article: Article, at: datetime) -> None:
    raised = knowledge.flag(session, article, note="电话已换", by=cast.operator, at=at)
    session.flush()
    knowledge.edit(session, article, WATER, by=cast.water, at=at)
    assert raised.settled_at == at and raised.version == 1


@pytest.mark.parametrize(
    ("draft", "field"), [(Draft("", "x"), "title"), (Draft("x", " "), "body"), (Draft("x", "y", item="9"), "item"), (Draft("x", "长" * 4001), "body")]
)
def test_an_article_without_what_it_needs_is_refused_by_field(session: Session, cast: Cast, at: datetime, draft: Draft, field: str) -> None:
    with pytest.raises((Refused, NotFound)) as problem:
        knowledge.write(session, draft, by=cast.reviewer, at=at)
    assert problem.value.field == field


def test_who_has_nothing_to_answer_does_not_read(session: Session) -> None:
    with pytest.raises(Forbidden):
        knowledge.check_may_read(Person(login="ad", name="ad", roles=[Role.ADMIN.value]))


def test_an_answer_on_the_spot_cites_the_article_and_its_version(
    session: Session, cast: Cast, article: Article, filed: Callable[..., Ticket], at: datetime
) -> None:
    knowledge.edit(session, article, WATER, by=cast.reviewer, at=at)
    session.flush()
    ticket = filed(kind="inquiry")
    revisiting.answer(session, ticket, reply="", article=article.id, satisfied=5, by=cast.operator, at=at)
    event = session.scalars(select(Event).where(Event.kind == "ticket.answered")).one()
    assert (event.data["article"], event.data["article_version"], event.data["reply"]) == (article.id, 2, "先看水表阀门。")
    assert ticket.satisfied == 5 and "第 2 版" in timeline(session, ticket)[-1].headline
    with pytest.raises(NotFound):
        revisiting.answer(session, filed(kind="inquiry"), reply="", article=article.id, version=7, by=cast.operator, at=at)
