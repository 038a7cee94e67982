"""How well it hears: character error rate (CER, 字错误率) of our transcripts and of bare Vosk's, against what was really said.

Only Chinese characters count; digits are read out first, and 幺 is 一.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from json import loads
from pathlib import Path

import numpy as np

from asr.errors import AudioRefused
from asr.lm_text import spoken_numbers
from asr.pool import Limits, SpeechPool
from asr.process import ALWAYS, TOLD
from hotline.errors import NotFound, Refused

NOT_HAN = re.compile(r"[^\u4e00-\u9fff]")
AT_ONCE = 2  # recordings
PATIENT = Limits(start=300.0, silence=300.0, base=600.0, share=30.0)  # a figure must not depend on how busy the machine is


@dataclass(frozen=True)
class Spoken:
    """A recording and what is said in it, in the order in which it is said."""

    file: Path
    text: str


@dataclass(frozen=True)
class Heard:
    """What was heard in one recording. seconds: of sound. spent: seconds that it took."""

    text: str
    seconds: float
    spent: float


@dataclass(frozen=True)
class Score:
    """n: recordings. cer: errors by character. rtf: seconds of work for a second of sound. cer_bare: of bare Vosk with the shipped graph."""

    n: int
    characters: int
    cer: float
    cer_bare: float | None
    rtf: float

    def as_dict(self) -> dict[str, float | None]:
        """Plain JSON."""
        return asdict(self)


def manifest(path: Path) -> list[Spoken]:
    """Reads `file<TAB>transcript` lines; a head line may name more columns. Raises NotFound, Refused with the line."""
    if not path.is_file():
        raise NotFound(f"找不到清单 {path}。", field="manifest")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise Refused(f"{path.name} 不是 UTF-8 编码的文本。", field="manifest") from error
    rows = [(number, line.split("\t")) for number, line in enumerate(lines, 1) if line.strip()]
    head = ["file", "transcript"]
    if rows and {"file", "transcript"} <= set(rows[0][1]):
        head = rows.pop(0)[1]
    found = []
    for number, cells in rows:
        if len(cells) != len(head):
            raise Refused(f"{path.name} 第 {number} 行应有 {len(head)} 列（用制表符分开），现在有 {len(cells)} 列。", field="manifest")
        row = dict(zip(head, cells, strict=True))
        if not (path.parent / row["file"]).is_file():
            raise NotFound(f"{path.name} 第 {number} 行的录音 {row['file']} 不存在。", field="manifest")
        found.append(Spoken(path.parent / row["file"], row["transcript"]))
    if not any(plain(one.text) for one in found):
        raise Refused(f"{path.name} 里没有可以评测的录音。", field="manifest")
    return found


def evaluate(model: Path, spoken: Sequence[Spoken], *, bare: bool = True, told: Callable[[int, int], None] | None = None) -> Score:
    """Scores the model in the folder, with the graph that stands, and the shipped one alone. told: recordings done, and in all."""
    ours = heard(model, [one.file for one in spoken], told=told)
    theirs = heard_bare(model, [one.file for one in spoken]) if bare else None
    sound = sum(one.seconds for one in ours)
    return Score(
        len(spoken),
        sum(len(plain(one.text)) for one in spoken),
        round(rate(ours, spoken), 4),
        None if theirs is None else round(rate(theirs, spoken), 4),
        round(sum(one.spent for one in ours) / sound, 4) if sound else 0.0,
    )


def heard(model: Path, files: Sequence[Path], *, told: Callable[[int, int], None] | None = None) -> list[Heard]:
    """What the product hears: its own processes, as they transcribe calls. A recording that cannot be heard has no text."""
    done = 0

    def one(file: Path) -> Heard:
        nonlocal done
        begun = time.perf_counter()
        try:
            transcript = pool.transcribe(file)
            text, seconds = transcript.text, transcript.duration
        except AudioRefused:
            text, seconds = "", 0.0
        done += 1
        if told:
            told(done, len(files))
        return Heard(text, seconds, time.perf_counter() - begun)

    size = min(AT_ONCE, os.cpu_count() or 1, len(files))
    with SpeechPool(model, size=size, limits=PATIENT) as pool, ThreadPoolExecutor(size) as threads:
        return list(threads.map(one, files))


def heard_bare(model: Path, files: Sequence[Path]) -> list[Heard]:
    """What bare Vosk hears with the shipped graph: see asr.bare. In a process of its own."""
    names = "".join(f"{file.absolute()}\n" for file in files)
    child = subprocess.run(
        [sys.executable, "-P", "-m", "asr.bare", str(model.absolute())],
        input=names.encode(),
        capture_output=True,
        env=bare_environment(),
        check=False,
    )
    rows = [loads(line) for line in child.stdout.splitlines()]
    if child.returncode or len(rows) != len(files):
        raise Refused(f"对照评测中断：第 {len(rows) + 1} 段录音无法识别。", field="manifest")
    return [Heard(row["text"], row["seconds"], row["cpu"]) for row in rows]


def bare_environment() -> dict[str, str]:
    """What a process of asr.bare is told: as little as a speech process."""
    return {name: os.environ[name] for name in TOLD if name in os.environ} | ALWAYS


def rate(heard: Sequence[Heard], spoken: Sequence[Spoken]) -> float:
    """Errors by character spoken, over all recordings."""
    wrong = sum(distance(plain(one.text), plain(said.text)) for one, said in zip(heard, spoken, strict=True))
    return wrong / max(1, sum(len(plain(said.text)) for said in spoken))


def plain(text: str) -> str:
    """The characters that count."""
    return NOT_HAN.sub("", spoken_numbers(text)).replace("幺", "一")


def distance(one: str, other: str) -> int:
    """Edits that turn one into the other (Levenshtein)."""
    first, second = (np.frombuffer(text.encode("utf-32-le"), np.uint32) for text in (one, other))
    steps = np.arange(len(second) + 1)
    row = steps.copy()
    for character in first:
        best = np.concatenate([[row[0] + 1], np.minimum(row[1:] + 1, row[:-1] + (second != character))])
        # An insertion costs one more than its left neighbour: the running minimum, once the slope is taken out.
        row = np.minimum.accumulate(best - steps) + steps
    return int(row[-1])


def misheard(heard: str, said: str) -> list[int]:
    """Errors by character of what was said; what was heard too much counts for the character after it, or the last."""
    rows = [np.arange(len(said) + 1)]
    letters = np.array(list(said))
    for character in heard:
        last, row = rows[-1], np.empty(len(said) + 1, int)
        row[0] = last[0] + 1
        best = np.minimum(last[1:] + 1, last[:-1] + (letters != character)) if len(said) else last[1:]
        steps = np.arange(len(said) + 1)
        row[1:] = best
        rows.append(np.minimum.accumulate(row - steps) + steps)
    errors = [0] * len(said)
    i, j = len(heard), len(said)
    while (i or j) and said:
        here = rows[i][j]
        if i and j and here == rows[i - 1][j - 1] + (heard[i - 1] != said[j - 1]):
            errors[j - 1] += int(heard[i - 1] != said[j - 1])
            i, j = i - 1, j - 1
        elif j and here == rows[i][j - 1] + 1:
            errors[j - 1] += 1
            j -= 1
        else:
            errors[min(j, len(said) - 1)] += 1
            i -= 1
    return errors
