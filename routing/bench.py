"""bench routing: how good, how fast and how large, on real messages that are measured with and never shipped.

The measure is the 2020 Teddy Cup's problem C: seven classes, a training file whose stop words are gone, a test file in its own words.
"""

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import numpy as np

from hotline.errors import NotFound
from routing import corpus, examples, features, measures, store
from routing.alarms import Alarms
from routing.disturb import disturb
from routing.evaluate import latency, score
from routing.examples import Example
from routing.model import Model
from routing.places import Gazetteer
from routing.router import Router
from routing.train import learn, train

HEARD, MISHEARD = 40, 0.2
"""The disturbed variant: first characters kept, and the share of them that is misheard."""

SEVEN = {
    "城乡建设": "0301 0302 0303 0304 0305 0306 0307 0403 0502 0503 0508 0511 0602 0705 0710 0903 0904 110804 110805",
    "劳动和社会保障": "0801 0802 0803 0805 0806 0807 0901 110801 9902 9904",
    "教育文体": "0101 0102 0103 0104 0105 0106 0107 0902 0905",
    "商贸旅游": "0108 0205 040602 0601 060401 0706 0709 1001 1002 1003 1004 1005 1103 1104 1107 1108",
    "环境保护": "0401 0402 0404 0405 0406 0604",
    "卫生计生": "0201 0202 0203 0204 020501 020502 0206 0702 0708",
    "交通运输": "0501 0504 0505 0506 0509 0510 0513",
}
"""Which items of ours belong to each of the seven classes, by the beginning of their codes; the longest beginning wins, the rest to none.

As the labels of that data's training file have it: city buses, metro, roads, parks and tenders are 城乡建设, health products 商贸旅游, the
household register of newborns 卫生计生.
"""


@dataclass(frozen=True)
class City:
    """What our own model is trained with: items' units and scopes, and the city's places."""

    units: Mapping[str, str]
    scopes: Mapping[str, str]
    places: Gazetteer


def run(data: Path, city: City, *, at: datetime) -> dict[str, Any]:
    """Everything, as JSON values. data: the folder with train.csv.gz and dev.csv. Raises NotFound without it."""
    if not (data / "train.csv.gz").is_file():
        raise NotFound(f"没有评测数据 {data}。")
    given, asked = examples.read(data / "train.csv.gz"), examples.read(data / "dev.csv")
    own, _ = learn(corpus.as_examples(corpus.read()), units=city.units, scopes=city.scopes, progress=lambda stage, done: None)
    with tempfile.TemporaryDirectory() as folder:
        began = perf_counter()
        report = train(given, Path(folder), at=at)
        seconds = perf_counter() - began
        model, entry = store.load_model(Path(folder))
        return {
            "train": {"n": len(given), "seconds": round(seconds, 1), "out_of_fold": _rounded(asdict(report))},
            "dev": _rounded(asdict(score(model, asked))),
            "dev_disturbed": _rounded(asdict(score(model, disturbed(asked)))),
            "cold_start": _rounded(cold_start(own, asked)),
            "own_corpus_ms": round(latency(Router(own, "own", alarms=Alarms.load(), places=city.places), asked), 3),
            "latency_ms": round(latency(store.load(Path(folder), places=city.places), asked), 3),
            "model_mb": round((Path(folder) / f"routing-{entry.version}.npz").stat().st_size / 1e6, 1),
            "serving_mb": serving_memory(Path(folder), data / "dev.csv"),
        }


def disturbed(given: Sequence[Example]) -> list[Example]:
    """The first HEARD characters, MISHEARD of them as a recogniser of speech would have them; the same every time."""
    chance = Random(20)
    return [replace(one, text=disturb(one.text[:HEARD], MISHEARD, chance)) for one in given]


def cold_start(own: Model, given: Sequence[Example]) -> dict[str, float]:
    """A city's first morning: our own model, its items gathered into the seven classes."""
    names = list(SEVEN)
    column = np.array([_class_of(item) for item in own.items.labels])
    truth = np.array([names.index(one.label) for one in given])
    chances = np.stack([own.items.probabilities(own.vocabulary.vector(features.read(one.text)[1])) for one in given])
    sums = np.stack([chances[:, column == place].sum(axis=1) for place in range(len(names))], axis=1)
    return {
        "macro_f1": measures.macro_f1(truth, sums.argmax(axis=1), len(names)),
        "accuracy": float((sums.argmax(axis=1) == truth).mean()),
    }


def _class_of(item: str) -> int:
    """Column of the item's class, -1 for none."""
    found = [(len(code), place) for place, codes in enumerate(SEVEN.values()) for code in codes.split() if item.startswith(code)]
    return max(found)[1] if found else -1


SERVE = """
from pathlib import Path
from sys import argv
from routing import examples, store
classifier = store.load(Path(argv[1]))
for one in examples.read(Path(argv[2])):
    classifier.suggest(one.text)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def serving_memory(folder: Path, csv: Path) -> float | None:
    """Peak MB of a process of its own that loads the model and answers; None where the system does not tell (only Linux does)."""
    if not Path("/proc/self/status").exists():
        return None
    done = subprocess.run([sys.executable, "-c", SERVE, str(folder), str(csv)], capture_output=True, text=True, check=True)
    return round(int(done.stdout) / 1024, 1)


def _rounded(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in found.items() if value is not None}
