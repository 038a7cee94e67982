"""Voices as they speak: understood, ended soon, and taken up by another process when theirs is killed or hangs."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asr.errors import ModelMissing, SpeechFailed
from asr.frames import Unpacker, packed
from asr.live import Live
from asr.live_process import Limits, Process
from asr.live_protocol import Heard
from asr.live_recording import Kept, duration, wav
from asr.live_seats import Seats
from asr.live_voice import Voice
from asr.process import environment
from asr.protocol import Utterance
from tests.asr.making import babble, distance, mandarin, read_wav, silence, tone
from tests.coroutines import to_its_end

ROOT = Path(__file__).resolve().parents[2]
needs_mandarin = pytest.mark.skipif(not mandarin(), reason="../shared/data/aishell is not here")
RATE = 16000
PIECE = 3200  # samples
LONG = (2, 5, 9)  # sentences of some length


def during(model: Path, talk: Callable[[Live], Awaitable[Any]], processes: int = 1, **limits: float) -> Any:
    async def run() -> Any:
        live = Live(model, processes, Limits(**limits))
        try:
            return await asyncio.wait_for(talk(live), 120)
        finally:
            await live.close()

    return to_its_end(run())


def sentence(number: int) -> tuple[bytes, str]:
    """A real sentence, the room after it, and what was said."""
    path, said = mandarin()[number]
    samples, rate = read_wav(path)
    assert rate == RATE
    room = (np.random.default_rng(1).standard_normal(RATE * 2) * 10).astype(np.int16)
    return np.concatenate((samples, room)).tobytes(), said


async def hear(voice: Voice, sound: bytes, at: Callable[[int], None] = lambda number: None) -> list[Utterance]:
    """Feeds it piece by piece; `at` is told the number of each piece before it."""
    said: list[Utterance] = []
    for number, start in enumerate(range(0, len(sound), PIECE * 2)):
        at(number)
        said += (await voice.hear(sound[start : start + PIECE * 2])).utterances
    return said


def text(said: Sequence[Utterance]) -> str:
    return "".join(utterance.text for utterance in said)


@needs_mandarin
def test_several_voices_in_one_process_are_understood_each_for_itself(model_folder: Path) -> None:
    async def talk(live: Live) -> tuple[list[list[Utterance]], int]:
        voices = [await live.open(RATE) for _ in range(3)]
        said = await asyncio.gather(*(hear(voice, sentence(number)[0]) for number, voice in zip(LONG, voices, strict=True)))
        return list(said), len(live.pids)

    heard, processes = during(model_folder, talk)
    assert processes == 1
    for number, said in zip(LONG, heard, strict=True):
        right = sentence(number)[1]
        assert distance(right, text(said)) / len(right) < 0.6, "an odd name is among them"
        assert said, "the pause after the sentence ends it; nobody has to ask"
        for utterance in said:
            assert 0 <= utterance.start < utterance.end


@needs_mandarin
def test_a_voice_whose_process_is_killed_is_taken_up_by_another_without_a_word_lost(model_folder: Path) -> None:
    sound, _ = sentence(5)

    async def talk(live: Live) -> tuple[list[Utterance], list[Utterance]]:
        calm = await hear(await live.open(RATE), sound)
        voice = await live.open(RATE)

        def kill(number: int) -> None:
            if number in (5, 9):
                for pid in live.pids:
                    os.kill(pid, signal.SIGKILL)

        return calm, await hear(voice, sound, kill)

    calm, troubled = during(model_folder, talk)
    assert distance(text(calm), text(troubled)) <= 2 and calm, "what was held is heard again"
    assert troubled[0].start == pytest.approx(calm[0].start, abs=0.3)
    assert troubled[-1].end == pytest.approx(calm[-1].end, abs=0.3)


@needs_mandarin
def test_a_process_that_hangs_is_killed_and_its_voice_goes_on(model_folder: Path) -> None:
    sound, right = sentence(2)

    async def talk(live: Live) -> tuple[str, list[int], list[int]]:
        voice = await live.open(RATE)
        before = live.pids

        def stop(number: int) -> None:
            if number == 4:
                os.kill(live.pids[0], signal.SIGSTOP)

        return text(await hear(voice, sound, stop)), before, live.pids

    said, before, after = during(model_folder, talk, silence=2.0)
    assert before != after and distance(right, said) / len(right) < 0.6


@needs_mandarin
def test_an_utterance_has_its_true_time_after_a_long_silence_and_after_a_finish(model_folder: Path) -> None:
    sound, _ = sentence(4)

    async def talk(live: Live) -> list[Utterance]:
        voice = await live.open(RATE)
        first = await hear(voice, sound)
        await voice.finish()
        await hear(voice, bytes(RATE * 2 * 20))
        return [first[0], *await hear(voice, sound)]

    first, again = during(model_folder, talk)[:2]
    assert again.start == pytest.approx(first.start + 20 + len(sound) / 2 / RATE, abs=0.4)


@needs_mandarin
def test_the_next_caller_begins_anew_where_the_last_one_has_hung_up(model_folder: Path) -> None:
    sound, _ = sentence(4)

    async def talk(live: Live) -> list[list[Utterance]]:
        said = []
        for cut in (len(sound), len(sound) // 4, len(sound)):
            voice = await live.open(RATE)
            said.append(await hear(voice, sound[: cut // 2 * 2]))
            await voice.close()
        return said

    first, _, again = during(model_folder, talk)
    assert distance(text(first), text(again)) <= 2, "of the voice before him nothing stays"
    assert again[0].start == pytest.approx(first[0].start, abs=0.2)


def test_sound_that_kills_every_process_is_given_up_and_the_voice_goes_on(model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = Process.ask

    async def deadly(self: Process, voice: int, do: str, due: float, sound: bytes) -> Heard:
        if b"\x13\x37" * 8 in sound:
            os.kill(self.pid, signal.SIGKILL)
        return await ask(self, voice, do, due, sound)

    monkeypatch.setattr(Process, "ask", deadly)

    async def talk(live: Live) -> tuple[bool, float]:
        voice = await live.open(8000)
        await voice.hear(babble(1).tobytes())
        await voice.hear(b"\x13\x37" * 8000)
        assert voice.missed
        await voice.hear(babble(1).tobytes())
        return voice.missed, voice.seconds

    assert during(model_folder, talk) == (True, 3.0)


@pytest.mark.parametrize("rate", [0, -1, 1, 7999, 48001, 10**9, float("nan")])
def test_a_rate_that_cannot_be_is_refused_before_it_reaches_vosk(rate: float, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rate"):
        during(tmp_path, lambda live: live.open(rate))  # type: ignore[arg-type]


@pytest.mark.parametrize("phrases", ["not json", [1, 2], [""], [" "], ["x" * 101], ["a"] * 1001, ["\x00"], [["停水"]]])
def test_a_grammar_that_would_kill_vosk_is_refused(phrases: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"grammar|phrase"):
        during(tmp_path, lambda live: live.open(8000, phrases=phrases))


def test_a_grammar_of_words_that_the_model_does_not_know_harms_nobody(model_folder: Path) -> None:
    async def talk(live: Live) -> list[int]:
        calm = await live.open(8000)
        before = live.pids
        for phrases in (["停水", "[unk]"], ["占道经营"], ["qwertz"], ["，。"]):
            voice = await live.open(8000, phrases=phrases)
            await voice.hear(tone(1).tobytes())
            await voice.close()
        await calm.hear(babble(1).tobytes())
        assert live.pids == before
        return before

    assert len(during(model_folder, talk)) == 1


STRANGE = {
    "the loudest square wave": np.where((np.arange(80000) // 9) % 2, 32767, -32768).astype(np.int16).tobytes(),
    "random bytes": np.random.default_rng(1).bytes(160001),
    "a constant voltage": np.full(80000, 32767, np.int16).tobytes(),
    "nothing": b"",
    "half a sample": b"x",
    "text": "小区停水三天了".encode() * 4000,
    "ten minutes of zeros at once": bytes(8000 * 2 * 600),
}


@pytest.mark.parametrize("sound", STRANGE.values(), ids=STRANGE)
def test_strange_sound_is_borne_and_the_other_voices_unharmed(model_folder: Path, sound: bytes) -> None:
    async def talk(live: Live) -> tuple[list[int], list[int]]:
        other, voice = await live.open(8000), await live.open(8000)
        before = live.pids
        await asyncio.gather(voice.hear(sound), other.hear(babble(1).tobytes()))
        await voice.finish()
        return before, live.pids

    before, after = during(model_folder, talk)
    assert before == after


def test_without_a_model_a_voice_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        during(tmp_path / "nowhere", lambda live: live.open(8000))


def test_what_is_due_first_is_heard_first_and_a_flood_waits(model_folder: Path) -> None:
    """Spoken to directly: a flood of one voice is there first, and still the other voice's piece does not wait for all of it."""
    command = [sys.executable, "-P", "-m", "asr.speech", str(model_folder), str(os.getpid()), "live"]
    flow = b"".join(packed({"do": "open", "stream": number, "job": number, "rate": 8000, "phrases": [], "begun": 0.0}) for number in (1, 2))
    sound = babble(0.1).tobytes()  # all of it fits into the pipe
    flow += b"".join(packed({"do": "hear", "stream": 1, "job": 10 + place, "due": 100.0 + place}, sound) for place in range(10))
    flow += packed({"do": "hear", "stream": 2, "job": 3, "due": 99.0}, sound)
    done = subprocess.run(command, input=b"", capture_output=True, env=environment(), timeout=60, check=False)
    assert done.returncode == 0, "the end of its input is the end of it"
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()) as child:
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(flow)
        child.stdin.flush()
        unpacker, jobs = Unpacker(), []
        while len(jobs) < 14:
            jobs += [message.get("job") for message in unpacker.messages(os.read(child.stdout.fileno(), 65536))]
        child.stdin.close()
    heard = [job for job in jobs if job is not None and job >= 3]
    assert heard.index(3) <= 1, "one piece may have been begun before it came"
    assert [job for job in heard if job >= 10] == list(range(10, 20))


def test_who_lags_behind_closes_the_door_for_others(tmp_path: Path) -> None:
    async def talk(live: Live) -> tuple[bool, bool]:
        live.lags(0.5)
        before = live.late
        live.lags(1.5)
        return before, live.late

    assert during(tmp_path, talk) == (False, True)


def test_a_process_that_cannot_be_had_is_said(model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asr.live_process.command", lambda model, *mode: [sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(SpeechFailed) as failure:
        during(model_folder, lambda live: live.open(8000))
    assert failure.value.code == "died"


def test_a_place_is_free_again_when_it_is_given_back_or_its_holder_dies(tmp_path: Path) -> None:
    seats = Seats(tmp_path, 1)
    hold = "import sys; from pathlib import Path; from asr.live_seats import Seats; s = Seats(Path(sys.argv[1]), 1).take(); print(bool(s), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "True\n"
        assert seats.full and seats.take() is None
        holder.kill()
        holder.wait()
    seat = seats.take()
    assert seat is not None and seats.full
    seat.give_back()
    assert not seats.full


def test_the_recording_of_a_live_call_has_each_voice_in_its_place(tmp_path: Path) -> None:
    operator, citizen, again = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    operator.write_bytes(tone(2.0, 16000).tobytes())
    citizen.write_bytes(tone(1.0, 8000).tobytes() + b"x")
    again.write_bytes(tone(0.5, 8000).tobytes())
    voices = [Kept(operator, 16000, 0.0, 0), Kept(citizen, 8000, 0.5, 1), Kept(again, 8000, 3.0, 1), Kept(tmp_path / "gone", 8000, 9.0, 0)]
    assert duration(voices) == 3.5
    path = tmp_path / "call.wav"
    path.write_bytes(b"".join(wav(voices, 3.5)))
    left, rate = read_wav(path)
    assert (rate, len(left)) == (16000, 56000)
    right = np.frombuffer(path.read_bytes()[44:], "<i2")[1::2]
    loud = [np.abs(right[int(at * 16000) : int((at + 0.4) * 16000)]).max() > 3000 for at in (0.05, 0.55, 1.05, 2.0, 3.05)]
    assert loud == [False, True, True, False, True]
    assert np.abs(left[:31000]).max() > 3000 and not left[33000:].any()
    assert not silence(1).any()
