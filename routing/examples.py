"""Examples 样例: labelled texts from a CSV file, each checked, each error naming its row.

Columns: `label,text`, or `label,title,detail`, or our own corpus's `id,item,kind,style,text`. Plain or gzip, UTF-8 with or without a mark.
"""

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hotline.errors import NotFound, Refused
from routing.protocol import KINDS

FIELD_LIMIT = 2_000_000
"""Characters in one cell; more is a file whose quotes are broken."""


@dataclass(frozen=True)
class Example:
    """One labelled text. label: what it belongs to; kind: one of KINDS 诉求类型 or None; spoken: as a caller would say it; row: in the file."""

    label: str
    text: str
    kind: str | None = None
    spoken: bool = False
    row: int = 0


def read(path: Path) -> list[Example]:
    """Raises NotFound without the file, Refused (in Chinese, with the row) for what is not usable."""
    if not path.is_file():
        raise NotFound(f"找不到文件 {path}。", field="csv")
    try:
        opened = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
        with opened as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as lines:
            return list(_rows(path.name, lines))
    except UnicodeDecodeError as error:
        raise Refused(f"{path.name} 不是 UTF-8 编码的文本，请另存为 UTF-8 后再试。", field="csv") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Refused(f"{path.name} 不是完整的 gzip 文件。", field="csv") from error


def _rows(name: str, lines: io.TextIOWrapper) -> Iterator[Example]:
    csv.field_size_limit(FIELD_LIMIT)
    rows = csv.DictReader(lines, strict=True)
    try:
        label, texts = _columns(name, [column.strip() for column in rows.fieldnames or ()])
        for row in rows:
            yield _example(f"{name} 第 {rows.line_num} 行", row, label, texts, rows.line_num)
    except csv.Error as error:
        raise Refused(f"{name} 第 {rows.line_num} 行不合 CSV 格式（引号不成对或单元格过长）。", field="csv") from error


def _columns(name: str, columns: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    label = next((column for column in ("label", "item") if column in columns), None)
    texts = ("text",) if "text" in columns else ("title", "detail")
    missing = [column for column in (*(("label",) if label is None else ()), *texts) if column not in columns]
    if missing or label is None:
        raise Refused(f"{name} 第 1 行缺少列：{'、'.join(missing)}。需要 label,text 或 label,title,detail。", field="csv")
    return label, texts


def _example(where: str, row: dict[str, str | None], label: str, texts: tuple[str, ...], line: int) -> Example:
    if None in row or any(value is None for value in row.values()):
        raise Refused(f"{where}的列数与表头不符。", field="csv")
    name = (row[label] or "").strip()
    text = " ".join((row[column] or "").strip() for column in texts).strip()
    kind = (row.get("kind") or "").strip() or None
    if not name:
        raise Refused(f"{where}没有填 {label}。", field=label)
    if not text:
        raise Refused(f"{where}没有内容。", field=texts[-1])
    if kind is not None and kind not in KINDS:
        raise Refused(f"{where}的诉求类型“{kind}”不认识，应是 {'、'.join(KINDS)} 之一。", field="kind")
    return Example(name, text, kind, (row.get("style") or "").strip() == "spoken", line)


def check(examples: Sequence[Example]) -> None:
    """Whether a model can be trained on these. Raises Refused: none at all, a single label, a label with one example."""
    if not examples:
        raise Refused("没有样例，无法训练。", field="csv")
    counts = Counter(example.label for example in examples)
    if len(counts) == 1:
        raise Refused(f"所有样例（第 {examples[0].row} 行起）都是同一类“{examples[0].label}”，至少要有两类才能训练。", field="label")
    lone = next((example for example in examples if counts[example.label] == 1), None)
    if lone is not None:
        raise Refused(f"第 {lone.row} 行的“{lone.label}”只有这一条样例，每类至少要有两条。", field="label")
