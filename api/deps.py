"""What every handler of the API may ask for, declared once: who asks, and what time it is."""

from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any

from litestar import Request
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotAuthorizedException
from litestar.response import Response
from sqlalchemy.orm import Session as Session_

from hotline import clock
from hotline.capacity import signed_in
from hotline.db import Session
from hotline.people import Person
from tickets.idempotency import earlier_answer, remember

KEY = "Idempotency-Key"


def provide_at() -> datetime:
    """This request's moment."""
    return clock.now()


def provide_token(request: Request[Any, Any, Any]) -> str:
    """The bearer token of the request. 401 without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotAuthorizedException("请先登录：在 Authorization 头中带上 Bearer 令牌。")
    return token


def provide_me(token: NamedDependency[str], at: NamedDependency[datetime]) -> Person:
    """The person behind the token. 401 when it has run out."""
    with Session.begin() as s:
        person = signed_in(s, token, at=at)
    if person is None:
        raise NotAuthorizedException("登录已失效，请重新登录。")
    return person


PROVIDED = {
    "at": Provide(provide_at, sync_to_thread=False),
    "token": Provide(provide_token, sync_to_thread=False),
    "me": Provide(provide_me, sync_to_thread=True),
}

At = NamedDependency[datetime]
Me = NamedDependency[Person]
Token = NamedDependency[str]


def once(request: Request[Any, Any, Any], content: bytes, *, by: Person, at: datetime, status: int, do: Callable[[Session_], Any]) -> Response[Any]:
    """Runs a verb in one transaction and answers with what it returns (a dataclass or dict).

    With an Idempotency-Key the answer is kept in the same transaction: a repeated request gets it again and changes nothing.
    content: what the request says, apart from its path.
    """
    key = request.headers.get(KEY)
    asked = f"{request.method} {request.url.path}\n".encode() + content
    with Session.begin() as s:
        if key is not None and (answered := earlier_answer(s, person=by, key=key, request=asked)):
            return Response(answered[1], status_code=answered[0], headers={"Idempotent-Replay": "true"})
        done = do(s)
        body = asdict(done) if is_dataclass(done) and not isinstance(done, type) else done
        if key is not None:
            remember(s, person=by, key=key, request=asked, status=status, body=body, at=at)
    return Response(body, status_code=status)
