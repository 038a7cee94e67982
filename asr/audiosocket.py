"""Asterisk's AudioSocket: frames of a kind (1 byte), a length (2 bytes, big-endian) and that much content (res_audiosocket.c)."""

import struct
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

HEAD = struct.Struct(">BH")
HANGUP, ID, DTMF, SLIN, ERROR = 0x00, 0x01, 0x03, 0x10, 0xFF
RATE = 8000  # Hz; the dialplan application sends nothing else, and what the other kinds of sound mean differs between versions
BYE = HEAD.pack(HANGUP, 0)


@dataclass(frozen=True)
class Frame:
    """One frame."""

    kind: int
    content: bytes

    @property
    def call(self) -> str:
        """The call id of an ID frame. Raises ValueError where it is none."""
        return str(uuid.UUID(bytes=self.content))


class Unpacker:
    """Puts frames together from whatever pieces the network gives."""

    def __init__(self) -> None:
        self._held = bytearray()

    def frames(self, piece: bytes) -> Iterator[Frame]:
        """The frames that are whole now."""
        self._held += piece
        while len(self._held) >= HEAD.size:
            kind, length = HEAD.unpack_from(self._held)
            if len(self._held) < HEAD.size + length:
                return
            content = bytes(self._held[HEAD.size : HEAD.size + length])
            del self._held[: HEAD.size + length]
            yield Frame(kind, content)
