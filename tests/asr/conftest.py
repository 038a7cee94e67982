"""The speech model and a pool of speech processes, for the tests that listen."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from asr import model
from asr.errors import SpeechError
from asr.pool import SpeechPool

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def model_folder() -> Path:
    """The speech model: HOTLINE_MODEL, the data folder, or fetched into it. Skips where it cannot be had."""
    given = os.environ.get("HOTLINE_MODEL")
    data = Path(os.environ.get("HOTLINE_DATA") or ROOT / "var")
    try:
        return model.fetch(data / "models", Path(given).absolute() if given else None)
    except SpeechError as problem:
        pytest.skip(f"no speech model: {problem.detail}")


@pytest.fixture(scope="session")
def pool(model_folder: Path) -> Iterator[SpeechPool]:
    """One speech process for all tests that do it no harm."""
    with SpeechPool(model_folder) as pool:
        yield pool
