"""并单 and 撤单, as resources of a ticket."""

from dataclasses import dataclass
from typing import Annotated

from litestar import Controller, Response
from litestar.params import Body

from api.deps import At, Me
from api.routes import post
from api.shapes import TicketOut
from api.verbs import Asking, Number, Versioned, act
from tickets import merging, withdrawing


@dataclass
class Merger(Versioned):
    """并单. master: the number of the ticket that is answered for both."""

    master: str = ""
    reason: str = ""


@dataclass
class Undoing(Versioned):
    """撤销并单."""

    reason: str = ""


@dataclass
class Withdrawal(Versioned):
    """撤单. checked: the query code, or the last four digits of the number on the ticket, as the citizen said them."""

    checked: str = ""
    reason: str = ""


class Merging(Controller):
    """并单与撤单."""

    path = "/tickets/{number:str}"
    tags = ["办理"]

    @post("/merge", status_code=200, summary="并单")
    def merge(self, request: Asking, number: Number, data: Annotated[Merger, Body()], me: Me, at: At) -> Response[TicketOut]:
        """The ticket follows its master; its citizen still gets the answer and a revisit."""
        return act(request, number, data, me, at, lambda s, t: merging.merge(s, t, master=data.master, reason=data.reason, by=me, at=at))

    @post("/unmerge", status_code=200, summary="撤销并单")
    def unmerge(self, request: Asking, number: Number, data: Annotated[Undoing, Body()], me: Me, at: At) -> Response[TicketOut]:
        """It is to be dispatched on its own again."""
        return act(request, number, data, me, at, lambda s, t: merging.unmerge(s, t, reason=data.reason, by=me, at=at))

    @post("/withdrawal", status_code=200, summary="撤单")
    def withdraw(self, request: Asking, number: Number, data: Annotated[Withdrawal, Body()], me: Me, at: At) -> Response[TicketOut]:
        """The citizen takes the matter back."""
        return act(request, number, data, me, at, lambda s, t: withdrawing.withdraw(s, t, checked=data.checked, reason=data.reason, by=me, at=at))
