"""流转记录, the words for what is recorded beside a ticket: 申请与审批, 告知, 转交, 会商, 批示, 顺序协办."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from hotline.clock import local
from sla.limit import Limit
from tickets import excluding

Said = tuple[str, str]
Saying = Callable[[Mapping[str, Any], Callable[[str | None], str]], Said]


def _units(data: Mapping[str, Any], name: Callable[[str | None], str]) -> str:
    return "、".join(name(code) for code in data["units"])


def _meets(data: Mapping[str, Any]) -> str:
    return f"，{local(datetime.fromisoformat(data['meets_at'])):%m-%d %H:%M} 会商" if data["meets_at"] else ""


def _notified(data: Mapping[str, Any], name: Callable[[str | None], str]) -> Said:
    again = "再次告知（违反一次性告知）" if data["violation"] else "一次性告知"
    return f"{name(data['department'])}{again}：缺 {len(data['missing'])} 项", "；".join(data["missing"])


def _started(data: Mapping[str, Any], name: Callable[[str | None], str]) -> Said:
    return f"轮到{name(data['legs'][0]['department'])}协办", ""


SAYINGS: Mapping[str, Saying] = {
    "ticket.extension_asked": lambda data, name: (f"{name(data['department'])}申请延期 {Limit.parse(data['limit']).chinese}", data["reason"]),
    "ticket.extension_refused": lambda data, name: (f"驳回{name(data['department'])}的延期申请", data["reason"]),
    "ticket.pause_asked": lambda data, name: (f"{name(data['department'])}申请挂起", data["evidence"]),
    "ticket.pause_refused": lambda data, name: (f"驳回{name(data['department'])}的挂起申请", data["reason"]),
    "ticket.termination_asked": lambda data, name: (f"{name(data['department'])}申请终止办理", f"{data['reason']}（依据：{data['evidence']}）"),
    "ticket.termination_approved": lambda data, name: ("初审同意终止，待批准", ""),
    "ticket.termination_refused": lambda data, name: (f"驳回{name(data['department'])}的终止申请", data["reason"]),
    "ticket.terminated": lambda data, name: ("批准终止，最终答复", data["reply"]),
    "ticket.exclusion_asked": lambda data, name: (f"{name(data['department'])}申请剔除：{excluding.REASONS[data['reason']]}", data["evidence"]),
    "ticket.exclusion_approved": lambda data, name: ("初审同意剔除，待批准", ""),
    "ticket.exclusion_refused": lambda data, name: (f"驳回{name(data['department'])}的剔除申请", data["reason"]),
    "ticket.excluded": lambda data, name: (f"批准剔除，不计入考核：{excluding.REASONS[data['reason']]}", ""),
    "ticket.notified": _notified,
    "ticket.handed_over": lambda data, name: (f"{name(data['department'])}转交{data['owner_name']}承办", data["reason"]),
    "ticket.consulted": lambda data, name: (f"发起会商：{_units(data, name)}{_meets(data)}", data["text"]),
    "ticket.opined": lambda data, name: (f"{name(data['department'])}的会商意见", data["text"]),
    "ticket.consult_concluded": lambda data, name: ("会商结论", data["text"]),
    "ticket.instructed": lambda data, name: (f"{data['leader']}批示（{data['dated']}）", data["text"]),
    "ticket.co_handler_planned": lambda data, name: (f"安排{name(data['department'])}顺序协办", data["reason"]),
    "ticket.co_handler_started": _started,
}
