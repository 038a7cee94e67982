"""/sign-ins: a token for a login and a password."""

from dataclasses import dataclass
from typing import Annotated

from litestar import Controller
from litestar.exceptions import NotAuthorizedException
from litestar.params import Body

from api.deps import At, Me, Token
from api.routes import delete, get, post
from hotline.db import Session
from hotline.people import authenticate, sign_in, sign_out


@dataclass
class Credentials:
    """What one signs in with."""

    login: str
    password: str


@dataclass
class SignedIn:
    """token: for the Authorization header, `Bearer …`; good for 12 hours."""

    token: str
    name: str
    roles: list[str]
    department: str | None


@dataclass
class Who:
    """The person behind a token."""

    login: str
    name: str
    roles: list[str]
    department: str | None


class SignIns(Controller):
    """登录."""

    path = "/sign-ins"
    tags = ["登录"]

    @post("/", summary="登录，取得令牌", security=[])
    def sign_in(self, data: Annotated[Credentials, Body()], at: At) -> SignedIn:
        """401 when they do not match; five wrong passwords close the account for ten minutes."""
        with Session.begin() as s:
            person = authenticate(s, login=data.login, password=data.password, at=at)
            token = sign_in(s, person, at=at) if person else None
        if person is None or token is None:
            raise NotAuthorizedException("账号或密码不对；连续输错五次，账号会停用十分钟。")
        return SignedIn(token, person.name, person.roles, person.department_code)

    @get("/current", summary="我是谁")
    def who(self, me: Me) -> Who:
        """The person behind the token."""
        return Who(me.login, me.name, me.roles, me.department_code)

    @delete("/current", summary="退出")
    def sign_out(self, token: Token, me: Me) -> None:
        """Ends this token."""
        with Session.begin() as s:
            sign_out(s, token)

