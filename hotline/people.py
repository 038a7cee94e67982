"""Who: people, the departments they work for, and how they sign in."""

import hashlib
import secrets
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from hotline.db import Base
from hotline.errors import Refused
from hotline.roles import Role

SYSTEM_ID = 1
SIGNED_IN_FOR = timedelta(hours=12)
SHORTEST_PASSWORD = 10
TRIES_BEFORE_PAUSE = 5
PAUSE_AFTER_TRIES = timedelta(minutes=10)

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)  # OWASP's second argon2id profile
_NOBODY = _hasher.hash(secrets.token_urlsafe())


class Department(Base):
    """承办单位: a department, district government, utility, or the centre itself."""

    __tablename__ = "department"

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str]
    short: Mapped[str]
    kind: Mapped[str]
    area_code: Mapped[str | None]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("department.code"), index=True)
    duties: Mapped[str] = mapped_column(default="")


class Person(Base):
    """A colleague with a login. `roles` are Role values; `department_code` is where they work."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str]
    roles: Mapped[list[str]]
    department_code: Mapped[str | None] = mapped_column(ForeignKey("department.code"), index=True)
    password_hash: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    failed_tries: Mapped[int] = mapped_column(default=0)
    paused_until: Mapped[datetime | None]

    department: Mapped[Department | None] = relationship(lazy="raise")

    def has(self, *roles: Role) -> bool:
        """Whether this person holds any of the posts."""
        return any(role in self.roles for role in roles)


class SignIn(Base):
    """A signed-in browser or API client; only the hash of its token is kept."""

    __tablename__ = "sign_in"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


def system(s: Session) -> Person:
    """The system itself as the author of what no person did; it cannot sign in."""
    return s.get_one(Person, SYSTEM_ID)


def new_password() -> str:
    """A random password that can be read over a desk: 12 letters and digits without 0/O/1/l/I, about 68 bits."""
    return "".join(secrets.choice("abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(12))


def set_password(person: Person, password: str) -> None:
    """Stores the argon2id hash. Raises Refused for one that is too short."""
    if len(password) < SHORTEST_PASSWORD:
        raise Refused(f"密码至少 {SHORTEST_PASSWORD} 位。", field="password")
    person.password_hash = _hasher.hash(password)
    person.failed_tries = 0
    person.paused_until = None


def authenticate(s: Session, *, login: str, password: str, at: datetime) -> Person | None:
    """The person whose login and password these are, or None.

    A wrong login costs as much time as a wrong password. Five wrong passwords close the account for ten minutes;
    the caller commits even when the answer is None, so that the tries count.
    """
    person = s.scalar(select(Person).where(Person.login == login, Person.active).with_for_update())
    if person is None or person.password_hash is None:
        _matches(_NOBODY, password)
        return None
    if person.paused_until is not None and person.paused_until > at:
        return None
    if _matches(person.password_hash, password):
        person.failed_tries, person.paused_until = 0, None
        return person
    person.failed_tries += 1
    if person.failed_tries >= TRIES_BEFORE_PAUSE:
        person.failed_tries, person.paused_until = 0, at + PAUSE_AFTER_TRIES
    return None


def sign_in(s: Session, person: Person, *, at: datetime) -> str:
    """Opens a sign-in for 12 hours (one shift) and returns its token; sign-ins that have run out are swept."""
    s.execute(delete(SignIn).where(SignIn.expires_at < at))
    token = secrets.token_urlsafe(32)
    s.add(SignIn(token_hash=_digest(token), person_id=person.id, at=at, expires_at=at + SIGNED_IN_FOR))
    return token


def signed_in(s: Session, token: str, *, at: datetime) -> Person | None:
    """The person behind a token that is still good, with their department."""
    return s.scalar(
        select(Person)
        .join(SignIn, SignIn.person_id == Person.id)
        .where(SignIn.token_hash == _digest(token), SignIn.expires_at > at, Person.active)
        .options(joinedload(Person.department))
    )


def sign_out(s: Session, token: str) -> None:
    """Closes the sign-in of this token."""
    s.execute(delete(SignIn).where(SignIn.token_hash == _digest(token)))


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
