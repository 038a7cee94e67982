"""受理登记: what became of a contact that did not simply become a ticket: told the right channel, answered, urged, or handed over at once.

Source of the results: 国办发〔2020〕53号 (what a hotline does not take), 国办发〔2022〕12号 (12345 and 110), and the lists that cities have published.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, Select, String, func, select
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from hotline.db import Base
from hotline.errors import Forbidden, NotFound, Refused
from hotline.outbox import record
from hotline.people import Person
from hotline.privacy import Sealed, fingerprint, phone_number
from hotline.roles import Role
from tickets import access
from tickets.filing import clean
from tickets.ticket import Ticket

PAGE = 50
MAY_RECEIVE = (Role.OPERATOR, Role.DISPATCHER, Role.SYSTEM)
MAY_READ = (Role.OPERATOR, Role.DISPATCHER, Role.REVIEWER, Role.SUPERVISOR)


@dataclass(frozen=True)
class Result:
    """One result of the first screen. say: what the citizen is told. channels: where to, by code; one of them must be chosen where there are several.

    group: how the form groups it. ticket: whether it is about a ticket that there is already.
    """

    label: str
    group: str
    say: str
    channels: Mapping[str, str]
    ticket: bool = False


URGENT, REFUSED, KNOWN = "紧急转接", "不予受理", "已有工单"
RESULTS: Mapping[str, Result] = {
    "urgent": Result(
        "危及生命财产，立即转接", URGENT, "请不要挂机，马上为您转接，并保持电话畅通。",
        {"110": "110 公安", "119": "119 消防", "120": "120 急救", "122": "122 交通事故"},
    ),
    "police": Result("警情，转 110", URGENT, "这件事由公安机关处理，为您转接 110；分不清归属的，由我们先受理。", {"110": "110 公安"}),
    "route": Result(
        "应走法定途径", REFUSED, "这件事须按法定途径提出，我们不能代替，请向下面的机关提出。",
        {
            "12388": "12388 纪检监察举报", "12368": "12368 人民法院", "12309": "12309 人民检察院", "petition": "信访部门", "arbitration": "仲裁机构",
            "reconsideration": "行政复议机关", "disclosure": "政府信息公开机构",
        },
    ),
    "secret": Result("涉及国家秘密、商业秘密、他人隐私", REFUSED, "您问的内容依法不能提供，请谅解。", {}),
    "unlawful": Result("违反法律或公序良俗", REFUSED, "这一要求不符合法律规定，我们不能办理。", {}),
    "external": Result("不在本市，转外地", REFUSED, "这件事不在本市管辖范围，请向当地 12345 反映。", {"elsewhere": "当地 12345"}),
    "repeat": Result("已有答复，没有新的事实", KNOWN, "您反映的事情已经答复过，我把当时的答复念给您听；不服的可以申请复核。", {}, ticket=True),
    "urge": Result("催办已有工单", KNOWN, "您的工单正在办理，已为您催办。", {}, ticket=True),
    "talk": Result("无须办理（错拨、静音、骚扰、情绪疏导）", "其他", "感谢来电。", {}),
}
COUNTED = ("direct", "ticket")
"""Results that are tickets themselves, and counted from them: 直办, and what was filed."""


class Reception(Base):
    """One contact (受理登记). channel: code of where the citizen was sent; ticket_id: the ticket it is about; call_id: the call it came by."""

    __tablename__ = "reception"
    __table_args__ = (Index("ix_reception_at", "at", "result"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    result: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(20), default="")
    note: Mapped[str] = mapped_column(default="")
    phone: Mapped[str | None] = mapped_column(Sealed)
    phone_hash: Mapped[str | None] = mapped_column(String(64))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"), unique=True)
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))

    ticket: Mapped[Ticket | None] = relationship(lazy="raise")
    by: Mapped[Person] = relationship(lazy="raise")

    @property
    def number(self) -> str:
        """受理编号, as it is told on the telephone."""
        return f"SL-{self.id:08d}"

    @property
    def label(self) -> str:
        """What became of it, with the channel."""
        result = RESULTS[self.result]
        return result.label + (f"：{result.channels.get(self.channel, self.channel)}" if self.channel else "")


def receive(
    s: Session, *, result: str, channel: str = "", note: str = "", phone: str = "", ticket: Ticket | None = None, call: int | None = None, by: Person,
    at: datetime,
) -> Reception:  # fmt: skip
    """Keeps what became of a contact. ticket: the one that it is about, where the result asks for one. Raises Forbidden, or Refused naming the field."""
    if not by.has(*MAY_RECEIVE):
        raise Forbidden("受理登记须由话务员或派单员操作。")
    known = RESULTS.get(result)
    if known is None:
        raise Refused(f"受理结果只能是：{'、'.join(one.label for one in RESULTS.values())}。", field="result")
    channel = channel or (next(iter(known.channels)) if len(known.channels) == 1 else "")
    if known.channels and channel not in known.channels:
        raise Refused(f"请选择告知的渠道：{'、'.join(known.channels.values())}。", field="channel")
    if known.ticket and ticket is None:
        raise Refused("请写明是哪一件工单。", field="ticket")
    number = phone_number(phone)
    kept = Reception(
        result=result, channel=channel if known.channels else "", note=clean(note, "note"), phone=number, phone_hash=fingerprint(number) if number else None,
        ticket_id=ticket.id if ticket and known.ticket else None, call_id=call, at=at, by_id=by.id,
    )  # fmt: skip
    s.add(kept)
    record(s, "reception.kept", kept, by=by, at=at, result=result, channel=kept.channel, ticket=kept.ticket_id)
    return kept


def find(s: Session, number: str, person: Person) -> Reception:
    """The contact with this 受理编号. Raises NotFound."""
    digits = number.strip().upper().removeprefix("SL-")
    kept = s.scalar(_seen_by(person).where(Reception.id == int(digits))) if digits.isascii() and digits.isdigit() and len(digits) < 18 else None
    if kept is None:
        raise NotFound(f"没有编号为“{number[:20]}”的受理登记，或您无权查看。")
    return kept


def of_call(s: Session, call: int, person: Person) -> Reception | None:
    """What became of a call that is no ticket."""
    return s.scalar(_seen_by(person).where(Reception.call_id == call)) if person.has(*MAY_READ) else None


def listed(s: Session, person: Person, *, result: str = "", after: int | None = None, limit: int = PAGE) -> list[Reception]:
    """The latest contacts first; nothing that is about the person themselves."""
    found = _seen_by(person)
    if result:
        found = found.where(Reception.result == result)
    if after is not None:
        found = found.where(Reception.id < after)
    return list(s.scalars(found.order_by(Reception.id.desc()).limit(limit)))


def numbers(s: Session, *, since: datetime, until: datetime) -> dict[str, int]:
    """How often each result came in a time: those kept here, and from the tickets `ticket` (filed) and `direct` (直办, one of those)."""
    rows = s.execute(select(Reception.result, func.count()).where(Reception.at >= since, Reception.at < until).group_by(Reception.result))
    counted = {result: number for result, number in rows}
    filed = select(func.count(), func.count().filter(Ticket.lead_code.is_(None), Ticket.closed_at.is_not(None), Ticket.solved == "yes"))
    total, direct = s.execute(filed.where(Ticket.received_at >= since, Ticket.received_at < until)).one()
    return {result: counted.get(result, 0) for result in RESULTS} | {"direct": direct, "ticket": total}


def check_may_read(person: Person) -> None:
    """Raises Forbidden."""
    if not person.has(*MAY_READ):
        raise Forbidden("受理登记由话务、派单、审核和督办人员使用。")


def _seen_by(person: Person) -> Select[Reception]:
    check_may_read(person)
    about = Reception.ticket_id.is_(None) | access.about_others(person)
    return select(Reception).outerjoin(Ticket, Ticket.id == Reception.ticket_id).where(about).options(joinedload(Reception.ticket), joinedload(Reception.by))
