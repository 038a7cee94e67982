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
    """One labelled text.

    label: what it belongs to; kind: one of KINDS 诉求类型 or None; spoken: as a caller would say it; where: file and row, in Chinese.
    """

    label: str
    text: str
    kind: str | None = None
    spoken: bool = False
    where: str = ""


def read(path: Path) -> list[Example]:
    """Raises NotFound without the file, Refused (in Chinese, with the row) for what is not usable."""
    found = []
    for where, row in rows(path):
        label = next((column for column in ("label", "item") if column in row), None)
        texts = ("text",) if "text" in row else ("title", "detail")
        missing = [column for column in (*(("label",) if label is None else ()), *texts) if column not in row]
        if missing or label is None:
            raise Refused(f"{path.name} 第 1 行缺少列：{'、'.join(missing)}。需要 label,text 或 label,title,detail。", field="csv")
        found.append(_example(where, row, label, texts))
    return found


def rows(path: Path, columns: Sequence[str] = ()) -> Iterator[tuple[str, dict[str, str]]]:
    """Every row of a CSV file as trimmed cells, with its place in words. Raises NotFound, Refused. columns: exactly these, where given."""
    if not path.is_file():
        raise NotFound(f"找不到文件 {path}。", field="csv")
    try:
        unpack = gzip.open if path.suffix == ".gz" else open
        with unpack(path, "rb") as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as lines:
            yield from _cells(path.name, lines, columns)
    except UnicodeDecodeError as error:
        raise Refused(f"{path.name} 不是 UTF-8 编码的文本，请另存为 UTF-8 后再试。", field="csv") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Refused(f"{path.name} 不是完整的 gzip 文件。", field="csv") from error


def _cells(name: str, lines: io.TextIOWrapper, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    csv.field_size_limit(FIELD_LIMIT)
    table = csv.reader(lines, strict=True)
    try:
        head = [cell.strip() for cell in next(table, [])]
        if columns and sorted(head) != sorted(columns):
            raise Refused(f"{name} 第 1 行的列应是 {','.join(columns)}，现在是 {','.join(head)}。", field="csv")
        for cells in table:
            where = f"{name} 第 {table.line_num} 行"
            if len(cells) != len(head):
                raise Refused(f"{where}有 {len(cells)} 列，表头有 {len(head)} 列。", field="csv")
            yield where, dict(zip(head, (cell.strip() for cell in cells), strict=True))
    except csv.Error as error:
        raise Refused(f"{name} 第 {table.line_num} 行不合 CSV 格式（引号不成对或单元格过长）。", field="csv") from error


def _example(where: str, row: dict[str, str], label: str, texts: tuple[str, ...]) -> Example:
    text = " ".join(row[column] for column in texts).strip()
    kind = row.get("kind") or None
    if not row[label]:
        raise Refused(f"{where}没有填 {label}。", field=label)
    if not text:
        raise Refused(f"{where}没有内容。", field=texts[-1])
    if kind is not None:
        check_kind(where, kind)
    return Example(row[label], text, kind, row.get("style") == "spoken", where)


def check_kind(where: str, kind: str) -> None:
    """Raises Refused for what is no kind 诉求类型."""
    if kind not in KINDS:
        raise Refused(f"{where}的诉求类型“{kind}”不认识，应是 {'、'.join(KINDS)} 之一。", field="kind")


def check(examples: Sequence[Example]) -> None:
    """Whether a model can be trained on these. Raises Refused: none at all, a single label, a label with one example."""
    if not examples:
        raise Refused("没有样例，无法训练。", field="csv")
    counts = Counter(example.label for example in examples)
    if len(counts) == 1:
        raise Refused(f"所有样例（{examples[0].where} 起）都是同一类“{examples[0].label}”，至少要有两类才能训练。", field="label")
    lone = next((example for example in examples if counts[example.label] == 1), None)
    if lone is not None:
        raise Refused(f"{lone.where}的“{lone.label}”只有这一条样例，每类至少要有两条。", field="label")
