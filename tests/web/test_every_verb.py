"""Every verb, in both skins, for every post: who may take it is offered it and can, and nobody else is or can.

Who may is read from lifecycle.MOVES alone: the post is named there, and a move of a department is for the one that holds the leg, or was asked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from hotline.db import Session
from hotline.outbox import Event
from hotline.people import Person
from hotline.people import system as the_system
from hotline.roles import Role
from tests.web.conftest import WATER, As, Somebody, World
from tickets import access, consulting, dispatching, easing, excluding, merging, resolving, returning, revisiting, signing, terminating
from tickets.attachment import Upload
from tickets.filing import Matter, file
from tickets.lifecycle import MOVES, Verb
from tickets.ticket import Ticket
from web.moves import ASKED

BY_THE_SYSTEM = {Verb.FILE, Verb.SKIP_REVISIT, Verb.FOLLOW, Verb.START_CO_HANDLER}
ON_THE_CARD = {Verb.REDO, Verb.MISS_REVISIT}
"""Asked for on the blind card of the revisit, beside closing."""

LEAD, OTHER = "gongshui", "zhujian"
CAST = ("operator", "dispatcher", "reviewer", "revisitor", "supervisor", "discipline", "admin", "auditor",
        f"clerk@{LEAD}", f"chief@{LEAD}", f"clerk@{OTHER}", f"chief@{OTHER}")  # fmt: skip
Step = Callable[[Any, Ticket, datetime], object]


def by(s: Any, who: str) -> Person:
    role, _, unit = who.partition("@")
    found = s.query(Person).filter(Person.roles.contains([role])).order_by(Person.id)
    return (found.filter(Person.department_code == unit) if unit else found).first()  # type: ignore[no-any-return]


CLERK = f"clerk@{LEAD}"
ANSWER = {"result": "solved", "reply": "已修好"}
ASKED_FOR = {"reason": "诉求无依据", "evidence": "会议纪要", "reply": "最终答复"}
STEPS: Mapping[str, tuple[str, Step | None]] = {
    "filed": ("", None),
    "dispatched": ("filed", lambda s, t, at: dispatching.dispatch(s, t, department=LEAD, by=by(s, "dispatcher"), at=at)),
    "handling": ("dispatched", lambda s, t, at: signing.sign(s, t, by=by(s, CLERK), at=at)),
    "returning": ("dispatched", lambda s, t, at: returning.ask_return(s, t, reason="duty", basis="三定", by=by(s, CLERK), at=at)),
    "extension": ("handling", lambda s, t, at: easing.ask_extension(s, t, limit="1 hour", reason="配件", by=by(s, CLERK), at=at)),
    "pause": ("handling", lambda s, t, at: easing.ask_pause(s, t, reason="waiting_citizen", text="等人", by=by(s, CLERK), at=at)),
    "paused": ("handling", lambda s, t, at: easing.pause(s, t, reason="waiting_citizen", text="等人", by=by(s, "supervisor"), at=at)),
    "termination": ("handling", lambda s, t, at: terminating.ask_termination(s, t, **ASKED_FOR, by=by(s, CLERK), at=at)),
    "terminable": ("termination", lambda s, t, at: terminating.approve_termination(s, t, by=by(s, "reviewer"), at=at)),
    "consulting": ("handling", lambda s, t, at: consulting.consult(s, t, units=[OTHER], text="由谁办", by=by(s, "dispatcher"), at=at)),
    "resolved": ("handling", lambda s, t, at: resolving.resolve(s, t, **ANSWER, contacted_at=at, by=by(s, CLERK), at=at)),
    "revisiting": ("resolved", lambda s, t, at: resolving.pass_review(s, t, by=by(s, "reviewer"), at=at)),
    "closed": ("revisiting", lambda s, t, at: revisiting.close(s, t, contacted=True, solved="yes", satisfied=5, by=by(s, "revisitor"), at=at)),
    "exclusion": ("closed", lambda s, t, at: excluding.ask_exclusion(s, t, reason="citizen", evidence="录音", by=by(s, CLERK), at=at)),
    "excludable": ("exclusion", lambda s, t, at: excluding.approve_exclusion(s, t, by=by(s, "reviewer"), at=at)),
    "merged": ("filed", lambda s, t, at: merging.merge(s, t, master=made("dispatched"), reason="同一件事", by=by(s, "dispatcher"), at=at)),
}


def made(stage: str, kind: str = "complaint") -> str:
    """A ticket that has come so far within the last minutes. No event of the filing or the dispatch is followed here: nobody works in the background."""
    with Session.begin() as s:
        at = datetime.now().astimezone() - timedelta(minutes=5)
        matter = Matter(body="小区停水三天了", kind=kind, item=WATER, phone="13800001234")
        number = file(s, matter, by=by(s, "operator"), at=at).number
    for name in _way(stage):
        with Session.begin() as s:
            step = STEPS[name][1]
            assert step is not None
            at += timedelta(seconds=20)
            step(s, access.find(s, number, the_system(s), lock=True), at)
    return number


def _way(stage: str) -> list[str]:
    return [*_way(STEPS[stage][0]), stage] if STEPS[stage][0] else []


@dataclass(frozen=True)
class Case:
    """How a verb is asked for. stage: of a ticket on which it may be; path: below the ticket; form: where it differs from the body. asked: not the holder."""

    stage: str
    path: str
    body: Mapping[str, Any] = field(default_factory=dict)
    form: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "complaint"
    asked: str = LEAD


WHY = {"reason": "理由充分"}
CASES: Mapping[Verb, Case] = {
    Verb.DISPATCH: Case("filed", "dispatch", {"department": LEAD, "item": WATER}),
    Verb.ANSWER: Case("filed", "answer", {"text": "当场答复"}, {"reply": "当场答复"}),
    Verb.REDISPATCH: Case("handling", "redispatch", {"department": OTHER, **WHY}),
    Verb.ADD_CO_HANDLER: Case("handling", "co-handlers", {"department": OTHER, **WHY}),
    Verb.SIGN: Case("dispatched", "signature"),
    Verb.CONTACT: Case("handling", "contacts", {"text": "已联系"}),
    Verb.ASK_RETURN: Case("dispatched", "return-request", {"reason": "duty", "basis": "三定方案"}),
    Verb.APPROVE_RETURN: Case("returning", "return-ruling", {"approve": True}, {"ruling": "approve"}),
    Verb.REFUSE_RETURN: Case("returning", "return-ruling", {"approve": False, **WHY}, {"ruling": "refuse", **WHY}),
    Verb.RESOLVE: Case("handling", "reply", {"result": "unreachable", "reply": "多次联系不上"}),
    Verb.PASS_REVIEW: Case("resolved", "review", {"passed": True}, {"verdict": "pass"}),
    Verb.REJECT_REVIEW: Case("resolved", "review", {"passed": False, **WHY}, {"verdict": "reject", **WHY}),
    Verb.MISS_REVISIT: Case("revisiting", "revisits", {"outcome": "no_answer"}),
    Verb.CLOSE: Case("revisiting", "revisits", {"contacted": True, "solved": "yes", "satisfied": 5},
                     {"outcome": "reached", "contacted": "yes", "solved": "yes", "satisfied": "5"}),
    Verb.REDO: Case("revisiting", "revisits", {"contacted": True, "solved": "no", "satisfied": 1, **WHY},
                    {"outcome": "reached", "contacted": "yes", "solved": "no", "satisfied": "1", **WHY}),
    Verb.ARCHIVE: Case("closed", "archive"),
    Verb.HAND_OVER: Case("handling", "owner", {"owner": "{colleague}"}),
    Verb.NOTIFY: Case("handling", "notices", {"missing": ["身份证"]}, {"missing": "身份证"}),
    Verb.MERGE: Case("handling", "merge", {"master": "{another}", **WHY}),
    Verb.UNMERGE: Case("merged", "unmerge", WHY),
    Verb.WITHDRAW: Case("handling", "withdrawal", {"checked": "{query_code}", **WHY}),
    Verb.ASK_TERMINATION: Case("handling", "termination-requests", ASKED_FOR),
    Verb.APPROVE_TERMINATION: Case("termination", "termination-requests/approval"),
    Verb.TERMINATE: Case("terminable", "termination"),
    Verb.REFUSE_TERMINATION: Case("termination", "termination-requests/refusal", WHY),
    Verb.URGE: Case("handling", "urges", {"text": "请快办"}),
    Verb.ATTACH: Case("handling", "attachments", {"attachments": ["{upload}"]}, {"uploads": "{upload}"}),
    Verb.SUPERVISE: Case("handling", "supervisions", {"text": "限期办结"}),
    Verb.INSTRUCT: Case("handling", "instructions", {"leader": "某市长", "text": "请办"}),
    Verb.TRIAGE: Case("filed", "triage", {"should": "yes", "obstacle": "none"}, kind="stuck"),
    Verb.CONSULT: Case("handling", "consultations", {"units": [OTHER], "text": "由谁办"}),
    Verb.OPINE: Case("consulting", "opinions", {"text": "我方意见"}, asked=OTHER),
    Verb.CONCLUDE_CONSULT: Case("consulting", "consultations/conclusion", {"text": "由住建局办"}),
    Verb.ASK_EXTENSION: Case("handling", "extension-requests", {"limit": "1 hour", **WHY}),
    Verb.EXTEND: Case("extension", "extensions"),
    Verb.REFUSE_EXTENSION: Case("extension", "extension-requests/refusal", WHY),
    Verb.ASK_PAUSE: Case("handling", "pause-requests", {"reason": "waiting_citizen", "text": "等人"}),
    Verb.PAUSE: Case("pause", "pauses"),
    Verb.REFUSE_PAUSE: Case("pause", "pause-requests/refusal", WHY),
    Verb.RESUME: Case("paused", "resumptions", {"text": "人已到"}),
    Verb.ASK_EXCLUSION: Case("closed", "exclusion-requests", {"reason": "citizen", "evidence": "录音"}),
    Verb.APPROVE_EXCLUSION: Case("exclusion", "exclusion-requests/approval"),
    Verb.EXCLUDE: Case("excludable", "exclusion"),
    Verb.REFUSE_EXCLUSION: Case("exclusion", "exclusion-requests/refusal", WHY),
}  # fmt: skip


def may(verb: Verb, who: str) -> bool:
    """Whether the table names this post; of a department, the one that holds the leg or was asked."""
    role, _, unit = who.partition("@")
    named = any(Role(role) in move.by for move in MOVES if move.verb is verb)
    first = verb in (Verb.REFUSE_TERMINATION, Verb.REFUSE_EXCLUSION) and role == "supervisor"  # nobody has approved it first: a reviewer's to refuse
    return named and not first and (not unit or unit == CASES[verb].asked)


def filled(said: Mapping[str, Any], number: str, who: Person) -> dict[str, Any]:
    """The body with what only this ticket and this person know."""
    with Session.begin() as s:
        def value(text: Any) -> Any:
            if isinstance(text, list):
                return [value(one) for one in text]
            known: dict[str, Callable[[], Any]] = {
                "{another}": lambda: made("dispatched"),
                "{query_code}": lambda: s.scalar(select(Ticket.query_code).where(Ticket.number == number)),
                "{colleague}": lambda: s.scalar(select(Person.id).where(Person.login == "gongshui2")),
                "{upload}": lambda: _upload(s, who),
            }
            return known[text]() if isinstance(text, str) and text in known else text

        return {name: value(text) for name, text in said.items()}


def _upload(s: Any, who: Person) -> int:
    upload = Upload(sha256="0" * 64, name="现场.jpg", size=1, media="image/jpeg", by_id=who.id, at=datetime.now().astimezone())
    s.add(upload)
    s.flush()
    return upload.id


def told(number: str) -> int:
    """How many events tell of the ticket."""
    with Session() as s:
        of = select(Ticket.id).where(Ticket.number == number).scalar_subquery()
        return s.scalar(select(func.count()).where(Event.subject_kind == "ticket", Event.subject_id == of)) or 0


def through_the_api(person: Somebody, number: str, verb: Verb) -> tuple[bool, int]:
    """Whether the API offers it, and what it answers."""
    headers = {"Authorization": f"Bearer {person.token}"}
    path = f"/api/v1/tickets/{number}"
    seen = person.client.get(path, headers=headers)
    answer = person.client.post(f"{path}/{CASES[verb].path}", json=filled(CASES[verb].body, number, person.person), headers=headers)
    return seen.status_code == 200 and verb.value in seen.json()["moves"], answer.status_code


def through_the_pages(person: Somebody, number: str, verb: Verb) -> tuple[bool, int]:
    """Whether a page offers it, and what the form is answered with."""
    page = person.get(f"/revisits/{number}" if verb in ON_THE_CARD else f"/tickets/{number}")
    label = 'name="outcome"' if verb in ON_THE_CARD else f'value="ticket:{number}:{verb}"' if verb is not Verb.CLOSE else "打开回访卡"
    form = filled(CASES[verb].form or CASES[verb].body, number, person.person)
    return page.status_code == 200 and label in page.text, person.post(f"/tickets/{number}/{CASES[verb].path}", **form).status_code


SKINS = {"api": (through_the_api, 200), "web": (through_the_pages, 303)}


@pytest.mark.slow
@pytest.mark.parametrize("skin", SKINS)
@pytest.mark.parametrize("verb", CASES)
def test_who_may_take_a_verb_is_offered_it_and_can_and_nobody_else(world: World, as_: As, verb: Verb, skin: str) -> None:
    ask, done = SKINS[skin]
    case = CASES[verb]
    untouched = made(case.stage, case.kind)
    before = told(untouched)
    for who in CAST:
        if may(verb, who):
            number = made(case.stage, case.kind)
            events = told(number)
            assert ask(as_(who), number, verb) == (True, done), (verb, who)
            assert told(number) == events + 1, f"{verb} by {who} told {told(number) - events} events"
        else:
            offered, status = ask(as_(who), untouched, verb)
            assert not offered, f"{verb} is offered to {who}"
            assert status in (403, 404, 409), (verb, who, status)
            assert told(untouched) == before, f"{verb} by {who} left a trace"


def test_every_verb_of_the_table_has_its_case_and_its_form() -> None:
    by_people = {move.verb for move in MOVES} - BY_THE_SYSTEM
    assert set(CASES) == by_people
    assert set(ASKED) == by_people - ON_THE_CARD
    assert {verb: asked.path for verb, asked in ASKED.items()} == {verb: CASES[verb].path for verb in ASKED}
