"""What may follow what in the life of a ticket: ONE table of moves. Pure: nothing else decides it.

A ticket out with departments shows the state of its lead leg (主办承办段). A move marked `leg` moves one leg;
where that leg is the lead, the ticket moves with it, and co-handlers (协办) walk through the same rows on their own.
Source of the states and of who may do what: the rules of 12345 hotlines as collected for this project (README, "规则来源").
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from hotline.errors import Conflict
from hotline.roles import Role


class State(StrEnum):
    """Where a ticket, or one leg of it, stands."""

    FILED = "filed"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    RETURNING = "returning"
    RESOLVED = "resolved"
    REVISITING = "revisiting"
    MERGED = "merged"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    TERMINATED = "terminated"
    ARCHIVED = "archived"

    @property
    def label(self) -> str:
        """What the pages call it."""
        return STATE_LABELS[self]


STATE_LABELS = {
    State.FILED: "待派单",
    State.DISPATCHED: "待签收",
    State.HANDLING: "办理中",
    State.RETURNING: "退单待审",
    State.RESOLVED: "待审核",
    State.REVISITING: "待回访",
    State.MERGED: "已并单",
    State.CLOSED: "已办结",
    State.WITHDRAWN: "已撤单",
    State.TERMINATED: "已终止",
    State.ARCHIVED: "已归档",
}
OUT = frozenset({State.DISPATCHED, State.HANDLING, State.RETURNING, State.RESOLVED})
"""States in which a department holds the ticket, or its answer is being judged: there is a current lead leg."""
OPEN = OUT | {State.FILED, State.REVISITING, State.MERGED}
"""States in which somebody still owes something. A merged ticket (已并单) waits for its master's answer: its owner is the master's."""
SCORED = frozenset({State.CLOSED, State.TERMINATED, State.ARCHIVED})
"""States in which a department's work on it counts in the figures, so that it may ask to have it excluded (剔除)."""
ENDED = frozenset({State.CLOSED, State.WITHDRAWN, State.TERMINATED})
"""States in which nobody owes the citizen anything more; only the archive follows, and what concerns scoring."""


class Verb(StrEnum):
    """What people do to a ticket."""

    FILE = "file"
    ANSWER = "answer"
    DISPATCH = "dispatch"
    REDISPATCH = "redispatch"
    ADD_CO_HANDLER = "add_co_handler"
    SIGN = "sign"
    CONTACT = "contact"
    ASK_RETURN = "ask_return"
    APPROVE_RETURN = "approve_return"
    REFUSE_RETURN = "refuse_return"
    RESOLVE = "resolve"
    PASS_REVIEW = "pass_review"
    REJECT_REVIEW = "reject_review"
    MISS_REVISIT = "miss_revisit"
    CLOSE = "close"
    REDO = "redo"
    SKIP_REVISIT = "skip_revisit"
    ARCHIVE = "archive"
    HAND_OVER = "hand_over"
    START_CO_HANDLER = "start_co_handler"
    NOTIFY = "notify"
    MERGE = "merge"
    UNMERGE = "unmerge"
    FOLLOW = "follow"
    WITHDRAW = "withdraw"
    ASK_TERMINATION = "ask_termination"
    APPROVE_TERMINATION = "approve_termination"
    REFUSE_TERMINATION = "refuse_termination"
    TERMINATE = "terminate"
    URGE = "urge"
    SUPERVISE = "supervise"
    INSTRUCT = "instruct"
    CONSULT = "consult"
    OPINE = "opine"
    CONCLUDE_CONSULT = "conclude_consult"
    ASK_EXTENSION = "ask_extension"
    EXTEND = "extend"
    REFUSE_EXTENSION = "refuse_extension"
    ASK_PAUSE = "ask_pause"
    PAUSE = "pause"
    REFUSE_PAUSE = "refuse_pause"
    RESUME = "resume"
    TRIAGE = "triage"
    ASK_EXCLUSION = "ask_exclusion"
    APPROVE_EXCLUSION = "approve_exclusion"
    EXCLUDE = "exclude"
    REFUSE_EXCLUSION = "refuse_exclusion"
    ATTACH = "attach"


@dataclass(frozen=True)
class Move:
    """One row: `verb` takes a ticket (or one leg) from any of `sources` to `to`.

    to: None leaves the state as it is (a record beside the ticket: 催办, 督办, 联办).
    by: the posts that may do it; for a leg move also by the department that holds the leg where CLERK or CHIEF is named.
    needs: the fields it must carry, by their API names.
    leg: whether it moves a leg. ends: the outcome with which the leg ends.
    label: the button.
    """

    verb: Verb
    sources: frozenset[State]
    to: State | None
    by: frozenset[Role]
    label: str
    needs: tuple[str, ...] = ()
    leg: bool = False
    ends: str | None = None


def _move(verb: Verb, sources: Iterable[State], to: State | None, by: Iterable[Role], label: str, **more: object) -> Move:
    return Move(verb, frozenset(sources), to, frozenset(by), label, **more)  # type: ignore[arg-type]


S, V, R = State, Verb, Role
_DISPATCHERS = (R.DISPATCHER, R.SYSTEM)
_DEPARTMENT = (R.CLERK, R.CHIEF)
_CENTRE = (R.OPERATOR, R.DISPATCHER, R.REVIEWER, R.REVISITOR, R.SUPERVISOR, R.SYSTEM)

MOVES: tuple[Move, ...] = (
    _move(V.DISPATCH, [S.FILED], S.DISPATCHED, [*_DISPATCHERS, R.OPERATOR], "派单", needs=("department",)),
    _move(V.ANSWER, [S.FILED], S.CLOSED, [R.OPERATOR, R.DISPATCHER], "直办办结", needs=("reply",)),
    _move(V.REDISPATCH, [S.DISPATCHED, S.HANDLING], S.DISPATCHED, [R.DISPATCHER], "改派", needs=("department", "reason"), leg=True, ends="recalled"),
    _move(V.ADD_CO_HANDLER, [S.DISPATCHED, S.HANDLING], None, [R.DISPATCHER], "增加协办", needs=("department", "reason")),
    _move(V.SIGN, [S.DISPATCHED], S.HANDLING, _DEPARTMENT, "签收", leg=True),
    _move(V.CONTACT, [S.DISPATCHED, S.HANDLING], None, _DEPARTMENT, "登记联系", needs=("text",), leg=True),
    _move(V.ASK_RETURN, [S.DISPATCHED, S.HANDLING], S.RETURNING, _DEPARTMENT, "申请退单", needs=("reason", "basis"), leg=True),
    _move(V.APPROVE_RETURN, [S.RETURNING], S.FILED, [R.DISPATCHER], "同意退单", leg=True, ends="returned"),
    _move(V.REFUSE_RETURN, [S.RETURNING], S.HANDLING, [R.DISPATCHER], "驳回退单", needs=("reason",), leg=True),
    _move(V.RESOLVE, [S.HANDLING], S.RESOLVED, _DEPARTMENT, "答复", needs=("result", "reply", "contacted_at"), leg=True),
    _move(V.PASS_REVIEW, [S.RESOLVED], S.REVISITING, [R.REVIEWER], "审核通过"),
    _move(V.REJECT_REVIEW, [S.RESOLVED], S.HANDLING, [R.REVIEWER], "审核退回", needs=("reason",), leg=True),
    _move(V.MISS_REVISIT, [S.REVISITING], None, [R.REVISITOR], "未接通", needs=("outcome",)),
    _move(V.CLOSE, [S.REVISITING], S.CLOSED, [R.REVISITOR, R.SYSTEM], "回访办结", needs=("solved", "satisfied")),
    _move(V.REDO, [S.REVISITING], S.DISPATCHED, [R.REVISITOR], "重办", needs=("solved", "satisfied", "reason")),
    _move(V.SKIP_REVISIT, [S.REVISITING], S.CLOSED, [R.SYSTEM], "未抽中回访，办结"),
    _move(V.ARCHIVE, ENDED, S.ARCHIVED, [R.REVIEWER, R.SYSTEM], "归档"),
    _move(V.HAND_OVER, [S.HANDLING], None, _DEPARTMENT, "转交承办人", needs=("owner",), leg=True),
    _move(V.NOTIFY, [S.HANDLING], None, _DEPARTMENT, "一次性告知", needs=("missing",), leg=True),
    _move(V.START_CO_HANDLER, [S.DISPATCHED, S.HANDLING, S.RETURNING], None, [R.SYSTEM], "顺序协办开始"),
    _move(V.MERGE, [S.FILED, S.DISPATCHED, S.HANDLING], S.MERGED, [R.DISPATCHER], "并单", needs=("master", "reason")),
    _move(V.UNMERGE, [S.MERGED], S.FILED, [R.DISPATCHER, R.SYSTEM], "撤销并单", needs=("reason",)),
    _move(V.FOLLOW, [S.MERGED], S.REVISITING, [R.SYSTEM], "随主单答复"),
    _move(V.WITHDRAW, [S.FILED, S.DISPATCHED, S.HANDLING, S.RETURNING, S.MERGED], S.WITHDRAWN, [R.OPERATOR, R.DISPATCHER], "撤单", needs=("checked", "reason")),
    _move(V.ASK_TERMINATION, [S.HANDLING], None, _DEPARTMENT, "申请终止", needs=("reason", "evidence", "reply"), leg=True),
    _move(V.APPROVE_TERMINATION, [S.HANDLING], None, [R.REVIEWER], "初审同意终止"),
    _move(V.TERMINATE, [S.HANDLING], S.TERMINATED, [R.SUPERVISOR], "批准终止"),
    _move(V.REFUSE_TERMINATION, [S.HANDLING], None, [R.REVIEWER, R.SUPERVISOR], "驳回终止", needs=("reason",)),
    _move(V.URGE, OPEN, None, [R.OPERATOR, R.DISPATCHER, R.SUPERVISOR, R.REVISITOR, R.SYSTEM], "催办", needs=("text",)),
    _move(V.ATTACH, OPEN, None, [*_CENTRE, *_DEPARTMENT], "补充附件", needs=("files",)),
    _move(V.SUPERVISE, OUT, None, [R.SUPERVISOR], "督办", needs=("text",)),
    _move(V.INSTRUCT, OPEN, None, [R.DISPATCHER, R.SUPERVISOR], "登记批示", needs=("leader", "text")),
    _move(V.TRIAGE, [S.FILED, S.DISPATCHED, S.HANDLING], None, [R.OPERATOR, R.DISPATCHER], "研判", needs=("should", "obstacle")),
    _move(V.CONSULT, OUT | {S.FILED}, None, [R.DISPATCHER], "发起会商", needs=("units", "text")),
    _move(V.OPINE, OUT | {S.FILED}, None, _DEPARTMENT, "会商意见", needs=("text",)),
    _move(V.CONCLUDE_CONSULT, OUT | {S.FILED}, None, [R.DISPATCHER], "会商结论", needs=("text",)),
    _move(V.ASK_EXTENSION, [S.DISPATCHED, S.HANDLING], None, _DEPARTMENT, "申请延期", needs=("limit", "reason"), leg=True),
    _move(V.EXTEND, [S.DISPATCHED, S.HANDLING], None, [R.SUPERVISOR], "批准延期", needs=("limit", "reason")),
    _move(V.REFUSE_EXTENSION, [S.DISPATCHED, S.HANDLING], None, [R.SUPERVISOR], "驳回延期", needs=("reason",)),
    _move(V.ASK_PAUSE, [S.DISPATCHED, S.HANDLING], None, _DEPARTMENT, "申请挂起", needs=("reason", "text"), leg=True),
    _move(V.PAUSE, [S.DISPATCHED, S.HANDLING], None, [R.SUPERVISOR], "批准挂起", needs=("reason", "text")),
    _move(V.REFUSE_PAUSE, [S.DISPATCHED, S.HANDLING], None, [R.SUPERVISOR], "驳回挂起", needs=("reason",)),
    _move(V.RESUME, [S.DISPATCHED, S.HANDLING], None, [R.SUPERVISOR], "恢复计时", needs=("text",)),
    _move(V.ASK_EXCLUSION, SCORED, None, _DEPARTMENT, "申请剔除", needs=("reason", "evidence")),
    _move(V.APPROVE_EXCLUSION, SCORED, None, [R.REVIEWER], "初审同意剔除"),
    _move(V.EXCLUDE, SCORED, None, [R.SUPERVISOR], "批准剔除"),
    _move(V.REFUSE_EXCLUSION, SCORED, None, [R.REVIEWER, R.SUPERVISOR], "驳回剔除", needs=("reason",)),
)

_BY_STATE_AND_VERB = {(source, move.verb): move for move in MOVES for source in move.sources}


def move_for(state: State, verb: Verb) -> Move:
    """The row for this verb in this state. Raises Conflict with a sentence when there is none."""
    move = _BY_STATE_AND_VERB.get((state, verb))
    if move is None:
        raise Conflict(f"工单当前“{state.label}”，不能{label(verb)}。请刷新后再看。")
    return move


def after(state: State, verb: Verb) -> State:
    """The state that `verb` leads to from `state`. Raises Conflict when it may not follow."""
    to = move_for(state, verb).to
    return state if to is None else to


def open_moves(state: State, roles: Iterable[Role]) -> tuple[Move, ...]:
    """The moves that the rules leave open in this state to somebody with these posts, in the order of the table."""
    held = frozenset(roles)
    return tuple(move for move in MOVES if state in move.sources and move.by & held)


def label(verb: Verb) -> str:
    """The 中文 word for a verb."""
    return next((move.label for move in MOVES if move.verb is verb), "登记")


def diagram() -> str:
    """The table as a Mermaid state diagram, for the documentation: printed from the same rows."""
    lines = ["stateDiagram-v2", "    direction LR"]
    lines += [f"    state \"{state.label}\" as {state.value}" for state in State]
    lines.append(f"    [*] --> {State.FILED.value}: 登记")
    for move in MOVES:
        if move.to is not None:
            lines += [f"    {source.value} --> {move.to.value}: {move.label}" for source in sorted(move.sources, key=list(State).index)]
    lines.append(f"    {State.ARCHIVED.value} --> [*]")
    return "\n".join(lines)
