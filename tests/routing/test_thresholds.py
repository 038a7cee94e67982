"""Two thresholds for each item, learnt from what happened out of fold."""

import numpy as np

from routing.thresholds import NEVER, Record, learn


def record(*parts: tuple[str, float, int, int]) -> Record:
    """From (label, confidence, right, wrong)."""
    rows = [(label, sure, right) for label, sure, hits, misses in parts for right in [True] * hits + [False] * misses]
    return Record(np.array([row[0] for row in rows]), np.array([row[1] for row in rows]), np.array([row[2] for row in rows]))


def test_an_item_with_many_texts_has_a_threshold_of_its_own() -> None:
    found = learn(record(("030501", 0.9, 100, 0), ("030501", 0.5, 40, 60), ("080101", 0.99, 200, 100)), ["030501", "080101"])
    assert found["030501"].dispatch == 0.9
    assert found["030501"].source == "item"


def test_an_item_with_few_texts_borrows_from_its_branch_and_then_from_all() -> None:
    given = record(("030501", 0.8, 150, 1), ("030503", 0.8, 3, 0), ("080101", 0.95, 300, 2), ("080101", 0.7, 5, 60))
    found = learn(given, ["030501", "030503", "090101"])
    assert (found["030503"].dispatch, found["030503"].source) == (0.8, "branch")
    assert (found["090101"].dispatch, found["090101"].source) == (0.8, "all")


def test_an_item_whose_own_texts_speak_against_the_borrowed_threshold_is_never_dispatched_by_itself() -> None:
    found = learn(record(("030501", 0.8, 400, 1), ("030503", 0.9, 2, 3)), ["030501", "030503"])
    assert found["030503"].dispatch == NEVER


def test_where_nothing_is_sure_nothing_is_dispatched() -> None:
    found = learn(record(("甲", 0.9, 30, 30), ("乙", 0.8, 20, 40)), ["甲", "乙"])
    assert {one.dispatch for one in found.values()} == {NEVER}


def test_what_is_shown_is_never_harder_than_what_is_dispatched() -> None:
    found = learn(record(("甲", 0.9, 200, 2), ("乙", 0.3, 10, 190), ("乙", 0.1, 1, 299)), ["甲", "乙", "丙"])
    assert all(one.show <= one.dispatch for one in found.values())
    assert 0.1 < found["甲"].show <= 0.9


def test_texts_of_equal_confidence_are_dispatched_all_or_none() -> None:
    assert record(("甲", 0.9, 100, 0), ("甲", 0.5, 50, 50)).lowest(0.9) == 0.9


def test_a_promise_needs_enough_texts() -> None:
    assert record(("甲", 0.9, 5, 0)).lowest(0.95) is None
    assert record(("甲", 0.9, 50, 0)).lowest(0.95) == 0.9
    assert record().lowest(0.95) is None
