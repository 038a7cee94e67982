"""Who: people, the departments they work for, and how they sign in."""

import hashlib
import secrets
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ForeignKey, Index, String, Text, delete, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from hotline import words
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
    """承办单位: a department, district government, utility, or the centre itself.

    path: the codes from the top down to its own, `/linhu/linhu-cg/`, so that a whole branch is one range of an index.
    words: what it is found by. active: False once it has been dissolved; what it did stays under its name.
    """

    __tablename__ = "department"
    __table_args__ = (
        Index("ix_department_path", "path", postgresql_ops={"path": "text_pattern_ops"}),
        Index("ix_department_words", "words", postgresql_using="gin"),
    )

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str]
    short: Mapped[str]
    kind: Mapped[str]
    area_code: Mapped[str | None]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("department.code"), index=True)
    duties: Mapped[str] = mapped_column(default="")
    path: Mapped[str] = mapped_column(default=lambda row: f"/{row.get_current_parameters()['code']}/", server_default="")
    words: Mapped[list[str]] = mapped_column(ARRAY(Text), default=words.default("code", "name", "short"), server_default="{}")
    active: Mapped[bool] = mapped_column(default=True, server_default="true")


class Person(Base):
    """A colleague with a login. `roles` are Role values; `department_code` is where they work.

    on_behalf_of: the person for whom they act in this request (代理), None for themselves; see hotline.capacity.
    """

    __tablename__ = "person"
    __table_args__ = (Index("ix_person_words", "words", postgresql_using="gin"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str]
    roles: Mapped[list[str]]
    department_code: Mapped[str | None] = mapped_column(ForeignKey("department.code"), index=True)
    password_hash: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    failed_tries: Mapped[int] = mapped_column(default=0)
    paused_until: Mapped[datetime | None]
    words: Mapped[list[str]] = mapped_column(ARRAY(Text), default=words.default("login", "name"), server_default="{}")

    department: Mapped[Department | None] = relationship(lazy="raise")

    def has(self, *roles: Role) -> bool:
        """Whether this person holds any of the posts."""
        return any(role in self.roles for role in roles)

    @property
    def on_behalf_of(self) -> int | None:
        """The person for whom they act now."""
        return self.__dict__.get("acting_for")

    @on_behalf_of.setter
    def on_behalf_of(self, person: int | None) -> None:
        self.__dict__["acting_for"] = person


class SignIn(Base):
    """A signed-in browser or API client; only the hash of its token is kept. capacity: in which of their capacities (身份) they act, '' for their own."""

    __tablename__ = "sign_in"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    capacity: Mapped[str] = mapped_column(String(60), default="", server_default="")


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


def sign_in_of(s: Session, token: str, *, at: datetime) -> SignIn | None:
    """The sign-in of a token that is still good."""
    return s.scalar(select(SignIn).where(SignIn.token_hash == _digest(token), SignIn.expires_at > at))


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
