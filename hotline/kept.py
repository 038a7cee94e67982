"""Files on disk, kept by the SHA-256 of their bytes, whole or not at all: recordings (录音) and attachments (附件)."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from hotline.errors import Refused, reason

BLOCK = 1 << 20
INCOMING = ".incoming-"
"""How the name of a file begins that is still being written."""


def keep(blocks: Iterable[bytes], folder: Path, *, what: str, field: str, largest: int) -> tuple[str, int]:
    """Writes the blocks to `folder` and returns (sha256, size in bytes). On return they are on the disk.

    what, field: how a refusal calls it. Raises Refused when it is larger than `largest` bytes or the disk is full; then nothing of it stays.
    """
    digest, size = hashlib.sha256(), 0
    try:
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=INCOMING, dir=folder)
    except OSError as error:
        raise _cannot(what, field, folder, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            for block in blocks:
                size += len(block)
                if size > largest:
                    raise Refused(f"{what}超过 {in_words(largest)}，无法接收。", field=field)
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, folder / digest.hexdigest())
    except OSError as error:
        raise _cannot(what, field, folder, error) from error
    finally:
        Path(name).unlink(missing_ok=True)
    _sync_folder(folder)
    return digest.hexdigest(), size


def in_words(size: int) -> str:
    """How large: 2 GB, 50 MB, 340 KB."""
    for unit, name in ((1024**3, "GB"), (1024**2, "MB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}".replace(".0 ", " ")
    return f"{max(1, round(size / 1024))} KB"


def _cannot(what: str, field: str, folder: Path, error: OSError) -> Refused:
    return Refused(f"{what}无法保存到 {folder}：{reason(error)}。请检查磁盘空间和权限，{what}未被接收。", field=field)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
