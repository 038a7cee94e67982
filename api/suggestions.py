"""/suggestions: what the classifier says of a text, and who answers for it."""

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Controller, Request
from litestar.datastructures import State
from litestar.params import Body

from api.deps import At, Me
from api.routes import post
from hotline.db import Session
from hotline.people import Person
from tickets.suggesting import Advice, advise


@dataclass
class Asked:
    """text: what the citizen said; area: where, if known."""

    text: str
    area: str | None = None


class Suggestions(Controller):
    """派单建议."""

    path = "/suggestions"
    tags = ["派单建议"]

    @post("/", status_code=200, summary="对一段文字给出事项和承办单位的建议")
    def suggest(self, request: Request[Person, Any, State], data: Annotated[Asked, Body()], me: Me, at: At) -> Advice:
        """Up to five, best first; `dispatch` says whether the classifier is sure enough by itself, `reason` why not."""
        with Session() as s:
            return advise(s, request.app.state.classifier, data.text, at=at, area=data.area, by=me)
