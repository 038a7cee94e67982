"""Names that the recogniser misheard are found again by their sound: places, units and items of the city, given as a plain list.

翠湖花园 may come as 翠湖话园 or 脆胡花园: the model knows no such word. Toneless pinyin of three syllables and more tells them; two sound like too much else.
"""

import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache

from pypinyin.constants import PINYIN_DICT

from asr.edits import Edit, Span

SHORTEST = 3  # syllables of a name that is looked for by its sound
LONGEST = 24  # characters of a name
JOINING = "是在到有的和与事"  # a name does not begin with one: 是体育局 is no slip of 市体育局
Sounds = frozenset[str]


class Names:
    """The names, by how they sound. Built once for a list; a line costs well under a millisecond."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._written = {name for name in names if len(name) >= 2 and all(map(sounds, name))}
        self._heard: dict[tuple[str, str], list[str]] = {}
        for name in sorted(self._written, key=lambda name: (-len(name), name)):
            if len(name) >= SHORTEST:
                for first in sounds(name[0]):
                    for second in sounds(name[1]):
                        self._heard.setdefault((first, second), []).append(name)

    def met(self, text: str, borders: Collection[int] | None = None) -> tuple[list[Edit], list[Span]]:
        """What should be written otherwise, and every place that holds a name, rightly written or not; the longest name first at each place.

        borders: positions between the words that were recognised: a name begins and ends at one. None: anywhere.
        """
        edits: list[Edit] = []
        spans: list[Span] = []
        at = 0
        while at < len(text) - 1:
            name, right = self._at(text, at, borders)
            if name is None:
                at += 1
                continue
            spans.append((at, at + len(name)))
            if not right:
                edits.append(Edit(at, at + len(name), name, "name"))
            at += len(name)
        return edits, spans

    def _at(self, text: str, at: int, borders: Collection[int] | None) -> tuple[str | None, bool]:
        """The name that begins here, and whether it is written rightly. What is a name as it stands is never taken for another."""
        for length in range(min(LONGEST, len(text) - at), 1, -1):
            if text[at : at + length] in self._written:
                return text[at : at + length], True
        if text[at] in JOINING or (borders is not None and at not in borders):
            return None, False
        for first in sounds(text[at]):
            for second in sounds(text[at + 1]):
                for name in self._heard.get((first, second), ()):
                    piece = text[at : at + len(name)]
                    if (borders is None or at + len(name) in borders) and self._sounds_like(piece, name):
                        return name, False
        return None, False

    @staticmethod
    def _sounds_like(piece: str, name: str) -> bool:
        return len(piece) == len(name) and all(sounds(one) & sounds(other) for one, other in zip(piece, name, strict=True))


@lru_cache(maxsize=8192)
def sounds(character: str) -> Sounds:
    """The toneless syllables by which a 汉字 may be read, none for anything else. zh and z, ch and c, sh and s count as one: so people speak."""
    return frozenset(_toneless(syllable) for syllable in PINYIN_DICT.get(ord(character), "").split(",") if syllable)


def _toneless(syllable: str) -> str:
    plain = "".join(char for char in unicodedata.normalize("NFD", syllable) if not unicodedata.combining(char) or char == "\u0308")
    plain = unicodedata.normalize("NFC", plain)
    return plain[0] + plain[2:] if plain[:2] in ("zh", "ch", "sh") else plain
