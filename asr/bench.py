"""bench speech: what a recording costs beside bare Vosk, and how many characters are misheard, before and after adapting.

Graphs are built in a folder of their own: the installation's model stays as it is. Ratios of time come from turns taken in the same run.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from asr import bench_live, graphs
from asr.adapt import Report, adapt
from asr.evaluate import PATIENT, Heard, Spoken, bare_environment, heard, heard_bare, manifest, misheard, plain, rate
from asr.lm_build import Material, sayings
from asr.pool import SpeechPool
from asr.telephone import as_telephone

ROUNDS = 3
LONGEST = 90.0  # seconds of sound in a round of the cost

Say = Callable[[str], None]
PARTS = ("cost", "hotline", "mandarin", "live")


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


def run(model: Path, sources: Sources, parts: Sequence[str], *, at: datetime, say: Say) -> dict[str, Any]:
    """The parts that are asked for and can be measured here, as JSON values."""
    found: dict[str, Any] = {}
    with TemporaryDirectory() as folder:
        place = Path(folder) / model.name
        place.symlink_to(model.absolute())
        say("适应：只用自带文本……")
        first = _in_own_process(place, sources.own, at)
        box = graphs.chosen(place)
        found["adapt_own"] = _about(first)
        if "cost" in parts:
            say("一段录音的开销……")
            found["cost"] = cost(model, box, _mono(sources.calls))
        grown = None
        if sources.city.is_file() and {"hotline", "mandarin"} & set(parts):
            say("适应：加上城市的文本……")
            material = replace(sources.own, given=sources.read(sources.city))
            report = _in_own_process(place, material, at)
            grown = graphs.home(place) / report.graph if report.installed else None
            found["adapt_city"] = _about(report)
        if "hotline" in parts and (sources.calls / "manifest.tsv").is_file():
            say("热线录音……")
            city = sources.read(sources.city) if grown else []
            found["hotline"] = hotline(model, box, grown, sources.calls, sources.own, city)
        if "mandarin" in parts and (sources.mandarin / "manifest.tsv").is_file():
            say("普通话朗读……")
            found["mandarin"] = mandarin(model, box, grown, manifest(sources.mandarin / "manifest.tsv"), Path(folder))
        sentences = (
            [one.file for one in manifest(sources.mandarin / "manifest.tsv")] if "live" in parts and sources.mandarin.is_dir() else []
        )
        if sentences:
            say("四路现场通话……")
            found["live"] = bench_live.measure(box, sentences)
    return found


def _in_own_process(model: Path, material: Material, at: datetime) -> Report:
    """Adapting in a process of its own, so that its memory is its own too."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_adapt, model, material, at).result()


def _adapt(model: Path, material: Material, at: datetime) -> Report:
    return adapt(model, material, at=at)


def _about(report: Report) -> dict[str, Any]:
    return {name: getattr(report, name) for name in ("installed", "words", "perplexity_before", "perplexity", "seconds", "peak_mb")}


def _mono(calls: Path) -> list[Path]:
    """Sample calls of one channel, up to a minute and a half in all."""
    from asr.decode import probe

    files, length = [], 0.0
    for file in sorted(calls.glob("*.wav")):
        info = probe(file)
        if info.channels == 1 and length < LONGEST:
            files.append(file)
            length += info.duration or 0.0
    return files


def cost(model: Path, box: Path, files: Sequence[Path]) -> dict[str, Any]:
    """Processor time beside a bare loop over the same decoded sound, and what a second recording at the same time adds to the wall time."""
    shipped, same, ours = [], [], []
    alone, together = [], []
    with SpeechPool(box, size=2, limits=PATIENT) as pool, _bare(model) as bare, _bare(box) as bare_same, ThreadPoolExecutor(2) as threads:
        list(threads.map(pool.transcribe, files[:2]))  # both processes are up, each with its model
        for _ in range(ROUNDS):
            shipped.append(sum(bare(file)["cpu"] for file in files))
            ours.append(sum(_spent(pool, file) for file in files))
            same.append(sum(bare_same(file)["cpu"] for file in files))
            alone.append(_wall(threads, pool, [files[0]]))
            together.append(_wall(threads, pool, [files[0], files[0]]))
        sound = sum(bare(file)["seconds"] for file in files[:1])
    return {
        "sound_seconds": round(sound, 1),
        "rounds": ROUNDS,
        "cpu_seconds": round(median(ours), 2),
        "cpu_ratio": round(median(mine / theirs for mine, theirs in zip(ours, shipped, strict=True)), 3),
        "cpu_ratio_same_graph": round(median(mine / theirs for mine, theirs in zip(ours, same, strict=True)), 3),
        "two_at_once_wall_ratio": round(min(together) / min(alone), 3),
    }


def _spent(pool: SpeechPool, file: Path) -> float:
    """Processor seconds of the pool's processes for one recording."""
    before = sum(map(_processor, pool.pids))
    pool.transcribe(file)
    return sum(map(_processor, pool.pids)) - before


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wall(threads: ThreadPoolExecutor, pool: SpeechPool, files: Sequence[Path]) -> float:
    begun = time.perf_counter()
    list(threads.map(pool.transcribe, files))
    return time.perf_counter() - begun


@contextmanager
def _bare(folder: Path) -> Iterator[Callable[[Path], dict[str, Any]]]:
    """A bare Vosk that stays: see asr.bare."""
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "asr.bare", str(folder.absolute())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=bare_environment(),
    )

    def ask(file: Path) -> dict[str, Any]:
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(f"{file.absolute()}\n")
        child.stdin.flush()
        answer: dict[str, Any] = json.loads(child.stdout.readline())
        return answer

    try:
        yield ask
    finally:
        child.kill()
        child.communicate()


def hotline(model: Path, box: Path, grown: Path | None, calls: Path, own: Material, city: Sequence[str]) -> dict[str, Any]:
    """CER on the sample calls: all that is said, and without the turns that stand word for word in a text that was learnt from."""
    spoken = manifest(calls / "manifest.tsv")
    known = "|".join(plain(text) for text in (*own.own, *(text for _, text in sayings()), *city))
    fresh = [[(plain(turn), plain(turn) not in known) for turn in _turns(one)] for one in spoken]
    found: dict[str, Any] = {
        "n": len(spoken),
        "characters": sum(len(plain(one.text)) for one in spoken),
        "characters_fresh": sum(len(text) for turns in fresh for text, new in turns if new),
    }
    for name, said in _heard(model, box, grown, [one.file for one in spoken]):
        found[f"cer_{name}"] = round(rate(said, spoken), 4)
        wrong = sum(_fresh_errors(one, turns) for one, turns in zip(said, fresh, strict=True))
        found[f"cer_{name}_fresh"] = round(wrong / max(1, found["characters_fresh"]), 4)
    for name in ("own", "city"):
        for kind in ("", "_fresh"):
            if f"cer_{name}{kind}" in found and found[f"cer_bare{kind}"]:
                found[f"fewer_errors_{name}{kind}"] = round(1 - found[f"cer_{name}{kind}"] / found[f"cer_bare{kind}"], 3)
    return found


def _turns(one: Spoken) -> list[str]:
    """What is said turn by turn, from the script beside the recording; all in one where there is none."""
    script = one.file.with_suffix(".txt")
    if not script.is_file():
        return [one.text]
    return [line.partition("：")[2] for line in script.read_text(encoding="utf-8").splitlines()]


def _fresh_errors(said: Heard, turns: Sequence[tuple[str, bool]]) -> int:
    errors = misheard(plain(said.text), "".join(text for text, _ in turns))
    wrong = at = 0
    for text, new in turns:
        wrong += sum(errors[at : at + len(text)]) if new else 0
        at += len(text)
    return wrong


def _heard(model: Path, box: Path, grown: Path | None, files: Sequence[Path]) -> Iterator[tuple[str, list[Heard]]]:
    """By bare Vosk, by ours out of the box, and by ours after adapting."""
    yield "bare", heard_bare(model, files)
    yield "own", heard(box, files)
    if grown is not None:
        yield "city", heard(grown, files)


def mandarin(model: Path, box: Path, grown: Path | None, spoken: Sequence[Spoken], scratch: Path) -> dict[str, Any]:
    """CER on read Mandarin, as it is and as the telephone makes it."""
    found: dict[str, Any] = {"n": len(spoken), "characters": sum(len(plain(one.text)) for one in spoken)}
    called = [replace(one, file=as_telephone(one.file, scratch / f"{number}.wav")) for number, one in enumerate(spoken)]
    for form, ones in (("wide", spoken), ("telephone", called)):
        for name, said in _heard(model, box, grown, [one.file for one in ones]):
            found[f"cer_{form}_{name}"] = round(rate(said, ones), 4)
    return found
