"""Catalogue files: CSV (UTF-8 with BOM for Excel; GB18030 is read too) and XLSX, as rows of text and back. Pure; errors name row and column.

What a spreadsheet would take for a formula is written with an apostrophe in front and read without it; formulas are not read at all.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from hotline.errors import Refused
from tickets.catalogue_sheets import SHEETS, Sheet

LARGEST: Final = 20 << 20
UNPACKED: Final = 400 << 20
ROWS: Final = 200_000
WIDEST: Final = 60
SHOWN: Final = 20
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
EXPLAINED: Final = ("说明", "填写说明")


@dataclass
class Table:
    """One sheet of a file. rows: (its number in the file, typed values by column key). given: the columns that the file has."""

    sheet: Sheet
    given: tuple[str, ...]
    rows: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


class Wrong:
    """Collects what is wrong with a file, so that all of it is said at once."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def add(self, sheet: Sheet, row: int, column: str, sentence: str) -> None:
        """One more. column: its key."""
        title = sheet.column(column).title
        self.sentences.append(f"{sheet.name}第 {row} 行“{title}”：{sentence}")

    def check(self) -> None:
        """Raises Refused with all of it when there is anything."""
        if self.sentences:
            more = f"\n……另有 {len(self.sentences) - SHOWN} 处。" if len(self.sentences) > SHOWN else ""
            raise Refused(f"文件有 {len(self.sentences)} 处要改，什么都没有导入：\n" + "\n".join(self.sentences[:SHOWN]) + more, field="file")


def read(content: bytes, name: str) -> list[Table]:
    """The sheets of a file. Raises Refused naming rows and columns. A CSV's sheet is told by its header, those of an XLSX by their names."""
    if len(content) > LARGEST:
        raise Refused(f"文件太大：最多 {LARGEST >> 20} MB。", field="file")
    wrong = Wrong()
    if name.lower().endswith(".xlsx"):
        tables = [_table(sheet, lines, wrong) for sheet, lines in _xlsx(content)]
    elif name.lower().endswith(".csv"):
        tables = [_table(None, _csv(content), wrong)]
    else:
        raise Refused("只认 .csv 和 .xlsx 文件；老的 .xls 请另存为 .xlsx。", field="file")
    wrong.check()
    return tables


def write_csv(sheet: Sheet, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """One sheet as CSV that Excel opens with the right characters."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(column.title for column in sheet.columns)
    writer.writerows(_written(sheet, row) for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def write_xlsx(tables: Iterable[tuple[Sheet, Iterable[Mapping[str, Any]]]]) -> bytes:
    """Several sheets as XLSX; every cell is text, so that codes keep their zeros."""
    book = Workbook(write_only=True)
    for sheet, rows in tables:
        page = book.create_sheet(sheet.name)
        page.freeze_panes = "A2"
        for letter in "ABCDEFGHIJK"[: len(sheet.columns)]:
            page.column_dimensions[letter].width = 18
        heads = [WriteOnlyCell(page, column.title) for column in sheet.columns]
        for head in heads:
            head.font = Font(bold=True)
        page.append(heads)
        for row in rows:
            page.append(_written(sheet, row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _written(sheet: Sheet, row: Mapping[str, Any]) -> list[str]:
    return [_safe("" if row[column.key] in (None, "") else column.write(row[column.key])) for column in sheet.columns]


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.lstrip("'").startswith(FORMULA) else cell


def _csv(content: bytes) -> Iterator[tuple[int, Sequence[Any]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError:
            raise Refused("看不懂文件的编码，请用 Excel 另存为“CSV UTF-8”。", field="file") from None
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise Refused(f"第 {reader.line_num} 行不是有效的 CSV：{error}。", field="file") from None


def _xlsx(content: bytes) -> Iterator[tuple[Sheet, Iterator[tuple[int, Sequence[Any]]]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > UNPACKED:
                raise Refused("文件展开后太大，请拆成几份。", field="file")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False)
    except Refused:
        raise
    except Exception as error:  # whatever a broken archive makes the library raise
        raise Refused("不是有效的 XLSX 文件，请用 Excel 重新保存。", field="file") from error
    known = {sheet.name: sheet for sheet in SHEETS.values()}
    names = [name for name in book.sheetnames if name.strip() not in EXPLAINED]
    strange = [name for name in names if name.strip() not in known]
    if strange or not names:
        raise Refused(f"不认识的工作表：{'、'.join(strange) or '没有工作表'}。可用：{'、'.join(known)}（另可有“说明”）。", field="file")
    for name in names:
        page = book[name]
        yield known[name.strip()], ((number, [_value(cell) for cell in row[:WIDEST]]) for number, row in enumerate(page.iter_rows(), start=1))


def _value(cell: Any) -> Any:
    return Formula() if cell.data_type == "f" else cell.value


class Formula:
    """Stands for a cell that holds one."""


def _table(sheet: Sheet | None, lines: Iterable[tuple[int, Sequence[Any]]], wrong: Wrong) -> Table:
    rows = iter(lines)
    _, head = next(rows, (1, []))
    titles = [_text(cell) for cell in head[:WIDEST]]
    sheet = sheet or _sheet_of(titles)
    keys = _keys(sheet, titles)
    table = Table(sheet, tuple(key for key in keys if key))
    for count, (number, cells) in enumerate(rows):
        if count >= ROWS:
            raise Refused(f"{sheet.name}超过 {ROWS} 行，请拆成几份。", field="file")
        if any((not isinstance(cell, str) and cell is not None) or (isinstance(cell, str) and cell.strip()) for cell in cells):
            table.rows.append((number, _row(sheet, keys, number, cells, wrong)))
    return table


def _sheet_of(titles: Sequence[str]) -> Sheet:
    """The sheet whose header this is: it has every column that must be filled, and none that the sheet does not know."""
    given = {title for title in titles if title}
    for sheet in SHEETS.values():
        known = {name for column in sheet.columns for name in (column.key, column.title)} | set(sheet.old)
        needed = all({column.key, column.title} & given for column in sheet.columns if column.required)
        if needed and given <= known:
            return sheet
    heads = "；".join(f"{sheet.name}：{'、'.join(column.title for column in sheet.columns)}" for sheet in SHEETS.values())
    raise Refused(f"第 1 行认不出是哪张表：{'、'.join(title for title in titles[:12]) or '是空的'}。各表的表头——{heads}。", field="file")


def _keys(sheet: Sheet, titles: Sequence[str]) -> list[str]:
    keys = []
    for title in titles:
        column = next((column for column in sheet.columns if title in (column.key, column.title)), None)
        if column is None and title and title not in sheet.old:
            raise Refused(f"{sheet.name}第 1 行有不认识的列“{title[:20]}”。可用：{'、'.join(column.title for column in sheet.columns)}。", field="file")
        if column is not None and column.key in keys:
            raise Refused(f"{sheet.name}第 1 行的列“{title}”重复。", field="file")
        keys.append(column.key if column else "")
    missing = [column.title for column in sheet.columns if column.required and column.key not in keys]
    if missing:
        raise Refused(f"{sheet.name}第 1 行缺少列：{'、'.join(missing)}。", field="file")
    return keys


def _row(sheet: Sheet, keys: Sequence[str], number: int, cells: Sequence[Any], wrong: Wrong) -> dict[str, Any]:
    row = {column.key: column.start for column in sheet.columns}
    given = dict(zip(keys, cells, strict=False))
    for column in sheet.columns:
        cell = given.get(column.key)
        try:
            if isinstance(cell, Formula):
                raise Refused("是公式，请改成值再导入。")
            if said := _text(cell):
                row[column.key] = column.read(said)
            elif column.required:
                raise Refused("不能空着。")
        except Refused as no:
            wrong.add(sheet, number, column.key, no.sentence)
    return row


def _text(cell: Any) -> str:
    """A cell as text: whole numbers without the point, dates as dates, without control characters and a protecting apostrophe."""
    if cell is None or isinstance(cell, Formula):
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, datetime):
        cell = cell.date()
    if isinstance(cell, date):
        return cell.isoformat()
    text = "".join(char for char in str(cell) if char >= " " or char in "\n\t").strip()
    return text[1:] if text.startswith("'") and text[1:].lstrip("'").startswith(FORMULA) else text


__all__ = ["LARGEST", "Table", "Wrong", "read", "write_csv", "write_xlsx"]
