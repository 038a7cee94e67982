"""What is asked for and recorded beside a ticket, through the interface: by whoever may, and by nobody else."""

from datetime import datetime
from typing import Any

import pytest
from litestar.testing import TestClient
from sqlalchemy.orm import Session as Session_

from hotline import clock, people
from hotline.db import Session
from hotline.people import Person
from hotline.roles import Role
from tickets.lifecycle import MOVES, State, Verb
from tickets.ticket import Ticket

Client = TestClient[Any]
WATER = "090481"
CAST = (
    "operator", "dispatcher", "reviewer", "revisitor", "supervisor", "discipline", "admin", "auditor",
    "clerk@gongshui", "clerk@shuili", "clerk@jiaoyu",
)  # fmt: skip
"""gongshui leads, shuili helps, jiaoyu has nothing to do with it."""

STRANGERS = ("discipline", "admin", "auditor", "clerk@jiaoyu")
SAID: dict[Verb, tuple[str, dict[str, Any]]] = {
    Verb.DISPATCH: ("dispatch", {"department": "gongshui", "item": WATER}),
    Verb.ANSWER: ("answer", {"text": "已答"}),
    Verb.REDISPATCH: ("redispatch", {"department": "zhujian", "reason": "错派"}),
    Verb.ADD_CO_HANDLER: ("co-handlers", {"department": "zhujian", "reason": "配合"}),
    Verb.SIGN: ("signature", {}),
    Verb.CONTACT: ("contacts", {"text": "已联系"}),
    Verb.ASK_RETURN: ("return-request", {"reason": "duty", "basis": "不属本单位"}),
    Verb.APPROVE_RETURN: ("return-ruling", {"approve": True}),
    Verb.REFUSE_RETURN: ("return-ruling", {"approve": False, "reason": "属于你们"}),
    Verb.RESOLVE: ("reply", {"result": "unreachable", "reply": "已办"}),
    Verb.PASS_REVIEW: ("review", {"passed": True}),
    Verb.REJECT_REVIEW: ("review", {"passed": False, "reason": "没有答复诉求"}),
    Verb.MISS_REVISIT: ("revisits", {"outcome": "no_answer"}),
    Verb.CLOSE: ("revisits", {"outcome": "reached", "contacted": True, "solved": "yes", "satisfied": 5}),
    Verb.REDO: ("revisits", {"outcome": "reached", "contacted": True, "solved": "no", "satisfied": 2, "reason": "没解决"}),
    Verb.ARCHIVE: ("archive", {}),
    Verb.HAND_OVER: ("owner", {"owner": 1}),
    Verb.NOTIFY: ("notices", {"missing": ["身份证复印件"]}),
    Verb.MERGE: ("merge", {"master": "x", "reason": "同一事"}),
    Verb.UNMERGE: ("unmerge", {"reason": "不是一事"}),
    Verb.WITHDRAW: ("withdrawal", {"checked": "0000", "reason": "不要了"}),
    Verb.ASK_TERMINATION: ("termination-requests", {"reason": "政策不允许", "evidence": "文件", "reply": "最终答复"}),
    Verb.APPROVE_TERMINATION: ("termination-requests/approval", {}),
    Verb.TERMINATE: ("termination", {}),
    Verb.REFUSE_TERMINATION: ("termination-requests/refusal", {"reason": "还能办"}),
    Verb.URGE: ("urges", {"text": "快些"}),
    Verb.SUPERVISE: ("supervisions", {"text": "今日办结"}),
    Verb.INSTRUCT: ("instructions", {"leader": "某市长", "text": "请抓紧"}),
    Verb.CONSULT: ("consultations", {"units": ["zhujian"], "text": "谁管"}),
    Verb.OPINE: ("opinions", {"text": "我单位配合"}),
    Verb.CONCLUDE_CONSULT: ("consultations/conclusion", {"text": "由供水集团负责"}),
    Verb.ASK_EXTENSION: ("extension-requests", {"limit": "24 hour", "reason": "管道大修"}),
    Verb.EXTEND: ("extensions", {"limit": "24 hour", "reason": "管道大修"}),
    Verb.REFUSE_EXTENSION: ("extension-requests/refusal", {"reason": "不急"}),
    Verb.ASK_PAUSE: ("pause-requests", {"reason": "waiting_citizen", "text": "等房号"}),
    Verb.PAUSE: ("pauses", {"reason": "waiting_citizen", "text": "等房号"}),
    Verb.REFUSE_PAUSE: ("pause-requests/refusal", {"reason": "不必等"}),
    Verb.RESUME: ("resumptions", {"text": "已补"}),
    Verb.ASK_EXCLUSION: ("exclusion-requests", {"reason": "unsupported", "evidence": "文件"}),
    Verb.APPROVE_EXCLUSION: ("exclusion-requests/approval", {}),
    Verb.EXCLUDE: ("exclusion", {}),
    Verb.REFUSE_EXCLUSION: ("exclusion-requests/refusal", {"reason": "应当考核"}),
    Verb.ATTACH: ("attachments", {}),
}
ELSEWHERE = (Verb.FILE, Verb.TRIAGE, Verb.SKIP_REVISIT, Verb.START_CO_HANDLER, Verb.FOLLOW)
"""Not asked for on a ticket like this one, or only ever done by the system."""


def post(client: Client, headers: dict[str, str], number: str, path: str, **said: Any) -> Any:
    return client.post(f"/api/v1/tickets/{number}/{path}", json=said, headers=headers)


def _person(s: Session_, who: str) -> Person:
    role, _, department = who.partition("@")
    found = s.query(Person).filter(Person.roles.contains([role])).order_by(Person.id)
    person = (found.filter(Person.department_code == department) if department else found).first()
    assert person is not None, who
    return person


class Story:
    """One ticket, and the cast that acts on it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        with Session.begin() as s:
            self.headers = {who: {"Authorization": f"Bearer {people.sign_in(s, _person(s, who), at=clock.now())}"} for who in CAST}
        said = {"body": "小区停水三天了没人管", "kind": "complaint", "item": WATER, "phone": "13800001234"}
        self.number = client.post("/api/v1/tickets", json=said, headers=self.headers["operator"]).json()["number"]

    def does(self, who: str, path: str, expect: int = 200, **said: Any) -> Any:
        answer = post(self.client, self.headers[who], self.number, path, **said)
        assert answer.status_code == expect, (who, path, answer.status_code, answer.text[:300])
        return answer.json()

    def seen_by(self, who: str) -> Any:
        return self.client.get(f"/api/v1/tickets/{self.number}", headers=self.headers[who])

    def dispatched(self) -> "Story":
        self.does("dispatcher", "dispatch", department="gongshui", co_handlers=["shuili"])
        return self

    def handling(self) -> "Story":
        self.dispatched().does("clerk@gongshui", "signature")
        return self

    def resolved(self) -> "Story":
        self.handling().does("clerk@gongshui", "reply", result="unreachable", reply="已修好", without="水利局已电话说明无须参与")
        return self

    def closed(self) -> "Story":
        self.resolved().does("reviewer", "review", passed=True)
        self.does("revisitor", "revisits", outcome="reached", contacted=True, solved="yes", satisfied=5)
        return self


@pytest.fixture
def story(client: Client) -> Story:
    return Story(client)


def to(story: Story, state: State) -> None:
    """Takes the story to a state, by its verbs where that is short."""
    match state:
        case State.DISPATCHED:
            story.dispatched()
        case State.HANDLING:
            story.handling()
        case State.RETURNING:
            story.dispatched().does("clerk@gongshui", "return-request", reason="duty", basis="不属本单位")
        case State.RESOLVED:
            story.resolved()
        case State.REVISITING:
            story.resolved().does("reviewer", "review", passed=True)
        case State.CLOSED:
            story.closed()
        case State.ARCHIVED:
            story.closed().does("reviewer", "archive")
        case State.TERMINATED:
            story.handling().does("clerk@gongshui", "termination-requests", **SAID[Verb.ASK_TERMINATION][1])
            story.does("reviewer", "termination-requests/approval")
            story.does("supervisor", "termination")
        case State.MERGED | State.WITHDRAWN:
            with Session.begin() as s:
                s.connection().execute(Ticket.__table__.update().where(Ticket.number == story.number).values(state=state.value))  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize("state", State)
def test_nobody_can_do_what_the_table_does_not_leave_to_their_post(story: Story, state: State) -> None:
    """Every verb, by everybody: where the table has no row for the state, or not for the post, the answer is no and nothing changes."""
    to(story, state)
    with Session() as s:
        before = s.query(Ticket.version).filter(Ticket.number == story.number).scalar()
    rows = {move.verb: move for move in MOVES if state in move.sources}
    done = []
    for who, headers in story.headers.items():
        if who in STRANGERS and state not in (State.HANDLING, State.CLOSED):
            continue  # what they cannot see they cannot see in any state
        role = Role(who.partition("@")[0])
        for verb, (path, said) in SAID.items():
            if who == "clerk@shuili" and any(move.verb is verb and move.leg and State.DISPATCHED in move.sources for move in MOVES):
                continue  # its own leg waits for its signature, whatever the lead does
            row = rows.get(verb)
            if row is not None and role in row.by and (role is not Role.CLERK or who == "clerk@gongshui"):
                continue
            answer = post(story.client, headers, story.number, path, **said)
            if answer.status_code not in (403, 404, 409, 422):
                done.append((who, verb.value, answer.status_code))
    with Session() as s:
        after = s.query(Ticket.version).filter(Ticket.number == story.number).scalar()
    assert (done, after) == ([], before)


def test_every_verb_of_the_table_is_asked_for_somewhere() -> None:
    assert {move.verb for move in MOVES} <= set(SAID) | set(ELSEWHERE)


def test_the_moves_that_are_told_are_those_that_succeed_for_that_person(story: Story) -> None:
    """The offered ones among what is recorded beside the ticket; for the rest see the test of every verb."""
    story.handling()
    offered = story.seen_by("clerk@gongshui").json()["moves"]
    assert {"ask_extension", "ask_pause", "ask_termination", "notify", "hand_over"} <= set(offered)
    assert "opine" not in offered and "ask_exclusion" not in offered
    assert not {"terminate", "refuse_extension", "resume"} & set(story.seen_by("supervisor").json()["moves"])
    assert "conclude_consult" not in story.seen_by("dispatcher").json()["moves"]
    assert "ask_termination" not in story.seen_by("clerk@shuili").json()["moves"], "a helper does not end the matter"


def test_an_extension_is_asked_for_and_granted_as_it_was_asked(story: Story) -> None:
    story.handling()
    asked = story.does("clerk@gongshui", "extension-requests", limit="24 小时", reason="管道大修")
    assert asked["beside"]["requests"][0]["state"] == "asked" and "ask_extension" not in asked["moves"]
    story.does("clerk@gongshui", "extension-requests", 409, limit="24 小时", reason="再来一次")
    granted = story.does("supervisor", "extensions")
    request = granted["beside"]["requests"][0]
    assert (request["state"], request["limit"], request["decided_by"] != "") == ("granted", "24小时", True)
    assert granted["legs"][0]["due"] > asked["legs"][0]["due"]


def test_a_refused_request_keeps_its_reason_and_may_be_asked_again(story: Story) -> None:
    story.handling()
    story.does("clerk@gongshui", "pause-requests", reason="waiting_citizen", text="等房号")
    story.does("supervisor", "pause-requests/refusal", 422, reason=" ")
    refused = story.does("supervisor", "pause-requests/refusal", reason="房号已在工单里")
    assert refused["beside"]["requests"][0]["decision"] == "房号已在工单里"
    story.does("clerk@gongshui", "pause-requests", reason="waiting_citizen", text="门牌不清")
    story.does("supervisor", "pauses")
    assert story.seen_by("clerk@gongshui").json()["legs"][0]["paused"]


def test_a_termination_needs_two_people_and_ends_with_the_answer_that_was_asked_for(story: Story) -> None:
    story.handling()
    story.does("clerk@gongshui", "termination-requests", 422, reason="政策不允许", evidence="", reply="最终答复")
    story.does("clerk@gongshui", "termination-requests", reason="政策不允许", evidence="市政府令第 12 号", reply="经两级复核，此为最终答复。")
    story.does("supervisor", "termination", 409)
    story.does("reviewer", "termination-requests/approval")
    ended = story.does("supervisor", "termination")
    assert (ended["state"], ended["due"], ended["legs"][0]["reply"]) == ("terminated", None, "经两级复核，此为最终答复。")
    assert all(leg["ended_at"] for leg in ended["legs"]) and ended["closed_at"]


def test_who_gave_the_first_approval_does_not_give_the_second(story: Story) -> None:
    story.handling()
    story.does("clerk@gongshui", "termination-requests", **SAID[Verb.ASK_TERMINATION][1])
    with Session.begin() as s:
        reviewer = s.query(Person).filter(Person.roles.contains(["reviewer"])).order_by(Person.id).first()
        assert reviewer is not None
        reviewer.roles = ["reviewer", "supervisor"]
    story.does("reviewer", "termination-requests/approval")
    assert "terminate" not in story.seen_by("reviewer").json()["moves"]
    story.does("reviewer", "termination", 403)
    story.does("supervisor", "termination")


def test_an_exclusion_is_asked_by_who_answered_and_is_on_the_public_list(story: Story) -> None:
    story.closed()
    story.does("clerk@shuili", "exclusion-requests", 403, reason="unsupported", evidence="文件")
    story.does("clerk@gongshui", "exclusion-requests", 422, reason="lazy", evidence="文件")
    story.does("clerk@gongshui", "exclusion-requests", reason="unsupported", evidence="市政府令第 12 号")
    for who in ("reviewer", "supervisor"):
        story.client.get("/api/v1/requests", headers=story.headers[who])
    waiting = story.client.get("/api/v1/requests", headers=story.headers["reviewer"]).json()["rows"]
    assert [row["request"]["kind"] for row in waiting] == ["exclusion"]
    assert story.client.get("/api/v1/requests", headers=story.headers["supervisor"]).json()["rows"] == []
    story.does("reviewer", "exclusion-requests/approval")
    assert len(story.client.get("/api/v1/requests", headers=story.headers["supervisor"]).json()["rows"]) == 1
    assert story.does("supervisor", "exclusion")["excluded"]
    for who in ("clerk@jiaoyu", "discipline", "operator"):
        listed = story.client.get("/api/v1/exclusions", headers=story.headers[who]).json()["rows"]
        assert [row["number"] for row in listed] == [story.number] and "停水三天" not in str(listed)
    for who in ("admin", "auditor"):
        assert story.client.get("/api/v1/exclusions", headers=story.headers[who]).status_code == 403
    story.does("clerk@gongshui", "exclusion-requests", 409, reason="unsupported", evidence="再来")


def test_what_is_missing_is_listed_once_and_a_second_list_is_a_violation(story: Story) -> None:
    story.handling()
    story.does("clerk@gongshui", "notices", 422, missing=["", " "])
    first = story.does("clerk@gongshui", "notices", missing=["身份证复印件", "产权证"], text="电话告知")
    assert first["beside"]["notices"][0]["missing"] == ["身份证复印件", "产权证"] and not first["beside"]["notices"][0]["violation"]
    second = story.does("clerk@gongshui", "notices", missing=["水费单"])
    assert second["beside"]["notices"][1]["violation"]
    listed = story.client.get("/api/v1/notice-violations", headers=story.headers["supervisor"]).json()["rows"]
    assert [row["notice"]["missing"] for row in listed] == [["水费单"]]
    assert story.client.get("/api/v1/notice-violations", headers=story.headers["clerk@gongshui"]).status_code == 403


def test_a_unit_that_is_consulted_reads_the_ticket_and_says_what_it_thinks(story: Story) -> None:
    story.handling()
    assert story.seen_by("clerk@jiaoyu").status_code == 404
    story.does("dispatcher", "consultations", 404, units=["nobody"], text="谁管")
    story.does("dispatcher", "consultations", units=["jiaoyu", "gongshui"], text="学校门前的管道归谁", meets_at="2099-01-05T09:00:00")
    story.does("dispatcher", "consultations", 409, units=["jiaoyu"], text="再来一次")
    seen = story.seen_by("clerk@jiaoyu").json()
    assert "opine" in seen["moves"] and seen["phone"] == ""
    assert post(story.client, story.headers["clerk@jiaoyu"], story.number, "reveal", text="看看").status_code == 403
    story.does("clerk@jiaoyu", "opinions", text="校外管道归供水集团")
    story.does("dispatcher", "consultations/conclusion", text="由供水集团负责")
    concluded = story.seen_by("clerk@jiaoyu").json()
    said = concluded["beside"]["consultations"][0]
    assert said["conclusion"] == "由供水集团负责" and said["opinions"][0]["text"] == "校外管道归供水集团" and "opine" not in concluded["moves"]
    story.does("clerk@jiaoyu", "opinions", 403, text="晚了一步")


def test_an_instruction_makes_a_ticket_one_that_supervisors_have_on_a_list(story: Story) -> None:
    story.handling()
    story.does("supervisor", "instructions", 422, leader="某市长", text="请抓紧", dated="2099-01-01")
    assert story.does("dispatcher", "instructions", leader="某市长", text="请供水集团三日内报结果")["instructed"]
    listed = story.client.get("/api/v1/instructions", headers=story.headers["supervisor"]).json()["rows"]
    assert [(row["ticket"]["number"], row["instruction"]["leader"]) for row in listed] == [(story.number, "某市长")]


def test_a_ticket_goes_to_a_colleague_and_to_nobody_elsewhere(story: Story, at: datetime) -> None:
    before = story.handling().seen_by("clerk@gongshui").json()["legs"][0]["due"]
    with Session.begin() as s:
        colleague = Person(login="colleague", name="同事", roles=["clerk"], department_code="gongshui")
        s.add(colleague)
        s.flush()
        mate = colleague.id
        stranger = s.query(Person.id).filter(Person.department_code == "jiaoyu").first()
        assert stranger is not None
    story.does("clerk@gongshui", "owner", 422, owner=stranger[0])
    handed = story.does("clerk@gongshui", "owner", owner=mate, reason="轮休")
    assert handed["legs"][0]["due"] == before and "转交同事承办" in handed["timeline"][-1]["headline"]
    story.does("clerk@gongshui", "owner", 422, owner=mate)
