"""What takes a ticket its way on the played day: each function is one way, in the order in which people do it."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session as Session_

from hotline.db import Session
from hotline.people import Person
from hotline.roles import Role
from playing.players import Day, answer
from tickets import (
    access,
    bad_rating,
    co_handling,
    consulting,
    discipline,
    dispatching,
    easing,
    excluding,
    instructing,
    knowledge,
    merging,
    noticing,
    resolving,
    returning,
    revisiting,
    signing,
    terminating,
    triaging,
    urging,
    withdrawing,
)
from tickets.discipline_case import DisciplineCase
from tickets.filing import Matter
from tickets.lifecycle import State
from tickets.ticket import Kind, Leg, Ticket

DISPATCHER, REVIEWER, REVISITOR, SUPERVISOR, OPERATOR = Role.DISPATCHER, Role.REVIEWER, Role.REVISITOR, Role.SUPERVISOR, Role.OPERATOR
CONTENT: dict[str, Any] = {"contacted": True, "solved": "yes", "satisfied": 5}
PAPER = b"%PDF-1.4\n% a receipt that the citizen was given at another window\n%%EOF\n"
ACCUSED = "毕依然"
"""The clerk of the window whom the fault-finding (找茬) is about."""


def _answered(day: Day, number: str) -> None:
    day.dispatched(number)
    day.unit(number, signing.sign)
    day.answered(number)
    day.centre(REVIEWER, number, resolving.pass_review)


def plain(day: Day, number: str) -> None:
    _answered(day, number)
    day.centre(REVISITOR, number, revisiting.close, **CONTENT)


def _finished(day: Day, number: str) -> None:
    """From dispatched to closed, with nothing more to tell."""
    day.unit(number, signing.sign)
    _concluded(day, number)


def _concluded(day: Day, number: str, **asked: Any) -> None:
    """From signed to closed. asked: what the citizen is asked beside the usual."""
    day.answered(number)
    day.centre(REVIEWER, number, resolving.pass_review)
    day.centre(REVISITOR, number, revisiting.close, **CONTENT, **asked)


def _given_back(day: Day, number: str, other: str) -> None:
    """The lead says that it is not its to answer; the dispatcher agrees and gives it to another department."""
    day.unit(number, returning.ask_return, reason="duty", basis="不属于本单位职责", suggests=other)
    day.centre(DISPATCHER, number, returning.approve_return)
    day.centre(DISPATCHER, number, dispatching.dispatch, department=other, basis="按退单建议改派")


def returned(day: Day, number: str) -> None:
    day.dispatched(number)
    leads = day.seen_by(number, DISPATCHER).lead_code
    _given_back(day, number, "zhengwu" if leads == "zhujian" else "zhujian")
    _finished(day, number)


def ruled_on(day: Day, number: str) -> None:
    """Two units return it; the third has it by ruling and cannot."""
    day.dispatched(number)
    leads = day.seen_by(number, DISPATCHER).lead_code
    for other in [code for code in ("zhujian", "chengguan", "zhengwu") if code != leads][:2]:
        _given_back(day, number, other)
    day.refused(number, "裁定后不得再退单", lambda: day.unit(number, returning.ask_return, reason="duty", basis="还是不归我们"))
    _finished(day, number)


def helped(day: Day, number: str) -> None:
    day.dispatched(number)
    for code in ("chengguan", "zhujian"):
        if all(code != leg.department_code for leg in day.seen_by(number, DISPATCHER).current_legs):
            day.centre(DISPATCHER, number, co_handling.add_co_handler, department=code, reason="现场需要配合")
    _finished(day, number)


def helped_in_turn(day: Day, number: str) -> None:
    """One helps after the other, each within a time of its own."""
    day.dispatched(number)
    for code, limit in (("shuili", "12 second"), ("yuanlin", "5 second")):
        day.centre(DISPATCHER, number, co_handling.add_co_handler, department=code, reason="依次到场", limit=limit, in_order=True)
    day.unit(number, signing.sign)
    for code in ("shuili", "yuanlin"):
        day.waited_for(lambda s, code=code: s.scalar(_leg(number, code)))  # type: ignore[misc]
        day.unit(number, signing.sign, department=code)
        day.unit(number, answer, department=code, reply="本单位的事已办完。")
    _concluded(day, number)


def eased(day: Day, number: str) -> None:
    """The unit asks for more time and for a pause while it waits for the citizen; a supervisor grants both, and lets the clock run on."""
    day.dispatched(number)
    day.unit(number, signing.sign)
    day.unit(number, easing.ask_extension, limit="10 second", reason="需要订购配件")
    day.centre(SUPERVISOR, number, easing.extend)
    day.unit(number, easing.ask_pause, reason="waiting_citizen", text="等诉求人在家")
    day.centre(SUPERVISOR, number, easing.pause)
    day.centre(SUPERVISOR, number, easing.resume, text="诉求人已到家")
    _concluded(day, number)


def urged(day: Day, number: str) -> None:
    day.dispatched(number)
    day.centre(OPERATOR, number, urging.urge, text="市民再次来电，希望尽快处理")
    day.unit(number, signing.sign)
    day.answered(number)


def rejected(day: Day, number: str) -> None:
    day.centre(REVIEWER, number, resolving.reject_review, reason="没有说明何时恢复")
    _concluded(day, number)


def redone(day: Day, number: str) -> None:
    _answered(day, number)
    day.centre(REVISITOR, number, revisiting.redo, contacted=True, solved="no", satisfied=1, reason="问题又出现了")
    _finished(day, number)


def rectified(day: Day, number: str) -> None:
    """The bad rating became a matter of its own: verified by telephone, put right by the unit, asked about again."""
    rating = day.waited_for(lambda s: s.scalar(select(Ticket.number).where(Ticket.kind == Kind.BAD_RATING, Ticket.origin_id == _id_of(number))))
    day.refused(rating, "差评没有核实就派单", lambda: day.centre(DISPATCHER, rating, dispatching.dispatch, department="zhengwu", item="900104"))
    day.centre(OPERATOR, rating, bad_rating.verify, verdict="valid", note="电话核实：确实没有修好")
    led = next(leg.department_code for leg in reversed(day.seen_by(number, DISPATCHER).legs) if leg.lead)
    day.centre(DISPATCHER, rating, dispatching.dispatch, department=led, item="900104", basis="差评转被评价的单位整改")
    _finished(day, rating)


def merged(day: Day, number: str) -> None:
    """A neighbour reports the same: merged, the merger undone, merged again. The neighbour is answered with the master."""
    day.dispatched(number)
    day.unit(number, signing.sign)
    neighbour = day.files(Matter(body="我也来反映同一件事，楼下的井盖丢了好几天", kind="complaint", item="900104", phone="13800000902", channel="window"))
    day.centre(DISPATCHER, neighbour, merging.merge, master=number, reason="同一处井盖")
    day.centre(DISPATCHER, neighbour, merging.unmerge, reason="核对地址")
    day.centre(DISPATCHER, neighbour, merging.merge, master=number, reason="确是同一处")
    _concluded(day, number)
    day.waited_for(lambda s: s.scalar(select(Ticket.id).where(Ticket.number == neighbour, Ticket.state == State.REVISITING)))
    day.centre(REVISITOR, neighbour, revisiting.close, **CONTENT)


def withdrawn(day: Day, number: str) -> None:
    day.dispatched(number)
    code = day.seen_by(number, OPERATOR).query_code
    day.refused(number, "没有核对本人就撤单", lambda: day.centre(OPERATOR, number, withdrawing.withdraw, checked="000000", reason="自行解决了"))
    day.centre(OPERATOR, number, withdrawing.withdraw, checked=code, reason="自行解决了")


def terminated(day: Day, number: str) -> None:
    """A final answer, approved by two people."""
    day.dispatched(number)
    day.unit(number, signing.sign)
    said = {"reason": "三次答复后诉求仍超出政策", "evidence": "会议纪要〔2026〕3 号", "reply": "您的诉求没有政策依据，前三次答复维持不变。"}
    day.unit(number, terminating.ask_termination, **said)
    day.refused(number, "没有初审就批准终止", lambda: day.centre(SUPERVISOR, number, terminating.terminate))
    day.centre(REVIEWER, number, terminating.approve_termination)
    day.centre(SUPERVISOR, number, terminating.terminate)


def consulted(day: Day, number: str) -> None:
    """A leader writes on it, units are asked what they think, the dispatcher concludes."""
    day.dispatched(number)
    day.centre(SUPERVISOR, number, instructing.instruct, leader="某副市长", text="请牵头单位三日内拿出办法")
    day.centre(DISPATCHER, number, consulting.consult, units=["shuili", "yuanlin"], text="河岸护栏由谁修")
    for code, said in (("shuili", "堤防以内由我局负责"), ("yuanlin", "绿地部分我局配合")):
        day.unit(number, consulting.opine, department=code, text=said)
    day.centre(DISPATCHER, number, consulting.conclude_consult, text="由牵头单位会同水利局修复")
    _finished(day, number)


def noticed(day: Day, number: str) -> None:
    """What is missing has to be listed once; the second list is taken and flagged. Afterwards the unit has the ticket excluded from its score."""
    day.dispatched(number)
    day.unit(number, signing.sign)
    day.unit(number, noticing.notify, missing=["身份证", "租赁合同"])
    second = day.unit(number, noticing.notify, missing=["房东的同意书"])
    if not second.violation:
        day.wrong.setdefault(number, []).append("第二次告知没有记为违反一次性告知")
    _concluded(day, number)
    day.unit(number, excluding.ask_exclusion, reason="force_majeure", evidence="台风红色预警")
    day.centre(REVIEWER, number, excluding.approve_exclusion)
    day.centre(SUPERVISOR, number, excluding.exclude)


def stuck(day: Day, number: str) -> None:
    """办不成事: triaged onto its track; before and after, how much running about it took."""
    day.centre(OPERATOR, number, triaging.triage, should="yes", obstacle="departments", note="两个部门互要对方的证明")
    day.hands_in(number, "另一窗口给的回执.pdf", PAPER)
    day.dispatched(number)
    day.unit(number, signing.sign)
    _concluded(day, number, burden={"trips": 6, "departments": 4, "materials": 20, "days": 9})


def found_fault(day: Day, number: str) -> None:
    """找茬 goes by itself to the unit of the person concerned, who sees nothing of it; a colleague looks into it."""
    day.waited_for(lambda s: s.scalar(select(Ticket.id).where(Ticket.number == number, Ticket.state == State.DISPATCHED)))
    day.refused(number, "被反映人看见了", lambda: _as_accused(number))
    _finished(day, number)


def _as_accused(number: str) -> Ticket:
    with Session() as s:
        return access.find(s, number, s.scalars(select(Person).where(Person.name == ACCUSED)).one())


def on_the_spot(day: Day, number: str) -> None:
    """直办 by an article of the knowledge base, whose version is kept."""

    def by_article(s: Session_, ticket: Ticket, *, by: Person, at: datetime) -> None:
        [found] = knowledge.search(s, ticket.body, limit=1)
        revisiting.answer(s, ticket, reply="", article=found.article.id, satisfied=5, by=by, at=at)

    day.centre(OPERATOR, number, by_article)


def declined(day: Day, number: str) -> None:
    _answered(day, number)
    day.centre(REVISITOR, number, revisiting.miss_revisit, outcome="declined")


def to_discipline(day: Day, number: str) -> None:
    """Nobody answers until the ladder proposes the transfer; then the unit explains and a supervisor confirms."""
    day.say(f"{number}  没有人签收，等它超期、逐级升级……")
    case_id = day.waited_for(lambda s: s.scalar(select(DisciplineCase.id).where(DisciplineCase.ticket_id == _id_of(number))))

    def explain(s: Session_, ticket: Ticket, *, by: Person, at: datetime) -> None:
        discipline.explain(s, discipline.find(s, case_id, by), statement="人手不足，未及时签收。", by=by, at=at)

    def confirm(s: Session_, ticket: Ticket, *, by: Person, at: datetime) -> None:
        discipline.confirm(s, discipline.find(s, case_id, by), decision="超期未签收，说明不成立。", by=by, at=at)

    day.unit(number, explain)
    day.centre(SUPERVISOR, number, confirm)


def _id_of(number: str) -> Any:
    return select(Ticket.id).where(Ticket.number == number).scalar_subquery()


def _leg(number: str, department: str) -> Any:
    return select(Leg.id).where(Leg.ticket_id == _id_of(number), Leg.department_code == department, Leg.ended_at.is_(None))
