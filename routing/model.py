"""The model as a file: one .npz of plain arrays and one JSON text inside it.

Neither pickle nor joblib: reading such a file runs whatever is in it, and a model is carried from machine to machine on sticks. Here a
forged file can at worst be wrong.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from routing.features import Vocabulary
from routing.linear import Calibration, Linear, Weights
from routing.thresholds import Threshold

FORMAT = 1


class Unreadable(ValueError):
    """These bytes are no model that this program can read."""


@dataclass(frozen=True)
class Model:
    """All that is learnt. items, kinds: the two linear models over one vocabulary; kinds is None where the examples had no kind 诉求类型.

    units: item -> unit, as given in training; thresholds: for every item; familiar: share of known n-grams below which a text is
    strange; report: what training found, as JSON values.
    """

    vocabulary: Vocabulary
    items: Linear
    kinds: Linear | None
    thresholds: Mapping[str, Threshold]
    units: Mapping[str, str] = field(default_factory=dict)
    familiar: float = 0.0
    report: Mapping[str, Any] = field(default_factory=dict)


def write(model: Model) -> bytes:
    """The same model gives the same bytes."""
    about: dict[str, Any] = {
        "format": FORMAT,
        "units": dict(model.units),
        "thresholds": {label: asdict(one) for label, one in model.thresholds.items()},
        "familiar": model.familiar,
        "report": dict(model.report),
    }
    arrays: dict[str, Any] = {"keys": model.vocabulary.keys, "idf": model.vocabulary.idf, "telling": model.vocabulary.telling}
    for name, part in (("items", model.items), ("kinds", model.kinds)):
        if part is not None:
            about[name] = {"labels": list(part.labels), "calibration": asdict(part.calibration)}
            arrays |= {f"{name}_steps": part.weights.steps, f"{name}_scale": part.weights.scale, f"{name}_bias": part.weights.bias}
    arrays["about"] = np.frombuffer(json.dumps(about, ensure_ascii=False, sort_keys=True).encode(), dtype=np.uint8)
    target = io.BytesIO()
    np.savez_compressed(target, **arrays)
    return target.getvalue()


def read(content: bytes) -> Model:
    """Raises Unreadable."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            about = json.loads(arrays["about"].tobytes())
            if about["format"] != FORMAT:
                raise Unreadable(f"format {about['format']}, not {FORMAT}")
            return Model(
                vocabulary=Vocabulary(
                    arrays["keys"], arrays["idf"], arrays["telling"] if "telling" in arrays else np.ones_like(arrays["idf"])
                ),
                items=_part("items", about, arrays),
                kinds=_part("kinds", about, arrays) if "kinds" in about else None,
                thresholds={label: Threshold(**one) for label, one in about["thresholds"].items()},
                units=about["units"],
                familiar=about["familiar"],
                report=about["report"],
            )
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise Unreadable(str(error)) from error


def _part(name: str, about: Mapping[str, Any], arrays: Mapping[str, Any]) -> Linear:
    weights = Weights(arrays[f"{name}_steps"], arrays[f"{name}_scale"], arrays[f"{name}_bias"])
    return Linear(tuple(about[name]["labels"]), weights, Calibration(**about[name]["calibration"]))
