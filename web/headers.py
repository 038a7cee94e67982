"""What every answer tells the browser: nothing from elsewhere, no inline scripts, no frames, no guessing of types."""

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

DOCS = "/api/v1/docs"
CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
}


async def protect(message: Message, scope: Scope) -> None:
    """Adds them to whatever is sent, refusals and static files included (a `before_send` hook)."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in HEADERS.items():
        headers[name] = value
    if scope.get("path", "").startswith(DOCS):
        # Swagger UI sets style attributes on what it draws.
        headers["Content-Security-Policy"] = CSP.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
