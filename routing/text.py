"""Folding 归一: what a text is to the classifier, and its n-grams of characters and of toneless pinyin 无声调拼音.

No segmentation dictionary: a recogniser of speech cuts words wrongly as often as it writes them wrongly, n-grams forgive both.
Everything is table look-ups over whole arrays, because a suggestion has 3 ms of processor time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from pypinyin.constants import PINYIN_DICT

from hotline import folding
from hotline.folding import PLANE

LONGEST = 4000
"""Characters that are read. A message of 100,000 says what it wants in its first 4,000; the rest would only cost time."""

CHAR_GRAMS = (1, 2)
PINYIN_GRAMS = (1, 2)
"""Chosen by cross-validation: longer ones make the model three times as large and, on short texts, worse."""

_HANZI = (0x4E00, 0xA000)
_UMLAUTS = str.maketrans(dict.fromkeys("üǖǘǚǜ", "v"))
_DIGITS = (0x30, 0x3A)


class Tables(NamedTuple):
    """fold: code point -> folded code point, 0 for noise. sound: folded code point -> name of its toneless syllable, 0 for none."""

    fold: NDArray[np.uint16]
    sound: NDArray[np.uint32]


@dataclass(frozen=True)
class Folded:
    """A text without its noise. codes: folded characters; at: where each stood in `text`; sounds: name of each one's syllable."""

    text: str
    codes: NDArray[np.uint16]
    at: NDArray[np.int64]
    sounds: NDArray[np.uint32]

    @property
    def hanzi(self) -> int:
        """How many of the characters are 汉字."""
        return int(np.count_nonzero((self.codes >= _HANZI[0]) & (self.codes < _HANZI[1])))

    def dropping(self, spans: Sequence[tuple[int, int]]) -> "Folded":
        """Without the folded characters of these spans; what was apart stays apart in `at`."""
        kept = np.ones(len(self.codes), dtype=bool)
        for start, end in spans:
            kept[start:end] = False
        return Folded(self.text, self.codes[kept], self.at[kept], self.sounds[kept])

    def words(self) -> str:
        """The folded text as a string: simplified, half-width, lower-case, without spaces and punctuation."""
        return folding.spelt(self.codes)


class Grams(NamedTuple):
    """Every n-gram of a text, repeats included. keys: 64-bit names; start, size: which folded characters it covers."""

    keys: NDArray[np.uint64]
    start: NDArray[np.int64]
    size: NDArray[np.int64]


def fold(text: str) -> Folded:
    """Traditional to simplified, full-width to half-width, capitals to small; spaces, punctuation and pictures go."""
    tables = _tables()
    folded = tables.fold[folding.points(text[:LONGEST])]
    at = np.flatnonzero(folded)
    codes = folded[at]
    return Folded(text, codes, at, tables.sound[codes])


def plain(text: str) -> str:
    """The folded text as a string: for rules and gazetteers, which look for whole words."""
    return fold(text).words()


def grams(folded: Folded) -> Grams:
    """Every n-gram by a 64-bit name; two different ones share a name about once in 10^8 vocabularies. A digit is a digit, whichever it is."""
    digits = (folded.codes >= _DIGITS[0]) & (folded.codes < _DIGITS[1])
    codes = np.where(digits, _DIGITS[0], folded.codes)
    sounds = np.where(digits, _DIGITS[0], folded.sounds)
    keys, start, size = [], [], []
    for family, (units, sizes) in enumerate(((codes, CHAR_GRAMS), (sounds, PINYIN_GRAMS))):
        wide = units.astype(np.uint64)
        for n in sizes:
            if len(wide) < n:
                continue
            keys.append(_name(wide, n, family))
            start.append(np.arange(len(wide) - n + 1))
            size.append(np.full(len(wide) - n + 1, n))
    if not keys:
        return Grams(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64))
    return Grams(np.concatenate(keys), np.concatenate(start), np.concatenate(size))


def _name(codes: NDArray[np.uint64], n: int, family: int) -> NDArray[np.uint64]:
    mixed = np.full(len(codes) - n + 1, family * 16 + n, dtype=np.uint64)
    for step in range(n):
        mixed = (mixed * np.uint64(0x9E3779B97F4A7C15)) ^ codes[step : len(codes) - n + 1 + step]
        mixed ^= mixed >> np.uint64(29)
    return mixed


@lru_cache(maxsize=1)
def _tables() -> Tables:
    return Tables(folding.table(), _sound_table())


def _sound_table() -> NDArray[np.uint32]:
    """One reading, the commonest, for each 汉字: 行 is xing in both the text and the training, so it does not matter that it is also hang.

    A syllable's name is its checksum, not its rank: a model file outlives the list of syllables that it was trained with.
    """
    table = np.zeros(PLANE, dtype=np.uint32)
    names: dict[str, int] = {}
    for point, readings in PINYIN_DICT.items():
        if point < PLANE:
            syllable = toneless(readings.split(",")[0])
            table[point] = names.setdefault(syllable, crc32(syllable.encode()))
    for point in range(ord("0"), ord("z") + 1):
        table[point] = point if chr(point).isalnum() else 0
    return table


def toneless(syllable: str) -> str:
    """nǚ -> nv, líng -> ling: a recogniser of speech mistakes tones first."""
    letters = normalize("NFD", syllable.translate(_UMLAUTS))
    return "".join(char for char in letters if char.isascii() and char.isalpha())
