"""/uploads: files are handed in first; a verb then takes them by their ids (`attachments`). /tickets/{number}/attachments: what a ticket carries."""

from dataclasses import dataclass, field
from typing import Annotated, Any

from litestar import Controller, Request, Response
from litestar.datastructures import State, UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import File

from api.deps import At, Me
from api.routes import get, post
from api.shapes import TicketOut
from api.verbs import Asking, Number, Versioned, act
from hotline import kept
from hotline.db import Session
from hotline.errors import Refused
from hotline.people import Person
from tickets import access, attaching

FORM = 1 << 20
Fields = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]


@dataclass
class UploadOut:
    """A file that waits to be taken. media: what it is by its content; name: with an ending that says so."""

    id: int
    name: str
    size: int
    media: str
    sha256: str


@dataclass
class Files(Versioned):
    """补充附件. again: ids of attachments of the same citizen's earlier tickets; text: what they are."""

    again: list[int] = field(default_factory=list)
    text: str = ""


class Uploads(Controller):
    """上传."""

    path = "/uploads"
    tags = ["附件"]

    @post("/", status_code=201, summary="上传一个附件", request_max_body_size=attaching.LARGEST + FORM)
    def hand_in(self, request: Request[Person, Any, State], data: Fields, me: Me, at: At) -> UploadOut:
        """multipart field `file`. It waits a week for a verb of yours that names its id in `attachments`."""
        upload = data.get("file")
        if not isinstance(upload, UploadFile):
            raise Refused("请用 file 字段上传一个文件。", field="file")
        with Session.begin() as s:
            blocks = iter(lambda: upload.file.read(kept.BLOCK), b"")
            one = attaching.keep(s, blocks, upload.filename, request.app.state.settings.attachments, by=me, at=at)
            return UploadOut(one.id, one.name, one.size, one.media, one.sha256)


class Attachments(Controller):
    """附件."""

    path = "/tickets/{number:str}/attachments"
    tags = ["附件"]

    @post("/", status_code=200, summary="补充附件")
    def attach(self, request: Asking, number: Number, data: Annotated[Files, Body()], me: Me, at: At) -> Response[TicketOut]:
        """Files that come by themselves: uploads of yours (`attachments`), or what the citizen handed in before (`again`)."""
        return act(request, number, data, me, at, lambda s, t: attaching.attach(s, t, text=data.text, by=me, at=at), again=data.again)

    @get("/{attachment:int}", summary="下载一个附件")
    def one(self, request: Request[Person, Any, State], number: Number, attachment: FromPath[int], me: Me) -> File:
        """The bytes as they came."""
        with Session() as s:
            found = attaching.find(s, access.find(s, number, me), attachment)
        path = attaching.on_disk(found, request.app.state.settings.attachments)
        return File(path, filename=found.name, media_type=found.media, content_disposition_type="attachment")
