"""诉求类型 as the citizen says it: whoever says what the call is for is believed before any model, and nobody reports 举报 without saying so."""

import re
from collections.abc import Iterable
from typing import Final

from routing.protocol import Alarm

SAID: Final = tuple(
    (kind, re.compile(rf"(?:要|想|来|电话)(?:实名|匿名|给你们)?(?:{words})(?!过|了|无|信|电话|热线|渠道|平台|箱)"))
    for kind, words in (
        ("report", "举报|检举|揭发"),
        ("complaint", "投诉"),
        ("praise", "表扬|点个?赞"),
        ("suggestion", "提(?:一?个|一?条|点|些)?小?建议"),
        ("inquiry", "咨询|打听"),
    )
)
"""「我要投诉」「想咨询一下」: what is said first counts. 「想问一下」 is only polite: complaints begin with it too."""

SPECIAL: Final = frozenset({"stuck", "fault"})
"""办不成事 and 找茬 are heard from the story: whoever is stuck says 「我要投诉」 like anybody else."""

REPORTING: Final = frozenset({"report", "corruption"})
"""The alarms (alarms.toml) without which a text is no report, only a complaint."""


def kind_of(words: str, guessed: str, sure: float, alarms: Iterable[Alarm]) -> tuple[str, float]:
    """The kind and its confidence. words: the folded text; guessed, sure: what the model makes of it."""
    said = [(match.start(), kind) for kind, pattern in SAID if (match := pattern.search(words))]
    if said and guessed not in SPECIAL:
        return min(said)[1], 1.0
    if guessed == "report" and not any(alarm.code in REPORTING for alarm in alarms):
        return "complaint", sure
    return guessed, sure
