"""五要素: who, when, where, what, wants what, and a draft of title and summary, taken from what was said. An operator reads and changes them.

Rules only: the same call always gives the same draft, and every word of it was said.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from asr.names import Names
from routing import courtesy
from routing.text import fold
from tickets.eliciting_rules import (
    ADDRESSED,
    CLAUSE_BREAK,
    DETAIL,
    FILLERS,
    LATER,
    LOCATED,
    NAMED,
    TELLING,
    TIME,
    TITLE_BEGINS,
    WANTS,
    WEAK,
)

LONGEST_SUMMARY = 300  # characters: a dispatcher reads it in one look
LONGEST_TITLE = 30
LEAST = 3  # characters of a clause that says anything
MOST_TIMES = 3


@dataclass(frozen=True)
class Elements:
    """何人 who, 何时 when, 何地 where, 何事 what, 何求 wants; title and summary: drafts. Each is '' where nothing was said of it."""

    who: str = ""
    when: str = ""
    where: str = ""
    what: str = ""
    wants: str = ""
    title: str = ""
    summary: str = ""


def elicit(utterances: Sequence[Mapping[str, Any]], places: Names) -> Elements:
    """The elements of a call. utterances: as calls.utterances gives them (speaker, text). places: names of the city's areas and landmarks."""
    said = [clause for row in utterances if row["speaker"] != "operator" for clause in clauses(row["text"])]
    asked = [row["text"] for row in utterances if row["speaker"] == "operator"]
    told = [clause for clause in said if not WANTS.search(clause)] or said
    chosen = summary(told)
    wants = list(dict.fromkeys(match.group() for clause in said if (match := WANTS.search(clause))))
    return Elements(
        who=_who(said, asked),
        when="，".join(_times(said)[:MOST_TIMES]),
        where=_where(said, places),
        what="，".join(chosen),
        wants=_cut("；".join(wants), 200),
        title=_title(chosen, places),
        summary="，".join(summary(said)),
    )


def clauses(text: str) -> list[str]:
    """The clauses of an utterance without what everybody says: 您好, 请讲, 嗯, 那个."""
    pieces = (FILLERS.sub("", piece) for piece in CLAUSE_BREAK.split(text))
    return [piece for piece in pieces if len(courtesy.without(fold(piece)).words()) >= LEAST]


def summary(said: Sequence[str]) -> list[str]:
    """The clauses that tell most, in the order in which they were said, as many as fit; what was said before in other words is left out."""
    kept: list[int] = []
    room = LONGEST_SUMMARY
    for place in sorted(range(len(said)), key=lambda place: (-_weight(said[place]), place)):
        clause = said[place]
        if len(clause) <= room and not any(_alike(clause, said[other]) for other in kept):
            kept.append(place)
            room -= len(clause) + 1
    return [said[place] for place in sorted(kept)]


def _weight(clause: str) -> float:
    """How much a clause tells: its length without small words, more for places, numbers, trouble."""
    plain = WEAK.sub("", clause)
    return min(len(plain), 24) + 4 * len(TELLING.findall(clause)) + 2 * len(DETAIL.findall(clause))


def _alike(one: str, other: str) -> bool:
    first, second = ({text[at : at + 2] for at in range(len(text) - 1)} for text in (one, other))
    return len(first & second) > 0.6 * max(1, min(len(first), len(second)))


def _who(said: Sequence[str], asked: Sequence[str]) -> str:
    """The citizen as they call themselves, or as the operator addresses them."""
    for patterns, texts in ((NAMED, said), (ADDRESSED, asked)):
        for pattern in patterns:
            for text in texts:
                if match := pattern.search(text):
                    return match["name"]
    return ""


def _times(said: Sequence[str]) -> list[str]:
    found = [match.group() for clause in said for match in TIME.finditer(clause)]
    return list(dict.fromkeys(time for time in found if len(time) >= 2))


def _where(said: Sequence[str], places: Names) -> str:
    """The place that was told most exactly: a name of the city and what follows of the address, else whatever is called a road, an estate, a shop."""
    found: list[str] = []
    for clause in said:
        _, spans = places.met(clause)
        end = -1
        for start, stop in spans:
            if start <= end:  # 人民路 + 小学: one place
                found[-1] += clause[end : stop + len(_tail(clause, stop))]
            else:
                found.append(clause[start:stop] + _tail(clause, stop))
            end = stop + len(_tail(clause, stop))
        if not spans:
            found += [match["place"] + _tail(clause, match.end("place")) for match in LOCATED.finditer(clause)]
    return max(found, key=lambda place: (bool(re.search(r"\d", place)), len(place)), default="")


def _tail(clause: str, at: int) -> str:
    match = LATER.match(clause, at)
    return match.group() if match else ""


def _title(chosen: Sequence[str], places: Names) -> str:
    """The clause that tells most, with its place."""
    if not chosen:
        return ""
    told = [clause for clause in chosen if TELLING.search(clause)] or list(chosen)
    best = max(told, key=lambda clause: (_weight(clause) + 3 * bool(places.met(clause)[1]), -len(clause)))
    return _cut(TITLE_BEGINS.sub("", best), LONGEST_TITLE)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
