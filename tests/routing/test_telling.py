"""What n-grams tell, and topics that are held out whole."""

import numpy as np
from scipy import sparse

from routing.telling import telling, weighed
from routing.topics import spread, topics

SEEN = sparse.csr_matrix(np.array([[1, 1, 0]] * 40 + [[1, 0, 0]] * 39 + [[1, 0, 1]], dtype=np.float32))
"""Eighty texts of two labels, forty each: the first n-gram is in all of them, the second in one label's only, the third in one text."""

TRUTH = np.repeat([0, 1], 40)
EVERY = np.arange(80)


def test_what_one_label_alone_says_is_telling_and_what_all_say_or_one_text_said_once_is_not() -> None:
    everywhere, own, once = telling(SEEN, EVERY, TRUTH, 2).tolist()
    assert (everywhere, once) == (0, 0)
    assert 0.5 < own < 1


def test_a_label_without_a_text_is_no_obstacle() -> None:
    told = telling(SEEN, EVERY, TRUTH, 3)
    assert np.isfinite(told).all() and ((told >= 0) & (told <= 1)).all()


def test_a_weighed_text_has_length_one_and_more_of_what_tells() -> None:
    texts = weighed(SEEN, np.array([0.1, 1.0, 0.5], np.float32))
    assert np.allclose(sparse.linalg.norm(texts, axis=1), 1)
    assert texts[0, 1] > 5 * texts[0, 0]
    assert weighed(SEEN, None) is SEEN


def test_the_doubt_is_forgotten_with_many_texts() -> None:
    many = sparse.vstack([SEEN] * 50).tocsr()
    assert telling(many, np.arange(4000), np.tile(TRUTH, 50), 2)[1] > telling(SEEN, EVERY, TRUTH, 2)[1]


def test_texts_of_one_topic_are_found_and_stay_in_one_fold() -> None:
    chance = np.random.default_rng(7)
    words = np.kron(np.eye(8), np.ones((30, 12)))
    texts = sparse.csr_matrix((chance.random(words.shape) < 0.7) * words)
    folds = spread(topics(texts), 4)
    assert np.bincount(folds, minlength=4).min() >= 40
    groups = np.array([5, 5, 5, 1, 1, 0])
    of = spread(groups, 2)
    assert len(set(of[:3])) == 1 and np.bincount(of).tolist() == [3, 3]


def test_texts_that_are_all_alike_are_one_topic() -> None:
    assert set(topics(sparse.csr_matrix(np.ones((500, 3), np.float32))).tolist()) == {0}
