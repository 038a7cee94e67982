"""The shipped graph is read and written byte for byte; what is no whole graph is refused."""

from pathlib import Path

import numpy as np
import pytest

from asr import graph, graphs
from asr.errors import ModelDamaged
from asr.graph import Graph
from asr.lm import BITS, shares
from asr.lm_mix import mixed

SHIPPED_BYTES = 26_082_259


@pytest.fixture(scope="module")
def shipped_file(model_folder: Path) -> Path:
    """Gr.fst as it came with the model."""
    return model_folder / graphs.GRAPH


@pytest.fixture(scope="module")
def shipped(shipped_file: Path) -> Graph:
    """The graph that came with the model."""
    return graph.read(shipped_file)


def test_the_shipped_graph_comes_back_byte_for_byte(shipped: Graph, shipped_file: Path, tmp_path: Path) -> None:
    graph.write(shipped, tmp_path / "again.fst")
    assert shipped_file.stat().st_size == SHIPPED_BYTES
    assert (tmp_path / "again.fst").read_bytes() == shipped_file.read_bytes()


def test_the_shipped_graph_holds_what_its_makers_put_in(shipped: Graph) -> None:
    model = shipped.model
    assert len(shipped.words) == 99_987
    assert (len(model.back1.keys), len(model.back2.keys)) == (86_159, 385_306)
    assert shares(model.words[np.isfinite(model.words)]).sum() == pytest.approx(1, abs=1e-3)


def test_a_mixture_with_itself_says_what_it_said(shipped: Graph) -> None:
    twice = mixed([(0.3, shipped.model), (0.7, shipped.model)])
    some = shipped.model.three.keys[::1000]
    assert twice.share3(some) == pytest.approx(shipped.model.share3(some), rel=1e-4)
    unseen = (some >> BITS << BITS) | shipped.words["停水"]
    assert twice.share3(unseen) == pytest.approx(shipped.model.share3(unseen), rel=2e-3)


@pytest.mark.parametrize("kept", [0, 1, 20, 1_000_000, 20_000_000, SHIPPED_BYTES - 4], ids=str)
def test_a_graph_that_was_cut_off_is_refused(shipped_file: Path, tmp_path: Path, kept: int) -> None:
    short = tmp_path / "short.fst"
    short.write_bytes(shipped_file.read_bytes()[:kept])
    with pytest.raises(ModelDamaged):
        graph.read(short)


def test_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.fst").write_bytes(b"not a graph at all" * 1000)
    with pytest.raises(ModelDamaged):
        graph.read(tmp_path / "text.fst")
    with pytest.raises(ModelDamaged):
        graph.read(tmp_path / "nothing.fst")
