"""Adapted graphs (适应后的语言图) on disk, beside the shipped model, which is never changed: which one stands, how it is switched and taken back.

`NAME.city/` holds a folder for each graph, named by its hash: a model folder whose other files are links. `standing.json` names the one
in use and those before it; replacing that file is the switch.
"""

import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

SHIPPED = ""  # in place of a name: the graph that came with the model
GRAPH, SOUNDS, CONF = "graph/Gr.fst", "graph/HCLr.fst", "conf/model.conf"
# A language that was learnt for what is spoken here may say more against the sounds, which the telephone spoils. With less weight still, synthetic
# calls are heard better yet, but read sentences worse (measured with 1.0, 0.9, 0.85 and 0.75).
SOUNDS_WEIGH = 0.9
SCALE = re.compile(r"^--acoustic-scale=([\d.]+)$", re.MULTILINE)
STANDING, ABOUT = "standing.json", "adapted.json"
LETTERS = 16  # of the hash, in a name
KEPT = 3  # graphs, the standing one among them


@dataclass(frozen=True)
class Standing:
    """name: of the graph in use, or SHIPPED. before: what stood earlier, the latest last."""

    name: str = SHIPPED
    before: tuple[str, ...] = ()


def home(model: Path) -> Path:
    """Where the adapted graphs of the model in this folder lie."""
    return model.with_name(model.name + ".city")


def standing(model: Path) -> Standing | None:
    """None where nothing was ever adapted."""
    try:
        row = json.loads((home(model) / STANDING).read_text(encoding="utf-8"))
        return Standing(str(row["name"]), tuple(map(str, row["before"])))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.error("%s cannot be read (%s): the shipped graph is used", STANDING, type(error).__name__)
        return Standing()


def stamp(model: Path) -> str:
    """Differs whenever another graph stands."""
    now = standing(model)
    return now.name if now else SHIPPED


def chosen(model: Path) -> Path:
    """The folder to load: of the standing graph if it is whole and made for this model, else the shipped one."""
    now = standing(model)
    if now is None or now.name == SHIPPED:
        return model
    folder = home(model) / now.name
    if problem := fault(model, folder):
        logger.error("the adapted graph %s is not used: %s", now.name, problem)
        return model
    return folder


def fault(model: Path, folder: Path) -> str:
    """What is wrong with an adapted graph, in English; empty if nothing."""
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        if sha256(folder / GRAPH) != about["sha256"]:
            return "its bytes are not those that were written"
        if sha256(model / SOUNDS) != about["sounds"]:
            return "it was made for another model"
        if sha256(folder / CONF) != about.get("conf", sha256(model / CONF)):
            return "its settings are not those that were written"
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"{type(error).__name__} in {folder.name}"
    return ""


def laid(model: Path, graph: Path, about: Mapping[str, Any]) -> Path:
    """Puts a finished graph file into a folder of its own, ready to be tried, not yet standing. The file is moved."""
    digest = sha256(graph)
    folder = home(model) / digest[:LETTERS]
    folder.mkdir(parents=True, exist_ok=True)
    for file in model.rglob("*"):
        name = file.relative_to(model)
        if file.is_file() and name.as_posix() not in (GRAPH, CONF, "manifest.json"):
            _link(file, folder / name)
    for own in (GRAPH, CONF):
        (folder / own).parent.mkdir(exist_ok=True)
    os.replace(graph, folder / GRAPH)
    (folder / CONF).unlink(missing_ok=True)
    (folder / CONF).write_text(balanced((model / CONF).read_text(encoding="utf-8")), encoding="utf-8")
    row = {"sha256": digest, "sounds": sha256(model / SOUNDS), "conf": sha256(folder / CONF), **about}
    _written(folder / ABOUT, row)
    return folder


def balanced(conf: str) -> str:
    """The model's settings with less weight of the sounds against the language: see SOUNDS_WEIGH."""
    return SCALE.sub(lambda line: f"--acoustic-scale={float(line[1]) * SOUNDS_WEIGH:g}", conf)


def install(model: Path, folder: Path) -> None:
    """From now on this graph stands. Running processes take it up before their next recording."""
    now = standing(model) or Standing()
    before = (*(name for name in now.before if name != folder.name), *([now.name] if now.name != folder.name else []))
    _stand(model, Standing(folder.name, before[-KEPT:]))


def decline(model: Path) -> None:
    """Notes that it was tried and nothing better was found: the shipped graph, or whatever stood, stands."""
    _stand(model, standing(model) or Standing())


def back(model: Path) -> Standing | None:
    """What stood before stands again; None if there is nothing to go back to."""
    now = standing(model)
    if now is None or not (now.before or now.name):
        return None
    return _stand(model, Standing(now.before[-1] if now.before else SHIPPED, now.before[:-1]))


def discard(model: Path) -> None:
    """Removes the graphs that neither stand nor can be gone back to."""
    now = standing(model) or Standing()
    for folder in home(model).iterdir():
        if folder.is_dir() and folder.name not in (now.name, *now.before):
            shutil.rmtree(folder, ignore_errors=True)


def sha256(file: Path) -> str:
    """Of the whole file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _link(file: Path, link: Path) -> None:
    """Relative, so that the data folder may be moved or copied."""
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(os.path.relpath(file, link.parent))


def _stand(model: Path, now: Standing) -> Standing:
    home(model).mkdir(parents=True, exist_ok=True)
    _written(home(model) / STANDING, {"name": now.name, "before": list(now.before)})
    return now


def _written(path: Path, row: Mapping[str, Any]) -> None:
    """In one step, and on disk before it counts."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with part.open("w", encoding="utf-8") as file:
        json.dump(row, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
