"""Everything that was found to kill or hang Vosk, each in a process of its own: it never gets so far."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from asr.pool import SpeechPool
from tests.asr.making import Samples, babble, silence, write_wav

ROOT = Path(__file__).resolve().parents[2]

START = """
import sys
import numpy as np
from pathlib import Path
from asr.vosk import Stream, load
model = load(Path(sys.argv[1]))
"""
KEPT_FROM_VOSK = {
    "a negative rate": "Stream(model, -1)",
    "no rate": "Stream(model, 0)",
    "a rate of 1": "Stream(model, 1)",
    "a rate that is no number": "Stream(model, float('nan'))",
    "a rate beyond reason": "Stream(model, 10**9)",
    "96 kHz": "Stream(model, 96000)",
    "a grammar that is no list": "Stream(model, 8000, 'not json')",
    "a grammar of numbers": "Stream(model, 8000, [1, 2])",
    "a grammar of nothing": "Stream(model, 8000, [''])",
    "a grammar that is a map": "Stream(model, 8000, {'停水': 1})",
    "a grammar without end": "Stream(model, 8000, ['停水'] * 100000)",
}
BORNE_BY_VOSK = {
    "nothing": "s.accept(b'')",
    "one byte": "s.accept(b'x')",
    "three bytes": "s.accept(b'xyz')",
    "the end before the beginning": "assert s.finish() == []",
    "a minute of zeros at once": "s.accept(bytes(8000 * 2 * 60))",
    "a minute of the loudest square wave at once": "s.accept(np.tile(np.repeat(np.int16([32767, -32768]), 9), 26667).tobytes())",
    "random bytes": "s.accept(np.random.default_rng(1).bytes(160000))",
    "text as samples": "s.accept('小区停水三天了'.encode() * 4000)",
    "a text instead of bytes": "try:\n    s.accept('停水')\nexcept TypeError:\n    pass",
    "an array instead of bytes": "try:\n    s.accept(bytearray(1600))\nexcept TypeError:\n    pass",
    "a view instead of bytes": "try:\n    s.accept(memoryview(bytes(1600)))\nexcept TypeError:\n    pass",
    "what is being said before anything was": "assert s.partial() == ''",
    "11025 Hz": "s = Stream(model, 11025)\ns.accept(bytes(22050)); s.finish()",
    "a grammar without words": "s = Stream(model, 8000, [])\ns.accept(bytes(16000)); s.finish()",
    "a grammar of unknown words": "s = Stream(model, 8000, ['占道经营', '甬'])\ns.accept(bytes(16000)); s.finish()",
    "two threads on one voice": (
        "from threading import Thread\n"
        "noise = np.random.default_rng(1).bytes(160000)\n"
        "both = [Thread(target=lambda: [s.accept(noise), s.finish()]) for _ in range(2)]\n"
        "[t.start() for t in both]; [t.join() for t in both]"
    ),
    "more after the end": "s.finish(); s.accept(bytes(16000)); s.finish()",
}


def run(model_folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """The code in a process of its own, with at most two minutes."""
    return subprocess.run(
        [sys.executable, "-c", START + code, str(model_folder)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


def test_what_would_kill_or_hang_vosk_is_refused_before_it_gets_there(model_folder: Path) -> None:
    lines = "\n".join(f"try:\n    {code}\nexcept ValueError as error:\n    print('refused')" for code in KEPT_FROM_VOSK.values())
    done = run(model_folder, lines)
    assert (done.returncode, done.stdout.split()) == (0, ["refused"] * len(KEPT_FROM_VOSK)), done.stderr


@pytest.mark.parametrize("code", BORNE_BY_VOSK.values(), ids=BORNE_BY_VOSK)
def test_strange_sound_does_no_harm(model_folder: Path, code: str) -> None:
    done = run(model_folder, f"s = Stream(model, 8000)\n{code}\nprint('well')")
    assert (done.returncode, done.stdout.strip()) == (0, "well"), done.stderr


DAMAGED_MODELS = {
    "missing": "gone = Path(sys.argv[2]) / 'none'",
    "empty": "gone = Path(sys.argv[2])",
    "truncated": (
        "import shutil\ngone = Path(sys.argv[2]) / 'cut'\n"
        "shutil.copytree(sys.argv[1], gone, copy_function=lambda a, b: Path(b).symlink_to(Path(a).resolve()))\n"
        "whole = (gone / 'am' / 'final.mdl').read_bytes()\n(gone / 'am' / 'final.mdl').unlink()\n(gone / 'am' / 'final.mdl').write_bytes(whole[:100000])"
    ),
}  # fmt: skip


@pytest.mark.parametrize("making", DAMAGED_MODELS.values(), ids=DAMAGED_MODELS)
def test_a_model_that_is_none_is_refused_and_kills_nothing(model_folder: Path, tmp_path: Path, making: str) -> None:
    code = f"import sys\nfrom pathlib import Path\nfrom asr.errors import ModelDamaged\nfrom asr.vosk import load\n{making}\n"
    code += "try:\n    load(gone)\nexcept ModelDamaged:\n    print('refused')"
    done = subprocess.run(
        [sys.executable, "-c", code, str(model_folder), str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "refused"), done.stderr


def square(seconds: float) -> Samples:
    """As loud as can be."""
    return np.where((np.arange(int(seconds * 8000)) // 9) % 2, 32767, -32768).astype(np.int16)


HOSTILE = {
    "the loudest square wave": square(10),
    "white noise at full scale": np.random.default_rng(1).integers(-32768, 32767, 80000).astype(np.int16),
    "a constant voltage": np.full(80000, 32767, np.int16),
    "one sample": np.ones(1, np.int16),
    "silence with a click each second": np.concatenate([np.concatenate([np.full(4, 20000, np.int16), silence(0.9995)]) for _ in range(10)]),
}


@pytest.mark.parametrize("samples", HOSTILE.values(), ids=HOSTILE)
def test_a_recording_of_strange_sound_is_borne_and_the_next_call_unharmed(pool: SpeechPool, tmp_path: Path, samples: Samples) -> None:
    transcript = pool.transcribe(write_wav(tmp_path / "strange.wav", samples))
    before = pool.pids
    assert transcript.duration == pytest.approx(len(samples) / 8000, abs=0.001)
    assert pool.transcribe(write_wav(tmp_path / "next.wav", babble(1))).duration == 1.0
    assert pool.pids == before


def test_samples_that_end_in_the_middle_of_one_are_borne(pool: SpeechPool, tmp_path: Path) -> None:
    (tmp_path / "leg.sln").write_bytes(babble(2).tobytes() + b"x")
    assert pool.transcribe(tmp_path / "leg.sln").duration == pytest.approx(2.0, abs=0.01)


def test_text_declared_as_samples_is_borne(pool: SpeechPool, tmp_path: Path) -> None:
    (tmp_path / "leg").write_bytes("小区停水三天了没人管".encode() * 2000)
    for declared in ("slin", "mulaw", "alaw"):
        assert pool.transcribe(tmp_path / "leg", declared=declared).duration > 1
