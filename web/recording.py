"""Who may listen to calls, and a recording as the browser's player asks for it: in ranges."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.response import Stream

from hotline.errors import Forbidden, NotFound
from hotline.people import Person
from hotline.roles import Role

MAY_HEAR = (Role.OPERATOR, Role.DISPATCHER, Role.REVIEWER, Role.SUPERVISOR)
BLOCK = 1 << 16
# Only what is sound: a recording named x.html must never open as a page.
MEDIA = {"wav": "audio/wav", "mp3": "audio/mpeg", "ogg": "audio/ogg", "opus": "audio/ogg", "oga": "audio/ogg", "flac": "audio/flac", "m4a": "audio/mp4",
         "mp4": "audio/mp4", "aac": "audio/aac", "amr": "audio/amr", "webm": "audio/webm"}  # fmt: skip


def check_may_hear(person: Person) -> None:
    """Raises Forbidden for who does not work at the centre."""
    if not person.has(*MAY_HEAR):
        raise Forbidden("只有热线中心的人员可以查看通话和录音。")


def recording(path: Path, name: str, asked: str | None) -> Response[Any]:
    """The bytes of the file, or the range of them that the header `Range` asks for (RFC 9110 §14)."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise NotFound("这段录音不在本机的数据目录中。") from None
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Type": MEDIA.get(name.rpartition(".")[2].lower(), "application/octet-stream"),
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(name)}",
        "Cache-Control": "private, no-store",
    }
    wanted = _range(asked, size)
    if wanted is None:
        return Stream(_blocks(path, 0, size), headers=headers | {"Content-Length": str(size)})
    first, last = wanted
    if first >= size:
        return Response(b"", status_code=416, headers={"Content-Range": f"bytes */{size}"})
    headers |= {"Content-Range": f"bytes {first}-{last}/{size}", "Content-Length": str(last - first + 1)}
    return Stream(_blocks(path, first, last + 1), status_code=206, headers=headers)


def _range(asked: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte of a single range; None for no range, or one that we do not understand: then the whole is sent."""
    unit, _, span = (asked or "").partition("=")
    first, dash, last = span.strip().partition("-")
    if unit.strip().lower() != "bytes" or not dash or not all(part == "" or (part.isascii() and part.isdigit()) for part in (first, last)):
        return None
    if first:
        return (int(first), min(int(last) if last else size - 1, size - 1)) if not last or int(last) >= int(first) else None
    return (max(size - int(last), 0), size - 1) if last and int(last) else None


def _blocks(path: Path, start: int, end: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < end and (block := file.read(min(BLOCK, end - start))):
            start += len(block)
            yield block
