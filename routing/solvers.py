"""Two ways to the same kind of model, chosen by size: weights (n-grams × labels) and a bias for each label.

Exact ridge regression in its dual form: for hundreds of labels with a dozen examples each. One factorisation serves all labels at once.
Support vector machines (scikit-learn, liblinear): for many examples, where the dual form would not fit in memory.

Where labels belong to branches (the item tree 事项树, the answering unit 承办单位), each branch is learnt too and lends its weights to its
labels: an item with five examples learns from its neighbours. It all sums to one matrix, so serving costs the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from sklearn.svm import LinearSVC

from routing.telling import weighed

Solution = tuple[NDArray[np.float32], NDArray[np.float32]]

EXACT_UP_TO = 10_000
"""Texts. The dual form takes 4 bytes for each pair of texts, twice: 800 MB at the most."""

AT_ONCE = 500
"""Texts whose likeness to all others is worked out at a time, to bound the memory."""

MANY = 20
"""Labels from which on the exact form pays."""

RIDGE = 1.0
COST = 2.0
"""For a text and its heard copies together."""

TREE_4, TREE_2, UNIT = 0.15, 0.05, 0.2
"""How much a branch counts beside the label itself; chosen, like all numbers here, by cross-validation on our own corpus."""

CENTRE = 1.0
"""How much likeness to the mean of a label's texts counts beside the regression; it steadies labels with few."""


@dataclass(frozen=True)
class Branches:
    """What each label belongs to. shares: weight of each kind of branch; names: for each kind, one name for each label."""

    shares: tuple[float, ...]
    names: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, labels: Sequence[str], units: Mapping[str, str]) -> "Branches":
        """The labels themselves first; then the tree where labels are codes of six digits, and the units where they are known."""
        kinds = [(1.0, tuple(labels))]
        if all(len(label) == 6 and label.isdigit() for label in labels):
            kinds += [(TREE_4, tuple(label[:4] for label in labels)), (TREE_2, tuple(label[:2] for label in labels))]
        if units:
            kinds.append((UNIT, tuple(units.get(label, label) for label in labels)))
        useful = [kind for kind in kinds if len(set(kind[1])) > 1]
        return cls(tuple(share for share, _ in useful), tuple(names for _, names in useful))

    def columns(self) -> list[tuple[float, NDArray[np.int64], int]]:
        """For each kind: its share, the number of the branch of each label, how many branches there are."""
        found = []
        for share, names in zip(self.shares, self.names, strict=True):
            ranks = {name: rank for rank, name in enumerate(dict.fromkeys(names))}
            found.append((share, np.array([ranks[name] for name in names]), len(ranks)))
        return found


class Solver:
    """Fits as often as asked on parts of the same texts: once for each fold, once on everything."""

    def __init__(self, matrix: sparse.csr_matrix, truth: NDArray[np.int64], weight: NDArray[np.float32], branches: Branches) -> None:
        """matrix: texts × n-grams, maybe more texts than are taught; truth: column of each text's label; weight: how much it counts."""
        self.matrix = matrix
        self.truth = truth
        self.weight = weight
        self.branches = branches
        self.labels = len(branches.names[0])
        self.products = _products(matrix[: len(truth)]) if exact(len(truth), self.labels) else None

    def fit(self, rows: NDArray[np.int64], told: NDArray[np.float32] | None = None) -> Solution:
        """Learns from these rows. A label without a row scores as its branches do. told: how much each n-gram tells, for the machines only."""
        return self._machines(rows, told) if self.products is None else self._ridge(rows, self.products[np.ix_(rows, rows)])

    def _ridge(self, rows: NDArray[np.int64], kernel: NDArray[np.float32]) -> Solution:
        truth = self.truth[rows]
        wanted = np.zeros((len(rows), self.labels), dtype=np.float32)
        for share, branch, _ in self.branches.columns():
            wanted += share * (branch[truth][:, None] == branch[None, :])
        mean = wanted.mean(axis=0)
        centres = CENTRE * _centres(kernel, truth, self.labels)
        kernel[np.diag_indices_from(kernel)] += RIDGE / self.weight[rows]
        factor = linalg.cho_factor(kernel, lower=True, overwrite_a=True, check_finite=False)
        dual = linalg.cho_solve(factor, wanted - mean, overwrite_b=True, check_finite=False) + centres
        return np.asarray(self.matrix[rows].T @ dual, dtype=np.float32), mean

    def _machines(self, rows: NDArray[np.int64], told: NDArray[np.float32] | None) -> Solution:
        weights, bias = np.zeros((self.matrix.shape[1], self.labels), dtype=np.float32), np.zeros(self.labels, dtype=np.float32)
        texts = weighed(self.matrix[rows], told)
        for share, branch, count in self.branches.columns():
            own, own_bias = _machines(texts, branch[self.truth[rows]], self.weight[rows], count)
            weights += share * own[:, branch]
            bias += share * own_bias[branch]
        return weights, bias


def exact(texts: int, labels: int) -> bool:
    """Whether the dual form of ridge regression is the better way."""
    return texts <= EXACT_UP_TO and labels > MANY


def _products(matrix: sparse.csr_matrix) -> NDArray[np.float32]:
    """Of every text with every text."""
    found, other = np.empty((matrix.shape[0], matrix.shape[0]), dtype=np.float32), matrix.T.tocsr()
    for start in range(0, len(found), AT_ONCE):
        found[start : start + AT_ONCE] = (matrix[start : start + AT_ONCE] @ other).toarray()
    return found


def _centres(kernel: NDArray[np.float32], truth: NDArray[np.int64], labels: int) -> NDArray[np.float32]:
    """Dual coefficients of the mean text of each label, made one long."""
    mean = np.zeros((len(truth), labels), dtype=np.float32)
    mean[np.arange(len(truth)), truth] = 1.0 / np.bincount(truth, minlength=labels)[truth]
    length = np.sqrt(np.maximum(np.einsum("ij,ij->j", mean, kernel @ mean), 1e-6))
    result: NDArray[np.float32] = mean / length
    return result


def _machines(matrix: sparse.csr_matrix, truth: NDArray[np.int64], weight: NDArray[np.float32], count: int) -> Solution:
    weights, bias = np.zeros((matrix.shape[1], count), dtype=np.float32), np.full(count, -1.0, dtype=np.float32)
    if len(np.unique(truth)) == 1:  # the texts of every other label are repeats of one, and held out together
        bias[truth[0]] = 1.0
        return weights, bias
    machine = LinearSVC(C=COST, class_weight="balanced", max_iter=200, tol=1e-2, random_state=0).fit(matrix, truth, weight)
    rows, constants = machine.coef_, machine.intercept_
    if len(machine.classes_) == 2:
        rows, constants = np.vstack([-rows, rows]), np.concatenate([-constants, constants])
    weights[:, machine.classes_] = rows.T
    bias[machine.classes_] = constants
    return weights, bias
