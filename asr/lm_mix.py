"""Several language models made one: p = Σ weight × p of each, over every n-gram that any of them knows."""

from collections.abc import Sequence

import numpy as np

from asr.lm import Costs, Grams, Keys, Shares, Trigrams, context, costs, last, lower, shares

LEAST = 1e-6  # of a context's probability is always left for what was never seen


def mixed(parts: Sequence[tuple[float, Trigrams]]) -> Trigrams:
    """Linear interpolation; the weights add up to one. All models number words alike."""
    end = parts[0][1].end
    words = sum(weight * shares(model.words) for weight, model in parts)
    two = _union([model.two for _, model in parts])
    three = _union([model.three for _, model in parts])
    return backed_off(
        end,
        costs(np.asarray(words)),
        Grams(two, costs(np.asarray(sum(weight * model.share2(two) for weight, model in parts)))),
        Grams(three, costs(np.asarray(sum(weight * model.share3(three) for weight, model in parts)))),
    )


def _union(grams: Sequence[Grams]) -> Keys:
    return np.unique(np.concatenate([one.keys for one in grams]))


def backed_off(end: int, words: Costs, two: Grams, three: Grams) -> Trigrams:
    """The model with these n-grams: backing off from each context gets what its n-grams leave."""
    nothing = Grams(np.empty(0, np.int64), np.empty(0, np.float32))
    bare = Trigrams(end, words, two, nothing, nothing, nothing)
    # A context of two words needs its parent, the context of the newer one, even where that has no bigrams of its own.
    deep = np.unique(context(three.keys))
    back1 = _back(two, bare.share1(last(two.keys)), np.unique(last(deep)))
    shallow = Trigrams(end, words, two, nothing, back1, nothing)
    return Trigrams(end, words, two, three, back1, _back(three, shallow.share2(lower(three.keys)), deep))


def _back(grams: Grams, below: Shares, needed: Keys) -> Grams:
    """For each context: (1 - what its n-grams take) / (1 - what the same words take one order below)."""
    contexts, ranks = np.unique(context(grams.keys), return_inverse=True)
    left = 1 - np.bincount(ranks, shares(grams.costs), len(contexts))
    left_below = 1 - np.bincount(ranks, below, len(contexts))
    back = np.maximum(left, LEAST) / np.maximum(left_below, LEAST)
    extra = np.setdiff1d(needed, contexts, assume_unique=True)
    keys = np.concatenate([contexts, extra])
    order = np.argsort(keys)
    return Grams(keys[order], np.concatenate([costs(back), np.zeros(len(extra), np.float32)])[order])
