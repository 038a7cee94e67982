"""Recordings on disk (录音): kept by the SHA-256 of their bytes, whole or not at all."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from hotline.errors import Refused, reason

LARGEST = 2 * 1024**3  # bytes: two hours of 48 kHz stereo PCM are 1.4 GB
BLOCK = 1 << 20


def keep(blocks: Iterable[bytes], folder: Path) -> tuple[str, int]:
    """Writes the blocks to `folder` and returns (sha256, size in bytes). On return they are on the disk.

    Raises Refused when the recording is too large or the disk is full; then nothing of it stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    handle, name = tempfile.mkstemp(prefix=".incoming-", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            for block in blocks:
                size += len(block)
                if size > LARGEST:
                    raise Refused(f"录音超过 {LARGEST // 1024**3} GB，无法接收。", field="recording")
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, folder / digest.hexdigest())
    except OSError as error:
        raise Refused(f"录音无法保存到 {folder}：{reason(error)}。请检查磁盘空间和权限，录音未被接收。", field="recording") from error
    finally:
        Path(name).unlink(missing_ok=True)
    _sync_folder(folder)
    return digest.hexdigest(), size


def keep_file(path: Path, folder: Path) -> tuple[str, int]:
    """Keeps a copy of the file at `path`. Raises Refused when it cannot be read."""
    try:
        with path.open("rb") as file:
            return keep(iter(lambda: file.read(BLOCK), b""), folder)
    except OSError as error:
        raise Refused(f"无法读取录音 {path.name}：{reason(error)}。", field="recording") from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
