"""Who sends a webhook: its signature (Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature), or for a PBX that cannot sign a token."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import datetime

from litestar.exceptions import NotAuthorizedException

from hotline.errors import Forbidden

TOLERANCE = 300  # seconds between our clock and the sender's: an old message cannot be sent again


def check(headers: Mapping[str, str], body: bytes, *, secret: str | None, token: str | None, at: datetime) -> None:
    """Raises NotAuthorizedException (401) for who is not the PBX, Forbidden where no PBX was ever let in."""
    if not secret and not token:
        raise Forbidden("录音通知没有启用：请先设置 HOTLINE_PBX_SECRET（签名密钥）或 HOTLINE_PBX_TOKEN。")
    if token and hmac.compare_digest(headers.get("authorization", "").encode(), f"Bearer {token}".encode()):
        return
    if not secret or not _signed(headers, body, secret, at):
        raise NotAuthorizedException("签名或令牌不对，或时间相差超过五分钟。")


def signature(secret: str, identity: str, timestamp: str, body: bytes) -> str:
    """v1: HMAC-SHA-256 over `id.timestamp.body`, in base64. secret: `whsec_` and base64, or any text."""
    signed = hmac.digest(_key(secret), f"{identity}.{timestamp}.".encode() + body, "sha256")
    return "v1," + base64.b64encode(signed).decode()


def _signed(headers: Mapping[str, str], body: bytes, secret: str, at: datetime) -> bool:
    identity, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not identity or not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16) or abs(at.timestamp() - int(timestamp)) > TOLERANCE:
        return False
    right = signature(secret, identity, timestamp, body).encode()
    return any([hmac.compare_digest(given.encode(), right) for given in headers.get("webhook-signature", "").split()])


def _key(secret: str) -> bytes:
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            raise Forbidden("HOTLINE_PBX_SECRET 以 whsec_ 开头，但后面不是 base64。") from None
    return secret.encode()
