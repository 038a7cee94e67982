"""The gazetteer 地名表: which area 区划 a text names, by official name, alias, road, estate or landmark; by sound if not by sight.

The longest name wins at each place in the text, a street beats its district, and what stays ambiguous is left to the person.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.text import Folded, fold

Row = NDArray[np.uint16] | NDArray[np.uint32]

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
        named = [(fold(name), place.code) for place in self._places.values() for name in (place.name, *place.aliases)]
        self._names = _Names(((name.codes, code) for name, code in named), by_ear=False)
        self._sounds = _Names(((name.sounds, code) for name, code in named if len(name.codes) >= HEARD), by_ear=True)

    def find(self, text: str | Folded) -> Found | None:
        """The one area that the text names; None where it names none, or several that have nothing in common below the city."""
        folded = fold(text) if isinstance(text, str) else text
        seen, heard = self._search(folded, self._names), self._search(folded, self._sounds)
        met = [*seen, *self._inside(heard, seen)] if seen else heard
        code = self._decide({code for codes, _ in met for code in codes}, met)
        if code is None:
            return None
        mine = {other for other in self._places if code in (other, *self._upwards(other))} | set(self._upwards(code))
        return Found(code, tuple(dict.fromkeys(word for codes, word in met if codes & mine)))

    def _search(self, folded: Folded, names: "_Names") -> list[tuple[set[str], str]]:
        met, free = [], 0
        for place, length, codes in names.met(folded):
            if place >= free and not self._means_else(folded, place, length):
                met.append((codes, folded.text[folded.at[place] : folded.at[place + length - 1] + 1]))
                free = place + length
        return met

    def _inside(self, heard: list[tuple[set[str], str]], seen: list[tuple[set[str], str]]) -> list[tuple[set[str], str]]:
        """What was heard of places inside those that were seen: 临湖区翠胡花圆 names a district, and an estate of it misspelt."""
        named = {code for codes, _ in seen for code in codes}
        deeper = [({code for code in codes if named & set(self._upwards(code))} - named, word) for codes, word in heard]
        return [(codes, word) for codes, word in deeper if codes]

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


class _Names:
    """Names as rows of characters, or of syllables, found by their first two and then in full, the longest first."""

    def __init__(self, named: Iterable[tuple[Row, str]], *, by_ear: bool) -> None:
        self._by_ear = by_ear
        self._codes: dict[bytes, set[str]] = {}
        starts: dict[int, set[int]] = {}
        for row, code in named:
            if len(row) >= 2:
                self._codes.setdefault(row.tobytes(), set()).add(code)
                starts.setdefault(int(_pairs(row)[0]), set()).add(len(row))
        self._lengths = {start: sorted(lengths, reverse=True) for start, lengths in starts.items()}
        self._starts = np.array(sorted(starts), dtype=np.uint64)

    def met(self, folded: Folded) -> Iterator[tuple[int, int, set[str]]]:
        """Each place where a name begins, its length in characters, and the codes of the areas it may mean."""
        row = (folded.sounds if self._by_ear else folded.codes)[:READ]
        pairs = _pairs(row)
        content, width = row.tobytes(), row.dtype.itemsize
        for place in np.flatnonzero(np.isin(pairs, self._starts)).tolist():
            for length in self._lengths[int(pairs[place])]:
                codes = self._codes.get(content[place * width : (place + length) * width])
                if codes and place + length <= len(row):
                    yield place, length, codes
                    break


def _pairs(row: Row) -> NDArray[np.uint64]:
    """Two neighbours as one number."""
    wide = row.astype(np.uint64)
    result: NDArray[np.uint64] = (wide[:-1] << np.uint64(32)) | wide[1:]
    return result
