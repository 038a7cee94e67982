"""The keyword classifier 关键词派单: for a city on its first morning, before there is a model, and for tests that want no surprises."""

from collections.abc import Mapping

from routing.alarms import Alarms
from routing.places import Gazetteer
from routing.protocol import Routing, Suggestion
from routing.text import Folded, fold
from routing.thresholds import NEVER
from routing.verdict import Opinion, unreadable, verdict

VERSION = "keywords"

KIND_WORDS = (
    ("praise", ("表扬", "感谢", "点赞", "锦旗")),
    ("stuck", ("办不成", "跑了几趟", "来回跑", "反复补材料", "推来推去")),
    ("fault", ("找茬", "态度差", "态度恶劣")),
    ("report", ("举报", "检举")),
    ("complaint", ("投诉",)),
    ("suggestion", ("建议",)),
    ("inquiry", ("请问", "咨询", "想问", "怎么办理", "需要什么材料")),
)
"""诉求类型 by the first word that is met, in this order; a help 求助 where none is."""


class KeywordClassifier:
    """A Classifier that knows only the words it was given. It never dispatches by itself: nobody has measured how often it is right."""

    def __init__(
        self,
        keywords: Mapping[str, tuple[str, ...]],
        *,
        alarms: Alarms | None = None,
        places: Gazetteer | None = None,
        dispatch: float = NEVER,
    ) -> None:
        """keywords: item -> words that speak for it. dispatch: the confidence from which on to dispatch, for tests."""
        self._keywords = {item: tuple((word, fold(word).words()) for word in words) for item, words in keywords.items()}
        self._alarms = Alarms.load() if alarms is None else alarms
        self._places = places or Gazetteer(())
        self._dispatch = dispatch

    def suggest(self, text: str, k: int = 5) -> Routing:
        """See routing.protocol.Classifier. Confidence is the share of the keywords found that speak for the item."""
        folded = fold(text)
        opinion = None if unreadable(folded) else self._opinion(folded, k)
        return verdict(folded, opinion, self._alarms, self._places, VERSION)

    def _opinion(self, folded: Folded, k: int) -> Opinion:
        plain = folded.words()
        met = {item: tuple(word for word, bare in words if bare in plain) for item, words in self._keywords.items()}
        weight = {item: sum(len(word) for word in words) for item, words in met.items() if words}
        total = sum(weight.values())
        best = sorted(weight, key=lambda item: -weight[item])[:k]
        suggestions = tuple(Suggestion(item, weight[item] / total, met[item]) for item in best)
        kind = next((kind for kind, words in KIND_WORDS if any(word in plain for word in words)), "help")
        return Opinion(suggestions, suggestions[0].confidence if suggestions else 0.0, self._dispatch, 0.0, kind=kind)
