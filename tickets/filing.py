"""登记: what a citizen said becomes a ticket."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.errors import Forbidden, NotFound, Refused
from hotline.outbox import record_new
from hotline.people import Person
from hotline.privacy import fingerprint, phone_number
from hotline.roles import Role
from tickets import concerning, deadlines, groundwork
from tickets.lifecycle import State
from tickets.suggesting import Advice
from tickets.ticket import Kind, Ticket
from tickets.tracks import track_of
from tickets.wording import text_of

MAY_FILE = (Role.OPERATOR, Role.DISPATCHER, Role.SYSTEM)
CHANNELS = {"phone": "电话", "window": "窗口", "web": "网页", "letter": "来信", "api": "接口"}
CONFIDENTIALITY = {"open": "公开", "confidential": "保密", "anonymous": "匿名"}
BURDEN = {"trips": "跑了几趟", "departments": "几个部门", "materials": "几份材料", "days": "几天"}
LONGEST = {"title": 80, "body": 20_000, "wants": 500, "address": 200, "caller_name": 40, "window": 60, "application": 60, "concerns_name": 40}
AT_A_WINDOW = (Kind.STUCK, Kind.FAULT, Kind.PROMISE, Kind.AGENCY)
WINDOW = re.compile(r"[一二三四五六七八九十\d]{1,3}号窗口")


@dataclass(frozen=True)
class Matter:
    """What is to be filed (五要素: 何人, 何时, 何地, 何事, 何求).

    body: what happened; wants: what the citizen asks for. kind, item, area: as the operator chose, None where unknown.
    burden: 跑动负担 of a stuck matter (办不成事): trips, departments, materials, days. should, obstacle: its 研判, where already known.
    window, application: at which window, under which application number. concerns, concerns_name: 被反映人 of a 找茬, by id or by name.
    origin: number of the ticket that this one came of (复核).
    """

    body: str
    kind: str
    title: str = ""
    wants: str = ""
    item: str | None = None
    area: str | None = None
    address: str = ""
    caller_name: str = ""
    phone: str = ""
    confidentiality: str = "open"
    channel: str = "phone"
    burden: dict[str, int] = field(default_factory=dict)
    should: str | None = None
    obstacle: str | None = None
    window: str = ""
    application: str = ""
    concerns: int | None = None
    concerns_name: str = ""
    origin: str | None = None


def file(s: Session, matter: Matter, *, by: Person, at: datetime, received_at: datetime | None = None, advice: Advice | None = None) -> Ticket:
    """Files the matter and starts the citizen's clock at `received_at` (default: now). Returns the ticket, waiting for dispatch.

    advice: what the classifier said of it, kept with the ticket. Raises Forbidden, Refused or NotFound naming the field.
    """
    if not by.has(*MAY_FILE):
        raise Forbidden("登记工单须由话务员或派单员操作。")
    texts = {name: clean(getattr(matter, name), name) for name in LONGEST}
    if not texts["body"]:
        raise Refused("请填写诉求内容。", field="body")
    phone = None if matter.confidentiality == "anonymous" else phone_number(matter.phone)
    kind = _one_of(Kind, matter.kind)
    if kind is Kind.BAD_RATING and not by.has(Role.SYSTEM):
        raise Refused("差评整改由诉求人的评价产生，不能登记。", field="kind")
    ground = groundwork.laid(s, item=matter.item, area=matter.area, at=at)
    ticket = Ticket(
        id=ground.id,
        number=ground.number,
        query_code=ground.query_code,
        state=State.FILED,
        round=1,
        kind=kind,
        urgent=bool(advice and advice.alarms),
        alarms=list(advice.alarms) if advice else [],
        channel=_listed(matter.channel, CHANNELS, "channel", "来源渠道"),
        item_code=matter.item or None,
        area_code=matter.area or None,
        address=texts["address"],
        title=texts["title"] or _headline(texts["body"]),
        body=texts["body"],
        wants=texts["wants"],
        caller_name=None if matter.confidentiality == "anonymous" else texts["caller_name"] or None,
        phone=phone,
        phone_hash=fingerprint(phone) if phone else None,
        confidentiality=_listed(matter.confidentiality, CONFIDENTIALITY, "confidentiality", "公开方式"),
        burden=burden_of(matter.burden),
        application=texts["application"],
        origin_id=_origin(s, matter.origin),
        **_window(s, kind, matter, texts, by),
        **_triage(kind, matter),
        received_at=received_at or at,
        filed_at=at,
        filed_by_id=by.id,
        suggestion=advice.as_dict() if advice else None,
        confidence=advice.suggestions[0].confidence if advice and advice.suggestions else None,
        legs=[],
    )
    clocks = deadlines.filed(s, ticket, ground, at=at)
    record_new(
        s, "ticket.filed", ticket, (ticket, text_of(ticket), *clocks), by=by, at=at,
        number=ticket.number, kind=ticket.kind, item=ticket.item_code, area=ticket.area_code, urgent=ticket.urgent,
        **({"track": ticket.track} if ticket.should else {}),
    )  # fmt: skip
    return ticket


def clean(text: str, name: str) -> str:
    """The text without control characters, in one normal form. Raises Refused when it is longer than its field."""
    kept = "".join(char for char in unicodedata.normalize("NFC", text) if char == "\n" or unicodedata.category(char)[0] != "C")
    kept = kept.strip()
    if len(kept) > LONGEST.get(name, 2000):
        raise Refused(f"内容过长：最多 {LONGEST.get(name, 2000)} 字，现有 {len(kept)} 字。", field=name)
    return kept


def _window(s: Session, kind: Kind, matter: Matter, texts: dict[str, str], by: Person) -> dict[str, Any]:
    """The window of a matter that has one, and of a 找茬 who is concerned. What a machine files may leave both to the investigation."""
    heard = WINDOW.search(texts["body"]) if kind in AT_A_WINDOW else None
    window = texts["window"] or (heard[0] if heard else "")
    if kind is not Kind.FAULT:
        return {"window": window}
    person = concerning.named(s, matter.concerns, texts["concerns_name"])
    if not (person or texts["concerns_name"] or window or by.has(Role.SYSTEM)):
        raise Refused("找茬要写明是谁（姓名）或哪个窗口。", field="concerns_name")
    return {"window": window, "concerns_id": person.id if person else None, "concerns_name": person.name if person else texts["concerns_name"]}


def _triage(kind: Kind, matter: Matter) -> dict[str, str | None]:
    if not matter.should and not matter.obstacle:
        return {}
    if kind is not Kind.STUCK:
        raise Refused("只有“办不成事”才研判该不该办、卡在哪里。", field="should")
    track = track_of(matter.should or "", matter.obstacle or "")
    return {"should": matter.should, "obstacle": matter.obstacle, "track": track}


def _origin(s: Session, number: str | None) -> int | None:
    if not number:
        return None
    found = s.scalar(select(Ticket.id).where(Ticket.number == number))
    if found is None:
        raise NotFound(f"没有编号为“{number[:40]}”的工单。", field="origin")
    return found


def _headline(body: str) -> str:
    first = re.split(r"[。！？!?\n]", body, maxsplit=1)[0]
    return first if len(first) <= 30 else first[:29] + "…"


def _one_of(kinds: type[Kind], value: str) -> Kind:
    try:
        return kinds(value)
    except ValueError:
        raise Refused(f"诉求类型只能是：{'、'.join(kind.label for kind in kinds)}。", field="kind") from None


def _listed(value: str, allowed: dict[str, str], field_name: str, what: str) -> str:
    if value not in allowed:
        raise Refused(f"{what}只能是：{'、'.join(allowed.values())}。", field=field_name)
    return value


def burden_of(given: Mapping[str, Any]) -> dict[str, int]:
    """跑动负担 as whole numbers; what was left empty is left out. Raises Refused naming the field."""
    burden = {}
    for name, question in BURDEN.items():
        value = given.get(name)
        if value in (None, ""):
            continue
        if not str(value).isdecimal() or int(value) > 9999:
            raise Refused(f"“{question}”应填 0 到 9999 的整数。", field=name)
        burden[name] = int(value)
    return burden
