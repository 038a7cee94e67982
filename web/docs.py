"""接口文档: Swagger UI from our own static files. No CDN, no validator, no favicon from elsewhere."""

from typing import Any

from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin
from markupsafe import escape

from web.assets import asset

PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="{icon}">
<link rel="stylesheet" href="{css}">
<script src="{bundle}" defer></script>
<script src="{start}" defer></script>
</head>
<body>
<div id="docs" data-schema="{schema}"></div>
<noscript><p>浏览文档需要 JavaScript；接口定义在 <a href="{schema}">{schema}</a>。</p></noscript>
</body>
</html>
"""


class ApiDocs(OpenAPIRenderPlugin):
    """Renders the schema that the application serves as openapi.json."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page; the schema itself is fetched by it."""
        values = {
            "title": openapi_schema["info"]["title"],
            "icon": asset("icon.svg"),
            "css": asset("vendor/swagger-ui/swagger-ui.css"),
            "bundle": asset("vendor/swagger-ui/swagger-ui-bundle.js"),
            "start": asset("js/docs.js"),
            "schema": self.get_openapi_json_route(request),
        }
        return PAGE.format(**{name: escape(value) for name, value in values.items()}).encode()
