"""流转记录: the events of a ticket as sentences that a person reads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from hotline.outbox import Event
from hotline.people import Department, Person
from sla.limit import Limit
from tickets import sayings
from tickets.bad_rating import VERDICTS
from tickets.resolving import EVERY_RESULT
from tickets.returning import REASONS
from tickets.revisiting import MISSED, SATISFIED, SOLVED
from tickets.ticket import Ticket
from tickets.tracks import OBSTACLES, SHOULD, Track

Names = Callable[[str | None], str]


@dataclass(frozen=True)
class Entry:
    """One line: when, who, what (headline), and what was said (detail). files: (number, name) of the attachments that came with it."""

    at: datetime
    kind: str
    who: str
    headline: str
    detail: str
    files: tuple[tuple[int, str], ...] = ()


def timeline(s: Session, ticket: Ticket) -> list[Entry]:
    """All that happened to the ticket, oldest first."""
    return _entries(s, _events(ticket))


def since(s: Session, ticket: Ticket, version: int, *, but: Person) -> list[Entry]:
    """What others did to it after it had this version: to be shown to somebody who was looking at that one."""
    return _entries(s, _events(ticket).where(Event.version > version, Event.by_id.is_distinct_from(but.id)))


def _events(ticket: Ticket) -> Select[Event, str]:
    named = select(Event, Person.name).outerjoin(Person, Person.id == Event.by_id)
    return named.where(Event.subject_kind == "ticket", Event.subject_id == ticket.id).order_by(Event.id)


def _entries(s: Session, events: Select[Event, str]) -> list[Entry]:
    rows = s.execute(events).all()
    shorts: dict[str, str] = {code: short for code, short in s.execute(select(Department.code, Department.short).where(Department.code.in_(_codes(rows))))}
    absent = _acted_for(s, [event for event, _ in rows])
    return [_entry(event, (who or "系统") + absent.get(event.id, ""), lambda code: shorts.get(code or "", code or "")) for event, who in rows]


def _acted_for(s: Session, events: Sequence[Event]) -> dict[int, str]:
    """（代张三） beside the author of what a deputy did (代理)."""
    behalf = {event.id: event.data["on_behalf_of"] for event in events if "on_behalf_of" in event.data}
    names: dict[int, str] = {number: name for number, name in s.execute(select(Person.id, Person.name).where(Person.id.in_(behalf.values())))} if behalf else {}
    return {event: f"（代{names[person]}）" for event, person in behalf.items() if person in names}


def _entry(event: Event, who: str, name: Names) -> Entry:
    say = SAYINGS.get(event.kind)
    headline, detail = say(event.data, name) if say else (event.kind, "")
    return Entry(event.at, event.kind, who, headline, detail, _files(event))


def _files(event: Event) -> tuple[tuple[int, str], ...]:
    told = ((row.partition(":"), values) for row, values in (event.changes or {}).items())
    return tuple((int(number), values["name"]) for (table, _, number), values in told if table == "attachment" and "name" in values)


def _codes(rows: Any) -> set[str]:
    codes: set[str] = set()
    for event, _ in rows:
        codes.update(code for key in ("department", "suggests") if (code := event.data.get(key)))
        codes.update(leg["department"] for leg in event.data.get("legs", ()))
        codes.update(event.data.get("units", ()))
        codes.update(event.data.get("planned", ()))
    return codes


def _legs(data: Mapping[str, Any], name: Names) -> str:
    return "、".join(f"{name(leg['department'])}（{'主办' if leg['lead'] else '协办'}{'，不可退单' if leg['forced'] else ''}）" for leg in data["legs"])


def _planned(data: Mapping[str, Any], name: Names) -> str:
    return f"，随后依次协办：{'、'.join(name(code) for code in data['planned'])}" if data.get("planned") else ""


def _asked(data: Mapping[str, Any], name: Names) -> tuple[str, str]:
    suggests = f"，建议改派{name(data['suggests'])}" if data.get("suggests") else ""
    return f"{name(data['department'])}申请退单：{REASONS.get(data['reason'], data['reason'])}{suggests}", data["basis"]


def _resolved(data: Mapping[str, Any], name: Names) -> str:
    act = "答复" if data["lead"] else "提交协办意见"
    return f"{name(data['department'])}{act}：{EVERY_RESULT.get(data['result'], data['result'])}" + ("" if data["in_time"] else "（超期）")


def _missed(data: Mapping[str, Any]) -> str:
    return f"第 {data['attempt']} 次回访未接通：{MISSED[data['outcome']]}" + ("，按未联系上办结" if data["closed"] else "")


def _answered(data: Mapping[str, Any]) -> str:
    cited = f"（引用知识 {data['article']} 第 {data['article_version']} 版《{data['article_title']}》）" if data.get("article") else ""
    return f"直办办结{cited}" + (f"，{SATISFIED[data['satisfied']]}" if data.get("satisfied") else "")


def _passed(data: Mapping[str, Any]) -> str:
    return "审核通过，未抽中回访" if data.get("revisit") and not data["revisit"]["asked"] else "审核通过，待回访"


def _drawn(data: Mapping[str, Any]) -> str:
    return f"回访比例 {float(data['share']):.0%}，种子 {data['seed']}，抽得 {data['draw']:.4f}"


def _triaged(data: Mapping[str, Any]) -> str:
    found = f"研判：{SHOULD[data['should']]}，卡在{OBSTACLES[data['obstacle']]}" if data["obstacle"] != "none" else f"研判：{SHOULD[data['should']]}，没有障碍"
    return found + (f"，按“{Track(data['track']).label}”办理" if data["track"] else "")


def _revisited(data: Mapping[str, Any]) -> str:
    return f"{SOLVED.get(data['solved'], '')}，{SATISFIED.get(data['satisfied'], '')}"


CHECKED = {"query_code": "查询码", "phone": "电话后四位"}

SAYINGS: Mapping[str, Callable[[Mapping[str, Any], Names], tuple[str, str]]] = {
    **sayings.SAYINGS,
    "ticket.filed": lambda data, name: ("登记" + ("（紧急）" if data.get("urgent") else ""), ""),
    "ticket.dispatched": lambda data, name: (
        ("裁定派单给" if data.get("ruling") else "派单给") + _legs(data, name) + _planned(data, name)
        + ("，由分类器判定" if data.get("decided_by") == "classifier" else ""),
        data.get("basis", ""),
    ),
    "ticket.redispatched": lambda data, name: (f"改派给{_legs(data, name)}", data["reason"]),
    "ticket.co_handler_added": lambda data, name: (f"增加{_legs(data, name)}", data["reason"]),
    "ticket.signed": lambda data, name: (f"{name(data['department'])}签收", ""),
    "ticket.contacted": lambda data, name: (f"{name(data['department'])}联系诉求人", data["text"]),
    "ticket.extended": lambda data, name: (f"{name(data['department'])}延期 {Limit.parse(data['limit']).chinese}", data["reason"]),
    "ticket.paused": lambda data, name: (f"{name(data['department'])}的计时挂起", data["text"]),
    "ticket.resumed": lambda data, name: (f"{name(data['department'])}的计时恢复", data["text"]),
    "ticket.return_asked": _asked,
    "ticket.return_approved": lambda data, name: (
        f"同意{name(data['department'])}退单（本轮第 {data['returns']} 次{'，无责退单' if data.get('wrong_dispatch') else ''}）",
        "",
    ),
    "ticket.return_refused": lambda data, name: (f"驳回{name(data['department'])}的退单，须继续承办", data["reason"]),
    "ticket.resolved": lambda data, name: (_resolved(data, name), f"缺席：{'、'.join(data['absent'])}。{data['without']}" if data.get("absent") else ""),
    "ticket.review_passed": lambda data, name: (_passed(data), ""),
    "ticket.revisit_skipped": lambda data, name: ("未抽中回访，办结", _drawn(data)),
    "ticket.review_rejected": lambda data, name: ("审核退回，时限从停下处继续计算", data["reason"]),
    "ticket.revisit_missed": lambda data, name: (_missed(data), ""),
    "ticket.closed": lambda data, name: (f"回访办结：{_revisited(data)}", ""),
    "ticket.redone": lambda data, name: (f"回访转重办（第 {data['round']} 轮）：{_revisited(data)}", data["reason"]),
    "ticket.merged": lambda data, name: (f"并入 {data['master']}", data["reason"]),
    "ticket.unmerged": lambda data, name: ("撤销并单，重新派单", data["reason"]),
    "ticket.followed": lambda data, name: (f"随主单 {data['master']} 答复，待回访", data.get("reply") or ""),
    "ticket.withdrawn": lambda data, name: (f"诉求人撤单（已核对{CHECKED[data['checked']]}）", data["reason"]),
    "ticket.answered": lambda data, name: (_answered(data), data["reply"]),
    "ticket.revealed": lambda data, name: ("查看来电人信息", data["reason"]),
    "ticket.archived": lambda data, name: ("归档", ""),
    "ticket.baselined": lambda data, name: ("系统升级：工单、承办段和时限以此时为起点入账", ""),
    "ticket.attached": lambda data, name: (f"补充附件 {data['files']} 个", data["text"]),
    "ticket.urged": lambda data, name: ("催办", data["text"]),
    "ticket.supervised": lambda data, name: ("督办", data["text"]),
    "ticket.triaged": lambda data, name: (_triaged(data), data["note"]),
    "ticket.rating_verified": lambda data, name: (f"电话核实差评：{VERDICTS[data['verdict']]}", data["note"]),
    "ticket.recomputed": lambda data, name: ("时限规则或日历变动，重算时限", "；".join(f"{m['old'][:16]} → {m['new'][:16]}" for m in data["moves"])),
    "ticket.triggered": lambda data, name: (f"触发督办规则：{data['title']}", ""),
    "ticket.climbed": lambda data, name: (f"{name(data['department'])}：{data['label']}", data.get("why", "")),
    "ticket.discipline_proposed": lambda data, name: (f"拟移送纪检监督（{name(data['department'])}），请在一个工作日内说明情况", data["evidence"]),
    "ticket.discipline_explained": lambda data, name: (f"{name(data['department'])}提交情况说明", ""),
    "ticket.discipline_transferred": lambda data, name: (f"{name(data['department'])}：移送纪检监督", ""),
    "ticket.discipline_withdrawn": lambda data, name: (f"{name(data['department'])}：不予移送", ""),
    "ticket.discipline_concluded": lambda data, name: (f"{name(data['department'])}：纪检监督已结论", ""),
}
