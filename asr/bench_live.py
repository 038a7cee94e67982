"""The live half of `./run bench speech`: several callers at once, in real time, over the same processes as the real ones.

Four voices speak real or sample sentences at the pace of speech, a tenth of a second at a time. Measured: how long each piece waits for its
answer, how long after the last spoken sample its utterance is there, and whether all of it was heard.
"""

import asyncio
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from asr.decode import Recording
from asr.live import Live
from asr.protocol import Utterance

RATE = 8000
PIECE = 0.1  # seconds
GAP = 2.0  # seconds of the room between two sentences: each utterance has its own end
ROOM = 10.0  # of 32768: how loud the room is
SPOKEN = 25.0  # dB below the loudest that still are speech

Mono = NDArray[np.int16]


@dataclass
class Measured:
    """Of one voice. waits: seconds each piece had to wait. finals: seconds from the last spoken sample of a sentence to its utterance."""

    waits: list[float] = field(default_factory=list)
    finals: list[float] = field(default_factory=list)
    sent: int = 0
    answered: int = 0
    sentences: int = 0


def measure(model: Path, files: Sequence[Path], *, voices: int = 4, seconds: float = 40.0, processes: int | None = None) -> dict[str, Any]:
    """Takes about `seconds`. model: folder of the speech model. files: recordings with one sentence each, of any kind."""
    return asyncio.run(_measure(model, files, voices, seconds, processes or min(os.cpu_count() or 1, 8)))


async def _measure(model: Path, files: Sequence[Path], voices: int, seconds: float, processes: int) -> dict[str, Any]:
    live = Live(model, processes)
    sentences = [sentence for path in files if len(sentence := _sentence(path))]
    try:
        await _warm(live, voices, sentences[0])
        listeners = [await live.open(RATE) for _ in range(voices)]
        cpu, begun = _cpu(live.pids), time.monotonic()
        # One a quarter of a second after the other: callers do not take breath together.
        spoken = [_speak(listener, sentences[at::voices] or sentences, seconds, 0.25 * at) for at, listener in enumerate(listeners)]
        measured = await asyncio.gather(*spoken)
        taken = time.monotonic() - begun
        used = _cpu(live.pids) - cpu
        late = live.late
    finally:
        await live.close()
    return _report(measured, seconds, taken, used, late)


async def _warm(live: Live, voices: int, sentence: Mono) -> None:
    """Earlier callers, who have hung up: a hotline is not measured at the first call of its life."""
    listeners = [await live.open(RATE) for _ in range(voices)]
    await asyncio.gather(*(listener.hear(sentence.tobytes()) for listener in listeners))
    for listener in listeners:
        await listener.finish()
        await listener.close()


async def _speak(listener: Any, sentences: Sequence[Mono], seconds: float, later: float) -> Measured:
    """One voice at the pace of speech."""
    measured = Measured()
    sound, ends = _script(sentences, seconds)
    said: list[tuple[Utterance, float]] = []
    size = int(PIECE * RATE)
    begun = time.monotonic() + later
    for at in range(0, len(sound) - size + 1, size):
        spoken_at = begun + (at + size) / RATE  # a piece can be sent once its last sample was spoken
        await asyncio.sleep(max(0.0, spoken_at - time.monotonic()))
        measured.sent += 1
        heard = await listener.hear(sound[at : at + size].tobytes())
        now = time.monotonic()
        measured.answered += 1
        measured.waits.append(now - spoken_at)
        said += [(utterance, now - begun) for utterance in heard.utterances]
    await listener.finish()
    measured.finals, measured.sentences = _finals(said, ends), len(ends)
    return measured


def _finals(said: Sequence[tuple[Utterance, float]], sentences: Sequence[tuple[float, float]]) -> list[float]:
    """For each sentence, how long after its last sample its last utterance was there."""
    found = []
    for begin, end in sentences:
        if at := [at for utterance, at in said if begin - GAP / 2 <= utterance.start < end]:
            found.append(at[-1] - end)
    return found


def _script(sentences: Sequence[Mono], seconds: float) -> tuple[Mono, list[tuple[float, float]]]:
    """The sentences with the room between them, and from when to when each is spoken."""
    noise = np.random.default_rng(5)
    parts: list[Mono] = []
    ends: list[tuple[float, float]] = []
    length, at = 0, 0
    while length < seconds * RATE:
        sentence = sentences[at % len(sentences)]
        at += 1
        room = (noise.standard_normal(int(GAP * RATE)) * ROOM).astype(np.int16)
        ends.append((length / RATE, (length + len(sentence)) / RATE))
        parts += [sentence, room]
        length += len(sentence) + len(room)
    return np.concatenate(parts), ends


def _sentence(path: Path) -> Mono:
    """The first voice of a file, at 8 kHz, without the silence before and after it."""
    with Recording(path) as recording:
        sound = np.concatenate([block[0] for block in recording.blocks()])
        if recording.rate == RATE:
            return _trimmed(sound)
    frame = av.AudioFrame.from_ndarray(sound[np.newaxis, :], format="s16", layout="mono")
    frame.rate = recording.rate
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    return _trimmed(np.concatenate([piece.to_ndarray()[0] for piece in [*resampler.resample(frame), *resampler.resample(None)]]))


def _trimmed(sound: Mono) -> Mono:
    window = RATE // 50
    whole = sound[: len(sound) // window * window].reshape(-1, window).astype(np.float64)
    if not len(whole):
        return sound[:0]
    levels = 10 * np.log10(np.square(whole).mean(axis=1) + 1)
    loud = np.flatnonzero(levels > levels.max() - SPOKEN)
    return sound[max(0, loud[0] - 5) * window : (loud[-1] + 1) * window]


def _cpu(pids: Sequence[int]) -> float:
    """Seconds of processor time that these processes have used."""
    ticks = 0
    for pid in pids:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(stat[11]) + int(stat[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _report(measured: Sequence[Measured], seconds: float, taken: float, used: float, late: bool) -> dict[str, Any]:
    waits = sorted(wait for voice in measured for wait in voice.waits)
    finals = sorted(final for voice in measured for final in voice.finals)
    sent, answered = sum(voice.sent for voice in measured), sum(voice.answered for voice in measured)
    return {
        "voices": len(measured),
        "cores": os.cpu_count(),
        "seconds": round(taken, 1),
        "pieces": sent,
        "dropped": sent - answered,
        "wait_p50": round(_at(waits, 0.5), 3),
        "wait_p99": round(_at(waits, 0.99), 3),
        "wait_max": round(waits[-1], 3) if waits else None,
        "sentences": sum(voice.sentences for voice in measured),
        "sentences_heard": len(finals),
        "final_mean": round(statistics.fmean(finals), 3) if finals else None,
        "final_p50": round(_at(finals, 0.5), 3),
        "final_p95": round(_at(finals, 0.95), 3),
        "final_max": round(finals[-1], 3) if finals else None,
        "processor_share": round(used / taken / len(measured), 3),
        "late": late,
        "limits": {"wait_p99": 0.5, "final": 1.2, "dropped": 0},
        "within": bool(waits and finals and _at(waits, 0.99) <= 0.5 and _at(finals, 0.95) <= 1.2 and sent == answered),
    }


def _at(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")
