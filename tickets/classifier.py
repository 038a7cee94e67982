"""The classifier in use: read from its folder once, and again when a new one has been made champion there or the city's places have changed."""

import threading
from pathlib import Path
from time import monotonic

from sqlalchemy import select

from hotline.db import Session
from hotline.errors import NotFound
from routing import store
from routing.places import Gazetteer, Place
from routing.protocol import Classifier, Routing
from routing.rules import KeywordClassifier
from tickets import catalogue_version
from tickets.catalogue import Area

LOOKED_FOR = 10.0
"""Seconds between two looks at the catalogue: a new street need not be known sooner."""


class Current:
    """A Classifier that follows the folder of models, with the city's own places. Without a model it knows nothing and says so."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._stamp: tuple[int | None, int] | None = None
        self._catalogue = 0
        self._looked: float | None = None
        self._classifier: Classifier | None = None

    def suggest(self, text: str, k: int = 5) -> Routing:
        """See routing.protocol.Classifier."""
        return self._now().suggest(text, k)

    def _now(self) -> Classifier:
        with self._lock:
            stamp = (self._folder.stat().st_mtime_ns if self._folder.exists() else None, self._version())
            if self._classifier is None or stamp != self._stamp:
                self._classifier, self._stamp = self._load(), stamp
            return self._classifier

    def _version(self) -> int:
        """The catalogue's, asked for every LOOKED_FOR seconds."""
        if self._looked is None or monotonic() - self._looked >= LOOKED_FOR:
            with Session() as s:
                self._catalogue = catalogue_version.current(s)
            self._looked = monotonic()
        return self._catalogue

    def _load(self) -> Classifier:
        places = gazetteer()
        try:
            return store.load(self._folder, places=places)
        except NotFound:
            return KeywordClassifier({}, places=places)


def gazetteer() -> Gazetteer:
    """The names of the city's areas, with their aliases."""
    with Session() as s:
        areas = s.scalars(select(Area)).all()
    return Gazetteer([Place(area.code, area.name, area.parent_code or "", area.level, aliases=tuple(area.aliases)) for area in areas])
