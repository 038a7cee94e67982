"""The web's door: pages, JSON interface and static files in one Litestar application."""

from typing import Any

import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from litestar import Litestar, Request, Response, get
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import CacheControlHeader, State
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.static_files import create_static_files_router
from litestar.template.config import TemplateConfig
from sqlalchemy import text

from api import problems
from api import router as api_router
from hotline import privacy
from hotline.db import Session
from hotline.settings import Settings
from switchboard import Switchboard
from tickets.classifier import Current
from web import assets, headers, refusals
from web import router as web_router
from web.attachments import FILES
from web.docs import ApiDocs
from web.filters import FILTERS, worth_showing
from web.live_bell import Bell

log = structlog.get_logger("hotline.app")
API = "/api/"


def create_app(settings: Settings) -> Litestar:
    """The application. The database is bound and privacy unlocked before: the secret of the form tokens comes from the same key."""
    return Litestar(
        route_handlers=[api_router, web_router, _static(), health],
        state=State({"settings": settings, "classifier": Current(settings.models / "routing")}),
        template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(templates())),
        openapi_config=_openapi(),
        csrf_config=CSRFConfig(secret=privacy.fingerprint("form tokens"), cookie_name="form", cookie_httponly=True, cookie_samesite="lax", exclude=[f"^{API}"]),
        before_send=[headers.protect],
        on_startup=[connect_live],
        on_shutdown=[hang_up],
        exception_handlers={HTTPException: no_such_page, OSError: full, Exception: unexpected},
        logging_config=None,
    )


def connect_live(app: Litestar) -> None:
    """What live calls need: who listens to the microphones, and the bell that tells the pages."""
    app.state.switchboard, app.state.bell = Switchboard(app.state.settings), Bell()


async def hang_up(app: Litestar) -> None:
    """The process ends: what was being said is kept."""
    await app.state.switchboard.close()
    await app.state.bell.close()


def templates() -> Environment:
    """The environment of the page templates. A name that the read model lacks is an error, not an empty place."""
    environment = Environment(
        loader=FileSystemLoader(assets.TEMPLATES), autoescape=select_autoescape(default=True), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= FILTERS
    environment.globals |= {"asset": assets.asset, "worth_showing": worth_showing, **FILES}
    return environment


@get("/health", sync_to_thread=True, include_in_schema=False)
def health() -> dict[str, str]:
    """Whether the web process answers and reaches the database."""
    with Session() as s:
        s.execute(text("SELECT 1"))
    return {"status": "ok"}


def no_such_page(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What is refused before a handler is found, or by the check of the form token: in the words of the skin that was asked."""
    return problems.http(request, error) if request.url.path.startswith(API) else refusals.http(request, error)


def full(request: Request[Any, Any, Any], error: OSError) -> Response[Any]:
    """The disk is full while a form is still being taken in."""
    return problems.full(request, error) if request.url.path.startswith(API) else refusals.full(request, error)


def unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A mistake outside both skins."""
    return problems.unexpected(request, error) if request.url.path.startswith(API) else refusals.unexpected(request, error)


def _static() -> Any:
    for_good = CacheControlHeader(public=True, max_age=31_536_000, immutable=True)
    return create_static_files_router(path=assets.PATH, directories=[assets.FOLDER], cache_control=for_good, include_in_schema=False)


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="12345 热线接口",
        version="1",
        description="登记、派单、签收、答复、回访等全部动词的 JSON 接口。先以账号密码取得令牌（POST /sign-ins），再在 Authorization 头中带上 Bearer 令牌。",
        path="/api/v1/docs",
        render_plugins=[ApiDocs(path="/"), JsonRenderPlugin(path="/openapi.json")],
        components=Components(security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}),
    )
