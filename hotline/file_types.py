"""What a file is, by its content and never by its name: photos, documents, audio and video as citizens and departments hand them in."""

import mmap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileType:
    """name: what people call it. media: its media type. extensions: those it goes by, the usual one first."""

    name: str
    media: str
    extensions: tuple[str, ...]


Content = mmap.mmap
TAIL = 256 * 1024
"""Bytes at the end of an archive in which its directory is looked for."""

OLE, ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
MACROS = (b"vbaProject.bin", b"macrosheets/")
MPEG_AUDIO = (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa", b"\xff\xf1", b"\xff\xf9")


def _begins(*marks: bytes) -> Callable[[Content], bool]:
    return lambda content: any(content[: len(mark)] == mark for mark in marks)


def _riff(form: bytes) -> Callable[[Content], bool]:
    return lambda content: content[:4] == b"RIFF" and content[8:12] == form


def _ftyp(*brands: bytes) -> Callable[[Content], bool]:
    return lambda content: content[4:8] == b"ftyp" and any(content[8 : 8 + len(brand)] == brand for brand in brands)


def _zip(member: bytes) -> Callable[[Content], bool]:
    """An archive that holds this member and no macros. The directory stands at its end; nothing is unpacked."""
    return lambda content: content[:4] == ZIP and content.rfind(member, max(0, len(content) - TAIL)) >= 0 and not _in_tail(content, MACROS)


def _in_tail(content: Content, marks: tuple[bytes, ...]) -> bool:
    return any(content.rfind(mark, max(0, len(content) - TAIL)) >= 0 for mark in marks)


def _odf(kind: str) -> Callable[[Content], bool]:
    mark = f"mimetypeapplication/vnd.oasis.opendocument.{kind}".encode()
    return lambda content: content[:4] == ZIP and content[30 : 30 + len(mark)] == mark


def _ole(stream: str) -> Callable[[Content], bool]:
    """A compound file of the old Office with this stream: installers have the same beginning."""
    return lambda content: content[:8] == OLE and content.find(stream.encode("utf-16-le")) >= 0


OFFICE = "application/vnd.openxmlformats-officedocument"
TYPES: tuple[tuple[FileType, Callable[[Content], bool]], ...] = (
    (FileType("图片", "image/jpeg", ("jpg", "jpeg", "jpe")), _begins(b"\xff\xd8\xff")),
    (FileType("图片", "image/png", ("png",)), _begins(b"\x89PNG\r\n\x1a\n")),
    (FileType("图片", "image/gif", ("gif",)), _begins(b"GIF87a", b"GIF89a")),
    (FileType("图片", "image/webp", ("webp",)), _riff(b"WEBP")),
    (FileType("图片", "image/heic", ("heic", "heif")), _ftyp(b"heic", b"heix", b"heim", b"mif1", b"msf1")),
    (FileType("图片", "image/tiff", ("tif", "tiff")), _begins(b"II*\0", b"MM\0*")),
    (FileType("PDF", "application/pdf", ("pdf",)), _begins(b"%PDF-")),
    (FileType("OFD", "application/ofd", ("ofd",)), _zip(b"OFD.xml")),
    (FileType("Word 文档", f"{OFFICE}.wordprocessingml.document", ("docx",)), _zip(b"word/document.xml")),
    (FileType("Excel 表格", f"{OFFICE}.spreadsheetml.sheet", ("xlsx",)), _zip(b"xl/workbook.xml")),
    (FileType("演示文稿", f"{OFFICE}.presentationml.presentation", ("pptx",)), _zip(b"ppt/presentation.xml")),
    (FileType("文档", "application/vnd.oasis.opendocument.text", ("odt",)), _odf("text")),
    (FileType("表格", "application/vnd.oasis.opendocument.spreadsheet", ("ods",)), _odf("spreadsheet")),
    (FileType("Word 文档", "application/msword", ("doc", "wps")), _ole("WordDocument")),
    (FileType("Excel 表格", "application/vnd.ms-excel", ("xls", "et")), _ole("Workbook")),
    (FileType("录音", "audio/wav", ("wav",)), _riff(b"WAVE")),
    (FileType("录音", "audio/mpeg", ("mp3", "aac")), _begins(b"ID3", *MPEG_AUDIO)),
    (FileType("录音", "audio/ogg", ("ogg", "opus", "oga")), _begins(b"OggS")),
    (FileType("录音", "audio/flac", ("flac",)), _begins(b"fLaC")),
    (FileType("录音", "audio/amr", ("amr",)), _begins(b"#!AMR")),
    (FileType("录音", "audio/mp4", ("m4a",)), _ftyp(b"M4A ", b"M4B ")),
    (FileType("视频", "video/mp4", ("mp4", "m4v", "mov", "3gp")), _ftyp(b"isom", b"iso", b"mp4", b"avc1", b"qt  ", b"3gp", b"M4V ", b"MSNV")),
    (FileType("视频", "video/webm", ("webm", "mkv")), _begins(b"\x1a\x45\xdf\xa3")),
)
ALLOWED = "图片、PDF、OFD、Word、Excel、录音、视频"
ACCEPT = ",".join(f".{extension}" for kind, _ in TYPES for extension in kind.extensions)
"""For the `accept` of a file field: a help for whoever chooses, never relied on."""


def type_of(path: Path) -> FileType | None:
    """What the file is; None for an empty one, one with macros, and whatever else is not in the table."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return next((kind for kind, so in TYPES if so(content)), None)


def named(name: str, kind: FileType) -> str:
    """The name with an ending that says what the file really is: photo.exe that is a JPEG becomes photo.exe.jpg."""
    return name if name.rpartition(".")[2].lower() in kind.extensions else f"{name}.{kind.extensions[0]}"
