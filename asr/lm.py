"""A language model (语言模型) as tables: a back-off trigram over the speech model's own words, every look-up for many n-grams at once.

Probabilities are kept as the graph keeps them, as costs (-ln p, 32 bits), so that reading and writing a graph changes nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Keys = NDArray[np.int64]
Costs = NDArray[np.float32]
Shares = NDArray[np.float64]

BITS = 17  # of one word; three fit into 64 bits
START = 0  # the sentence's start, as a context; no word bears this number
NEVER = np.float32(np.inf)


def pair(first: Ids, second: Ids) -> Keys:
    """The key of a bigram, or of a context of two words."""
    return (first << BITS) | second


def triple(first: Ids, second: Ids, third: Ids) -> Keys:
    """The key of a trigram."""
    return (first << 2 * BITS) | (second << BITS) | third


def last(keys: Keys) -> Ids:
    """The last word of an n-gram."""
    return keys & ((1 << BITS) - 1)


def context(keys: Keys) -> Keys:
    """The n-gram without its last word."""
    return keys >> BITS


def lower(keys: Keys) -> Keys:
    """The trigram without its first word."""
    return keys & ((1 << 2 * BITS) - 1)


@dataclass(frozen=True)
class Grams:
    """N-grams of one order. keys: sorted; costs: beside them."""

    keys: Keys
    costs: Costs

    def cost(self, wanted: Keys) -> Costs:
        """NEVER for those that are not there."""
        if not len(self.keys):
            return np.full(len(wanted), NEVER)
        at = np.searchsorted(self.keys, wanted)
        at[at == len(self.keys)] = 0
        return np.where(self.keys[at] == wanted, self.costs[at], NEVER)

    def has(self, wanted: Keys) -> NDArray[np.bool_]:
        """Which of them are there."""
        return np.isfinite(self.cost(wanted))


@dataclass(frozen=True)
class Trigrams:
    """A back-off trigram. `end` is the number of the sentence's end, which is predicted like a word.

    words: costs by word number. two, three: the n-grams. back1, back2: contexts of one and of two words with what backing off from them costs.
    """

    end: int
    words: Costs
    two: Grams
    three: Grams
    back1: Grams
    back2: Grams

    def share1(self, word: Ids) -> Shares:
        """p(word)."""
        return shares(self.words[word])

    def share2(self, keys: Keys) -> Shares:
        """p(second | first), backed off where the bigram was never seen."""
        own = self.two.cost(keys)
        rest = self.share1(last(keys)) * shares(_free(self.back1.cost(context(keys))))
        return np.where(np.isfinite(own), shares(own), rest)

    def share3(self, keys: Keys) -> Shares:
        """p(third | first, second), backed off where the trigram was never seen."""
        own = self.three.cost(keys)
        rest = self.share2(lower(keys)) * shares(_free(self.back2.cost(context(keys))))
        return np.where(np.isfinite(own), shares(own), rest)


def shares(costs: Costs) -> Shares:
    """Costs as probabilities."""
    return np.exp(-costs.astype(np.float64))


def costs(given: Shares) -> Costs:
    """Probabilities as costs."""
    with np.errstate(divide="ignore"):
        return (-np.log(given)).astype(np.float32)


def _free(back: Costs) -> Costs:
    """A context that is not there costs nothing to leave."""
    return np.where(np.isfinite(back), back, np.float32(0))
