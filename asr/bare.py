"""Vosk by itself: the shipped model in a plain loop over the sound as we decode it. The yardstick (对照) that our own hearing is held against.

`python -m asr.bare MODEL` reads file names from standard input, one a line, and prints a JSON line for each: text, seconds of sound, and
processor seconds of the recogniser alone.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


def main(folder: str) -> int:
    """Until standard input ends."""
    import vosk

    vosk.SetLogLevel(-1)
    model = vosk.Model(folder)
    for line in sys.stdin:
        print(json.dumps(heard(vosk, model, Path(line.rstrip("\n"))), ensure_ascii=False), flush=True)
    return 0


def heard(vosk: Any, model: Any, path: Path) -> dict[str, Any]:
    """One recording, all of it decoded beforehand, channel after channel."""
    from asr.decode import BLOCK, Recording

    with Recording(path) as recording:
        sound = np.concatenate(list(recording.blocks()), axis=1)
        rate = recording.rate
    step = int(BLOCK * rate) * 2
    channels = [channel.tobytes() for channel in np.ascontiguousarray(sound)]
    begun = time.process_time()
    said = []
    for channel in channels:
        recognizer = vosk.KaldiRecognizer(model, rate)
        recognizer.SetWords(True)
        for at in range(0, len(channel), step):
            if recognizer.AcceptWaveform(channel[at : at + step]):
                said.append(json.loads(recognizer.Result()))
        said.append(json.loads(recognizer.FinalResult()))
    spent = time.process_time() - begun
    said.sort(key=lambda one: one["result"][0]["start"] if one.get("result") else 0.0)
    return {"text": "\n".join(one["text"] for one in said if one["text"]), "seconds": sound.shape[1] / rate, "cpu": spent}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
