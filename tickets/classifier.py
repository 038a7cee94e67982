"""The classifier in use: read from its folder once, and again when a new one has been made champion there."""

import threading
from pathlib import Path

from sqlalchemy import select

from hotline.db import Session
from hotline.errors import NotFound
from routing import store
from routing.places import Gazetteer, Place
from routing.protocol import Classifier, Routing
from routing.rules import KeywordClassifier
from tickets.catalogue import Area


class Current:
    """A Classifier that follows the folder of models, with the city's own places. Without a model it knows nothing and says so."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._stamp: int | None = None
        self._classifier: Classifier | None = None

    def suggest(self, text: str, k: int = 5) -> Routing:
        """See routing.protocol.Classifier."""
        return self._now().suggest(text, k)

    def _now(self) -> Classifier:
        stamp = self._folder.stat().st_mtime_ns if self._folder.exists() else None
        with self._lock:
            if self._classifier is None or stamp != self._stamp:
                self._classifier, self._stamp = self._load(), stamp
            return self._classifier

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
