"""The verdict 判定: what may be done with suggestions, the same for every classifier."""

from dataclasses import dataclass, replace

from routing.alarms import Alarms
from routing.kinds import kind_of
from routing.places import Gazetteer
from routing.protocol import Routing, Suggestion
from routing.text import Folded

ENOUGH = 30
"""Letters and 汉字. Below it the operator is to ask for one more sentence instead of guessing."""

TOO_LONG = 20_000
"""Characters above which a text is no message of one matter; what its beginning suggests is only a hint."""

LEAST = 2
"""汉字 below which there is nothing to read."""

CHINESE = 0.4
"""A text with a smaller share of 汉字 among its letters and digits is not Chinese."""

PLAIN_CHINESE = 0.03
"""汉字 in a text that holds more kana 假名 or hangul 谚文 than this share is not Chinese either."""


@dataclass(frozen=True)
class Opinion:
    """What a classifier thinks, before anybody asks whether to act on it.

    unit_confidence: of the unit behind the first suggestion; dispatch, show: the thresholds of the first suggestion;
    strange: the text is unlike anything that the classifier has met.
    """

    suggestions: tuple[Suggestion, ...]
    unit_confidence: float
    dispatch: float
    show: float
    strange: bool = False
    kind: str = "help"
    kind_confidence: float = 0.0


def unreadable(folded: Folded) -> str | None:
    """Chinese sentence saying why there is nothing to route in this text; None where there is."""
    codes = folded.codes
    if not len(codes):
        return "内容为空，或只有标点、符号和表情。"
    foreign = int(((codes >= 0x3040) & (codes < 0x3100) | (codes >= 0xAC00) & (codes < 0xD7B0)).sum())
    if foreign > PLAIN_CHINESE * len(codes):
        return "看起来不是中文，请转外语座席或请市民改用中文。"
    if ((codes >= 0x30) & (codes < 0x3A)).all():
        return "只有数字，没有可以判断的内容。"
    if folded.hanzi < LEAST or folded.hanzi < CHINESE * len(codes):
        return "几乎没有汉字，看不出是什么事。"
    return None


def verdict(folded: Folded, opinion: Opinion | None, alarms: Alarms, places: Gazetteer, version: str) -> Routing:
    """opinion: None for a text that is unreadable."""
    found = alarms.check(folded)
    place = places.find(folded)
    area, because = (place.code, place.words) if place else (None, ())
    short = len(folded.codes) < ENOUGH
    if opinion is None or not opinion.suggestions:
        reason = unreadable(folded) or "没有哪个事项与这段话对得上，请人工判断。"
        return Routing((), False, True, short, reason, 0.0, "help", 0.0, found, area, because, version)
    long = len(folded.text) > TOO_LONG
    unknown = short or long or opinion.strange or opinion.unit_confidence < opinion.show
    reason = _reason(opinion, unknown, short, long, found[0].sentence if found else None)
    kind, sure = kind_of(folded.words(), opinion.kind, opinion.kind_confidence, found)
    return Routing(
        suggestions=tuple(_without(suggestion, because) for suggestion in opinion.suggestions),
        dispatch=not reason,
        unknown=unknown,
        needs_more=short,
        reason=reason,
        unit_confidence=opinion.unit_confidence,
        kind=kind,
        kind_confidence=sure,
        alarms=found,
        area=area,
        area_because=because,
        model_version=version,
    )


def _without(suggestion: Suggestion, places: tuple[str, ...]) -> Suggestion:
    """Where something is says nothing about what it is: names of places are not given as reasons."""
    return replace(suggestion, because=tuple(word for word in suggestion.because if not any(word in place for place in places)))


def _reason(opinion: Opinion, unknown: bool, short: bool, long: bool, alarm: str | None) -> str:
    """Why a person is to dispatch; empty where none is needed."""
    if alarm:
        return alarm
    if short:
        return f"描述不足 {ENOUGH} 字，请再问一句时间、地点和经过。"
    if long:
        return f"内容超过 {TOO_LONG} 字，只看了开头，请人工判断。"
    if opinion.strange:
        return "与以往的诉求都不像，请人工判断。"
    if unknown:
        return "把握太小，请人工判断。"
    if opinion.unit_confidence < opinion.dispatch:
        return "把握不够自动派单，请派单员确认。"
    return ""
