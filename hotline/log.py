"""Logs: English, one JSON object a line, without citizens' data. Written for the person who runs the system.

Fields that may hold what a citizen said or who he is are dropped by name. Of an exception only its type, the places in the code and the
ASCII part of its first line are kept, because database errors repeat the values they choke on.
"""

import json
import logging
import re
import shutil
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import Processor

Event = MutableMapping[str, Any]

# fmt: off
PERSONAL = frozenset((
    "address", "area_text", "body", "caller", "citizen", "content", "cookie", "csrf", "data", "form", "headers", "id_card", "name", "note",
    "params", "password", "phone", "query", "said", "secret", "session", "statement", "text", "title", "token", "transcript", "utterance",
    "utterances",
))
# fmt: on
# Access lines repeat the query string, in which people search for names and numbers.
QUIET = {"uvicorn.access": logging.WARNING, "alembic": logging.WARNING, "dramatiq": logging.WARNING, "httpx": logging.WARNING}
DEEPEST = 12  # places of a traceback, the nearest to the fault


def configure(to: Path | None = None, *, level: str = "info") -> None:
    """Sends every log line, ours and the libraries', to the file `to`, or to stderr, which the supervisor keeps in logs/<name>.log."""
    if to is not None:
        to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = logging.StreamHandler(sys.stderr) if to is None else logging.FileHandler(to, encoding="utf-8", delay=True)
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    after: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, without_people, with_trouble, _render]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=[*before, _only_ascii], processors=after))
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(least)


def without_people(logger: object, method: str, event: Event) -> Event:
    """Drops the fields that may hold a citizen's data, at any depth, and says which were dropped."""
    dropped = sorted(key for key in event if key in PERSONAL)
    kept = {key: _plain(value) for key, value in event.items() if key not in PERSONAL}
    return kept | ({"dropped": dropped} if dropped else {})


def with_trouble(logger: object, method: str, event: Event) -> Event:
    """Turns `exc_info` into type, places and what of its message is safe to keep."""
    caught = event.pop("exc_info", None)
    if caught is True:
        caught = sys.exc_info()
    error = caught[1] if isinstance(caught, tuple) else caught
    if isinstance(error, BaseException):
        event["error"] = type(error).__qualname__
        event["says"] = _ascii(str(error).partition("\n")[0])
        event["where"] = _places(error.__traceback__)
        if error.__cause__ is not None:
            event["because"] = type(error.__cause__).__qualname__
    return event


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-DEEPEST:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


def _only_ascii(logger: object, method: str, event: Event) -> Event:
    """A library's message: whatever is not English in it is somebody's data."""
    event["event"] = _ascii(str(event.get("event", "")))
    return event


def _ascii(message: str) -> str:
    """Without text that is not English and without numbers long enough to be a phone's or an identity card's."""
    return re.sub(r"\d{7,}", "…", re.sub(r"[^\x20-\x7e]+", "…", message))[:500]


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if key not in PERSONAL}
    return value


def _render(logger: object, method: str, event: Event) -> str:
    first = {key: event.pop(key) for key in ("timestamp", "level", "logger", "event") if key in event}
    return json.dumps({**first, **event}, ensure_ascii=False, default=str)


def rotate(folder: Path, *, limit: int = 10_000_000, keep: int = 5) -> None:
    """Sets aside every log of more than `limit` bytes as .1, .2 … .`keep`; the writers never notice.

    They hold their files open for appending, so the file is copied and emptied, not renamed.
    """
    for path in folder.glob("*.log"):
        if path.stat().st_size <= limit:
            continue
        for number in range(keep - 1, 0, -1):
            older = path.with_name(f"{path.name}.{number}")
            if older.exists():
                older.rename(path.with_name(f"{path.name}.{number + 1}"))
        shutil.copyfile(path, path.with_name(f"{path.name}.1"))
        with path.open("r+b") as file:
            file.truncate(0)
