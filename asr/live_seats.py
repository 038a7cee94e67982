"""Places for live voices on one machine. A place is a locked file: whoever dies gives it back, whichever process he was."""

import contextlib
import fcntl
import os
from pathlib import Path


class Seat:
    """A taken place."""

    def __init__(self, handle: int) -> None:
        self._handle: int | None = handle

    def give_back(self) -> None:
        """May be called twice."""
        if self._handle is not None:
            os.close(self._handle)
        self._handle = None


class Seats:
    """So many places in all, for every process of the machine that names the same folder."""

    def __init__(self, folder: Path, count: int) -> None:
        self._folder, self._count = folder, count

    def take(self) -> Seat | None:
        """A place, None where all are taken."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(self._count):
            handle = os.open(self._folder / f"seat-{number}", os.O_RDWR | os.O_CREAT, 0o600)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return Seat(handle)
            os.close(handle)
        return None

    @property
    def full(self) -> bool:
        """Whether there is no place just now."""
        seat = self.take()
        if seat is not None:
            seat.give_back()
        return seat is None
