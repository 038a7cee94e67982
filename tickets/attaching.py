"""附件: what citizens and departments hand in with what they say. The bytes are kept first, then a verb takes them, and its event tells of them.

A file that is refused with its form is not lost: it stays its person's upload until the form is sent again, or a week is over. A verb that
is rolled back takes nothing. What lies on the disk and belongs to no row is swept.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, joinedload

from hotline import file_types, kept
from hotline.changes import PENDING
from hotline.errors import Forbidden, NotFound, Refused
from hotline.outbox import record
from hotline.people import Person
from tickets import access
from tickets.attachment import Attachment, Upload
from tickets.dispatching import touch
from tickets.filing import clean
from tickets.lifecycle import Verb
from tickets.openings import open_to
from tickets.ticket import Ticket

LARGEST = 50 * 1024**2
"""Bytes of one file: a minute of a telephone's video."""

MOST = 9
"""Files with one verb, as people know it from sending pictures."""

MOST_OF_TICKET = 100
MOST_WAITING = 100
"""Uploads of one person that no verb has taken yet."""

WAIT = timedelta(days=7)
STRAY = timedelta(hours=1)
"""How long a file may lie on the disk before its row must be there."""

LONGEST_NAME = 100
LOCK = 0x12345A77
"""The advisory lock that handing in shares and the sweep has alone: no file is swept between being written and being told of."""

MAY_HAND_IN = (*access.SEES_ALL, *access.DEPARTMENT)
EARLIER = 20


def keep(s: Session, blocks: Iterable[bytes], name: str, folder: Path, *, by: Person, at: datetime) -> Upload:
    """Keeps a file that this person hands in. Raises Refused naming `files` for what is too large, is empty or no file that we take."""
    if not by.has(*MAY_HAND_IN):
        raise Forbidden("附件由热线中心和承办单位的人员上传。")
    if (s.scalar(select(func.count()).select_from(Upload).where(Upload.by_id == by.id)) or 0) >= MOST_WAITING:
        raise Refused(f"您有 {MOST_WAITING} 个上传的附件还没有用上，请先用掉，或等它们过期。", field="files")
    s.execute(select(func.pg_advisory_xact_lock_shared(LOCK)))
    sha256, size = kept.keep(blocks, folder, what="附件", field="files", largest=LARGEST)
    kind = file_types.type_of(folder / sha256)
    if kind is None:
        (folder / sha256).unlink(missing_ok=True)  # nothing of that kind is ever kept, so it is nobody else's
        raise Refused(f"这个文件不能作附件：只收{file_types.ALLOWED}，不收空文件和带宏的文档。", field="files")
    upload = Upload(sha256=sha256, name=file_types.named(_named(name), kind), size=size, media=kind.media, by_id=by.id, at=at)
    s.add(upload)
    s.flush()
    return upload


def uploads(s: Session, ids: Sequence[int], *, by: Person, lock: bool = False) -> list[Upload]:
    """Those of these uploads that are this person's and still there, in the order in which they were handed in. lock: to take them."""
    theirs = select(Upload).where(Upload.id.in_(ids), Upload.by_id == by.id).order_by(Upload.id)
    return list(s.scalars(theirs.with_for_update() if lock else theirs)) if ids else []


def bring(s: Session, ticket: Ticket, ids: Sequence[int], *, again: Sequence[int] = (), by: Person, at: datetime) -> list[Attachment]:
    """Uploads become the ticket's; the verb that follows in this transaction tells of them. again: attachments of the citizen's earlier tickets.

    Raises Refused naming `files` where there are too many, or one is not this person's to bring.
    """
    ids, again = list(dict.fromkeys(ids)), list(dict.fromkeys(again))
    if not ids and not again:
        return []
    if len(ids) + len(again) > MOST:
        raise Refused(f"一次最多附 {MOST} 个文件。", field="files")
    if (s.scalar(select(func.count()).select_from(Attachment).where(Attachment.ticket_id == ticket.id)) or 0) + len(ids) + len(again) > MOST_OF_TICKET:
        raise Refused(f"一件工单最多 {MOST_OF_TICKET} 个附件。", field="files")
    given = uploads(s, ids, by=by, lock=True)
    known = [one for one in earlier(s, ticket, by=by) if one.id in again]
    if len(given) + len(known) < len(ids) + len(again):
        raise Refused("有附件已过期、已用过，或不是您上传的，请重新选择。", field="files")
    files: list[Upload | Attachment] = [*given, *known]
    s.execute(delete(Upload).where(Upload.id.in_(ids)))
    brought = [
        Attachment(
            ticket_id=ticket.id, sha256=one.sha256, name=one.name, size=one.size, media=one.media, at=at, by_id=by.id,
            department_code=by.department_code if by.has(*access.DEPARTMENT) else None, again_id=one.id if isinstance(one, Attachment) else None,
        )
        for one in files
    ]  # fmt: skip
    s.add_all(brought)
    return brought


def attach(s: Session, ticket: Ticket, *, text: str = "", by: Person, at: datetime) -> None:
    """补充附件: files that come by themselves, or with the filing; they were brought before. text: what they are. Raises Refused where none was."""
    access.check(ticket, Verb.ATTACH, by)
    if not open_to(ticket, by, Verb.ATTACH):
        raise Forbidden("贵单位当前没有承办这件工单，不能补充附件。")
    s.flush()
    untold = s.info.get(PENDING, {}).get(("ticket", ticket.id), {})
    files = sum(name.startswith(f"{Attachment.__tablename__}:") for name in untold)
    if not files:
        raise Refused("请选择要补充的附件。", field="files")
    touch(ticket)
    record(s, "ticket.attached", ticket, by=by, at=at, text=clean(text, "text"), files=files)


def of_ticket(s: Session, ticket: Ticket) -> list[Attachment]:
    """What the ticket carries, oldest first."""
    return of_tickets(s, [ticket.id])


def of_tickets(s: Session, ids: Sequence[int]) -> list[Attachment]:
    """What these tickets carry, oldest first."""
    found = select(Attachment).where(Attachment.ticket_id.in_(ids)).options(joinedload(Attachment.by), joinedload(Attachment.department))
    return list(s.scalars(found.order_by(Attachment.id)))


def find(s: Session, ticket: Ticket, number: int) -> Attachment:
    """One attachment of a ticket that was found through what the person may see. Raises NotFound."""
    found = s.scalar(select(Attachment).where(Attachment.id == number, Attachment.ticket_id == ticket.id))
    if found is None:
        raise NotFound("这件工单没有这个附件。")
    return found


def on_disk(attachment: Attachment, folder: Path) -> Path:
    """Where its bytes are. Raises NotFound where they are not on this machine."""
    path = folder / attachment.sha256
    if not path.is_file():
        raise NotFound("这个附件不在本机的数据目录中。")
    return path


def earlier(s: Session, ticket: Ticket, *, by: Person) -> list[Attachment]:
    """What the same citizen handed in with other tickets that this person may see, the latest first: it need not be asked for again.

    Units see it only where neither citizen's name is kept back (保密): they must not learn that two tickets are one caller's.
    """
    if ticket.phone_hash is None or not (by.has(*access.SEES_ALL) or ticket.confidentiality == "open"):
        return []
    others = access.visible_to(by).where(Ticket.phone_hash == ticket.phone_hash, Ticket.id != ticket.id)
    if not by.has(*access.SEES_ALL):
        others = others.where(Ticket.confidentiality == "open")
    here = select(Attachment.sha256).where(Attachment.ticket_id == ticket.id)
    found = select(Attachment).where(
        Attachment.ticket_id.in_(others.with_only_columns(Ticket.id)), Attachment.department_code.is_(None), Attachment.sha256.not_in(here)
    )
    latest = {one.sha256: one for one in s.scalars(found.order_by(Attachment.id.desc()).limit(EARLIER * 2))}
    return sorted(latest.values(), key=lambda one: -one.id)[:EARLIER]


def sweep(s: Session, folder: Path, *, at: datetime) -> int:
    """Uploads that nobody used go, and files of no row. Returns how many files; 0 at once while somebody hands in, or another sweeps."""
    if not folder.is_dir() or not s.scalar(select(func.pg_try_advisory_xact_lock(LOCK))):
        return 0
    s.execute(delete(Upload).where(Upload.at < at - WAIT))
    ours = (path for path in folder.iterdir() if path.name.startswith(kept.INCOMING) or re.fullmatch("[0-9a-f]{64}", path.name))
    old = [path for path in ours if path.stat().st_mtime < (at - STRAY).timestamp()]
    names = [path.name for path in old]
    claimed = set(s.scalars(select(Attachment.sha256).where(Attachment.sha256.in_(names)).union(select(Upload.sha256).where(Upload.sha256.in_(names)))))
    stray = [path for path in old if path.name not in claimed]
    for path in stray:
        path.unlink(missing_ok=True)
    return len(stray)


def _named(name: str) -> str:
    """The file's own name without folders or anything that cannot be seen, its ending kept."""
    plain = clean(name.replace("\\", "/").rpartition("/")[2].replace("\n", " ")[-LONGEST_NAME:], "name")
    return plain or "附件"

