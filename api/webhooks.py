"""/webhooks: what other systems tell us. A PBX says that a recording is ready."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from litestar import Controller, Request, Response
from litestar.datastructures import State
from litestar.params import FromPath, RawBody

from api import signed
from api.calls import check_may_hear
from api.deps import At, Me
from api.routes import get, post
from api.shapes import iso
from hotline.clock import SHANGHAI
from hotline.db import Session
from hotline.errors import Refused
from hotline.people import Person
from tickets import announcing
from tickets.call import Announced
from tickets.fetching import Allowed

LARGEST = 1 << 16  # bytes


class Ready(msgspec.Struct, forbid_unknown_fields=False):
    """录音就绪. call_id: the PBX's own. One of url and path. channels: names of the voices, left first. started_at: ISO 8601."""

    call_id: str
    url: str = ""
    path: str = ""
    channels: list[str] | None = None
    started_at: datetime | None = None
    phone: str = ""
    format: str | None = None
    auto: bool = True


@dataclass
class AnnouncedOut:
    """录音通知. state: waiting, taken or failed; call: the call that the recording became."""

    call_id: str
    state: str
    problem: str | None
    announced_at: str | None
    call: int | None


class Webhooks(Controller):
    """外部系统的通知."""

    path = "/webhooks"
    tags = ["通知"]

    @post("/recordings", status_code=202, summary="交换机通知：录音就绪", security=[{}], request_max_body_size=LARGEST)
    def ready(self, request: Request[Person, Any, State], body: RawBody, at: At) -> Response[AnnouncedOut]:
        """Signed after Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature: v1,…`) or with a Bearer token.

        Body: {call_id, url or path, channels?, started_at?, phone?, format?, auto?}. 202: taken, the recording is fetched; 200: known already.
        """
        settings = request.app.state.settings
        signed.check(request.headers, body, secret=settings.pbx_secret, token=settings.pbx_token, at=at)
        told = _read(body)
        if bool(told.url) == bool(told.path):
            raise Refused("url 和 path 须给出其中一个。", field="url")
        with Session.begin() as s:
            announced, new = announcing.announce(
                s, pbx_id=told.call_id, source=_address(told.url) if told.url else _path(told.path), allowed=Allowed(settings.pbx_folder, settings.pbx_hosts),
                at=at, declared=told.format, channels=told.channels, phone=told.phone, auto=told.auto, started_at=_moment(told.started_at),
            )  # fmt: skip
            return Response(_out(announced), status_code=202 if new else 200)

    @get("/recordings/{call_id:str}", summary="一条录音通知的进展")
    def one(self, call_id: FromPath[str], me: Me) -> AnnouncedOut:
        """By the PBX's own id of the call."""
        check_may_hear(me)
        with Session() as s:
            return _out(announcing.find(s, call_id))


def _read(body: bytes) -> Ready:
    try:
        return msgspec.json.decode(body, type=Ready)
    except msgspec.ValidationError as error:
        field = str(error).rpartition("$.")[2].rstrip("`") if "$." in str(error) else None
        raise Refused("通知的字段不符合接口约定。" if field else "通知须是 JSON 对象，至少有 call_id，以及 url 或 path。", field=field) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused("通知不是 JSON。") from None


def _address(url: str) -> str:
    if "://" not in url:
        raise Refused("录音地址应是不带账号密码的 http:// 或 https:// 地址。", field="url")
    return url


def _path(path: str) -> str:
    if "://" in path or "\0" in path:
        raise Refused("录音路径无效。", field="path")
    return path


def _moment(given: datetime | None) -> datetime | None:
    """A time without a zone is the city's own."""
    return given.replace(tzinfo=SHANGHAI) if given is not None and given.tzinfo is None else given


def _out(told: Announced) -> AnnouncedOut:
    return AnnouncedOut(told.pbx_id, told.state.value, told.problem, iso(told.announced_at), told.call_id)
