"""What every handler of the pages may ask for, declared once: who asks, what time it is, what was typed, and the page to answer with."""

from datetime import datetime
from typing import Any

from litestar import Request
from litestar.di import NamedDependency, Provide

from hotline import clock
from hotline.capacity import signed_in
from hotline.db import Session
from hotline.people import Person
from tickets import requests_desk
from web import today
from web.form import Form
from web.shell import Page

COOKIE = "hotline"


class SignInFirst(Exception):
    """Nobody is signed in (any more): the answer is the sign-in page, which leads back to `back`."""

    def __init__(self, back: str) -> None:
        super().__init__(back)
        self.back = back


def provide_at() -> datetime:
    """This request's moment."""
    return clock.now()


def provide_me(request: Request[Any, Any, Any], at: NamedDependency[datetime]) -> Person:
    """The person behind the cookie. Raises SignInFirst."""
    with Session() as s:
        person = signed_in(s, request.cookies.get(COOKIE, ""), at=at)
    if person is None:
        raise SignInFirst(_back(request))
    return person


async def provide_form(request: Request[Any, Any, Any]) -> Form:
    """What was typed."""
    return Form(await request.form())


def provide_page(request: Request[Any, Any, Any], me: NamedDependency[Person], at: NamedDependency[datetime]) -> Page:
    """The page to answer with: it knows who reads it and when, and what kind of day it is."""
    with Session() as s:
        return Page(request, me, at, today.note(s, at), requests_desk.to_judge_count(s, me))


def _back(request: Request[Any, Any, Any]) -> str:
    """Where to go on after signing in. A form that was sent too late is not sent again: its page is opened anew."""
    if request.method != "GET" or request.headers.get("HX-Request"):
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


PROVIDED = {
    "at": Provide(provide_at, sync_to_thread=False),
    "me": Provide(provide_me, sync_to_thread=True),
    "form": Provide(provide_form),
    "page": Provide(provide_page, sync_to_thread=True),
}

At = NamedDependency[datetime]
Me = NamedDependency[Person]
Typed = NamedDependency[Form]
Answer = NamedDependency[Page]
