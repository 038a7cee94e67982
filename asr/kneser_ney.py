"""Interpolated Kneser-Ney (Chen and Goodman 1998, three discounts an order): a trigram learnt from a text of word numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asr.lm import START, Grams, Ids, Keys, Shares, Trigrams, context, costs, last, lower, pair, triple
from asr.lm_mix import backed_off
from asr.lm_text import BREAK

KEPT = 2  # times that a trigram has to occur: what was said once may be about one person


def train(tokens: Ids, *, end: int, floor: Shares, kept: int = KEPT) -> Trigrams:
    """The trigram of a text as `Segmenter.tokens` gives it. floor: unigram shares of the model to fall back on; kept: see KEPT."""
    three, two = _counted(tokens)
    if not len(two.keys):
        return backed_off(end, costs(floor), Grams(two.keys, costs(np.empty(0))), Grams(two.keys, costs(np.empty(0))))
    # A word counts as often as there are different words before it: that is what tells of it where nothing else is known.
    after = np.unique(last(two.keys), return_counts=True)
    preceded = _within(two.keys, lower(three.keys))
    beginnings = context(two.keys) == START
    two = _Counts(two.keys, np.where(beginnings, two.counts, np.maximum(preceded, 1)))
    one = np.zeros(len(floor))
    share, left = _discounted(_Counts(after[0], after[1]), np.zeros(len(after[0]), np.int64))
    one[after[0]] = share
    one += left[0] * floor
    share, left2 = _discounted(two, _ranks(context(two.keys)))
    two_shares = share + left2[_ranks(context(two.keys))] * one[last(two.keys)]
    share, left3 = _discounted(three, _ranks(context(three.keys)))
    under = two_shares[np.searchsorted(two.keys, lower(three.keys))]
    three_shares = share + left3[_ranks(context(three.keys))] * under
    often = three.counts >= kept
    return backed_off(end, costs(one), Grams(two.keys, costs(two_shares)), Grams(three.keys[often], costs(three_shares[often])))


@dataclass(frozen=True)
class _Counts:
    """How often each n-gram occurs. keys: sorted."""

    keys: Keys
    counts: NDArray[np.int64]


def _counted(tokens: Ids) -> tuple[_Counts, _Counts]:
    """Trigrams and bigrams of the text; none goes across a BREAK."""
    older, old, new = tokens[:-2], tokens[1:-1], tokens[2:]
    whole = (older != BREAK) & (old != BREAK) & (new != BREAK)
    three = np.unique(triple(older[whole], old[whole], new[whole]), return_counts=True)
    old, new = tokens[:-1], tokens[1:]
    whole = (old != BREAK) & (new != BREAK)
    two = np.unique(pair(old[whole], new[whole]), return_counts=True)
    return _Counts(*three), _Counts(*two)


def _within(keys: Keys, given: Keys) -> NDArray[np.int64]:
    """How often each key is among the given."""
    return np.bincount(np.searchsorted(keys, given), minlength=len(keys))


def _ranks(sorted_keys: Keys) -> NDArray[np.int64]:
    """0 for the first distinct key, 1 for the second ..."""
    return np.cumsum(np.concatenate([[0], (np.diff(sorted_keys) != 0).astype(np.int64)])) if len(sorted_keys) else sorted_keys


def _discounted(seen: _Counts, ranks: NDArray[np.int64]) -> tuple[Shares, Shares]:
    """Each n-gram's discounted share of its context, and what each context has left for the order below."""
    off = _discounts(seen.counts)[np.minimum(seen.counts, 3)]
    total = np.bincount(ranks, seen.counts)
    return (seen.counts - off) / total[ranks], np.bincount(ranks, off) / total


def _discounts(counts: NDArray[np.int64]) -> Shares:
    """For n-grams seen once, twice, and oftener; 0 is not used."""
    n = np.bincount(np.minimum(counts, 5), minlength=5)[:5].astype(float)
    if min(n[1:5]) < 1:
        return np.array([0.0, 0.5, 0.75, 0.9])
    y = n[1] / (n[1] + 2 * n[2])
    raw = np.array([0.0, 1 - 2 * y * n[2] / n[1], 2 - 3 * y * n[3] / n[2], 3 - 4 * y * n[4] / n[3]])
    bounded: Shares = np.clip(raw, [0, 0.1, 0.1, 0.1], [0, 0.95, 1.9, 2.8])
    return bounded
