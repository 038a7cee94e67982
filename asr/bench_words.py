"""The half of `./run bench speech` that counts what is misheard: by bare Vosk, out of the box, and after adapting to a city."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from asr.evaluate import Heard, Spoken, heard, heard_bare, manifest, misheard, plain, rate
from asr.lm_build import sayings
from asr.telephone import as_telephone

WORSE_BY = 0.005  # of the characters of read Mandarin: what adapting may cost there
FEWER = {"own": 0.30, "city": 0.40}  # errors on hotline speech, against bare Vosk

Say = Callable[[str], None]


@dataclass(frozen=True)
class Models:
    """See asr.bench.Bench."""

    model: Path
    box: Path
    grown: Path | None


def mandarin(models: Models, spoken: Sequence[Spoken], scratch: Path, say: Say) -> dict[str, Any]:
    """CER on read Mandarin, as it is and as the telephone makes it."""
    found: dict[str, Any] = {"n": len(spoken), "characters": sum(len(plain(one.text)) for one in spoken)}
    called = [replace(one, file=as_telephone(one.file, scratch / f"{number}.wav")) for number, one in enumerate(spoken)]
    worse = 0.0
    for form, ones in (("wide", spoken), ("telephone", called)):
        for name, said in _heard(models, [one.file for one in ones], say):
            found[f"cer_{form}_{name}"] = round(rate(said, ones), 4)
            worse = max(worse, found[f"cer_{form}_{name}"] - found[f"cer_{form}_bare"])
    return found | {"worse_by_at_most": round(worse, 4), "limit": WORSE_BY, "within": worse <= WORSE_BY}


def hotline(models: Models, calls: Path, learnt: Sequence[str], say: Say) -> dict[str, Any]:
    """CER on the sample calls: all that is said, and (fresh) without the turns that stand word for word in a text that was learnt from.

    learnt: those texts, the sayings aside.
    """
    spoken = manifest(calls / "manifest.tsv")
    known = "|".join(plain(text) for text in (*learnt, *(text for _, text in sayings())))
    fresh = [[(plain(turn), plain(turn) not in known) for turn in _turns(one)] for one in spoken]
    found: dict[str, Any] = {
        "n": len(spoken),
        "characters": sum(len(plain(one.text)) for one in spoken),
        "characters_fresh": sum(len(text) for turns in fresh for text, new in turns if new),
    }
    for name, said in _heard(models, [one.file for one in spoken], say):
        found[f"cer_{name}"] = round(rate(said, spoken), 4)
        wrong = sum(_fresh_errors(one, turns) for one, turns in zip(said, fresh, strict=True))
        found[f"cer_{name}_fresh"] = round(wrong / max(1, found["characters_fresh"]), 4)
        for kind in ("", "_fresh") if name != "bare" else ():
            found[f"fewer_errors_{name}{kind}"] = round(1 - found[f"cer_{name}{kind}"] / max(found[f"cer_bare{kind}"], 1e-9), 3)
    within = all(found.get(f"fewer_errors_{name}_fresh", 1.0) >= least for name, least in FEWER.items())
    return found | {"limits": FEWER, "within": within}


def _turns(one: Spoken) -> list[str]:
    """What is said turn by turn, from the script beside the recording; all in one where there is none."""
    script = one.file.with_suffix(".txt")
    if not script.is_file():
        return [one.text]
    return [line.partition("：")[2] for line in script.read_text(encoding="utf-8").splitlines()]


def _fresh_errors(said: Heard, turns: Sequence[tuple[str, bool]]) -> int:
    errors = misheard(plain(said.text), "".join(text for text, _ in turns))
    wrong = at = 0
    for text, new in turns:
        wrong += sum(errors[at : at + len(text)]) if new else 0
        at += len(text)
    return wrong


def _heard(models: Models, files: Sequence[Path], say: Say) -> Iterator[tuple[str, list[Heard]]]:
    """By bare Vosk, by ours out of the box, and by ours after adapting."""
    say("  裸 Vosk")
    yield "bare", heard_bare(models.model, files)
    say("  自带文本适应后")
    yield "own", heard(models.box, files)
    if models.grown is not None:
        say("  加上城市文本适应后")
        yield "city", heard(models.grown, files)
