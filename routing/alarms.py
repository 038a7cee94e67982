"""Alarms 紧急与敏感: rules that a person can read and edit, in alarms.toml. What they find is never dispatched silently."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard, get_args

from hotline.errors import NotFound, Refused
from routing.protocol import Alarm, Level
from routing.text import Folded, fold

OURS = Path(__file__).with_name("alarms.toml")

NEAR = 12
"""Characters on either side of a hit in which a word of `unless` takes it back."""

HEARD = 4
"""Characters of the shortest word that may be looked for by its sound; 起火 sounds like 期货."""


@dataclass(frozen=True)
class Rule:
    """One rule. words, unless: patterns over the folded text; sounds: what is found by ear, as bytes of the syllables."""

    code: str
    level: Level
    sentence: str
    words: re.Pattern[str]
    unless: re.Pattern[str] | None
    sounds: tuple[bytes, ...]

    def hits(self, folded: Folded, text: str, heard: bytes) -> tuple[str, ...]:
        """The words of the text that set the rule off, as they stand in it."""
        spans = {match.span() for match in self.words.finditer(text)} | self._by_ear(heard)
        kept = [(start, end) for start, end in sorted(spans) if not self._taken_back(text, start, end)]
        return tuple(dict.fromkeys(folded.text[folded.at[start] : folded.at[end - 1] + 1] for start, end in kept))

    def _by_ear(self, heard: bytes) -> set[tuple[int, int]]:
        spans = set()
        for sound in self.sounds:
            place = heard.find(sound)
            while place >= 0:
                if place % 4 == 0:
                    spans.add((place // 4, (place + len(sound)) // 4))
                place = heard.find(sound, place + 1)
        return spans

    def _taken_back(self, text: str, start: int, end: int) -> bool:
        return self.unless is not None and self.unless.search(text[max(start - NEAR, 0) : end + NEAR]) is not None


class Alarms:
    """The rules in force."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)

    @classmethod
    def load(cls, path: Path = OURS) -> "Alarms":
        """From a file like alarms.toml. Raises NotFound, or Refused with the rule at fault."""
        try:
            raw = tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError as error:
            raise NotFound(f"找不到紧急规则文件 {path}。") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Refused(f"紧急规则文件 {path.name} 写法有误：{error}。") from error
        entries = raw.get("alarm")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise Refused(f"紧急规则文件 {path.name} 里没有 [[alarm]]。")
        rules = [_rule(place, entry) for place, entry in enumerate(entries, 1)]
        if len({rule.code for rule in rules}) < len(rules):
            raise Refused(f"紧急规则文件 {path.name} 里有重复的 code。")
        return cls(rules)

    def check(self, text: str | Folded) -> tuple[Alarm, ...]:
        """What the text sets off, the urgent first."""
        folded = fold(text) if isinstance(text, str) else text
        words, heard = folded.words(), folded.sounds.tobytes()
        found = [Alarm(rule.code, hits, rule.sentence, rule.level) for rule in self.rules if (hits := rule.hits(folded, words, heard))]
        return tuple(sorted(found, key=lambda alarm: alarm.level != "urgent"))


def _rule(place: int, entry: Mapping[str, Any]) -> Rule:
    code, sentence, words, unless = entry.get("code"), entry.get("sentence"), entry.get("words"), entry.get("unless")
    heard = entry.get("heard", [])
    level: Level | None = next((known for known in get_args(Level) if known == entry.get("level")), None)
    where = f"第 {place} 条规则（{code}）"
    if not (isinstance(code, str) and re.fullmatch(r"[a-z0-9_]+", code)) or level is None or not isinstance(sentence, str):
        raise Refused(f"{where}的 code、level 或 sentence 没写对。", field="code")
    if not _words(words) or (unless is not None and not _words(unless)):
        raise Refused(f"{where}的 words 或 unless 没写对。", field="words")
    if heard and not (_words(heard) and all(len(word) >= HEARD and fold(word).hanzi == len(word) for word in heard)):
        raise Refused(f"{where}的 heard 没写对：应是 {HEARD} 个汉字以上的词，不用正则。", field="heard")
    sounds = tuple(fold(word).sounds.tobytes() for word in heard)
    return Rule(code, level, sentence, _pattern(where, words), _pattern(where, unless) if unless else None, sounds)


def _words(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(word, str) and word for word in value)


def _pattern(where: str, words: list[str]) -> re.Pattern[str]:
    try:
        return re.compile("|".join(f"(?:{word})" for word in words))
    except re.error as error:
        raise Refused(f"{where}里有写错的正则：{error}。", field="words") from error
