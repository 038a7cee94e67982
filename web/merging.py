"""并单 and 撤单, as forms."""

from typing import Any

from litestar import Controller, Response, post

from tickets import merging, withdrawing
from tickets.lifecycle import Verb
from web import attachments
from web.deps import Answer, Typed
from web.verbs import Number, act


class Merging(Controller):
    """并单与撤单."""

    path = "/tickets/{number:str}"
    request_max_body_size = attachments.LARGEST_FORM

    @post("/merge", sync_to_thread=True)
    def merge(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """并单."""
        into = {"master": form.text("master"), "reason": form.text("reason")}
        return act(page, number, Verb.MERGE, form, lambda s, ticket: merging.merge(s, ticket, **into, by=page.me, at=page.at))

    @post("/unmerge", sync_to_thread=True)
    def unmerge(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """撤销并单."""
        return act(page, number, Verb.UNMERGE, form, lambda s, ticket: merging.unmerge(s, ticket, reason=form.text("reason"), by=page.me, at=page.at))

    @post("/withdrawal", sync_to_thread=True)
    def withdraw(self, number: Number, form: Typed, page: Answer) -> Response[Any]:
        """撤单."""
        said = {"checked": form.text("checked"), "reason": form.text("reason")}
        return act(page, number, Verb.WITHDRAW, form, lambda s, ticket: withdrawing.withdraw(s, ticket, **said, by=page.me, at=page.at))
