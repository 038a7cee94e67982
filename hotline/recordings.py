"""Recordings on disk (录音)."""

from collections.abc import Iterable
from pathlib import Path

from hotline import kept
from hotline.errors import Refused, reason

LARGEST = 2 * 1024**3  # bytes: two hours of 48 kHz stereo PCM are 1.4 GB


def keep(blocks: Iterable[bytes], folder: Path) -> tuple[str, int]:
    """Keeps a recording and returns (sha256, size in bytes). Raises Refused; see hotline.kept."""
    return kept.keep(blocks, folder, what="录音", field="recording", largest=LARGEST)


def keep_file(path: Path, folder: Path) -> tuple[str, int]:
    """Keeps a copy of the file at `path`. Raises Refused when it cannot be read."""
    try:
        with path.open("rb") as file:
            return keep(iter(lambda: file.read(kept.BLOCK), b""), folder)
    except OSError as error:
        raise Refused(f"无法读取录音 {path.name}：{reason(error)}。", field="recording") from error
