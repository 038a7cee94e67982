"""登录 and 退出: a cookie holds the token of a sign-in; the server keeps only its hash."""

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from hotline import people
from hotline.db import Session
from web.deps import COOKIE, Answer, At, Me, Typed
from web.form import local_path
from web.shell import first_desk

WRONG = "账号或密码不对。连续输错五次，账号会停用十分钟。"


class SignIns(Controller):
    """The door."""

    @get("/sign-in", sync_to_thread=False)
    def ask(self, next: FromQuery[str] = "") -> Template:
        """The form."""
        return Template("sign_in.html", context={"login": "", "next": local_path(next) or "", "wrong": ""})

    @post("/sign-in", sync_to_thread=True)
    def sign_in(self, request: Request[Any, Any, Any], form: Typed, at: At) -> Response[Any]:
        """Opens a sign-in for one shift, or says that it does not match."""
        login, next = form.text("login"), form.path("next")
        with Session.begin() as s:
            person = people.authenticate(s, login=login, password=form.secret("password"), at=at)
            token = people.sign_in(s, person, at=at) if person else None
        if person is None or token is None:
            return Template("sign_in.html", context={"login": login, "next": next or "", "wrong": WRONG}, status_code=422)
        return Redirect(next or first_desk(person), status_code=303, cookies=[_cookie(request, token)])

    @post("/sign-out", sync_to_thread=True)
    def sign_out(self, request: Request[Any, Any, Any]) -> Response[Any]:
        """Ends the sign-in on the server, too."""
        with Session.begin() as s:
            people.sign_out(s, request.cookies.get(COOKIE, ""))
        return Redirect("/sign-in", status_code=303, cookies=[_cookie(request, "", max_age=0)])

    @get("/", sync_to_thread=False)
    def home(self, me: Me) -> Redirect:
        """Everybody begins at the desk of their first post."""
        return Redirect(first_desk(me), status_code=303)

    @get("/welcome", sync_to_thread=False)
    def welcome(self, page: Answer) -> Template:
        """For those who have no desk: administrators and auditors see no tickets."""
        return page.show("welcome.html")


def _cookie(request: Request[Any, Any, Any], token: str, max_age: int = int(people.SIGNED_IN_FOR.total_seconds())) -> Cookie:
    return Cookie(key=COOKIE, value=token, max_age=max_age, httponly=True, samesite="lax", secure=request.url.scheme == "https")
