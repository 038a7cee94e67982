"""The table of moves: every state and every verb."""

from pathlib import Path

import pytest

from hotline.errors import Conflict
from hotline.roles import Role
from tickets.lifecycle import MOVES, OPEN, State, Verb, after, diagram, label, open_moves


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("verb", [verb for verb in Verb if verb is not Verb.FILE])
def test_a_verb_moves_a_ticket_as_the_table_says_and_is_a_conflict_everywhere_else(state: State, verb: Verb) -> None:
    rows = [move for move in MOVES if move.verb is verb and state in move.sources]
    if rows:
        assert after(state, verb) == (rows[0].to or state)
    else:
        with pytest.raises(Conflict) as problem:
            after(state, verb)
        assert state.label in problem.value.sentence and label(verb) in problem.value.sentence


def test_no_state_has_two_rows_for_one_verb() -> None:
    pairs = [(source, move.verb) for move in MOVES for source in move.sources]
    assert len(pairs) == len(set(pairs))


def test_every_open_ticket_has_somebody_who_can_move_it_on() -> None:
    for state in OPEN:
        assert any(move.to is not None and state in move.sources for move in MOVES), state


def test_every_state_is_reached_from_filing() -> None:
    reached, new = set(), {State.FILED}
    while new:
        reached |= new
        new = {move.to for move in MOVES for source in move.sources & reached if move.to} - reached
    assert reached == set(State)


def test_administrators_and_auditors_are_offered_no_move() -> None:
    for state in State:
        assert open_moves(state, [Role.ADMIN, Role.AUDITOR]) == ()


def test_the_diagram_shows_every_row_that_changes_a_state() -> None:
    drawn = diagram()
    for move in MOVES:
        for source in move.sources:
            if move.to is not None:
                assert f"{source.value} --> {move.to.value}: {move.label}" in drawn


def test_the_diagram_in_the_docs_is_the_one_the_table_draws() -> None:
    page = (Path(__file__).parents[2] / "docs" / "lifecycle.md").read_text(encoding="utf-8")
    assert diagram() in page
