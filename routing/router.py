"""The router 派单建议: one trained model, the alarms and the gazetteer, asked together about one text."""

import numpy as np

from routing.alarms import Alarms
from routing.features import read
from routing.model import Model
from routing.places import Gazetteer
from routing.protocol import Routing, Suggestion
from routing.reasons import Reasons
from routing.text import Folded, Grams
from routing.verdict import Opinion, unreadable, verdict


class Router:
    """The trained classifier of the hotline; a Classifier (protocol.py)."""

    def __init__(self, model: Model, version: str, *, alarms: Alarms, places: Gazetteer) -> None:
        self.model = model
        self.version = version
        self.alarms = alarms
        self.places = places
        names = [model.units.get(label, label) for label in model.items.labels]
        ranks = {name: rank for rank, name in enumerate(dict.fromkeys(names))}
        self._unit = np.array([ranks[name] for name in names])

    def suggest(self, text: str, k: int = 5) -> Routing:
        """See routing.protocol.Classifier; reads the first text.LONGEST characters."""
        folded, grams = read(text)
        opinion = None if unreadable(folded) else self._opinion(folded, grams, k)
        return verdict(folded, opinion, self.alarms, self.places, self.version)

    def _opinion(self, folded: Folded, grams: Grams, k: int) -> Opinion | None:
        vector = self.model.vocabulary.vector(grams)
        if not len(vector.grams):
            return None
        chances = self.model.items.probabilities(vector)
        best = np.argsort(-chances, kind="stable")[:k]
        why = Reasons(folded, grams, self.model.vocabulary, self.model.items.weights)
        first = self.model.items.labels[best[0]]
        threshold = self.model.thresholds[first]
        kinds = self.model.kinds.probabilities(vector) if self.model.kinds else None
        return Opinion(
            suggestions=tuple(Suggestion(self.model.items.labels[label], float(chances[label]), why.words(int(label))) for label in best),
            unit_confidence=float(chances[self._unit == self._unit[best[0]]].sum()),
            dispatch=threshold.dispatch,
            show=threshold.show,
            strange=vector.known < self.model.familiar,
            kind=self.model.kinds.labels[int(kinds.argmax())] if self.model.kinds and kinds is not None else "help",
            kind_confidence=float(kinds.max()) if kinds is not None else 0.0,
        )
