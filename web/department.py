"""部门工作台: what one's own department holds, by deadline, and the discipline cases that it has to explain."""

from litestar import Controller, get
from litestar.params import FromQuery
from litestar.response import Template
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session as Session_

from hotline.db import Session
from hotline.errors import Forbidden
from hotline.roles import Role
from tickets import board, desks, organisation, requests_desk
from tickets.lifecycle import State
from tickets.ticket import Leg
from web.deps import Answer
from web.rows import leg_row
from web.supervision import case_row

TABS = {"": None, "unsigned": State.DISPATCHED, "handling": State.HANDLING, "returning": State.RETURNING}
BELOW = "below"
"""The tab of a chief: what the units below are at (下属单位)."""


class Inbox(Controller):
    """承办."""

    path = "/inbox"

    @get("/", sync_to_thread=True)
    def legs(self, page: Answer, after: FromQuery[str | None] = None, tab: FromQuery[str] = "") -> Template:
        """Own legs, the most pressing first."""
        page.only(Role.CLERK, Role.CHIEF)
        unit = page.me.department_code
        if not unit:
            raise Forbidden("您的账号没有所在单位，请联系系统管理员。")
        with Session() as s:
            found = desks.inbox(s, page.me, state=TABS.get(tab), below=tab == BELOW, after=after)
            rows = [(leg_row(leg, page.at), leg.lead, leg.department.short if tab == BELOW else _owner(leg), leg.state) for leg in found.rows]
            cases = [case_row(*found_case, page.at) for found_case in desks.discipline_queue(s, page.me)]
            return page.show(
                "inbox.html", rows=rows, after=found.after, tab=tab, counts=_counts(s, page), below=BELOW, cases=[case for case in cases if case.open],
                consulted=requests_desk.consulted(s, page.me),
            )  # fmt: skip


def _owner(leg: Leg) -> str:
    return leg.owner.name if leg.owner else ""


def _counts(s: Session_, page: Answer) -> dict[str, int]:
    """How many there are under each tab, and how many of the unit's own are late. A chief has one tab more where units stand below theirs."""
    late = func.count().filter(and_(Leg.due_at <= page.at, ~board.standing_still(page.at)))
    current = desks.held(select(Leg.state, func.count(), late).select_from(Leg), page.me)
    by_state = {state: (number, overdue) for state, number, overdue in s.execute(current.group_by(Leg.state))}
    counts = {tab: by_state.get(state, (0, 0))[0] for tab, state in TABS.items() if state}
    if page.me.has(Role.CHIEF) and organisation.children(s, page.me.department_code, limit=1)[0]:
        counts[BELOW] = s.scalar(desks.held(select(func.count()).select_from(Leg), page.me, below=True)) or 0
    return counts | {"": sum(number for number, _ in by_state.values()), "overdue": sum(overdue for _, overdue in by_state.values())}


