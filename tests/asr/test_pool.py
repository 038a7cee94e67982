"""Recordings become transcripts; whatever kills, hangs or slows a speech process costs one recording a retry, and nobody else anything."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from asr import model
from asr.decode import Recording
from asr.errors import AudioRefused, Cancelled, ModelDamaged, ModelMissing, SpeechFailed
from asr.pool import Limits, SpeechPool
from asr.protocol import Utterance
from tests.asr.making import babble, distance, mandarin, read_wav, silence, spoken_files, tone, write_wav

needs_speech = pytest.mark.skipif(not spoken_files(), reason="no file with speech in it: neither tests/calls nor ../shared/data/aishell")
needs_mandarin = pytest.mark.skipif(not mandarin(), reason="../shared/data/aishell is not here")


@pytest.fixture
def own_pool(model_folder: Path) -> Iterator[Callable[..., SpeechPool]]:
    """Pools that a test may harm."""
    made: list[SpeechPool] = []

    def make(size: int = 1, folder: Path = model_folder, **limits: float) -> SpeechPool:
        made.append(SpeechPool(folder, size, Limits(**limits)))
        return made[-1]

    yield make
    for pool in made:
        pool.close()


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """A second of sound."""
    return write_wav(tmp_path / "short.wav", babble(1))


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """Enough sound to be interrupted in: half an hour, at least two minutes of work."""
    return write_wav(tmp_path / "long.wav", np.tile(babble(60), 30))


def gone(pid: int, within: float = 5.0) -> bool:
    """Whether a process ends in time."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


@needs_mandarin
def test_real_sentences_are_understood(pool: SpeechPool) -> None:
    errors = characters = 0
    for path, said in mandarin()[1:6]:
        transcript = pool.transcribe(path)
        errors += distance(said, transcript.text.replace("\n", ""))
        characters += len(said)
    assert errors / characters < 0.3, "an odd name is among them"


@needs_speech
def test_an_utterance_has_a_place_in_time_words_and_a_confidence(pool: SpeechPool) -> None:
    told: list[Utterance] = []
    transcript = pool.transcribe(spoken_files()[0], on_utterance=told.append)
    assert sorted(told, key=lambda utterance: (utterance.start, utterance.channel)) == transcript.utterances
    assert told
    for utterance in told:
        assert 0 <= utterance.start < utterance.end <= transcript.duration + 0.1
        assert 0 < utterance.confidence <= 1
        assert utterance.text == "".join(word.text for word in utterance.words)
        assert all(one.end <= two.start + 0.05 for one, two in zip(utterance.words, utterance.words[1:], strict=False))


@needs_mandarin
def test_the_two_sides_of_a_call_are_heard_apart(pool: SpeechPool, tmp_path: Path) -> None:
    (one, rate), (two, _) = read_wav(mandarin()[2][0]), read_wav(mandarin()[3][0])
    both = write_wav(
        tmp_path / "both.wav",
        np.concatenate([one, silence(5, rate)]),
        np.concatenate([silence(5, rate), one[:0], two, one[:0]]).copy()[: len(one) + 5 * rate]
        if len(two) >= len(one)
        else np.concatenate([silence(5, rate), two, np.zeros(len(one) - len(two), np.int16)]),
        rate=rate,
    )
    transcript = pool.transcribe(both)
    assert [(channel.name, channel.text) for channel in transcript.channels] == [
        ("operator", pool.transcribe(mandarin()[2][0]).text),
        ("citizen", pool.transcribe(mandarin()[3][0]).text),
    ]
    assert transcript.channels[1].utterances[0].start > 5
    assert transcript.text == "\n".join(channel.text for channel in transcript.channels)


@needs_mandarin
def test_a_caller_thirty_decibels_too_quiet_is_still_understood(pool: SpeechPool, tmp_path: Path) -> None:
    path, said = mandarin()[10]
    samples, rate = read_wav(path)
    quiet = write_wav(tmp_path / "quiet.wav", np.rint(samples / 31.6).astype(np.int16), rate=rate)
    assert distance(said, pool.transcribe(quiet).text) <= distance(said, pool.transcribe(path).text) + 2


def test_a_silent_recording_is_no_error(pool: SpeechPool, tmp_path: Path) -> None:
    transcript = pool.transcribe(write_wav(tmp_path / "silent.wav", silence(30)))
    assert (transcript.duration, transcript.utterances, transcript.text) == (30.0, [], "")
    assert [channel.name for channel in transcript.channels] == ["mono"]


@pytest.mark.parametrize("seconds", [20 * 60, 2 * 3600])
def test_hours_of_silence_take_seconds_and_little_memory(pool: SpeechPool, tmp_path: Path, seconds: int) -> None:
    path = write_wav(tmp_path / "hours.wav", silence(1))
    with path.open("r+b") as file:  # a hole in the file: nothing is written to the disk
        file.seek(40)
        file.write((seconds * 16000).to_bytes(4, "little"))
        file.truncate(44 + seconds * 16000)
    reports: list[tuple[float, float | None]] = []
    begun = time.monotonic()
    transcript = pool.transcribe(path, on_progress=lambda done, total: reports.append((done, total)))
    assert transcript.duration == seconds
    assert not transcript.utterances
    assert reports[-1] == (seconds, seconds)
    assert time.monotonic() - begun < 40
    peak = next(line for line in Path(f"/proc/{pool.pids[0]}/status").read_text().splitlines() if line.startswith("VmHWM"))
    assert int(peak.split()[1]) < 400 * 1024, peak


def test_progress_is_told_and_grows(pool: SpeechPool, tmp_path: Path) -> None:
    reports: list[float] = []
    pool.transcribe(write_wav(tmp_path / "x.wav", babble(20)), on_progress=lambda done, total: reports.append(done))
    assert reports == sorted(reports)
    assert len(reports) >= 2
    assert reports[-1] == 20


@pytest.mark.slow
def test_the_rest_of_a_recording_can_be_had_alone_at_its_true_times(pool: SpeechPool, tmp_path: Path) -> None:
    with Recording(spoken_files()[0]) as recording:
        said, rate = np.concatenate([block[0] for block in recording.blocks()]), recording.rate
    path = write_wav(tmp_path / "twice.wav", np.concatenate([said, silence(3, rate), said]), rate=rate)
    whole = pool.transcribe(path)
    middle = len(said) / rate + 1.5
    rest = pool.transcribe(path, since={0: middle})
    assert rest.duration == whole.duration
    assert [one.end for one in rest.utterances] == pytest.approx([one.end for one in whole.utterances if one.end > middle], abs=0.3)
    assert rest.utterances[0].start == pytest.approx(len(said) / rate + 3, abs=1)


def test_a_truncated_recording_is_transcribed_as_far_as_it_goes(pool: SpeechPool, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "x.wav", tone(5))
    path.write_bytes(path.read_bytes()[:40000])
    transcript = pool.transcribe(path)
    assert transcript.truncated
    assert transcript.duration == pytest.approx(2.5, abs=0.1)


def test_bad_files_are_refused_and_the_process_stays_well(pool: SpeechPool, tmp_path: Path, short: Path) -> None:
    pool.transcribe(short)
    before = pool.pids
    for content, code in [(b"", "empty"), (b"no sound at all" * 100, "not_audio"), (np.random.default_rng(1).bytes(50_000), "not_audio")]:
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(AudioRefused) as refusal:
            pool.transcribe(tmp_path / "bad")
        assert refusal.value.code == code
    assert pool.transcribe(short).duration == 1.0
    assert pool.pids == before


def test_many_threads_share_a_pool(own_pool: Callable[..., SpeechPool], short: Path) -> None:
    pool = own_pool(2)
    with ThreadPoolExecutor(6) as threads:
        transcripts = list(threads.map(lambda _: pool.transcribe(short), range(12)))
    assert {transcript.duration for transcript in transcripts} == {1.0}
    assert len(pool.pids) <= 2


@pytest.mark.parametrize("deadly", [signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV])
def test_a_process_killed_at_work_fails_its_recording_and_is_replaced(
    pool: SpeechPool, long: Path, short: Path, deadly: signal.Signals
) -> None:
    with pytest.raises(SpeechFailed) as failure:
        pool.transcribe(long, on_progress=lambda done, total: os.kill(pool.pids[0], deadly))
    assert failure.value.code == "died"
    assert f"ended with -{deadly.value}" in failure.value.detail
    assert pool.transcribe(short).duration == 1.0


def test_a_process_killed_at_rest_is_replaced_without_anybody_noticing(pool: SpeechPool, short: Path) -> None:
    pool.transcribe(short)
    (pid,) = pool.pids
    os.kill(pid, signal.SIGKILL)
    assert gone(pid)
    assert pool.transcribe(short).duration == 1.0


def test_a_process_that_hangs_is_killed(own_pool: Callable[..., SpeechPool], long: Path, short: Path) -> None:
    pool = own_pool(silence=3.0)  # a busy machine is not taken for a hung one
    pids: list[int] = []

    def stop(done: float, total: float | None) -> None:
        if not pids:
            pids.extend(pool.pids)
            os.kill(pids[0], signal.SIGSTOP)

    with pytest.raises(SpeechFailed) as failure:
        pool.transcribe(long, on_progress=stop)
    assert failure.value.code == "stalled"
    assert gone(pids[0])
    assert pool.transcribe(short).duration == 1.0


def test_a_recording_may_take_only_so_long(own_pool: Callable[..., SpeechPool], long: Path, short: Path) -> None:
    pool = own_pool(base=1.0, share=0.0)
    with pytest.raises(SpeechFailed) as failure:
        pool.transcribe(long)
    assert failure.value.code == "too_slow"
    assert pool.pids == []


def test_the_wall_grows_with_the_recording() -> None:
    limits = Limits()
    assert limits.wall(7200, 2) > limits.wall(60, 1) >= 60
    assert limits.wall(7200, 1) > 0.31 * 7200 * 3, "three times what noisy speech takes on a busy core"


def test_a_transcription_can_be_cancelled_at_work_and_in_the_queue(pool: SpeechPool, long: Path, short: Path) -> None:
    at_work, waiting = threading.Event(), threading.Event()
    begun = threading.Event()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(pool.transcribe, long, on_progress=lambda done, total: begun.set(), cancel=at_work)
        assert begun.wait(30)
        second = threads.submit(pool.transcribe, short, cancel=waiting)
        waiting.set()
        assert isinstance(second.exception(5), Cancelled)
        at_work.set()
        assert isinstance(first.exception(5), Cancelled)
    assert pool.transcribe(short).duration == 1.0


def test_a_listener_that_fails_ends_the_work(pool: SpeechPool, long: Path, short: Path) -> None:

    def lost(done: float, total: float | None) -> None:
        raise ConnectionError("the database has gone")

    with pytest.raises(ConnectionError):
        pool.transcribe(long, on_progress=lost)
    assert pool.pids == []
    assert pool.transcribe(short).duration == 1.0


def test_closing_ends_all_work_at_once(own_pool: Callable[..., SpeechPool], long: Path, short: Path) -> None:
    pool = own_pool()
    begun = threading.Event()
    with ThreadPoolExecutor(2) as threads:
        work = threads.submit(pool.transcribe, long, on_progress=lambda done, total: begun.set())
        assert begun.wait(30)
        (pid,) = pool.pids
        pool.close()
        failure = work.exception(5)
    assert isinstance(failure, SpeechFailed)
    assert failure.code == "closed"
    assert gone(pid)
    with pytest.raises(SpeechFailed):
        pool.transcribe(short)


PARENT = """
import sys, threading
from pathlib import Path
from asr.pool import SpeechPool
pool = SpeechPool(Path(sys.argv[1]))
pool.transcribe(Path(sys.argv[2]), on_progress=lambda done, total: print(pool.pids[0], flush=True))
"""


def test_a_speech_process_dies_with_its_parent(model_folder: Path, long: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(model_folder), str(long)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        assert gone(pid)


def test_a_process_outlives_the_thread_that_asked_for_it_first(pool: SpeechPool, short: Path) -> None:
    thread = threading.Thread(target=pool.transcribe, args=(short,))
    thread.start()
    thread.join()
    before = pool.pids
    time.sleep(0.3)
    pool.transcribe(short)
    assert pool.pids == before != []


def test_a_speech_process_is_told_no_secrets_and_rests_when_it_has_nothing_to_do(
    own_pool: Callable[..., SpeechPool], short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://hotline:secret@db/hotline")
    pool = own_pool()
    pool.transcribe(short)
    process = Path(f"/proc/{pool.pids[0]}")
    told = process.joinpath("environ").read_bytes()
    assert b"secret" not in told
    assert b"OMP_NUM_THREADS=1" in told
    before = process.joinpath("stat").read_text().split()[13:15]
    time.sleep(1)
    assert process.joinpath("stat").read_text().split()[13:15] == before, "no processor time at rest"


def test_without_a_model_calls_wait_and_are_transcribed_once_it_is_there(
    own_pool: Callable[..., SpeechPool], model_folder: Path, tmp_path: Path, short: Path
) -> None:
    pool = own_pool(folder=tmp_path / model.NAME)
    with pytest.raises(ModelMissing, match=r"\./run model"):
        pool.transcribe(short)
    (tmp_path / model.NAME).symlink_to(model_folder)
    assert pool.transcribe(short).duration == 1.0


def linked(source: Path, target: Path) -> Path:
    """The same model in another folder, without copying its 68 MB."""
    for file in source.rglob("*"):
        if file.is_file():
            (target / file.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
            (target / file.relative_to(source)).hardlink_to(file) if os.stat(source).st_dev == os.stat(target).st_dev else (
                target / file.relative_to(source)
            ).symlink_to(file)
    return target


@pytest.mark.parametrize("name", ["am/final.mdl", "graph/Gr.fst", "graph/HCLr.fst", "ivector/final.ie", "conf/model.conf"])
@pytest.mark.parametrize("damage", ["gone", "empty", "cut off"])
def test_a_damaged_model_is_told(
    own_pool: Callable[..., SpeechPool], model_folder: Path, tmp_path: Path, short: Path, name: str, damage: str
) -> None:
    folder = linked(model_folder, tmp_path / "damaged")
    content = (folder / name).read_bytes()
    (folder / name).unlink()
    if damage != "gone":
        (folder / name).write_bytes(b"" if damage == "empty" else content[: len(content) // 2])
    with pytest.raises(ModelDamaged, match=r"\./run model"):
        own_pool(folder=folder).transcribe(short)


def test_a_damaged_model_works_again_once_it_is_mended(
    own_pool: Callable[..., SpeechPool], model_folder: Path, tmp_path: Path, short: Path
) -> None:
    folder = linked(model_folder, tmp_path / "damaged")
    pool = own_pool(folder=folder)
    (folder / "graph/Gr.fst").rename(tmp_path / "Gr.fst")
    with pytest.raises(ModelDamaged):
        pool.transcribe(short)
    (tmp_path / "Gr.fst").rename(folder / "graph/Gr.fst")
    assert pool.transcribe(short).duration == 1.0


def test_a_damaged_model_that_nobody_described_is_found_out_by_loading_it(
    own_pool: Callable[..., SpeechPool], model_folder: Path, tmp_path: Path, short: Path
) -> None:
    folder = linked(model_folder, tmp_path / "unknown")
    (folder / model.MANIFEST).unlink(missing_ok=True)
    (folder / "graph/Gr.fst").unlink()
    (folder / "graph/Gr.fst").write_bytes(b"half a grammar")
    with pytest.raises((ModelDamaged, SpeechFailed)):
        own_pool(folder=folder).transcribe(short)


def test_a_replaced_model_is_loaded_by_the_next_recording(
    own_pool: Callable[..., SpeechPool], model_folder: Path, tmp_path: Path, short: Path
) -> None:
    folder = linked(model_folder, tmp_path / "model")
    pool = own_pool(folder=folder)
    pool.transcribe(short)
    before = pool.pids
    folder.rename(tmp_path / "old")
    linked(model_folder, folder)
    (folder / "graph").touch()
    pool.transcribe(short)
    assert pool.pids != before
