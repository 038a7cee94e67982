"""bench speech: what a recording costs beside bare Vosk, live calls in real time, and how many characters are misheard before and after adapting.

Graphs are built in a folder of their own: the installation's model stays as it is. Ratios of time come from turns taken in the same run.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from asr import bench_cost, bench_live, bench_words, graphs
from asr.adapt import Report, adapt
from asr.evaluate import manifest
from asr.lm_build import Material

Say = Callable[[str], None]
LIMITS = {"adapting_seconds": 180, "adapting_mb": 1200}


@dataclass(frozen=True)
class Sources:
    """What is measured with; a folder or file that is not there leaves its part out.

    calls: sample calls with manifest.tsv and scripts; mandarin: read sentences with manifest.tsv; city: a CSV of real messages.
    own: what every installation learns from; read: reads the texts of `city`.
    """

    calls: Path
    mandarin: Path
    city: Path
    own: Material
    read: Callable[[Path], list[str]]


@dataclass
class Bench:
    """What the parts share. model: the shipped one; box: after adapting to our own texts alone; grown: to the city's besides, None without them."""

    model: Path
    sources: Sources
    scratch: Path
    at: datetime
    say: Say
    box: Path = field(init=False)
    grown: Path | None = None
    adapted: dict[str, Any] = field(default_factory=dict)

    def learn(self, *, city: bool) -> None:
        """Builds the graphs."""
        place = self.scratch / self.model.name
        place.symlink_to(self.model.absolute())
        self.adapted["own"] = self._about(self._learnt(place, self.sources.own, "自带文本"))
        self.box = graphs.chosen(place)
        if city and self.sources.city.is_file():
            report = self._learnt(place, replace(self.sources.own, given=self.sources.read(self.sources.city)), "加上城市的文本")
            self.grown = graphs.home(place) / report.graph if report.installed else None
            self.adapted["city"] = self._about(report)

    def _learnt(self, place: Path, material: Material, what: str) -> Report:
        """In a process of its own, so that its memory is its own too."""
        self.say(f"适应：{what}……")
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            return process.submit(_adapt, place, material, self.at).result()

    def _about(self, report: Report) -> dict[str, Any]:
        names = ("installed", "reason", "words", "perplexity_before", "perplexity", "seconds", "peak_mb")
        within = report.seconds <= LIMITS["adapting_seconds"] and report.peak_mb <= LIMITS["adapting_mb"]
        return {name: getattr(report, name) for name in names} | {"within": within}


def _adapt(model: Path, material: Material, at: datetime) -> Report:
    return adapt(model, material, at=at)


def _cost(bench: Bench) -> dict[str, Any]:
    return bench_cost.cost(bench.model, bench.box, bench_cost.mono(bench.sources.calls), bench.say)


def _together(bench: Bench) -> dict[str, Any]:
    return bench_cost.together(bench.box, bench_cost.mono(bench.sources.calls), bench.say)


def _live(bench: Bench) -> dict[str, Any]:
    sentences = [one.file for one in manifest(bench.sources.mandarin / "manifest.tsv")]
    return bench_live.measure(bench.box, sentences)


def _mandarin(bench: Bench) -> dict[str, Any]:
    spoken = manifest(bench.sources.mandarin / "manifest.tsv")
    return bench_words.mandarin(_models(bench), spoken, bench.scratch, bench.say)


def _hotline(bench: Bench) -> dict[str, Any]:
    city = bench.sources.read(bench.sources.city) if bench.grown else []
    return bench_words.hotline(_models(bench), bench.sources.calls, [*bench.sources.own.own, *bench.sources.own.spoken, *city], bench.say)


def _models(bench: Bench) -> bench_words.Models:
    return bench_words.Models(bench.model, bench.box, bench.grown)


@dataclass(frozen=True)
class Part:
    """One thing that is measured. needs: what of the sources has to be there; city: whether it is measured with the city's graph too."""

    title: str
    needs: str
    city: bool
    measure: Callable[[Bench], dict[str, Any]]


PARTS = {
    "cost": Part("一段录音的开销", "calls", False, _cost),
    "together": Part("两段录音同时", "calls", False, _together),
    "live": Part("四路现场通话", "mandarin", False, _live),
    "mandarin": Part("普通话朗读", "mandarin", True, _mandarin),
    "hotline": Part("热线录音", "calls", True, _hotline),
}


def run(model: Path, sources: Sources, parts: Sequence[str], *, at: datetime, say: Say) -> dict[str, Any]:
    """The parts that are asked for and can be measured here, as JSON values; each tells how long it took."""
    wanted = {name: part for name, part in PARTS.items() if name in parts and (getattr(sources, part.needs) / "manifest.tsv").is_file()}
    found: dict[str, Any] = {"left_out": [name for name in PARTS if name not in wanted]}
    with TemporaryDirectory() as folder:
        bench = Bench(model, sources, Path(folder), at, say)
        bench.learn(city=any(part.city for part in wanted.values()))
        found["adapting"] = bench.adapted
        for number, (name, part) in enumerate(wanted.items(), 1):
            say(f"{number}/{len(wanted)} {part.title}……")
            begun = time.monotonic()
            found[name] = part.measure(bench)
            found[name]["took_seconds"] = round(time.monotonic() - begun, 1)
    return found
