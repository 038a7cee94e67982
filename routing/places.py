"""The gazetteer 地名表: which area 区划 a text names, by official name, alias, road, estate or landmark; by sound if not by sight.

The longest name wins at each place in the text, a street beats its district, and what stays ambiguous is left to the person.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from routing.text import Folded, fold

READ = 1500
"""Characters searched; whoever has not said where it is by then says it nowhere."""

HEARD = 3
"""Characters of the shortest name that is also found by its sound: two syllables sound like too much else."""

NOT_A_PLACE_BEFORE = ("技术", "企业", "产业")
"""高新 is a district, 高新技术企业 is not: a two-character name directly before one of these does not count."""

DEPTH = {"province": 0, "city": 1, "district": 2, "street": 3, "village": 4}


@dataclass(frozen=True)
class Place:
    """One row of the city's area tree 区划. level: a key of DEPTH; aliases: every other name that means it, roads and estates included."""

    code: str
    name: str
    parent: str
    level: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """The area a text names, and the words that named it, as they stand in the text."""

    code: str
    words: tuple[str, ...]


class Gazetteer:
    """Built once from the rows; then `find` costs less than a millisecond."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._places = {place.code: place for place in places}
        self._names: dict[bytes, set[str]] = {}
        self._sounds: dict[bytes, set[str]] = {}
        for place in self._places.values():
            for name in (place.name, *place.aliases):
                self._learn(name, place.code)
        self._lengths = _lengths(self._names, 2)
        self._heard_lengths = _lengths(self._sounds, 4)

    def find(self, text: str | Folded) -> Found | None:
        """The one area that the text names; None where it names none, or several that have nothing in common below the city."""
        folded = fold(text) if isinstance(text, str) else text
        met = self._search(folded, folded.codes, self._names, self._lengths)
        if not met:
            met = self._search(folded, folded.sounds, self._sounds, self._heard_lengths)
        code = self._decide({code for codes, _ in met for code in codes}, met)
        if code is None:
            return None
        mine = {other for other in self._places if code in (other, *self._upwards(other))} | set(self._upwards(code))
        return Found(code, tuple(dict.fromkeys(word for codes, word in met if codes & mine)))

    def _learn(self, name: str, code: str) -> None:
        folded = fold(name)
        if len(folded.codes) < 2:
            return
        self._names.setdefault(folded.codes.tobytes(), set()).add(code)
        if len(folded.codes) >= HEARD:
            self._sounds.setdefault(folded.sounds.tobytes(), set()).add(code)

    def _search(
        self, folded: Folded, codes: np.typing.NDArray[np.uint16 | np.uint32], names: Mapping[bytes, set[str]], lengths: list[int]
    ) -> list[tuple[set[str], str]]:
        width = codes.dtype.itemsize
        content = codes[:READ].tobytes()
        end, place, met = len(content) // width, 0, []
        while place < end:
            for length in lengths:
                found = names.get(content[place * width : (place + length) * width]) if place + length <= end else None
                if found and not self._means_else(folded, place, length):
                    met.append((found, folded.text[folded.at[place] : folded.at[place + length - 1] + 1]))
                    place += length - 1
                    break
            place += 1
        return met

    @staticmethod
    def _means_else(folded: Folded, place: int, length: int) -> bool:
        after = "".join(map(chr, folded.codes[place + length : place + length + 2]))
        return length == 2 and after in NOT_A_PLACE_BEFORE

    def _decide(self, named: set[str], met: list[tuple[set[str], str]]) -> str | None:
        """The deepest areas named; of several, the one inside another area that is named too, else the area they share below the city."""
        if not named:
            return None
        deepest = max(self._depth(code) for code in named)
        candidates = {code for code in named if self._depth(code) == deepest}
        above = named - candidates
        if len(candidates) > 1 and above:
            candidates = {code for code in candidates if above & set(self._upwards(code))} or candidates
        certain = {next(iter(codes)) for codes, _ in met if len(codes) == 1} & candidates
        if len(certain) == 1:
            return certain.pop()
        while len(candidates) > 1:
            candidates = {self._places[code].parent for code in candidates}
        code = candidates.pop()
        return code if code in self._places and (self._depth(code) > DEPTH["city"] or deepest == DEPTH["city"]) else None

    def _depth(self, code: str) -> int:
        return DEPTH.get(self._places[code].level, 0)

    def _upwards(self, code: str) -> list[str]:
        found = []
        while code in self._places and code not in found:
            code = self._places[code].parent
            found.append(code)
        return found


def _lengths(names: Mapping[bytes, set[str]], width: int) -> list[int]:
    """Lengths that occur, in characters, the longest first."""
    return sorted({len(name) // width for name in names}, reverse=True)
