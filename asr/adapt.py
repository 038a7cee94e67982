"""Adapting (适应): the speech model learns how this city speaks, is tried, and is used only if it is better.

The shipped graph is the starting point each time, so that nothing drifts; `graphs.back` goes back one step.
"""

import fcntl
import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from asr import graph as graph_file
from asr import graphs
from asr import model as speech_model
from asr.errors import ModelDamaged, SpeechError
from asr.evaluate import Spoken, distance, heard, plain, rate
from asr.lm_build import Built, Material, build, perplexity
from hotline.errors import Refused

# One sentence of AISHELL-1 (Apache-2.0) that the shipped model hears without an error.
REFERENCE = Spoken(Path(__file__).with_name("reference.ogg"), "我们会从集团统一来做这方面的工作")
MOST_WRONG = 0.34  # of the reference's characters
FEWEST = 500  # characters; less text than that teaches nothing

WORSE = {
    "reference": "新模型听不清参考录音",
    "perplexity": "对留出的文本，新模型并不更准",
    "cer": "在评测录音上，新模型的字错误率没有下降",
}

Told = Callable[[str], None]


@dataclass(frozen=True)
class Report:
    """What came of it.

    installed: whether the new graph stands now; reason: why not, in Chinese. perplexity, cer: of what stood and of the new one.
    unspeakable: names with characters that the model cannot write. peak_mb: of this process and its children, each.
    """

    graph: str
    installed: bool
    reason: str
    words: int
    unspeakable: Sequence[str]
    perplexity_before: float
    perplexity: float
    cer_before: float | None
    cer: float | None
    seconds: float
    peak_mb: float

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def adapt(model: Path, material: Material, *, at: datetime, spoken: Sequence[Spoken] = (), told: Told | None = None) -> Report:
    """Learns, tries, and installs what is better. spoken: recordings to measure both on.

    Raises ModelMissing, ModelDamaged; Refused where there is too little text, or no right to write beside the model.
    """
    with _alone(model):
        return _adapted(model, material, at, spoken, told or (lambda stage: None))


def adapt_once(model: Path, material: Callable[[], Material], *, at: datetime) -> Report | None:
    """The first adapting of an installation; None if there was one before, whatever came of it. Raises as `adapt` does."""
    speech_model.check(model)
    if graphs.standing(model) is not None:
        return None
    with _alone(model):
        return _adapted(model, material(), at, (), lambda stage: None) if graphs.standing(model) is None else None


def _adapted(model: Path, material: Material, at: datetime, spoken: Sequence[Spoken], say: Told) -> Report:
    begun = time.monotonic()
    speech_model.check(model)
    if sum(map(len, material.given or (*material.own, *material.spoken))) < FEWEST:
        raise Refused("给出的文本太少，学不到什么；至少要几十条工单。", field="text")
    say("learn")
    shipped = graph_file.read(model / graphs.GRAPH)
    built = build(shipped, material)
    say("write")
    folder = _laid(model, built, at)
    before = graphs.chosen(model)
    standing = shipped if before == model else graph_file.read(before / graphs.GRAPH)
    confused = perplexity(standing.model, built.held_out), perplexity(built.graph.model, built.held_out)
    say("try")
    errors = _errors(before, folder, spoken)
    worse = _worse(folder, confused, errors)
    if worse or folder == before:
        graphs.decline(model)
    else:
        graphs.install(model, folder)
    graphs.discard(model)
    return Report(
        graph=folder.name,
        installed=not worse,
        reason=WORSE.get(worse, ""),
        words=built.words,
        unspeakable=built.unspeakable,
        perplexity_before=round(confused[0], 1),
        perplexity=round(confused[1], 1),
        cer_before=errors[0],
        cer=errors[1],
        seconds=round(time.monotonic() - begun, 1),
        peak_mb=round(max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024),
    )


def _laid(model: Path, built: Built, at: datetime) -> Path:
    """The graph on disk in a folder of its own, read again to be sure. Raises ModelDamaged."""
    part = graphs.home(model) / f".new-{os.getpid()}"
    try:
        graph_file.write(built.graph, part)
        again = graph_file.read(part).model
        if not (again.three.keys.size == built.graph.model.three.keys.size and again.two.keys.size == built.graph.model.two.keys.size):
            raise ModelDamaged("the graph does not read as it was written")
        return graphs.laid(model, part, {"made": at.isoformat(), "words": built.words})
    finally:
        part.unlink(missing_ok=True)


def _worse(folder: Path, confused: tuple[float, float], errors: tuple[float | None, float | None]) -> str:
    """A key of WORSE; empty if the new graph is the better one."""
    if not _hears(folder):
        return "reference"
    if errors[0] is not None and errors[1] is not None and errors[0] != errors[1]:
        return "cer" if errors[1] > errors[0] else ""
    return "" if not confused[1] > confused[0] else "perplexity"


def _hears(folder: Path) -> bool:
    """Whether a speech process with this graph understands the reference recording; a graph that kills it kills only that process."""
    try:
        (found,) = heard(folder, [REFERENCE.file])
    except SpeechError:
        return False
    return distance(plain(found.text), plain(REFERENCE.text)) <= MOST_WRONG * len(REFERENCE.text)


def _errors(before: Path, folder: Path, spoken: Sequence[Spoken]) -> tuple[float | None, float | None]:
    """CER of what stands and of the new graph."""
    if not spoken:
        return None, None
    files = [one.file for one in spoken]
    return round(rate(heard(before, files), spoken), 4), round(rate(heard(folder, files), spoken), 4)


@contextmanager
def _alone(model: Path) -> Iterator[None]:
    """One adapting at a time; the lock goes with the process."""
    if not model.is_dir():
        speech_model.check(model)
    try:
        graphs.home(model).mkdir(exist_ok=True)
        lock = (graphs.home(model) / ".lock").open("w")
    except OSError as error:
        raise Refused(f"不能写入 {graphs.home(model)}：{error.strerror}。请检查权限和磁盘空间。", field="model") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
