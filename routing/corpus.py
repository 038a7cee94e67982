"""The corpus 语料: our own utterances under routing/corpus, written for this project one by one. CARD.md says how, and what for.

Read strictly: a row that is wrong is a mistake of ours, found here rather than by a citizen.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hotline.errors import NotFound, Refused
from routing import examples
from routing.examples import Example
from routing.text import plain

OURS = Path(__file__).with_name("corpus")

COLUMNS = ("id", "item", "kind", "style", "text")
STYLES = ("spoken", "written")

ALIKE = 0.6
"""Share of common bigrams above which two utterances are one utterance written twice."""


@dataclass(frozen=True)
class Utterance:
    """One row. id: unique; item: code of six digits; kind: one of KINDS 诉求类型; style: spoken 口语 or written 书面."""

    id: str
    item: str
    kind: str
    style: str
    text: str
    where: str

    def example(self) -> Example:
        """For training."""
        return Example(self.item, self.text, self.kind, self.style == "spoken", self.where)


def read(folder: Path = OURS, *, items: Container[str] | None = None) -> list[Utterance]:
    """Every utterance of the folder's CSV files. Raises NotFound without any, Refused with file and row for what is wrong.

    items: the codes that exist; None to leave them unchecked.
    """
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise NotFound(f"{folder} 里没有语料。")
    found = [utterance for path in files for utterance in _file(path, items)]
    for name, values in (("编号", [one.id for one in found]), ("内容", [plain(one.text) for one in found])):
        twice = next((value for value, count in Counter(values).items() if count > 1), None)
        if twice is not None:
            rows = [one.where for one, value in zip(found, values, strict=True) if value == twice]
            raise Refused(f"{'、'.join(rows)}的{name}重复。", field="csv")
    return found


def _file(path: Path, items: Container[str] | None) -> Iterator[Utterance]:
    for where, row in examples.rows(path, COLUMNS):
        one = Utterance(**{name: row[name] for name in COLUMNS}, where=where)
        if one.style not in STYLES:
            raise Refused(f"{where}的 style“{one.style}”不认识，应是 {'、'.join(STYLES)} 之一。", field="style")
        if not (len(one.item) == 6 and one.item.isdigit()) or (items is not None and one.item not in items):
            raise Refused(f"{where}的事项“{one.item}”不存在。", field="item")
        examples.check_kind(where, one.kind)
        yield one


@dataclass(frozen=True)
class Pair:
    """Two utterances and the share of bigrams that they have in common, of the shorter one's."""

    one: Utterance
    other: Utterance
    share: float


def alike(utterances: Sequence[Utterance], limit: float = ALIKE) -> list[Pair]:
    """Pairs that share more than `limit` of the bigrams of the shorter one; by an index of bigrams, not by comparing all with all."""
    bigrams = [_bigrams(one.text) for one in utterances]
    holders: dict[str, list[int]] = {}
    pairs = []
    for place, mine in enumerate(bigrams):
        common = Counter(other for bigram in mine for other in holders.get(bigram, ()))
        for other, count in common.items():
            share = count / max(min(len(mine), len(bigrams[other])), 1)
            if share > limit:
                pairs.append(Pair(utterances[other], utterances[place], share))
        for bigram in mine:
            holders.setdefault(bigram, []).append(place)
    return pairs


def _bigrams(text: str) -> set[str]:
    folded = plain(text)
    return {folded[place : place + 2] for place in range(len(folded) - 1)}


def as_examples(utterances: Iterable[Utterance]) -> list[Example]:
    """For training."""
    return [one.example() for one in utterances]
