"""The half of `./run bench speech` that weighs recordings: processor time beside a bare Vosk loop, and two recordings at once."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from asr.decode import probe
from asr.evaluate import PATIENT, bare_environment
from asr.pool import SpeechPool

ROUNDS = 3
LONGEST = 45.0  # seconds of sound in a round
MOST_CPU, MOST_WALL = 1.08, 1.15

Say = Callable[[str], None]


def mono(calls: Path) -> list[Path]:
    """Sample calls of one channel, three quarters of a minute in all."""
    files, length = [], 0.0
    for file in sorted(calls.glob("*.wav")):
        info = probe(file)
        if info.channels == 1 and length < LONGEST:
            files.append(file)
            length += info.duration or 0.0
    return files


def cost(model: Path, box: Path, files: Sequence[Path], say: Say) -> dict[str, Any]:
    """Processor time of the product's process beside a bare loop over the same decoded sound, with the shipped graph and with the same one.

    The bare loop's time does not hold the decoding; ours does, and everything else.
    """
    shipped, same, ours = [], [], []
    with SpeechPool(box, size=1, limits=PATIENT) as pool, _bare(model) as bare, _bare(box) as bare_same:
        sound = sum(bare(file)["seconds"] for file in files[:1]) + sum(pool.transcribe(file).duration for file in files[1:])
        for turn in range(ROUNDS):
            say(f"  第 {turn + 1}/{ROUNDS} 轮")
            shipped.append(sum(bare(file)["cpu"] for file in files))
            ours.append(sum(_spent(pool, file) for file in files))
            same.append(sum(bare_same(file)["cpu"] for file in files))
    ratio = median(mine / theirs for mine, theirs in zip(ours, same, strict=True))
    return {
        "sound_seconds": round(sound, 1),
        "rounds": ROUNDS,
        "cpu_seconds": round(median(ours), 2),
        "cpu_ratio": round(ratio, 3),
        "cpu_ratio_shipped_graph": round(median(mine / theirs for mine, theirs in zip(ours, shipped, strict=True)), 3),
        "limit": MOST_CPU,
        "within": ratio <= MOST_CPU,
    }


def together(box: Path, files: Sequence[Path], say: Say) -> dict[str, Any]:
    """What a second recording at the same time adds to the wall time of the first."""
    alone, both = [], []
    with SpeechPool(box, size=2, limits=PATIENT) as pool, ThreadPoolExecutor(2) as threads:
        list(threads.map(pool.transcribe, [files[0], files[0]]))  # both processes are up, each with its model
        for turn in range(ROUNDS):
            say(f"  第 {turn + 1}/{ROUNDS} 轮")
            alone.append(_wall(threads, pool, [files[0]]))
            both.append(_wall(threads, pool, [files[0], files[0]]))
    ratio = min(both) / min(alone)
    return {
        "cores": os.cpu_count(),
        "alone_seconds": round(min(alone), 2),
        "both_seconds": round(min(both), 2),
        "wall_ratio": round(ratio, 3),
        "limit": MOST_WALL,
        "within": ratio <= MOST_WALL,
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
