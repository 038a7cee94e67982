"""Citizens' data: sealed at rest, found by a keyed hash, masked where it is shown.

AES-256-GCM with a random nonce for what must be read again; HMAC-SHA-256 for what is only looked up (phone numbers).
The key is 32 random bytes in `secret.key` in the data folder, or given by HOTLINE_SECRET_FILE where several machines share a database.
"""

import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import LargeBinary
from sqlalchemy.types import TypeDecorator

from hotline.errors import Refused

_key: bytes | None = None


def unlock(path: Path) -> None:
    """Reads the key, making it on the first start. Raises Refused when the file is not a key."""
    global _key
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
    key = path.read_bytes()
    if len(key) != 32:
        raise Refused(f"密钥文件 {path} 已损坏（应为 32 字节）。请从备份恢复；没有它，已登记的来电人信息无法读取。")
    _key = key


def _require() -> bytes:
    if _key is None:
        raise RuntimeError("privacy.unlock() has not been called")
    return _key


class Sealed(TypeDecorator[str]):
    """A text column that is encrypted in the database."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> bytes | None:
        if value is None:
            return None
        nonce = secrets.token_bytes(12)
        return nonce + AESGCM(_require()).encrypt(nonce, value.encode(), None)

    def process_result_value(self, value: bytes | None, dialect: Any) -> str | None:
        if value is None:
            return None
        try:
            return AESGCM(_require()).decrypt(value[:12], value[12:], None).decode()
        except InvalidTag:
            return None  # another key: the row stays usable, the citizen's data does not


def fingerprint(text: str) -> str:
    """A keyed hash by which the same phone number is found again without being stored in the clear."""
    return hmac.new(_require(), text.encode(), hashlib.sha256).hexdigest()


def keyed(purpose: str, text: str) -> str:
    """A keyed hash for another purpose: whoever has the database but not the key can neither make nor check one."""
    return hmac.new(_require(), f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()


def phone_number(text: str) -> str | None:
    """A phone number in its one spelling, digits only; None for an empty text.

    Takes +86, 0086, spaces, dashes, brackets and full-width digits. Raises Refused for what is no Chinese phone number.
    """
    plain = re.sub(r"[\s\-()./—－]", "", unicodedata.normalize("NFKC", text))
    if not plain:
        return None
    plain = re.sub(r"^(\+|00)86", "", plain)
    if re.fullmatch(r"1[3-9]\d{9}|0\d{9,11}|\d{7,8}|[48]00\d{7}|1\d{2,4}|9\d{4}", plain):
        return plain
    raise Refused("电话号码格式不对：请填 11 位手机号，或带区号的固定电话。", field="phone")


def masked_phone(number: str | None) -> str:
    """138****5678; a landline keeps its last four."""
    if not number:
        return ""
    if len(number) == 11:
        return f"{number[:3]}****{number[-4:]}"
    return "*" * max(len(number) - 4, 0) + number[-4:]


def masked_name(name: str | None) -> str:
    """张*, 张**; the two-character surnames that are common keep both."""
    if not name:
        return ""
    keep = 2 if len(name) > 2 and name[:2] in {"欧阳", "司马", "上官", "诸葛", "司徒", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "长孙"} else 1
    return name[:keep] + "*" * (len(name) - keep)
