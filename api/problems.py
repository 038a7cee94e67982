"""No, as problem+json (RFC 9457): one shape for every refusal; `detail` is the sentence for the person, `field` the field at fault."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError

from hotline.errors import FULL, Conflict, Forbidden, NotFound, Refusal

log = structlog.get_logger("hotline.api")
MEDIA = "application/problem+json"
STATUSES: Mapping[type[Refusal], tuple[int, str]] = {
    NotFound: (404, "没有找到"),
    Forbidden: (403, "无权操作"),
    Conflict: (409, "情况已变"),
    Refusal: (422, "不予办理"),
}
TITLES = {400: "请求有误", 401: "请先登录", 403: "无权操作", 404: "没有找到", 405: "不支持的方法", 413: "内容过大", 415: "不支持的格式", 429: "请求过多"}


@dataclass
class Problem:
    """problem+json. since: of a conflict, what others did since the version that was sent: at, who, headline, detail."""

    title: str
    status: int
    detail: str
    field: str | None = None
    since: list[dict[str, str]] | None = None
    type: str = "about:blank"


def problem(status: int, title: str, detail: str, field: str | None = None, headers: dict[str, str] | None = None) -> Response[Any]:
    """The response for a no."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail} | ({"field": field} if field else {})
    return Response(body, status_code=status, media_type=MEDIA, headers=headers or {})


def refused(request: Request[Any, Any, Any], error: Refusal) -> Response[Any]:
    """One of our own three ways to say no."""
    status, title = next(found for kind, found in STATUSES.items() if isinstance(error, kind))
    answer = problem(status, title, error.sentence, error.field)
    if isinstance(error, Conflict) and error.since:
        answer.content["since"] = list(error.since)
    return answer


def stale(request: Request[Any, Any, Any], error: StaleDataError) -> Response[Any]:
    """Two writes met: the second has to look again."""
    return problem(409, "情况已变", "工单刚刚有变动，请重新读取后再试。")


def invalid(request: Request[Any, Any, Any], error: ValidationException) -> Response[Any]:
    """The request does not have the documented form."""
    extra = error.extra if isinstance(error.extra, list) else []
    field = next((item["key"] for item in extra if isinstance(item, dict) and item.get("key")), None)
    return problem(400, "请求有误", f"请求内容不符合接口约定{f'：{field}' if field else ''}。", field)


def http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What the framework refuses."""
    title = TITLES.get(error.status_code, "请求有误")
    headers = {"WWW-Authenticate": "Bearer"} if error.status_code == 401 else None
    return problem(error.status_code, title, error.detail if _is_chinese(error.detail) else title + "。", headers=headers)


def away(request: Request[Any, Any, Any], error: OperationalError) -> Response[Any]:
    """The database is away; what was sent was not kept, and the client may repeat it with the same Idempotency-Key."""
    log.error("database away", path=request.url.path)
    return problem(503, "暂时不可用", "数据库暂时不可用，请稍后用同一个 Idempotency-Key 重试。", headers={"Retry-After": "2"})


def full(request: Request[Any, Any, Any], error: OSError) -> Response[Any]:
    """Nothing more can be written, not even what was being sent."""
    if error.errno not in FULL:
        return unexpected(request, error)
    log.error("disk full", path=request.url.path)
    return problem(507, "磁盘已满", "服务器的磁盘已满，没有保存。请联系系统管理员，稍后用同一个 Idempotency-Key 重试。")


def unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Our mistake. The log says which; the client learns nothing of the inside."""
    log.error("unexpected error", path=request.url.path, kind=type(error).__name__, exc_info=error)
    return problem(500, "系统出错", "系统出错，请稍后再试；问题已记录。")


HANDLERS: ExceptionHandlersMap = {
    Refusal: refused,
    StaleDataError: stale,
    ValidationException: invalid,
    HTTPException: http,
    OperationalError: away,
    OSError: full,
    Exception: unexpected,
}  # type: ignore[dict-item]

PROBLEMS = {
    status: ResponseSpec(data_container=Problem, description=title, media_type=MEDIA)  # type: ignore[arg-type]
    for status, title in {400: "请求有误", 401: "请先登录", 403: "无权操作", 404: "没有找到", 409: "情况已变", 422: "不予办理"}.items()
}


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= char <= "\u9fff" for char in text)
