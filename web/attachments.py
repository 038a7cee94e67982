"""附件 on the pages: kept as soon as a form arrives, so that a form that is refused loses none; and handed out again, never shown."""

from typing import Any

from litestar import Controller, Request, get
from litestar.params import FromPath
from litestar.response import File
from sqlalchemy.orm import Session as Session_

from hotline import file_types, kept
from hotline.db import Session
from hotline.errors import Refused
from tickets import access, attaching
from tickets.attachment import Upload
from tickets.ticket import Ticket
from web.deps import Answer
from web.form import Form
from web.shell import Page

LARGEST_FORM = attaching.MOST * attaching.LARGEST + (1 << 20)
"""Bytes of a form with all the files that it may carry."""

FILES = {"accept": file_types.ACCEPT, "most_files": attaching.MOST, "largest_file": attaching.LARGEST}
"""What the file fields of all forms say."""


class Attachments(Controller):
    """附件."""

    path = "/tickets/{number:str}/attachments"

    @get("/{attachment:int}", sync_to_thread=True)
    def one(self, request: Request[Any, Any, Any], number: FromPath[str], attachment: FromPath[int], page: Answer) -> File:
        """The bytes as they came, to be saved: nothing that was handed in opens as a page of ours."""
        with Session() as s:
            found = attaching.find(s, access.find(s, number, page.me), attachment)
        path = attaching.on_disk(found, request.app.state.settings.attachments)
        return File(path, filename=found.name, media_type=found.media, content_disposition_type="attachment")


def take(page: Page, form: Form) -> None:
    """Keeps the files that were chosen in this form, each by itself; from now on the form names them as its uploads. Raises the first refusal."""
    refusal: Refused | None = None
    for upload in form.uploads("files"):
        try:
            with Session.begin() as s:
                blocks = iter(lambda file=upload.file: file.read(kept.BLOCK), b"")  # type: ignore[misc]
                one = attaching.keep(s, blocks, upload.filename, page.request.app.state.settings.attachments, by=page.me, at=page.at)
            form.add("uploads", str(one.id))
        except Refused as no:
            refusal = refusal or no
    if refusal:
        raise refusal


def bring(s: Session_, page: Page, form: Form, ticket: Ticket) -> None:
    """What the form names becomes the ticket's, and is told of by the verb that follows."""
    attaching.bring(s, ticket, form.wholes("uploads"), again=form.wholes("again"), by=page.me, at=page.at)


def waiting(s: Session_, page: Page, *forms: Form) -> dict[str, Upload]:
    """The uploads that these forms name and that still wait, by their number as a form sends it back."""
    return {str(one.id): one for one in attaching.uploads(s, [number for form in forms for number in form.wholes("uploads")], by=page.me)}
