"""Which ticket goes which way on the played day, and what must have happened to it by night."""

from collections.abc import Callable
from dataclasses import dataclass

from playing import ways
from playing.players import Day
from tickets.filing import Matter
from tickets.lifecycle import State

Act = Callable[[Day, str], object]


@dataclass(frozen=True)
class Part:
    """What one ticket is to go through, by day and in the evening, where it should be at night, and what must have happened to it.

    matter: what is filed at the window for it; None for one that is phoned in.
    """

    name: str
    acts: Act
    evening: Act = lambda day, number: None
    state: State = State.CLOSED
    events: tuple[str, ...] = ()
    matter: Matter | None = None


CLIMBED = ("ticket.climbed", "ticket.discipline_proposed", "ticket.discipline_transferred")
PHONED: tuple[Part, ...] = (
    Part("按时办结", ways.plain, events=("ticket.closed",)),
    Part("退单后改派", ways.returned, events=("ticket.return_approved", "ticket.closed")),
    Part("多部门联办", ways.helped, events=("ticket.co_handler_added", "ticket.closed")),
    Part("超期升级，移送纪检", Day.dispatched, ways.to_discipline, State.DISPATCHED, CLIMBED),
    Part("不满意，重办；差评整改", ways.redone, ways.rectified, events=("ticket.redone", "ticket.closed")),
    Part("催办，审核退回", ways.urged, ways.rejected, events=("ticket.urged", "ticket.review_rejected", "ticket.closed")),
    Part("拒绝回访", ways.declined, events=("ticket.revisit_missed",)),
)
"""What is phoned in goes these ways, one after the other."""


def _came(body: str, kind: str = "complaint", **more: object) -> Matter:
    return Matter(body=body, kind=kind, item="900104", phone="13800000901", channel="window", **more)  # type: ignore[arg-type]


AT_THE_WINDOW: tuple[Part, ...] = (
    Part(
        "两次退单，裁定",
        ways.ruled_on,
        events=("ticket.return_approved", "ticket.dispatched"),
        matter=_came("路口的指示牌倒了，谁都说不归自己管"),
    ),
    Part(
        "延期，挂起，恢复",
        ways.eased,
        events=("ticket.extension_asked", "ticket.extended", "ticket.pause_asked", "ticket.paused", "ticket.resumed"),
        matter=_came("电梯坏了三天，配件还没到"),
    ),
    Part(
        "依次协办，各有时限",
        ways.helped_in_turn,
        events=("ticket.co_handler_added", "ticket.co_handler_planned"),
        matter=_came("河边的树倒了，堵住了排水口"),
    ),
    Part("并单，撤销，再并", ways.merged, events=("ticket.closed",), matter=_came("楼下井盖丢了，怕有人掉下去")),
    Part("诉求人撤单", ways.withdrawn, state=State.WITHDRAWN, events=("ticket.withdrawn",), matter=_came("楼上装修太吵")),
    Part(
        "最终答复，双审终止",
        ways.terminated,
        state=State.TERMINATED,
        events=("ticket.termination_approved", "ticket.terminated"),
        matter=_came("要求按旧政策补发"),
    ),
    Part(
        "批示，会商",
        ways.consulted,
        events=("ticket.instructed", "ticket.consulted", "ticket.opined", "ticket.consult_concluded"),
        matter=_came("河岸护栏断了"),
    ),
    Part(
        "一次性告知，剔除",
        ways.noticed,
        events=("ticket.notified", "ticket.exclusion_approved", "ticket.excluded"),
        matter=_came("办临时占道，说缺材料"),
    ),
    Part(
        "办不成事，特事特办",
        ways.stuck,
        events=("ticket.triaged", "ticket.attached", "ticket.closed"),
        matter=_came(
            "跑了五趟还办不下来", "stuck", burden={"trips": 5, "departments": 4, "materials": 20, "days": 8}, window="政务大厅6号窗口"
        ),
    ),
    Part(
        "找茬，被反映人看不到",
        ways.found_fault,
        events=("ticket.dispatched", "ticket.closed"),
        matter=_came("6号窗口的人态度很差", "fault", concerns_name=ways.ACCUSED),
    ),
    Part("知识库直办", ways.on_the_spot, events=("ticket.answered",), matter=_came("社保卡丢了怎样挂失和补办", "inquiry")),
)
"""What is filed at the window meanwhile."""
