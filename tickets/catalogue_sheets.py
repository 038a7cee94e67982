"""The sheets (表) of the catalogue and the organisation: what each column is called, and how its text is read and written. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from hotline.errors import Refused
from hotline.roles import LABELS, Role
from sla.limit import Limit

PIECES: Final = {"instant": "即办件", "promised": "承诺件"}
MODES: Final = {"single": "单办", "joint": "联办"}
UNIT_KINDS: Final = {"department": "市直部门", "district": "区县", "utility": "公用事业单位", "centre": "热线中心", "discipline": "纪检监察"}
YES_NO: Final = {True: "是", False: "否"}
SEPARATOR: Final = re.compile(r"[;；、,，\n]+")
DATES: Final = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d")
LONGEST: Final = 2000

Read = Callable[[str], Any]
Write = Callable[[Any], str]


@dataclass(frozen=True)
class Column:
    """One column. key: its name in code and in files of programs; title: in files of people. start: what an empty cell means."""

    key: str
    title: str
    read: Read
    write: Write = str
    required: bool = False
    start: Any = ""


@dataclass(frozen=True)
class Sheet:
    """One sheet. identity: the columns that tell its rows apart. old: names of columns that are read past."""

    key: str
    name: str
    columns: tuple[Column, ...]
    identity: tuple[str, ...]
    old: tuple[str, ...] = ()

    def named(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """What tells this row apart."""
        return tuple(row[key] for key in self.identity)

    def column(self, key: str) -> Column:
        """The column with this key."""
        return next(column for column in self.columns if column.key == key)


def text(text: str) -> str:
    """Any words."""
    if len(text) > LONGEST:
        raise Refused(f"最多 {LONGEST} 字，现有 {len(text)} 字。")
    return text


def code(pattern: str, what: str) -> Read:
    """A code that looks like this."""

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise Refused(f"“{text[:40]}”不是{what}。")
        return text

    return read


def item_code(text: str) -> str:
    """事项编码. Spreadsheets take a leading zero for a number's and drop it; two digits a level, so an odd length can only have lost one."""
    text = text.zfill(len(text) + len(text) % 2) if text.isascii() and text.isdigit() else text
    return str(code(r"(\d\d){1,6}", "事项编码：每级两位数字，最多六级")(text))


def one_of(words: Mapping[Any, str]) -> tuple[Read, Write]:
    """One of these words, in Chinese or in English."""

    def read(text: str) -> Any:
        for key, word in words.items():
            if text in (word, str(key)):
                return key
        raise Refused(f"“{text[:20]}”不在可填的里面：{'、'.join(words.values())}。")

    return read, lambda value: words.get(value, str(value))


def limit(text: str) -> str:
    """A limit: 20 工作日, 5 workday, 当日."""
    return str(Limit.parse(text))


def listed(each: Read) -> Read:
    """Several, separated by ；or ;."""
    return lambda text: [each(part.strip()) for part in SEPARATOR.split(text) if part.strip()]


def day(text: str) -> date:
    """A date as people and spreadsheets write it."""
    for shape in DATES:
        try:
            return datetime.strptime(text.split(" ")[0].split("T")[0], shape).date()  # noqa: DTZ007
        except ValueError:
            continue
    raise Refused(f"看不懂日期“{text[:20]}”，请写成 2026-01-01。")


def roles(text: str) -> list[str]:
    """Posts, in Chinese or in English."""
    read, _ = one_of({role.value: label for role, label in LABELS.items() if role is not Role.SYSTEM})
    return list(dict.fromkeys(listed(read)(text)))


def memberships(text: str) -> dict[str, list[str]]:
    """兼任: `unit:post,post` separated by semicolons."""
    found = {}
    for part in re.split(r"[;；\n]+", text):
        unit, colon, posts = part.strip().replace("：", ":").partition(":")
        if unit and not colon:
            raise Refused(f"“{part.strip()[:40]}”应写成“单位编码:岗位、岗位”。")
        if unit:
            found[unit.strip()] = roles(posts)
    return found


def _dates(value: date | None) -> str:
    return value.isoformat() if value else ""


def _roles(value: list[str]) -> str:
    return "；".join(Role(role).label for role in value)


def _memberships(value: dict[str, list[str]]) -> str:
    return "；".join(f"{unit}:{'、'.join(Role(role).label for role in posts)}" for unit, posts in sorted(value.items()))


def _limits(value: str) -> str:
    return Limit.parse(value).chinese if value else ""


UNIT_CODE: Final = code(r"[A-Za-z0-9][A-Za-z0-9.-]{0,39}", "单位编码：字母、数字、点、横线，最多 40 位")
AREA_CODE: Final = code(r"\d{6}(\d{3}){0,2}", "区划编码：6、9 或 12 位数字")
LOGIN: Final = code(r"[a-z][a-z0-9_.-]{1,39}", "账号：小写字母开头，2 到 40 个小写字母、数字、点、横线")

ITEMS: Final = Sheet(
    "items",
    "事项",
    (
        Column("code", "事项编码", item_code, required=True),
        Column("name", "事项名称", text, required=True),
        Column("parent", "上级编码", item_code),
        Column("scope", "说明", text),
        Column("piece", "件类", *one_of(PIECES)),
        Column("mode", "办理方式", *one_of(MODES)),
        Column("statutory", "法定时限", limit, _limits),
        Column("promised", "承诺时限", limit, _limits),
        Column("external_code", "外部编码", text),
        Column("valid_from", "有效期起", day, _dates, start=None),
        Column("valid_to", "有效期止", day, _dates, start=None),
    ),
    identity=("code",),
    old=("level", "级别"),
)
RESPONSIBILITY: Final = Sheet(
    "responsibility",
    "责任清单",
    (
        Column("item", "事项编码", item_code, required=True),
        Column("area", "区划编码", AREA_CODE),
        Column("lead", "主办单位", UNIT_CODE, required=True),
        Column("co", "协办单位", listed(UNIT_CODE), "；".join, start=[]),
        Column("basis", "依据", text),
        Column("valid_from", "有效期起", day, _dates, start=None),
        Column("valid_to", "有效期止", day, _dates, start=None),
    ),
    identity=("item", "area", "valid_from"),
)
UNITS: Final = Sheet(
    "units",
    "单位",
    (
        Column("code", "单位编码", UNIT_CODE, required=True),
        Column("name", "单位名称", text, required=True),
        Column("short", "简称", text),
        Column("kind", "类别", *one_of(UNIT_KINDS), required=True),
        Column("area", "区划编码", AREA_CODE),
        Column("parent", "上级编码", UNIT_CODE),
        Column("duties", "职责", text),
        Column("active", "在用", *one_of(YES_NO), start=True),
    ),
    identity=("code",),
)
PEOPLE: Final = Sheet(
    "people",
    "人员",
    (
        Column("login", "账号", LOGIN, required=True),
        Column("name", "姓名", text, required=True),
        Column("roles", "岗位", roles, _roles, required=True, start=[]),
        Column("unit", "单位编码", UNIT_CODE),
        Column("memberships", "兼任", memberships, _memberships, start={}),
        Column("active", "在岗", *one_of(YES_NO), start=True),
    ),
    identity=("login",),
)
SHEETS: Final = {sheet.key: sheet for sheet in (UNITS, PEOPLE, ITEMS, RESPONSIBILITY)}
"""In the order in which they may be written: what refers comes after what it refers to."""


def sheet_named(name: str) -> Sheet:
    """The sheet with this key or name. Raises Refused."""
    for sheet in SHEETS.values():
        if name in (sheet.key, sheet.name):
            return sheet
    raise Refused(f"没有“{name[:20]}”这张表。可用：{'、'.join(sheet.name for sheet in SHEETS.values())}。", field="table")
