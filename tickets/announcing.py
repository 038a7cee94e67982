"""录音通知: a PBX says that a recording is ready; it is fetched, and becomes a call like any other."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from asr.formats import DECLARED, declared_for
from hotline.errors import Conflict, NotFound, Refused
from hotline.outbox import record
from hotline.people import Person, system
from hotline.privacy import phone_number
from tickets import calls
from tickets.call import Announced, AnnouncedState
from tickets.fetching import Allowed, check

MOST_TRIES = 6
OLDEST = timedelta(days=7)  # a PBX that was away for longer is dealt with by people
SLACK = timedelta(minutes=5)  # between our clock and the PBX's
MOST_CHANNELS = 8


def announce(
    s: Session, *, pbx_id: str, source: str, allowed: Allowed, at: datetime, declared: str | None = None, channels: Sequence[str] | None = None,
    phone: str = "", auto: bool = True, started_at: datetime | None = None,
) -> tuple[Announced, bool]:  # fmt: skip
    """Takes the announcement; the recording is fetched afterwards. Returns it, and whether it is new or is tried anew.

    pbx_id: the PBX's own id of the call, which makes it once. source: a path below the allowed folder, or an address. Raises Refused naming the field.
    """
    if not 0 < len(pbx_id) <= 200 or not pbx_id.isprintable():
        raise Refused("call_id 应为 1 到 200 个可见字符。", field="call_id")
    check(source, allowed)
    if declared is not None and declared not in DECLARED:
        raise Refused(f"format 只能是：{'、'.join(DECLARED)}。", field="format")
    if channels is not None and not (0 < len(channels) <= MOST_CHANNELS and all(0 < len(name) <= 20 for name in channels)):
        raise Refused("channels 应是各声道的名称，左声道在前，如 operator、citizen。", field="channels")
    if started_at is not None and not at - OLDEST <= started_at <= at + SLACK:
        raise Refused("started_at 不在最近七天之内，请检查交换机的时钟。", field="started_at")
    known = s.scalar(select(Announced).where(Announced.pbx_id == pbx_id).with_for_update())
    if known is not None:
        return known, _again(s, known, source, at)
    told = Announced(
        pbx_id=pbx_id, source=source, declared=declared, channels=list(channels) if channels else None, phone=phone_number(phone), auto=auto,
        started_at=started_at, announced_at=at, state=AnnouncedState.WAITING, tries=0,
    )  # fmt: skip
    s.add(told)
    record(s, "recording.announced", told, by=system(s), at=at)
    return told, True


def retry(s: Session, told: Announced, *, by: Person, at: datetime) -> None:
    """Tries to fetch it again. Raises Conflict when that is under way or done."""
    if told.state is not AnnouncedState.FAILED:
        raise Conflict("这条录音通知不需要重新取。")
    told.state, told.problem, told.tries = AnnouncedState.WAITING, None, 0
    record(s, "recording.announced", told, by=by, at=at)


def taken(s: Session, told: Announced, *, sha256: str, size: int, at: datetime) -> None:
    """The recording is kept: it becomes a call, which came in when the PBX says that it began."""
    name = PurePosixPath(unquote(urlsplit(told.source).path) if "://" in told.source else told.source).name
    call, _ = calls.receive(
        s, sha256=sha256, size=size, name=name or told.pbx_id, by=system(s), at=at, phone=told.phone or "", declared=told.declared or declared_for(name),
        channels=told.channels, auto=told.auto, received_at=told.started_at,
    )  # fmt: skip
    s.flush()
    told.state, told.call_id, told.problem = AnnouncedState.TAKEN, call.id, None


def not_yet(s: Session, told: Announced, sentence: str) -> bool:
    """It could not be had; True when it is to be tried again."""
    told.tries, told.problem = told.tries + 1, sentence
    if told.tries < MOST_TRIES:
        return True
    told.state = AnnouncedState.FAILED
    return False


def failed(s: Session, told: Announced, sentence: str) -> None:
    """It cannot be had: a person has to look."""
    told.state, told.problem = AnnouncedState.FAILED, sentence


def find(s: Session, pbx_id: str) -> Announced:
    """The announcement with the PBX's id. Raises NotFound."""
    told = s.scalar(select(Announced).where(Announced.pbx_id == pbx_id))
    if told is None:
        raise NotFound("没有这条录音通知。")
    return told


def missing(s: Session, *, limit: int = 20) -> list[Announced]:
    """Recordings that were announced and could not be had, the newest first: the operators see them."""
    return list(s.scalars(select(Announced).where(Announced.state == AnnouncedState.FAILED).order_by(Announced.id.desc()).limit(limit)))


def _again(s: Session, known: Announced, source: str, at: datetime) -> bool:
    """A PBX that tells it once more: only what had failed is tried anew, from where it says now."""
    if known.state is not AnnouncedState.FAILED:
        return False
    known.source = source
    retry(s, known, by=system(s), at=at)
    return True
