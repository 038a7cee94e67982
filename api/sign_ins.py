"""/sign-ins: a token for a login and a password."""

from dataclasses import dataclass
from typing import Annotated

from litestar import Controller
from litestar.exceptions import NotAuthorizedException
from litestar.params import Body

from api.deps import At, Me, Token
from api.routes import delete, get, post
from hotline import capacity
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


@dataclass
class CapacityOut:
    """身份: a way in which one may act. key: for choosing it; on_behalf_of: the id of the person acted for (代理)."""

    key: str
    name: str
    roles: list[str]
    department: str | None
    on_behalf_of: int | None


@dataclass
class CapacityIn:
    """key: of one's capacities; '' for one's own unit."""

    key: str = ""


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

    @get("/current/capacities", summary="可用的身份")
    def capacities(self, me: Me, at: At) -> list[CapacityOut]:
        """One's own unit, further units (兼任), and colleagues for whom one is deputy today."""
        with Session() as s:
            return [_capacity(one) for one in capacity.capacities(s, me.id, at=at)]

    @post("/current/capacity", status_code=200, summary="切换身份")
    def choose(self, data: Annotated[CapacityIn, Body()], token: Token, me: Me, at: At) -> CapacityOut:
        """From now on this token acts so; events note on whose behalf."""
        with Session.begin() as s:
            return _capacity(capacity.choose(s, token, data.key, at=at))


def _capacity(one: capacity.Capacity) -> CapacityOut:
    return CapacityOut(one.key, one.name, list(one.roles), one.department.code if one.department else None, one.behalf)
