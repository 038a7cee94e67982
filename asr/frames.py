"""Messages between the pool and a speech process: a length of four bytes (big-endian), then that much JSON in UTF-8.

Where the JSON says {"sound": n}, n bytes of sound follow it; the reader finds them in their place.
"""

import json
import struct
from collections.abc import Iterator
from typing import IO, Any

LENGTH = struct.Struct(">I")
LONGEST = 16 * 1024 * 1024  # bytes; anything longer is not ours

Message = dict[str, Any]


def packed(message: Message, sound: bytes = b"") -> bytes:
    """The message as it goes through the pipe."""
    told = message | {"sound": len(sound)} if sound else message
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    return LENGTH.pack(len(body)) + body + sound


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
        while (message := self._whole()) is not None:
            yield message

    def _whole(self) -> Message | None:
        if len(self._held) < LENGTH.size:
            return None
        end = LENGTH.size + _checked(bytes(self._held[: LENGTH.size]))
        if len(self._held) < end:
            return None
        message: Message = json.loads(bytes(self._held[LENGTH.size : end]))
        if sound := message.get("sound", 0):
            if len(self._held) < end + sound:
                return None
            message["sound"] = bytes(self._held[end : end + sound])
        del self._held[: end + sound]
        return message


def _checked(head: bytes) -> int:
    (length,) = LENGTH.unpack(head)
    if length > LONGEST:
        raise ValueError(f"a message of {length} bytes is not ours")
    return int(length)
