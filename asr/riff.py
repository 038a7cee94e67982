"""How much of a WAV file is missing: decoders play what is there and do not tell that the file was cut off."""

import struct
from pathlib import Path

UNKNOWN = {0, 0x7FFFFFFF, 0x7FFFF000, 0xFFFFFFFF, 0xFFFFF000}  # sizes that streaming writers put in before they know
SOME = 4096  # bytes; less than that is a writer's rounding, not a lost ending
MOST_CHUNKS = 64


def missing_bytes(path: Path) -> int:
    """Bytes that the data chunk of a WAV file promises beyond the end of the file. 0 for whole files, other formats and unknown sizes."""
    length = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return 0
        for _ in range(MOST_CHUNKS):
            chunk = file.read(8)
            if len(chunk) < 8:
                return 0
            name, size = struct.unpack("<4sI", chunk)
            if name == b"data":
                lost = file.tell() + size - length
                return lost if lost > SOME and size not in UNKNOWN else 0
            file.seek(size + size % 2, 1)
    return 0
