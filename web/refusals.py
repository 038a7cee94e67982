"""No, as a page: every refusal has a Chinese sentence, the way on, and the right status."""

from typing import Any
from urllib.parse import urlencode

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect, Template
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError

from hotline.errors import FULL, Conflict, Forbidden, NotFound, Refusal
from web.deps import SignInFirst

log = structlog.get_logger("hotline.web")
STATUSES = {NotFound: (404, "没有找到"), Forbidden: (403, "无权操作"), Conflict: (409, "情况已变"), Refusal: (422, "不予办理")}
SENTENCES = {
    400: "请求内容不完整，请返回上一页重试。",
    403: "页面已过期或来源不明，为安全起见没有执行。请返回上一页、刷新后再提交。",
    404: "没有这个页面。",
    405: "这个地址不能这样打开。",
    413: "上传的内容过大。",
}


def status_of(error: Refusal | StaleDataError) -> int:
    """The HTTP status of a no."""
    return _kind(error)[0]


def sentence_of(error: Refusal | StaleDataError) -> str:
    """What the person reads."""
    return error.sentence if isinstance(error, Refusal) else "工单刚刚有变动，请核对后再提交。"


def _kind(error: Refusal | StaleDataError) -> tuple[int, str]:
    return next((found for kind, found in STATUSES.items() if isinstance(error, kind)), STATUSES[Conflict])


def say_no(status: int, title: str, sentence: str) -> Response[Any]:
    """The page for a no."""
    return Template("no.html", context={"title": title, "sentence": sentence, "status": status}, status_code=status)


def sign_in_first(request: Request[Any, Any, Any], error: SignInFirst) -> Response[Any]:
    """To the sign-in page; a piece of a page asks the browser to go there as a whole."""
    to = "/sign-in" + (f"?{urlencode({'next': error.back})}" if error.back != "/" else "")
    if request.headers.get("HX-Request"):
        return Response("", status_code=200, headers={"HX-Redirect": to})
    return Redirect(to, status_code=303)


def refused(request: Request[Any, Any, Any], error: Refusal | StaleDataError) -> Response[Any]:
    """One of our own three ways to say no."""
    status, title = _kind(error)
    return say_no(status, title, sentence_of(error))


def http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What the framework refuses."""
    status = error.status_code if error.status_code in SENTENCES else 400
    return say_no(status, "请求有误" if status != 404 else "没有找到", SENTENCES[status])


def away(request: Request[Any, Any, Any], error: OperationalError) -> Response[Any]:
    """The database is away."""
    log.error("database away", path=request.url.path)
    return say_no(503, "暂时不可用", "数据库暂时不可用，刚才的操作没有保存。请稍等片刻，返回上一页再试。")


def full(request: Request[Any, Any, Any], error: OSError) -> Response[Any]:
    """Nothing more can be written, not even what was being sent."""
    if error.errno not in FULL:
        return unexpected(request, error)
    log.error("disk full", path=request.url.path)
    return say_no(507, "磁盘已满", "服务器的磁盘已满，刚才的操作没有保存。请联系系统管理员，稍后返回上一页再提交。")


def unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Our mistake. The log says which; the person learns nothing of the inside."""
    log.error("unexpected error", path=request.url.path, kind=type(error).__name__, exc_info=error)
    return say_no(500, "系统出错", "系统出错，刚才的操作没有保存；问题已记录。请返回上一页再试。")


HANDLERS: ExceptionHandlersMap = {
    SignInFirst: sign_in_first,
    Refusal: refused,
    StaleDataError: refused,
    HTTPException: http,
    OperationalError: away,
    OSError: full,
    Exception: unexpected,
}
