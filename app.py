"""The web's door: pages, JSON interface and static files in one Litestar application."""

from pathlib import Path

import structlog
from litestar import Litestar, get
from litestar.config.csrf import CSRFConfig
from litestar.config.response_cache import ResponseCacheConfig
from litestar.contrib.jinja import JinjaTemplateEngine
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.static_files import create_static_files_router
from litestar.template.config import TemplateConfig
from sqlalchemy import text

from api import router as api_router
from hotline import privacy
from hotline.db import Session
from hotline.settings import Settings
from tickets.classifier import Current
from web import router as web_router
from web.docs import ApiDocs
from web.filters import FILTERS

log = structlog.get_logger("hotline.app")
WEB = Path(__file__).resolve().parent / "web"


@get("/health", sync_to_thread=True, include_in_schema=False, opt={"public": True})
def health() -> dict[str, str]:
    """Whether the web process answers and reaches the database."""
    with Session() as s:
        s.execute(text("SELECT 1"))
    return {"status": "ok"}
