"""The file Gr.fst: the speech model's language as an OpenFst "ngram" machine. Read, and written again byte for byte.

States are contexts, numbered breadth first in a tree that grows from the last word back; the tree is a LOUDS bit string, and its edges
upwards are the back-off. Arcs have no destinations: the longest context that exists is meant. All numbers are little-endian.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asr.errors import ModelDamaged
from asr.lm import BITS, Costs, Grams, Ids, Keys, Trigrams, pair, triple

MAGIC, SYMBOLS = 2125659606, 2125658996
END = "</s>"
MASK = (1 << BITS) - 1
MOST = 1 << 27  # states or arcs; more is a damaged header

Bits = NDArray[np.uint8]


@dataclass(frozen=True)
class Graph:
    """What the file holds. head: its bytes up to the number of states, symbols included, kept as they are. words: text to number."""

    head: bytes
    words: dict[str, int]
    model: Trigrams


def read(path: Path) -> Graph:
    """Raises ModelDamaged for anything but a whole graph of this kind."""
    try:
        return _graph(path.read_bytes())
    except OSError as error:
        raise ModelDamaged(f"{path.name}: {error.strerror}") from error
    except (ValueError, IndexError, struct.error) as error:
        raise ModelDamaged(f"{path.name}: {error}") from error


def write(graph: Graph, path: Path) -> None:
    """The same file for the same graph, always."""
    path.write_bytes(_bytes(graph))


class _Cursor:
    """Reads on from where it is."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def one(self, form: str) -> int:
        (value,) = struct.unpack_from("<" + form, self.content, self.at)
        self.at += struct.calcsize("<" + form)
        return int(value)

    def text(self) -> bytes:
        length = self.one("i")
        if not 0 <= length <= len(self.content) - self.at:
            raise ValueError(f"a text of {length} bytes")
        self.at += length
        return self.content[self.at - length : self.at]

    def array(self, form: str, count: int) -> NDArray[np.generic]:
        found = np.frombuffer(self.content, form, count, self.at)
        self.at += found.nbytes
        return found

    def bits(self, count: int) -> Bits:
        return np.unpackbits(np.frombuffer(self.array("<u8", -(-count // 64)).tobytes(), np.uint8), bitorder="little")[:count]


def _graph(content: bytes) -> Graph:
    cursor = _Cursor(content)
    if cursor.one("i") != MAGIC or cursor.text() != b"ngram":
        raise ValueError("not an ngram machine")
    cursor.text()
    cursor.at += 4 + 4 + 8 + 8 + 8 + 8  # version, flags, properties, start, states, arcs
    words = _symbols(cursor)
    _symbols(cursor)
    head = content[: cursor.at]
    states, arcs, finals = cursor.one("Q"), cursor.one("Q"), cursor.one("Q")
    if max(states, arcs, finals) > MOST:
        raise ValueError("impossible numbers")
    tree = cursor.bits(2 * states + 1)
    fans = cursor.bits(arcs + states + 1)
    ends = cursor.bits(states)
    labels = cursor.array("<i4", states + 1)[:states].astype(np.int64)
    targets = cursor.array("<i4", arcs).astype(np.int64)
    back = cursor.array("<f4", states + 1)[:states].astype(np.float32)
    final = cursor.array("<f4", finals).astype(np.float32)
    costs = cursor.array("<f4", arcs + 1)[:arcs].astype(np.float32)
    if cursor.at != len(content) or int(ends.sum()) != finals or END not in words:
        raise ValueError("lengths do not fit together")
    ones = np.flatnonzero(tree)
    zeros = np.flatnonzero(fans == 0)
    if len(ones) != states or len(zeros) != states + 1:
        raise ValueError("the tree does not fit")
    parents = ones - np.arange(states) - 1
    owners = np.repeat(np.arange(states), np.diff(zeros) - 1)
    # The end of a sentence is the cost of stopping in a state; here it is a word like any other.
    stops = np.flatnonzero(ends)
    owners, targets, costs = (
        np.concatenate([owners, stops]),
        np.concatenate([targets, np.full(finals, words[END])]),
        np.concatenate([costs, final]),
    )
    return Graph(head, words, _model(words, parents, labels, back, owners, targets, costs))


def _symbols(cursor: _Cursor) -> dict[str, int]:
    if cursor.one("i") != SYMBOLS:
        raise ValueError("no table of symbols")
    cursor.text()
    cursor.one("q")
    return {cursor.text().decode(): cursor.one("q") for _ in range(cursor.one("q"))}


def _model(words: dict[str, int], parents: Ids, labels: Ids, back: Costs, owners: Ids, targets: Ids, costs: Costs) -> Trigrams:
    """The tables, from states and arcs."""
    deep = parents > 0
    deep[0] = False
    shallow = ~deep
    shallow[0] = False
    first, second = labels, labels[parents]  # of a state of two words: the older one, then the newer
    if deep[parents[deep]].any() or max(words.values()) > MASK:
        raise ValueError("not a trigram")
    unigrams = np.full(max(words.values()) + 1, np.inf, np.float32)
    at = owners == 0
    unigrams[targets[at]] = costs[at]
    at = shallow[owners]
    two = _sorted(pair(labels[owners[at]], targets[at]), costs[at])
    at = deep[owners]
    three = _sorted(triple(first[owners[at]], second[owners[at]], targets[at]), costs[at])
    return Trigrams(
        words[END], unigrams, two, three, _sorted(labels[shallow], back[shallow]), _sorted(pair(first[deep], second[deep]), back[deep])
    )


def _sorted(keys: Keys, costs: Costs) -> Grams:
    order = np.argsort(keys, kind="stable")
    return Grams(keys[order], costs[order])


def _bytes(graph: Graph) -> bytes:
    model = graph.model
    singles = model.back1.keys
    firsts, seconds = model.back2.keys >> BITS, model.back2.keys & MASK
    breadth = np.lexsort((firsts, seconds))  # the children of one parent stand together, by their label
    parents = np.searchsorted(singles, seconds[breadth]) + 1
    if not np.array_equal(singles[parents - 1], seconds[breadth]):
        raise ValueError("a context of two words lacks its parent")
    states = 1 + len(singles) + len(breadth)
    known = np.flatnonzero(np.isfinite(model.words))
    place = np.empty(len(breadth), np.int64)
    place[breadth] = np.arange(len(breadth))
    owners = np.concatenate(
        [
            np.zeros(len(known), np.int64),
            1 + _places(singles, model.two.keys >> BITS),
            1 + len(singles) + place[_places(model.back2.keys, model.three.keys >> BITS)],
        ]
    )
    targets = np.concatenate([known, model.two.keys & MASK, model.three.keys & MASK])
    costs = np.concatenate([model.words[known], model.two.costs, model.three.costs])
    order = np.lexsort((targets, owners))
    owners, targets, costs = owners[order], targets[order], costs[order]
    stop = targets == model.end
    ends = np.zeros(states, np.uint8)
    ends[owners[stop]] = 1
    final = costs[stop]
    owners, targets, costs = owners[~stop], targets[~stop], costs[~stop]
    children = np.bincount(np.concatenate([np.zeros(len(singles), np.int64), parents]), minlength=states)
    labels = np.concatenate([[-1], singles, firsts[breadth], [0]]).astype("<i4")
    back = np.concatenate([[np.inf], model.back1.costs, model.back2.costs[breadth], [0]]).astype("<f4")
    return b"".join(
        [
            _head(graph.head, states),
            struct.pack("<QQQ", states, len(targets), len(final)),
            _packed(np.concatenate([[1, 0], _runs(children)[1:]])),
            _packed(_runs(np.bincount(owners, minlength=states))),
            _packed(ends),
            labels.tobytes(),
            targets.astype("<i4").tobytes(),
            back.tobytes(),
            final.astype("<f4").tobytes(),
            np.append(costs, 0).astype("<f4").tobytes(),
        ]
    )


def _places(keys: Keys, wanted: Keys) -> Ids:
    """Where each of the wanted stands. Raises ValueError if one is not there: an n-gram without its context."""
    at = np.searchsorted(keys, wanted)
    if len(wanted) and (at.max() >= len(keys) or not np.array_equal(keys[at], wanted)):
        raise ValueError("an n-gram lacks its context")
    return at


def _runs(counts: Ids) -> Bits:
    """A 0 for each state, followed by as many 1 as it has arcs or children; a 0 closes."""
    bits = np.ones(int(counts.sum()) + len(counts) + 1, np.uint8)
    bits[np.concatenate([[0], np.cumsum(counts + 1)])] = 0
    return bits


def _packed(bits: Bits) -> bytes:
    packed = np.packbits(bits.astype(np.uint8), bitorder="little").tobytes()
    return packed + b"\0" * (-len(packed) % 8)


def _head(head: bytes, states: int) -> bytes:
    """The same head with another number of states in it."""
    cursor = _Cursor(head)
    cursor.one("i")
    cursor.text()
    cursor.text()
    at = cursor.at + 4 + 4 + 8 + 8
    return head[:at] + struct.pack("<q", states) + head[at + 8 :]
