"""暂存: a form that is put aside by its button, or by the small module while it is typed into."""

from typing import Any

from litestar import Controller, Request, Response, post

from hotline.db import Session
from tickets import drafts
from web import attachments
from web.deps import Answer, Typed

NOT_KEPT = ("_csrf_token", "place", "aside", "back", "then", "urge", "repeat", "recheck", "files")


class Drafts(Controller):
    """草稿."""

    path = "/drafts"
    request_max_body_size = attachments.LARGEST_FORM

    @post("/", sync_to_thread=True)
    def save(self, request: Request[Any, Any, Any], form: Typed, page: Answer) -> Response[Any]:
        """Keeps what was typed, and the files. The module gets 204; the button leads back to the page."""
        attachments.take(page, form)
        fields = {name: values for name, values in form.all_texts().items() if name not in NOT_KEPT}
        with Session.begin() as s:
            drafts.save(s, form.text("place"), fields if set(fields) - {"version"} else {}, by=page.me, at=page.at)
        if request.headers.get("X-Quiet"):
            return Response(None, status_code=204)
        return page.go(form.path("aside") or "/", "draft")

    @post("/removal", sync_to_thread=True)
    def remove(self, form: Typed, page: Answer) -> Response[Any]:
        """丢弃."""
        with Session.begin() as s:
            drafts.drop(s, form.text("place"), by=page.me)
        return page.go(form.path("back") or "/", "drop_draft")
