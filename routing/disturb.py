"""Disturbing 扰动: what a recogniser of telephone speech does to a text, for training and measuring on it.

Most wrong characters it writes sound the same without tones, fewer sound alike (zh/z, n/l, -ng/-n), some are lost or doubled.
"""

from functools import lru_cache
from random import Random

from pypinyin.constants import PINYIN_DICT

from routing.text import toneless

_HOW = (("same", 0.65), ("alike", 0.20), ("lost", 0.10), ("filler", 0.05))
_ALIKE = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("h", "f"), ("r", "l"))
_ENDS = (("ang", "an"), ("eng", "en"), ("ing", "in"))
_FILLERS = "嗯啊呃哦那个"


def disturb(text: str, share: float, random: Random) -> str:
    """The text with about `share` (0 to 1) of its 汉字 disturbed; everything else stays."""
    return "".join(_hear(char, random) if char in _sounds() and random.random() < share else char for char in text)


def _hear(char: str, random: Random) -> str:
    how = random.choices([name for name, _ in _HOW], [weight for _, weight in _HOW])[0]
    if how == "lost":
        return ""
    if how == "filler":
        return char + random.choice(_FILLERS)
    syllable = _sounds()[char]
    if how == "alike":
        syllable = random.choice([other for other in _neighbours(syllable) if other in _spellings()] or [syllable])
    return random.choice([other for other in _spellings()[syllable] if other != char] or [char])


@lru_cache(maxsize=512)
def _neighbours(syllable: str) -> tuple[str, ...]:
    swaps = [(a, b) for pair in _ALIKE for a, b in (pair, pair[::-1])]
    found = [b + syllable[len(a) :] for a, b in swaps if syllable.startswith(a) and not (len(a) == 1 and syllable[1:2] == "h")]
    for long, short in _ENDS:
        if syllable.endswith(long):
            found.append(syllable.removesuffix(long) + short)
        elif syllable.endswith(short):
            found.append(syllable.removesuffix(short) + long)
    return tuple(found)


@lru_cache(maxsize=1)
def _sounds() -> dict[str, str]:
    """The 3,755 common characters (GB 2312, first level) and their syllables: a recogniser seldom writes a rare one."""
    common = bytes(byte for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF) for byte in (row, cell)).decode("gb2312", "ignore")
    return {char: toneless(PINYIN_DICT[ord(char)].split(",")[0]) for char in common if ord(char) in PINYIN_DICT}


@lru_cache(maxsize=1)
def _spellings() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for char, syllable in _sounds().items():
        found.setdefault(syllable, []).append(char)
    return {syllable: tuple(chars) for syllable, chars in found.items()}
