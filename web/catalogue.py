"""事项目录: everybody signed in may look; an administrator uploads, sees the differences, and confirms."""

from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from hotline.clock import local
from hotline.db import Session
from hotline.errors import NotFound, Refusal
from hotline.people import Person
from hotline.roles import Role
from tickets import catalogue_browse, catalogue_import, catalogue_version
from tickets.catalogue import item_named
from tickets.catalogue_difference import Plan
from tickets.catalogue_files import LARGEST
from tickets.catalogue_sheets import SHEETS
from web.deps import Answer, Typed
from web.form import NOTHING, Form
from web.refusals import status_of
from web.shell import Page

FORM_ITSELF = 1 << 20
SHOWN = 200  # rows of a difference that a page shows
EXPORTS = {"catalogue": ("items", "responsibility"), "organisation": ("units", "people")} | {key: (key,) for key in SHEETS}
TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


class Catalogue(Controller):
    """目录."""

    path = "/catalogue"

    @get("/", sync_to_thread=True)
    def tree(self, page: Answer, item: FromQuery[str] = "", q: FromQuery[str] = "") -> Template:
        """One branch, or what the words find."""
        return catalogue_page(page, item=item, words=q.strip())

    @post("/preview", sync_to_thread=True, request_max_body_size=LARGEST + FORM_ITSELF)
    def preview(self, form: Typed, page: Answer) -> Response[Any]:
        """上传: the differences, to be confirmed or left."""
        page.only(Role.ADMIN)
        upload = form.upload("file")
        if upload is None:
            return catalogue_page(page, no="请选择一个 CSV 或 XLSX 文件。")
        try:
            with Session.begin() as s:
                content = upload.file.read(LARGEST + 1)
                found, draft = catalogue_import.keep_draft(s, content, upload.filename, whole=form.ticked("whole"), by=page.me, at=page.at)
                draft_id = draft.id
        except Refusal as no:
            return catalogue_page(page, form=form, no=no.sentence, status=status_of(no))
        return page.show("catalogue_preview.html", name=upload.filename, draft=draft_id, sheets=_differences(found), empty=found.empty, shown=SHOWN)

    @post("/imports", sync_to_thread=True)
    def confirm(self, form: Typed, page: Answer) -> Response[Any]:
        """确认导入."""
        page.only(Role.ADMIN)
        try:
            with Session.begin() as s:
                version = catalogue_import.confirm(s, form.whole("draft") or 0, by=page.me, at=page.at)
                number = version.id if version else 0
        except Refusal as no:
            return catalogue_page(page, no=no.sentence, status=status_of(no))
        return page.go("/catalogue", "import", f"第 {number} 版")

    @get("/export/{name:str}", sync_to_thread=True)
    def export(self, name: FromPath[str], page: Answer) -> Response[bytes]:
        """导出: `catalogue.xlsx`, `items.csv`, …; people only for the administrator."""
        which, _, suffix = name.partition(".")
        if which not in EXPORTS or suffix not in TYPES:
            raise NotFound("没有这个文件。")
        keys = EXPORTS[which]
        if "people" in keys:
            page.only(Role.ADMIN)
        with Session() as s:
            content = catalogue_import.export(s, [SHEETS[key] for key in keys], suffix)
        headers = {"Content-Disposition": f'attachment; filename="{which}-{local(page.at):%Y%m%d}.{suffix}"'}
        return Response(content, media_type=TYPES[suffix], headers=headers)


def catalogue_page(page: Page, *, item: str = "", words: str = "", form: Form = NOTHING, no: str = "", status: int = 0) -> Template:
    """The page; no: why an upload was not taken, all of its lines."""
    today = local(page.at).date()
    with Session() as s:
        chosen = item_named(s, item) if item else None
        shown = catalogue_browse.search(s, words, today=today) if words else catalogue_browse.children(s, item or None, today=today)
        versions = [(one, s.get_one(Person, one.by_id).name) for one in catalogue_version.history(s, limit=8)]
        given = {
            "chosen": chosen,
            "marks": catalogue_browse.marks(chosen) if chosen else "",
            "line": catalogue_browse.line(s, chosen) if chosen else [],
            "answering": catalogue_browse.answering(s, chosen, today=today) if chosen else [],
            "past": [(old, catalogue_browse.marks_of(old.body)) for old in catalogue_browse.past(s, chosen)] if chosen else [],
        }
    keeper = page.me.has(Role.ADMIN)
    return page.show("catalogue.html", status=status or (422 if no else 200), nodes=shown, words=words, versions=versions, keeper=keeper, form=form, no=no,
                     names={key: sheet.name for key, sheet in SHEETS.items()}, **given)  # fmt: skip


def _differences(found: Plan) -> list[dict[str, Any]]:
    """Each sheet: its counts, and its first rows that differ."""
    return [
        {
            "name": one.sheet.name,
            **one.counts(),
            "new": [one.label(row) for _, row in one.added[:SHOWN]],
            "changes": [(one.label(change.new), change.fields(one.sheet)) for change in one.changed[:SHOWN]],
            "ending": [one.label(row) for row in one.ended[:SHOWN]],
        }
        for one in found.sheets
    ]

