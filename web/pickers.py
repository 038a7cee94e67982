"""What a field for a unit, an item or an area offers while it is typed into: a few that hold the words. Without JavaScript the server resolves it."""

from typing import Any

from litestar import Controller, Request, get
from litestar.response import Template

from hotline.db import Session
from tickets import organisation
from web import choices
from web.deps import Answer


class Pickers(Controller):
    """选择."""

    path = "/choices"

    @get("/departments", sync_to_thread=True)
    def departments(self, request: Request[Any, Any, Any], page: Answer) -> Template:
        """Units that hold the words; the first of the top while nothing is typed."""
        with Session() as s:
            words = _typed(request)
            if words:
                found = [choices.Choice(unit.code, unit.name) for unit in organisation.search(s, words, answering=True)]
            else:
                found = [choices.Choice(node.code, node.name) for node in organisation.children(s, None)[0] if node.active and node.kind != "discipline"]
        return page.part("options.html", found=found)

    @get("/areas", sync_to_thread=True)
    def areas(self, request: Request[Any, Any, Any], page: Answer) -> Template:
        """Areas that hold the words; the districts while nothing is typed."""
        with Session() as s:
            found = choices.areas_like(s, _typed(request))
        return page.part("options.html", found=found)

    @get("/items", sync_to_thread=True)
    def items(self, request: Request[Any, Any, Any], page: Answer) -> Template:
        """Items that hold the words."""
        with Session() as s:
            found = choices.items(s, _typed(request))
        return page.part("options.html", found=found)


def _typed(request: Request[Any, Any, Any]) -> str:
    """What stands in the field, under whatever name it has in its form; of something picked, only its code."""
    typed = next((value for value in request.query_params.values() if isinstance(value, str) and value.strip()), "")
    return typed.strip().split(" ")[0]
