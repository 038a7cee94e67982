"""Versions of policies and calendars: append-only, so that a ticket keeps the rules it was given and anybody can see who changed them when."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Index, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.db import Base
from hotline.errors import NotFound
from sla.calendar import Calendar
from sla.calendars import SHIPPED, from_data, to_data
from sla.policies import load, policy_from, policy_to
from sla.policy import Matter, Policy
from sla.timers import Terms, Timer

SHIPPED_POLICY: Final = "policies"


class PolicyVersion(Base):
    """A policy 时限规则 as it was saved; the latest of a name holds for new tickets. digest: SHA-256 of the body; by: login of who saved it."""

    __tablename__ = "policy_version"
    __table_args__ = (Index("ix_policy_version_latest", "name", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    body: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(60))


class CalendarVersion(Base):
    """A calendar 工作日历 as it was saved; the latest of a name holds for new tickets."""

    __tablename__ = "calendar_version"
    __table_args__ = (Index("ix_calendar_version_latest", "name", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    body: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(60))


Version = PolicyVersion | CalendarVersion
Latest = Mapping[tuple[str, str], tuple[int, str]]
"""What holds for new tickets: ("policy" or "calendar", name) -> (version, digest)."""
LATEST: Final = """(SELECT json_agg(json_build_array(kind, name, id, digest)) FROM (
    (SELECT DISTINCT ON (name) 'policy', name, id, digest FROM policy_version ORDER BY name, id DESC) UNION ALL
    (SELECT DISTINCT ON (name) 'calendar', name, id, digest FROM calendar_version ORDER BY name, id DESC)) newest(kind, name, id, digest))"""
"""The same as one value of a larger statement, for `latest_from`: whoever has more to ask asks it together."""
_kept: dict[str, Any] = {}
KEPT: Final = 64
"""Policies and calendars this process keeps built, by the digest of what they say: a version never changes, so neither does its digest."""


def save_policy(s: Session, policy: Policy, *, at: datetime, by: str) -> int:
    """Adds a version and returns its number; the number of the current one when it says the same. A policy that collides cannot even be built."""
    return _save(s, PolicyVersion, policy.name, policy_to(policy), at, by)


def save_calendar(s: Session, calendar: Calendar, *, at: datetime, by: str) -> int:
    """Adds a version and returns its number; the number of the current one when it says the same. One without working time cannot be built."""
    return _save(s, CalendarVersion, calendar.name, to_data(calendar), at, by)


def current_policy(s: Session, name: str = SHIPPED_POLICY) -> tuple[int, Policy]:
    """The version that holds for new tickets. Raises NotFound."""
    version, digest = _latest(s, PolicyVersion, name)
    return version, _built(s, PolicyVersion, version, digest, policy_from)


def current_calendar(s: Session, name: str) -> tuple[int, Calendar]:
    """The version that holds for new tickets. Raises NotFound."""
    version, digest = _latest(s, CalendarVersion, name)
    return version, _built(s, CalendarVersion, version, digest, from_data)


def policy_at(s: Session, version: int) -> Policy:
    """A version as it was saved. Raises NotFound."""
    policy: Policy = _built(s, PolicyVersion, version, _digest(s, PolicyVersion, version), policy_from)
    return policy


def calendar_at(s: Session, version: int) -> Calendar:
    """A version as it was saved. Raises NotFound."""
    calendar: Calendar = _built(s, CalendarVersion, version, _digest(s, CalendarVersion, version), from_data)
    return calendar


def latest_from(told: Sequence[tuple[str, str, int, str]] | None) -> Latest:
    """What holds for new tickets, from the value of LATEST."""
    return {(kind, name): (version, digest) for kind, name, version, digest in told or ()}


def terms_for(s: Session, matter: Matter, *, policy: str = SHIPPED_POLICY, latest: Latest | None = None) -> Terms:
    """The terms a new ticket is given: the current policy's rule for the matter, and the current version of that rule's calendar.

    latest: where it has been asked for already.
    """
    latest = latest_from(s.scalar(text(f"SELECT {LATEST}"))) if latest is None else latest
    if ("policy", policy) not in latest:
        raise NotFound(f"没有名为“{policy}”的时限规则。", field="name")
    policy_version, digest = latest["policy", policy]
    chosen: Policy = _built(s, PolicyVersion, policy_version, digest, policy_from)
    rule = chosen.rule_for(matter)
    if ("calendar", rule.calendar) not in latest:
        raise NotFound(f"没有名为“{rule.calendar}”的日历。", field="name")
    calendar_version, digest = latest["calendar", rule.calendar]
    return Terms(chosen, policy_version, _built(s, CalendarVersion, calendar_version, digest, from_data), calendar_version, rule)


def terms_of(s: Session, timer: Timer) -> Terms:
    """The terms a running clock was given."""
    policy = policy_at(s, timer.policy_version)
    return Terms(policy, timer.policy_version, calendar_at(s, timer.calendar_version), timer.calendar_version, policy.rule(timer.rule))


def history(s: Session, kind: type[PolicyVersion] | type[CalendarVersion], name: str) -> list[tuple[int, datetime, str]]:
    """(version, when, by whom) of a name, the latest first."""
    rows = s.execute(select(kind.id, kind.at, kind.by).where(kind.name == name).order_by(kind.id.desc())).all()
    return [(row.id, row.at, row.by) for row in rows]


def calendar_names(s: Session) -> list[str]:
    """Every calendar there is."""
    return list(s.scalars(select(CalendarVersion.name).distinct().order_by(CalendarVersion.name)))


def seed(s: Session, *, at: datetime, by: str = "system") -> None:
    """Saves what is shipped where nothing of that name has been saved; never touches what a city has changed."""
    names = set(s.scalars(select(PolicyVersion.name)))
    for name in {SHIPPED_POLICY, "play"} - names:
        save_policy(s, load(name), at=at, by=by)
    for name in sorted(set(SHIPPED) - set(calendar_names(s))):
        save_calendar(s, SHIPPED[name](), at=at, by=by)


def _save(s: Session, kind: type[PolicyVersion] | type[CalendarVersion], name: str, body: dict[str, Any], at: datetime, by: str) -> int:
    digest = hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    last = s.execute(select(kind.id, kind.digest).where(kind.name == name).order_by(kind.id.desc()).limit(1)).one_or_none()
    if last is not None and last.digest == digest:
        return int(last.id)
    version = kind(name=name, body=body, digest=digest, at=at, by=by)
    s.add(version)
    s.flush()
    return version.id


def _latest(s: Session, kind: type[PolicyVersion] | type[CalendarVersion], name: str) -> tuple[int, str]:
    row = s.execute(select(kind.id, kind.digest).where(kind.name == name).order_by(kind.id.desc()).limit(1)).one_or_none()
    if row is None:
        raise NotFound(f"没有名为“{name}”的{'时限规则' if kind is PolicyVersion else '日历'}。", field="name")
    return row.id, row.digest


def _digest(s: Session, kind: type[PolicyVersion] | type[CalendarVersion], version: int) -> str:
    digest = s.scalar(select(kind.digest).where(kind.id == version))
    if digest is None:
        raise NotFound(f"没有第 {version} 版。", field="version")
    return digest


def _built(s: Session, kind: type[PolicyVersion] | type[CalendarVersion], version: int, digest: str, build: Callable[[Any], Any]) -> Any:
    if digest not in _kept:
        if len(_kept) >= KEPT:
            _kept.clear()
        _kept[digest] = build(s.scalar(select(kind.body).where(kind.id == version)))
    return _kept[digest]
