"""Static files (样式、脚本、第三方文件) under an address that changes with their content: browsers keep them for good and never mix versions."""

import hashlib
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "static"
TEMPLATES = Path(__file__).resolve().parent / "templates"


def _version() -> str:
    digest = hashlib.sha256()
    for file in sorted(FOLDER.rglob("*")):
        if file.is_file():
            digest.update(file.relative_to(FOLDER).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


PATH = f"/static/{_version()}"


def asset(name: str) -> str:
    """The address of a static file."""
    return f"{PATH}/{name}"
