"""/items, /areas, /departments: what tickets refer to; /catalogue: the same as files, in and out."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from litestar import Controller, Request, Response
from litestar.datastructures import State, UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from sqlalchemy import select
from sqlalchemy.orm import Session as Session_

from api.deps import At, Me, once
from api.routes import get, post
from hotline.clock import local
from hotline.db import Session
from hotline.errors import Conflict, Forbidden, NotFound, Refused
from hotline.people import Department, Person
from hotline.roles import Role
from tickets import catalogue_import, catalogue_version, organisation
from tickets.catalogue import Area, Item, item_as_of, item_named, responsible
from tickets.catalogue_difference import Plan
from tickets.catalogue_files import LARGEST
from tickets.catalogue_sheets import SHEETS, sheet_named

PAGE = 200
TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
Asking = Request[Person, Any, State]
Fields = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]


@dataclass
class Node:
    """A node of a tree: an item, an area or a department."""

    code: str
    name: str
    parent: str | None


@dataclass
class ItemOut:
    """事项. piece: instant or promised; mode: single or joint; limits as `20 workday`, '' where there is none."""

    code: str
    name: str
    parent: str | None
    scope: str
    piece: str
    mode: str
    statutory: str
    promised: str
    external_code: str
    valid_from: date | None
    valid_to: date | None


@dataclass
class ResponsibleOut:
    """Who answers: the row of the list that decides, by its item and area."""

    item: str
    area: str | None
    lead: str
    co_handlers: list[str]
    basis: str
    valid_from: date
    valid_to: date | None


@dataclass
class VersionOut:
    """目录版本. counts: by sheet, rows added, changed, ended, same and left_out."""

    version: int
    at: datetime
    source: str
    digest: str
    counts: dict[str, Any]


class Catalogue(Controller):
    """目录."""

    path = "/"
    tags = ["目录"]

    @get("/items", summary="事项目录")
    def items(self, me: Me, q: FromQuery[str] = "", parent: FromQuery[str | None] = None, after: FromQuery[str] = "") -> list[Node]:
        """By code, 200 at a time (`after`: the last code of the page before). q: by a piece of the name, or the code's beginning; parent: directly under."""
        with Session() as s:
            return _nodes(s, Item, q, parent, after)

    @get("/items/{code:str}", summary="一个事项")
    def item(self, code: FromPath[str], me: Me, as_of: FromQuery[datetime | None] = None) -> ItemOut:
        """as_of: as the catalogue read at that moment, for a ticket its filing."""
        with Session() as s:
            found = item_as_of(s, code, as_of) if as_of else item_named(s, code)
            return _item(found)

    @get("/items/{code:str}/responsible", summary="由谁承办")
    def answering(
        self, code: FromPath[str], me: Me, at: At, area: FromQuery[str | None] = None, as_of: FromQuery[datetime | None] = None
    ) -> ResponsibleOut:
        """Who leads and who helps for this item in this area; 404 where the list names nobody."""
        with Session() as s:
            row = responsible(s, item=code, area=area, on=local(as_of or at).date(), as_of=as_of)
        if row is None:
            raise NotFound("责任清单没有写明由谁承办。", field="item")
        return ResponsibleOut(row.item_code, row.area_code, row.lead, row.co_handlers, row.basis, row.valid_from, row.valid_to)

    @get("/areas", summary="区划")
    def areas(self, me: Me, q: FromQuery[str] = "", parent: FromQuery[str | None] = None, after: FromQuery[str] = "") -> list[Node]:
        """The same for areas."""
        with Session() as s:
            return _nodes(s, Area, q, parent, after)

    @get("/departments", summary="承办单位")
    def departments(self, me: Me, q: FromQuery[str] = "", parent: FromQuery[str | None] = None, after: FromQuery[str] = "") -> list[Node]:
        """By code, 200 at a time (`after`: the last code of the page before). q: by a piece of the name; parent: those directly under one."""
        with Session() as s:
            if q:
                found = organisation.search(s, q, limit=PAGE)
            else:
                under = select(Department).where(Department.parent_code == parent) if parent else select(Department)
                found = list(s.scalars(under.where(Department.code > after).order_by(Department.code).limit(PAGE)))
            return [Node(unit.code, unit.name, unit.parent_code) for unit in found]


class CatalogueFiles(Controller):
    """目录的导入导出."""

    path = "/catalogue"
    tags = ["目录"]

    @get("/versions", summary="目录的历次导入")
    def versions(self, me: Me) -> list[VersionOut]:
        """The latest first, fifty of them."""
        with Session() as s:
            return [_version(one) for one in catalogue_version.history(s)]

    @get("/export/{name:str}", summary="导出")
    def export(self, name: FromPath[str], me: Me, table: FromQuery[list[str] | None] = None) -> Response[bytes]:
        """name: any, ending in .csv (one table) or .xlsx. table: items, responsibility, units, people; default items and responsibility."""
        suffix = name.rpartition(".")[2]
        sheets = [sheet_named(one) for one in table or (["items"] if suffix == "csv" else ["items", "responsibility"])]
        if SHEETS["people"] in sheets and not me.has(Role.ADMIN):
            raise Forbidden("人员由系统管理员导出。")
        with Session() as s:
            content = catalogue_import.export(s, sheets, suffix)
        return Response(content, media_type=TYPES[suffix], headers={"Content-Disposition": f'attachment; filename="catalogue.{suffix}"'})

    @post("/diff", status_code=200, summary="导入前的差别", request_max_body_size=LARGEST + (1 << 20))
    def diff(self, data: Fields, me: Me, at: At) -> dict[str, Any]:
        """multipart fields: `file` (.csv or .xlsx), `whole` (true: what the file leaves out ends). Changes nothing."""
        if not me.has(Role.ADMIN):
            raise Forbidden("目录和机构由系统管理员维护。")
        content, name, whole = _sent(data)
        with Session() as s:
            return _plan(catalogue_import.preview(s, content, name, whole=whole, at=at))

    @post("/imports", status_code=200, summary="导入", request_max_body_size=LARGEST + (1 << 20))
    def bring_in(self, request: Asking, data: Fields, me: Me, at: At) -> Response[dict[str, Any]]:
        """The same fields; `base`: the version that the differences were looked at under, 409 when there is another since. All of the file or nothing."""
        content, name, whole = _sent(data)
        base = str(data.get("base") or "")

        def do(s: Session_) -> dict[str, Any]:
            if base and base != str(catalogue_version.current(s)):
                raise Conflict("预览之后，别人又导入过一次。请重新看过差别再导入。")
            found, version = catalogue_import.bring_in(s, content, name, whole=whole, by=me, at=at)
            return {"version": version.id if version else None, "digest": version.digest if version else None, **_plan(found)}

        return once(request, content + f"{name}{whole}{base}".encode(), by=me, at=at, status=200, do=do)


def _nodes(s: Session_, tree: type[Item] | type[Area], q: str, parent: str | None, after: str) -> list[Node]:
    found = select(tree.code, tree.name, tree.parent_code).where(tree.code > after).order_by(tree.code).limit(PAGE)
    if parent:
        found = found.where(tree.parent_code == parent)
    if q.strip():
        found = found.where(tree.code.startswith(q.strip(), autoescape=True) | tree.name.contains(q.strip(), autoescape=True))
    return [Node(*row) for row in s.execute(found)]


def _sent(data: dict[str, Any]) -> tuple[bytes, str, bool]:
    upload = data.get("file")
    if not isinstance(upload, UploadFile):
        raise Refused("请用 file 字段上传文件。", field="file")
    return upload.file.read(LARGEST + 1), upload.filename, str(data.get("whole") or "").lower() in ("true", "1", "yes")


def _plan(found: Plan) -> dict[str, Any]:
    return {
        "empty": found.empty,
        "sheets": {
            one.sheet.key: {**one.counts(), "changes": [{"row": one.label(change.new), "fields": change.fields(one.sheet)} for change in one.changed]}
            for one in found.sheets
        },
    }


def _item(item: Item) -> ItemOut:
    plain = ("code", "name", "scope", "piece", "mode", "statutory", "promised", "external_code")
    said = {name: getattr(item, name) or "" for name in plain}
    return ItemOut(**said, parent=item.parent_code, valid_from=item.valid_from, valid_to=item.valid_to)


def _version(one: catalogue_version.CatalogueVersion) -> VersionOut:
    return VersionOut(one.id, one.at, one.source, one.digest, one.counts)
