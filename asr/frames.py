"""Messages between the pool and a speech process: a length of four bytes (big-endian), then that much JSON in UTF-8."""

import json
import struct
from collections.abc import Iterator
from typing import IO, Any

LENGTH = struct.Struct(">I")
LONGEST = 16 * 1024 * 1024  # bytes; anything longer is not ours

Message = dict[str, Any]


def packed(message: Message) -> bytes:
    """The message as it goes through the pipe."""
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    return LENGTH.pack(len(body)) + body


def read(pipe: IO[bytes]) -> Message | None:
    """The next message, waiting for it. None when the other side has gone."""
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    body = pipe.read(_checked(head))
    return json.loads(body) if len(body) == LENGTH.unpack(head)[0] else None


class Unpacker:
    """Puts messages together from whatever pieces a pipe gives."""

    def __init__(self) -> None:
        self._held = bytearray()

    def messages(self, piece: bytes) -> Iterator[Message]:
        """The messages that are whole now."""
        self._held += piece
        while len(self._held) >= LENGTH.size:
            end = LENGTH.size + _checked(bytes(self._held[: LENGTH.size]))
            if len(self._held) < end:
                return
            body = bytes(self._held[LENGTH.size : end])
            del self._held[:end]
            yield json.loads(body)


def _checked(head: bytes) -> int:
    (length,) = LENGTH.unpack(head)
    if length > LONGEST:
        raise ValueError(f"a message of {length} bytes is not ours")
    return int(length)
