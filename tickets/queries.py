"""A search (查询) as an address has it: `q=停水&kind=complaint&light=red`. Pages, the API and saved views all spell it so."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, urlencode

from hotline.clock import SHANGHAI, local
from hotline.errors import Refused
from sla.light import Light
from tickets.lifecycle import State
from tickets.searching import Wanted
from tickets.ticket import Kind

W = TypeVar("W", bound=StrEnum)
Given = Mapping[str, Sequence[str]]
PLAIN: Final = {"q": "text", "caller": "caller", "area": "area", "item": "item", "unit": "unit", "order": "order"}
MOMENTS: Final = ("received_from", "received_until", "due_from", "due_until")
LONGEST: Final = 500


def wanted_of(given: Given) -> Wanted:
    """What is looked for. Raises Refused naming the field."""
    found: dict[str, Any] = {field: text for name, field in PLAIN.items() if (text := _text(given, name))}
    found |= {name: moment for name in MOMENTS if (moment := _moment(given, name)) is not None}
    light = _words(given, "light", Light, lambda one: one.word)
    return Wanted(
        **found,
        ever=bool(_text(given, "ever")),
        kinds=_words(given, "kind", Kind, lambda one: one.label),
        states=_words(given, "state", State, lambda one: one.label),
        light=light[0] if light else None,
    )


def parsed(query: str) -> Wanted:
    """The same from the text of an address."""
    return wanted_of(parse_qs(query))


def spelt(wanted: Wanted) -> str:
    """The address of a search: what it narrows, in one order, so that the same search reads the same."""
    pairs: list[tuple[str, str]] = [(name, getattr(wanted, field)) for name, field in PLAIN.items()]
    pairs += [("kind", kind.value) for kind in wanted.kinds] + [("state", state.value) for state in wanted.states]
    pairs += [("light", wanted.light.value if wanted.light else ""), ("ever", "1" if wanted.ever else "")]
    pairs += [(name, local(moment).isoformat(timespec="minutes") if (moment := getattr(wanted, name)) else "") for name in MOMENTS]
    plain = {field.name: field.default for field in fields(Wanted)}
    return urlencode([(name, value) for name, value in pairs if value and not (name == "order" and value == plain["order"])])


def _text(given: Given, name: str) -> str:
    sent = [value.strip() for value in given.get(name, ()) if value.strip()]
    if sent and len(sent[-1]) > LONGEST:
        raise Refused(f"搜索内容最多 {LONGEST} 字。", field=name)
    return sent[-1] if sent else ""


def _words(given: Given, name: str, words: type[W], label: Callable[[W], str]) -> tuple[W, ...]:
    sent = dict.fromkeys(part.strip() for value in given.get(name, ()) for part in value.split(",") if part.strip())
    try:
        return tuple(words(part) for part in sent)
    except ValueError:
        raise Refused(f"只能是：{'、'.join(f'{one.value}（{label(one)}）' for one in words)}。", field=name) from None


def _moment(given: Given, name: str) -> datetime | None:
    """A day or a moment in Shanghai. `until` a day means to its end."""
    text = _text(given, name)
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise Refused("时间应写作“2026-11-20”或“2026-11-20T10:00”。", field=name) from None
    moment = found if found.tzinfo else found.replace(tzinfo=SHANGHAI)
    return moment + timedelta(days=1) if len(text) <= 10 and name.endswith("until") else moment
