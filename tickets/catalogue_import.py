"""导入与导出 of the catalogue and the organisation: looked at first, then wholly or not at all; every import is a version and one event."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from hotline.clock import local
from hotline.errors import Conflict, Forbidden, NotFound, Refused
from hotline.outbox import record
from hotline.people import Person
from hotline.roles import Role
from tickets.catalogue_apply import apply
from tickets.catalogue_difference import Plan
from tickets.catalogue_files import read, write_csv, write_xlsx
from tickets.catalogue_plan import plan
from tickets.catalogue_rows import rows
from tickets.catalogue_sheets import SHEETS, Sheet
from tickets.catalogue_version import CatalogueDraft, CatalogueVersion, current

DRAFTS_KEPT: Final = timedelta(hours=24)
KEEPERS: Final = (Role.ADMIN, Role.SYSTEM)


def preview(s: Session, content: bytes, name: str, *, whole: bool, at: datetime) -> Plan:
    """What importing this file would change. whole: what the file leaves out ends. Raises Refused with everything that is wrong with it."""
    return plan(s, read(content, name), whole=whole, today=local(at).date())


def bring_in(s: Session, content: bytes, name: str, *, whole: bool, by: Person, at: datetime) -> tuple[Plan, CatalogueVersion | None]:
    """导入: all of the file or nothing. Returns what changed and the new version, None where the file says what already holds."""
    _keeper(by)
    s.execute(text("SELECT pg_advisory_xact_lock(hashtext('catalogue'))"))
    found = preview(s, content, name, whole=whole, at=at)
    if found.empty:
        return found, None
    if any(not row["active"] and row["login"] == by.login for row in _people_of(found)):
        raise Refused("这份文件会停用您自己的账号，请换一位管理员来导入。", field="file")
    apply(s, found, at=at, today=local(at).date())
    version = CatalogueVersion(at=at, by_id=by.id, source=name[-200:], digest=digest(s), counts=found.counts())
    s.add(version)
    s.flush()
    record(s, "catalogue.imported", version, by=by, at=at, source=version.source, digest=version.digest, counts=version.counts)
    return found, version


def keep_draft(s: Session, content: bytes, name: str, *, whole: bool, by: Person, at: datetime) -> tuple[Plan, CatalogueDraft]:
    """An upload that waits for its author to have seen the differences. Drafts of yesterday are swept."""
    _keeper(by)
    s.execute(delete(CatalogueDraft).where((CatalogueDraft.at < at - DRAFTS_KEPT) | (CatalogueDraft.by_id == by.id)))
    found = preview(s, content, name, whole=whole, at=at)
    draft = CatalogueDraft(at=at, by_id=by.id, name=name[-200:], content=content, whole=whole, base=current(s))
    s.add(draft)
    s.flush()
    return found, draft


def confirm(s: Session, draft_id: int, *, by: Person, at: datetime) -> CatalogueVersion | None:
    """确认导入 of one's own upload. Raises Conflict when the catalogue has changed since it was looked at."""
    _keeper(by)
    s.execute(text("SELECT pg_advisory_xact_lock(hashtext('catalogue'))"))
    draft = s.get(CatalogueDraft, draft_id)
    if draft is None or draft.by_id != by.id:
        raise NotFound("这份待确认的文件已不在了，请重新上传。")
    if draft.base != current(s):
        raise Conflict("预览之后，别人又导入过一次。请重新上传，看过新的差别再确认。")
    _, version = bring_in(s, draft.content, draft.name, whole=draft.whole, by=by, at=at)
    s.delete(draft)
    return version


def export(s: Session, sheets: Sequence[Sheet], suffix: str) -> bytes:
    """导出: CSV (one sheet) or XLSX (any number). Raises Refused for another kind of file."""
    if suffix == "csv" and len(sheets) == 1:
        return write_csv(sheets[0], rows(s, sheets[0].key))
    if suffix == "csv":
        raise Refused("一个 CSV 文件只装一张表，请用 XLSX，或指明一张表。", field="table")
    if suffix != "xlsx":
        raise Refused("只能导出为 .csv 或 .xlsx。", field="file")
    return write_xlsx((sheet, rows(s, sheet.key)) for sheet in sheets)


def digest(s: Session) -> str:
    """SHA-256 over every row of every sheet that holds now."""
    made = hashlib.sha256()
    for key in SHEETS:
        for row in rows(s, key):
            made.update(json.dumps([key, row], sort_keys=True, ensure_ascii=False, default=str).encode())
    return made.hexdigest()


def _people_of(found: Plan) -> list[dict[str, object]]:
    people = [sheet for sheet in found.sheets if sheet.sheet.key == "people"]
    return [row for sheet in people for row in (*(change.new for change in sheet.changed), *({**row, "active": False} for row in sheet.ended))]


def _keeper(by: Person) -> None:
    if not by.has(*KEEPERS):
        raise Forbidden("目录和机构由系统管理员维护。")
