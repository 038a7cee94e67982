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
from typing import Any

from asr.decode import probe
from asr.evaluate import PATIENT, bare_environment
from asr.pool import SpeechPool

ROUNDS = 5
LONGEST = 150.0  # seconds of sound
MOST_CPU, MOST_WALL = 1.08, 1.15

Say = Callable[[str], None]


def mono(calls: Path) -> list[Path]:
    """Sample calls of one channel, two minutes and a half in all."""
    files, length = [], 0.0
    for file in sorted(calls.glob("*.wav")):
        info = probe(file)
        if info.channels == 1 and length < LONGEST:
            files.append(file)
            length += info.duration or 0.0
    return files


def cost(model: Path, box: Path, files: Sequence[Path], say: Say) -> dict[str, Any]:
    """Processor time of the product's process beside a bare loop over the same decoded sound, with the shipped graph and with the same one.

    Each call is heard once by each of them, one after the other; the first call is not counted. The bare loop's time does not hold the decoding;
    ours does, and everything else. What makes ours cheaper is the recogniser that it keeps from call to call.
    """
    shipped, same, ours, sound = 0.0, 0.0, 0.0, 0.0
    with SpeechPool(box, size=1, limits=PATIENT) as pool, _bare(model) as bare, _bare(box) as bare_same:
        for number, file in enumerate(files):
            say(f"  第 {number + 1}/{len(files)} 段")
            by_shipped, by_us, by_same = bare(file), _spent(pool, file), bare_same(file)
            if number:
                shipped, ours, same = shipped + by_shipped["cpu"], ours + by_us, same + by_same["cpu"]
                sound += by_same["seconds"]
    return {
        "calls": len(files) - 1,
        "sound_seconds": round(sound, 1),
        "cpu_seconds": round(ours, 2),
        "cpu_ratio": round(ours / same, 3),
        "cpu_ratio_shipped_graph": round(ours / shipped, 3),
        "limit": MOST_CPU,
        "within": ours <= MOST_CPU * same,
    }


def together(box: Path, files: Sequence[Path], say: Say) -> dict[str, Any]:
    """What a second recording at the same time adds to the wall time of the first."""
    alone, both = [], []
    longest = max(files, key=lambda file: file.stat().st_size)
    with SpeechPool(box, size=2, limits=PATIENT) as pool, ThreadPoolExecutor(2) as threads:
        list(threads.map(pool.transcribe, [longest, longest]))  # both processes are up, each with its model
        for turn in range(ROUNDS):
            say(f"  第 {turn + 1}/{ROUNDS} 轮")
            alone.append(_wall(threads, pool, [longest]))
            both.append(_wall(threads, pool, [longest, longest]))
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
    before = {pid: _processor(pid) for pid in pool.pids}
    pool.transcribe(file)
    return sum(_processor(pid) - before.get(pid, 0.0) for pid in pool.pids)


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
