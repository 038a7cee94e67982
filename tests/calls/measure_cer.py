"""How well the speech model hears the sample calls: character error rate (CER, 字错误率) of each recording against its script.

    .venv/bin/python tests/calls/measure_cer.py MODEL_FOLDER [FOLDER_OF_RECORDINGS]

Only Chinese characters count. Each channel of a stereo recording is heard by itself and held against what its own speaker says.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import vosk

HERE = Path(__file__).parent


def main(model_folder: str, recordings: Path) -> None:
    vosk.SetLogLevel(-1)
    model = vosk.Model(model_folder)
    errors = spoken = 0
    for path in sorted(recordings.glob("*.wav")):
        pairs = list(heard_and_said(model, path))
        wrong = sum(distance(heard, said) for heard, said in pairs)
        length = sum(len(said) for _, said in pairs)
        errors, spoken = errors + wrong, spoken + length
        print(f"{path.name}\tCER {wrong / length:6.1%}\t{' / '.join(heard for heard, _ in pairs)}")
    print(f"all\tCER {errors / spoken:6.1%}\t{spoken} characters")


def heard_and_said(model: vosk.Model, path: Path) -> Iterator[tuple[str, str]]:
    turns = [line.split("：", 1) for line in (HERE / f"{path.stem}.txt").read_text(encoding="utf-8").splitlines()]
    planes, rate = decode(path)
    speakers = [("话务员", "市民")] if len(planes) == 1 else [("话务员",), ("市民",)]
    for plane, who in zip(planes, speakers, strict=True):
        yield hear(model, plane, rate), characters("".join(text for speaker, text in turns if speaker in who))


def decode(path: Path) -> tuple[list[bytes], int]:
    """The 16-bit sound of each channel, and the sample rate."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        planar = av.AudioResampler(format="s16p")
        frames = [out.to_ndarray() for frame in container.decode(stream) for out in planar.resample(frame)]
        return [b"".join(frame[n].tobytes() for frame in frames) for n in range(stream.channels)], stream.rate


def hear(model: vosk.Model, sound: bytes, rate: int) -> str:
    recogniser = vosk.KaldiRecognizer(model, rate)
    text = ""
    for start in range(0, len(sound), 2 * rate // 5):
        if recogniser.AcceptWaveform(sound[start : start + 2 * rate // 5]):
            text += json.loads(recogniser.Result())["text"]
    return characters(text + json.loads(recogniser.FinalResult())["text"])


def characters(text: str) -> str:
    return re.sub(r"[^\u4e00-\u9fff]", "", text)


def distance(heard: str, said: str) -> int:
    """Edits that turn one into the other (Levenshtein)."""
    row = list(range(len(said) + 1))
    for i, a in enumerate(heard, 1):
        left, row = row, [i]
        for j, b in enumerate(said, 1):
            row.append(min(left[j] + 1, row[j - 1] + 1, left[j - 1] + (a != b)))
    return row[-1]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else HERE)
