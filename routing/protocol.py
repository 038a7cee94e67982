"""What a classifier answers: suggestions with their reasons, or an honest "unknown"."""

from dataclasses import dataclass, field
from typing import Literal, Protocol

Level = Literal["urgent", "sensitive"]

KINDS = ("inquiry", "help", "complaint", "report", "suggestion", "praise", "stuck", "fault")
"""诉求类型: 咨询 求助 投诉 举报 建议 表扬 办不成事 找茬."""


@dataclass(frozen=True)
class Suggestion:
    """One item 事项 that the text may belong to.

    item: the item's code, or whatever label the classifier was trained on.
    confidence: calibrated probability, 0 to 1, that this is the item.
    because: the words of the text that decided, as they stand in it, the weightiest first; empty when no word stands out.
    """

    item: str
    confidence: float
    because: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alarm:
    """A matter that a person must see at once (urgent 紧急) or with discretion (sensitive 敏感).

    code: name of the rule in alarms.toml; words: what in the text set it off; sentence: Chinese, what the operator is to do.
    """

    code: str
    words: tuple[str, ...]
    sentence: str
    level: Level


@dataclass(frozen=True)
class Routing:
    """Everything that routing has to say about one text.

    suggestions: the best first; empty when the text cannot be read at all.
    dispatch: sure enough to dispatch 派单 without a person. Never true with an alarm, an unknown or a text that needs more.
    unknown: not sure enough even to pre-fill the form, or too short to tell; the suggestions, if any, are only hints.
    needs_more: the text is so short that the operator should ask for one more sentence instead of guessing; always unknown.
    reason: Chinese, why it is unknown or why a person is to dispatch; empty when `dispatch` is true.
    unit_confidence: probability that the unit behind the first suggestion is right (equals its confidence when no units were given in training).
    kind, kind_confidence: one of KINDS 诉求类型; confidence 0 when it is a default rather than a finding.
    area, area_because: code of the area 区划 named in the text, or None; the words that named it.
    model_version: first 12 hex digits of the model file's SHA-256, or the name of a classifier that has no file.
    """

    suggestions: tuple[Suggestion, ...] = ()
    dispatch: bool = False
    unknown: bool = False
    needs_more: bool = False
    reason: str = ""
    unit_confidence: float = 0.0
    kind: str = "help"
    kind_confidence: float = 0.0
    alarms: tuple[Alarm, ...] = field(default=())
    area: str | None = None
    area_because: tuple[str, ...] = ()
    model_version: str = ""


class Classifier(Protocol):
    """Text in, Routing out. Never raises for any text; bounded time for any length."""

    def suggest(self, text: str, k: int = 5) -> Routing: ...
