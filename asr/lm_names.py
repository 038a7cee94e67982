"""The city's names (地名、单位、事项) in the phrases in which callers say them, so that the model expects them there."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hotline.errors import NotFound, Refused

PLACES = (
    "我住在{}",
    "我家在{}",
    "我是{}的",
    "在{}",
    "{}附近",
    "{}门口",
    "{}旁边",
    "在{}这边",
    "从{}到",
    "我们{}",
    "就在{}对面",
    "{}里面",
    "位于{}",
    "{}一二三四五热线",
    "您好{}一二三四五热线",
)
UNITS = ("给{}打电话", "打{}的电话", "{}说", "去{}", "找{}", "{}的工作人员", "{}不管", "请{}", "{}让我们等", "问了{}", "是{}负责", "到{}办")
ITEMS = ("我要反映{}的问题", "咨询一下{}", "关于{}", "{}怎么办", "办理{}", "{}的事情", "投诉{}")
CARRIERS = {"place": PLACES, "unit": UNITS, "item": ITEMS}
KINDS = {"地名": "place", "单位": "unit", "事项": "item"} | {kind: kind for kind in CARRIERS}


@dataclass(frozen=True)
class Names:
    """What the city calls its places, its units and its items."""

    places: Sequence[str] = ()
    units: Sequence[str] = ()
    items: Sequence[str] = ()

    def phrases(self) -> Iterator[str]:
        """Every name in every phrase that suits it, and alone."""
        for kind, names in zip(CARRIERS, (self.places, self.units, self.items), strict=True):
            for name in dict.fromkeys(names):
                yield name
                for carrier in CARRIERS[kind]:
                    yield carrier.format(name)

    def every(self) -> list[str]:
        """All of them, each once."""
        return list(dict.fromkeys((*self.places, *self.units, *self.items)))


def read(path: Path) -> Names:
    """A name a line; after a tab or comma what it is (地名、单位、事项), a place where nothing is said. Raises NotFound, Refused with the line."""
    if not path.is_file():
        raise NotFound(f"找不到名称文件 {path}。", field="names")
    found: dict[str, list[str]] = {kind: [] for kind in CARRIERS}
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            for number, cells in enumerate(csv.reader(line.replace("\t", ",") for line in lines), 1):
                given = [cell.strip() for cell in cells if cell.strip()]
                if not given:
                    continue
                kind = KINDS.get(given[1]) if len(given) > 1 else "place"
                if kind is None:
                    raise Refused(f"{path.name} 第 {number} 行的“{given[1]}”不认识，应是 地名、单位、事项 之一。", field="names")
                found[kind].append(given[0])
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{path.name} 不是 UTF-8 编码的文本。", field="names") from error
    return Names(found["place"], found["unit"], found["item"])
