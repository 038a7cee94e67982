"""The shelf of models 模型架: files named by their hash, a champion and the one before it, one command back.

A file is hashed before it is loaded. A damaged champion is refused and the last good one is used, with a warning in the log: a hotline
that routes as it did last week is better than one that does not route.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import structlog

from hotline.errors import NotFound, Refused
from routing.alarms import Alarms
from routing.model import Model, Unreadable, read, write
from routing.places import Gazetteer
from routing.protocol import Classifier
from routing.router import Router

log = structlog.get_logger("hotline.routing")

SHELF = "shelf.json"


@dataclass(frozen=True)
class Entry:
    """One model on the shelf. version: first 12 hex digits of sha256, and the file's name; report: what training found."""

    version: str
    sha256: str
    report: Mapping[str, Any]


@dataclass(frozen=True)
class Shelf:
    """champion 现任: what routes; previous 前任: what `back` returns to."""

    champion: Entry | None = None
    previous: Entry | None = None


def save(folder: Path, model: Model, report: Mapping[str, Any], *, promote: bool = True) -> str:
    """Writes the model and makes it the champion; returns its version. The champion so far becomes the previous one."""
    folder.mkdir(parents=True, exist_ok=True)
    content = write(replace(model, report=report))
    sha256 = hashlib.sha256(content).hexdigest()
    entry = Entry(sha256[:12], sha256, dict(report))
    _replace(_file(folder, entry), content)
    if promote:
        champion = shelf(folder).champion
        _put(folder, Shelf(entry, champion if champion and champion.sha256 != sha256 else shelf(folder).previous))
        _sweep(folder)
    return entry.version


def load(folder: Path, *, places: Gazetteer | None = None, alarms: Alarms | None = None) -> Classifier:
    """The champion, ready to route with the city's own places and alarms (ours unless given). Raises NotFound without a usable model."""
    model, entry = load_model(folder)
    return Router(model, entry.version, alarms=Alarms.load() if alarms is None else alarms, places=places or Gazetteer(()))


def load_model(folder: Path) -> tuple[Model, Entry]:
    """The champion, or the previous one where the champion is damaged. Raises NotFound where there is none, or none that can be read."""
    known = shelf(folder)
    entries = [entry for entry in (known.champion, known.previous) if entry is not None]
    if not entries:
        raise NotFound(f"{folder} 里还没有派单模型，请先训练。")
    for entry in entries:
        try:
            return _checked(folder, entry), entry
        except (OSError, Unreadable) as error:
            log.warning("routing model refused", version=entry.version, reason=str(error))
    raise NotFound(f"{folder} 里的派单模型都已损坏，请重新训练。")


def back(folder: Path) -> str:
    """Makes the previous model the champion again, and the champion the previous; returns the version now in use. Raises Refused."""
    known = shelf(folder)
    if known.previous is None:
        raise Refused("没有前一个模型可以退回。")
    try:
        _checked(folder, known.previous)
    except (OSError, Unreadable) as error:
        raise Refused("前一个模型已损坏，不能退回。") from error
    _put(folder, Shelf(known.previous, known.champion))
    return known.previous.version


def shelf(folder: Path) -> Shelf:
    """What stands on it; where the list is damaged, the newest model whose name still fits its bytes."""
    try:
        raw = json.loads((folder / SHELF).read_text("utf-8"))
        return Shelf(*(Entry(**raw[name]) if raw.get(name) else None for name in ("champion", "previous")))
    except FileNotFoundError:
        return Shelf()
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("list of routing models cannot be read", reason=str(error))
        return Shelf(*_found(folder)[:2])


def _found(folder: Path) -> list[Entry]:
    files = sorted(folder.glob("routing-*.npz"), key=lambda path: path.stat().st_mtime, reverse=True)
    hashes = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    return [Entry(sha256[:12], sha256, {}) for path, sha256 in hashes.items() if path.stem == f"routing-{sha256[:12]}"]


def _checked(folder: Path, entry: Entry) -> Model:
    content = _file(folder, entry).read_bytes()
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise Unreadable("hash does not match")
    return read(content)


def _file(folder: Path, entry: Entry) -> Path:
    if len(entry.version) != 12 or not entry.version.isalnum():
        raise Unreadable("no version")
    return folder / f"routing-{entry.version}.npz"


def _put(folder: Path, new: Shelf) -> None:
    named = {"champion": new.champion, "previous": new.previous}
    content = {name: vars(entry) for name, entry in named.items() if entry is not None}
    _replace(folder / SHELF, json.dumps(content, ensure_ascii=False, indent=1).encode())


def _replace(path: Path, content: bytes) -> None:
    """All of it or nothing, whenever the power fails."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _sweep(folder: Path) -> None:
    """Keeps the files of the champion and the previous one only."""
    known = shelf(folder)
    kept = {_file(folder, entry) for entry in (known.champion, known.previous) if entry is not None}
    for path in folder.glob("routing-*.npz"):
        if path not in kept:
            path.unlink(missing_ok=True)
