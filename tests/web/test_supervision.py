"""督办台 and 纪检台: what is overdue, who explains, who confirms, who concludes."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from hotline.db import Session
from tests.web.conftest import As, Stage, version
from tickets import access, discipline
from tickets.discipline_case import DisciplineCase

Case = Callable[..., tuple[str, int]]


@pytest.fixture
def case(ticket: Stage, as_: As, now: datetime) -> Case:
    """An overdue leg of the water company with a proposal to transfer it; returns ticket number and case id. late: the time to explain has passed."""

    def make(*, late: bool = False) -> tuple[str, int]:
        number = ticket("handling")
        with Session.begin() as s:
            found = access.find(s, number, as_("supervisor").person)
            leg = found.current_legs[0]
            leg.due_at = now - timedelta(hours=30)
            discipline.propose(s, found, leg, trigger="overdue", evidence=f"{number} 超期未答复。", at=now - timedelta(days=30 if late else 0))
            made = s.query(DisciplineCase).filter(DisciplineCase.leg_id == leg.id).one()
            return number, made.id

    return make


def _decide(as_: As, who: str, case: int, verb: str, text: str = "有理有据") -> int:
    return as_(who).post(f"/discipline-cases/{case}/{verb}", text=text).status_code


def test_the_board_shows_standings_overdue_and_proposals(as_: As, case: Case) -> None:
    number, id_ = case()
    page = as_("supervisor").sees("/board")
    assert "安和供水集团" in page and number in page and f"/discipline-cases/{id_}" in page and f"{number} 超期未答复。" in page


def test_urging_from_the_board_comes_back_to_it(as_: As, case: Case) -> None:
    number, _ = case()
    answer = as_("supervisor").post(f"/tickets/{number}/urges", version=version(number), text="请今天答复", back="/board")
    assert answer.headers["location"].startswith("/board?done=urge")


def test_a_case_is_explained_confirmed_and_concluded_each_by_its_own_post(as_: As, case: Case) -> None:
    number, id_ = case()
    assert as_("discipline").get(f"/discipline-cases/{id_}").status_code == 404
    assert as_("clerk@gongshui").sees("/inbox").count(f"/discipline-cases/{id_}") == 1
    early = as_("supervisor")
    assert "说明时限还没到" in early.sees(f"/discipline-cases/{id_}")
    refused = early.post(f"/discipline-cases/{id_}/confirmation", text="等不及了")
    assert refused.status_code == 409 and "说明时限未到" in refused.text
    assert _decide(as_, "clerk@gongshui", id_, "statement", "人手不足，已加派") == 303
    assert "人手不足，已加派" in early.sees(f"/discipline-cases/{id_}")
    assert _decide(as_, "supervisor", id_, "confirmation") == 303
    inspector = as_("discipline")
    assert number in inspector.sees("/discipline") and "超期未答复" in inspector.sees(f"/discipline-cases/{id_}")
    inspector.sees(f"/tickets/{number}")
    assert _decide(as_, "discipline", id_, "conclusion", "部分属实，已约谈") == 303
    assert "部分属实，已约谈" in inspector.sees(f"/discipline-cases/{id_}")


def test_a_unit_that_let_its_time_pass_can_be_transferred_without_a_statement(as_: As, case: Case) -> None:
    _, id_ = case(late=True)
    assert _decide(as_, "supervisor", id_, "confirmation") == 303


def test_a_withdrawn_case_is_never_shown_to_discipline(as_: As, case: Case) -> None:
    _, id_ = case()
    assert _decide(as_, "supervisor", id_, "withdrawal", "说明充分") == 303
    assert as_("discipline").get(f"/discipline-cases/{id_}").status_code == 404
    assert _decide(as_, "supervisor", id_, "confirmation") == 409


def test_nobody_decides_for_another_post(as_: As, case: Case) -> None:
    _, id_ = case()
    assert _decide(as_, "supervisor", id_, "statement") == 403
    assert _decide(as_, "clerk@gongshui", id_, "confirmation") == 403
    assert _decide(as_, "clerk@gongshui", id_, "withdrawal") == 403
    for stranger in ("clerk@jiaoyu", "operator", "discipline", "reviewer"):
        assert _decide(as_, stranger, id_, "withdrawal") == 404
    assert as_("supervisor").post(f"/discipline-cases/{id_}/nonsense", text="x").status_code == 404


def test_words_are_needed_and_kept_when_refused(as_: As, case: Case) -> None:
    _, id_ = case()
    answer = as_("clerk@gongshui").post(f"/discipline-cases/{id_}/statement", text=" ")
    assert answer.status_code == 422 and "请填写情况说明" in answer.text
    assert _decide(as_, "supervisor", id_, "withdrawal", "理由") == 303
    answer = as_("clerk@gongshui").post(f"/discipline-cases/{id_}/statement", text="来不及了的说明")
    assert answer.status_code == 409


def test_an_overdue_leg_is_red_in_word_shape_and_colour(as_: As, case: Case) -> None:
    number, _ = case()
    page = as_("supervisor").sees("/board")
    part = next(row for row in page.split('aria-label="超期"')[1].split("<tr>") if number in row)
    assert 'class="due red"' in part and "●" in part and "超期" in part
