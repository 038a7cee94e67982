"""The speech model (语音模型) on disk: where it lies, whether it is whole, and how it gets there."""

import contextlib
import fcntl
import hashlib
import json
import logging
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from asr import graphs, sources
from asr.errors import ModelDamaged, ModelMissing

NAME = "vosk-model-small-cn-0.22"
ZIP_SHA256 = "3af8b0e7e0f835ae9d414ce5df580237a3cfb08d586c9fbbb0f7ff29ad5b14ba"
MANIFEST = "manifest.json"  # beside the model's files: {"name", "zip_sha256", "files": {path: {"size", "sha256"}}}
NEEDED = ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf")  # of any Vosk model of today's layout
# For a folder of this model that was unpacked by hand and has no manifest.
KNOWN = {
    "am/final.mdl": (15901896, "91eda2c04c4f599361cb92b0e5298ccdf6b3c7a1fa52bfcefcd2c4e07aa1c131"),
    "graph/Gr.fst": (26082259, "46d41a9b1723abccdcb354d731a5b58d87c060100d88ada1a3e31220f52b0434"),
    "graph/HCLr.fst": (16158762, "798af0d9ba6f2d727747f58e1e7b2305f8618bc8ea7f6c51beecd8a2c965b965"),
    "ivector/final.ie": (9927287, "c39d46fbff04efb7baa9660ae7a728b0e2f35a4a1250b56ed3a599e26956df86"),
    "ivector/final.dubm": (168048, "e33276cbd548c0a03ae5812c98115940614997dff23a6d59968af6eaf7630ff8"),
    "conf/mfcc.conf": (153, "6c326fea5741c2d78be12f76eb1b36ea2ace040da9e355e4cfe6bb80e5f7d5ab"),
    "conf/model.conf": (289, "468a8125c07530f96adcc219a0a5f993e8e0721ccf18acbd3169b77fc685fb9b"),
}
PIECE = 1 << 20
SCRATCH = ".fetch-"

Progress = Callable[[str, int, int], None]  # stage ("download" or "unpack"), bytes done, bytes in all

logger = logging.getLogger(__name__)


def place(models: Path, given: Path | None = None) -> Path:
    """The folder of the unpacked model, there already or not. models: the installation's folder; given: the folder or zip an administrator names."""
    if given is None:
        return models / NAME
    return models / given.stem if given.suffix.lower() == ".zip" else given


def check(folder: Path, *, thorough: bool = False) -> None:
    """Raises ModelMissing or ModelDamaged. Sizes always; thorough reads everything and compares SHA-256, about a second."""
    if not folder.is_dir():
        raise ModelMissing(detail=f"no folder {folder}")
    for name, expected in _expected(folder).items():
        file = folder / name
        size = file.stat().st_size if file.is_file() else -1
        if size != expected.size if expected.size is not None else size <= 0:
            raise ModelDamaged(f"{name}: {size} bytes instead of {expected.size}")
        if thorough and expected.sha256 and (found := _sha256(file)) != expected.sha256:
            raise ModelDamaged(f"{name}: sha256 {found} instead of {expected.sha256}")


def stamp(folder: Path) -> object:
    """Something that differs when the model in the folder was replaced, or another graph stands. Raises ModelMissing."""
    try:
        return graphs.stamp(folder), *((name, (status := (folder / name).stat()).st_mtime_ns, status.st_size) for name in ("am", "graph", "am/final.mdl"))
    except OSError as error:
        if not folder.is_dir():
            raise ModelMissing(detail=f"no folder {folder}") from error
        raise ModelDamaged(f"{type(error).__name__}: {error.filename}") from error


def fetch(models: Path, given: Path | None = None, *, progress: Progress | None = None) -> Path:
    """The folder of a whole model, after getting it if need be: the given folder or zip, what is there, the first source that works.

    Two at once do not disturb each other: the second waits and finds it there. Raises ModelMissing or ModelDamaged.
    """
    told = progress or (lambda stage, done, total: None)
    models = models.absolute()
    folder = place(models, given)
    if given is not None and not given.exists():
        raise ModelMissing(f"指定的语音模型不存在：{given}。请检查设置 HOTLINE_MODEL。", f"{given} does not exist")
    if given is not None and folder == given:
        check(given, thorough=True)
        return given
    models.mkdir(parents=True, exist_ok=True)
    with _alone(models):
        try:
            check(folder, thorough=True)
            return folder
        except (ModelMissing, ModelDamaged) as reason:
            logger.info("getting the speech model: %s", reason.detail)
        _sweep(models)
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=models) as scratch:
            _install(given or _fetched(models, Path(scratch), told), folder, Path(scratch), told)
    return folder


def _fetched(models: Path, scratch: Path, told: Progress) -> Path:
    """The zip from the first source that has it, its SHA-256 checked."""
    tried = []
    for name, source in sources.SOURCES:
        try:
            zipped = source(models, scratch, lambda done, total: told("download", done, total))
            if (found := _sha256(zipped)) == ZIP_SHA256:
                return zipped
            zipped.unlink()
            reason = f"sha256 {found} is not the model's"
        except sources.SourceFailed as failure:
            reason = str(failure)
        logger.warning("no speech model from %s: %s", name, reason)
        tried.append(f"{name}: {reason}")
    raise ModelMissing(
        f"没有取到语音模型。可在能上网的电脑上下载 {NAME}.zip，拷贝到本机，再运行 HOTLINE_MODEL=文件路径 ./run model。",
        "; ".join(tried),
    )


def _install(zipped: Path, folder: Path, scratch: Path, told: Progress) -> None:
    """Unpacks the zip and puts it in its place in one step. Raises ModelDamaged; then the place is as it was."""
    try:
        with zipfile.ZipFile(zipped) as archive:
            top = _unpacked(archive, scratch / "model", told)
    except OSError as error:
        raise ModelMissing(f"语音模型无法写入 {folder.parent}：{error.strerror}。请检查磁盘空间和权限。", str(error)) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as error:  # RuntimeError: it asks for a password
        raise ModelDamaged(f"{zipped.name}: {error}", f"语音模型压缩包 {zipped.name} 已损坏或不是语音模型。") from error
    digest = _sha256(zipped)
    if top.name == NAME and digest != ZIP_SHA256:
        raise ModelDamaged(f"{zipped.name}: sha256 {digest}", f"语音模型压缩包 {zipped.name} 校验不符，请重新获取。")
    _describe(top, folder.name, digest)
    check(top)
    old = scratch / "old"
    if folder.exists():
        folder.rename(old)
    top.rename(folder)


def _unpacked(archive: zipfile.ZipFile, into: Path, told: Progress) -> Path:
    """The model's folder, unpacked below `into`. Raises ValueError if the zip holds anything but one folder."""
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    parts = [PurePosixPath(entry.filename).parts for entry in entries]
    if len({part[0] for part in parts if part}) != 1 or any(".." in part or len(part) < 2 or part[0] == "/" for part in parts):
        raise ValueError("not one folder")
    total, done = sum(entry.file_size for entry in entries), 0
    for entry, part in zip(entries, parts, strict=True):
        file = into.joinpath(*part)
        file.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as source, file.open("wb") as target:
            while piece := source.read(PIECE):
                target.write(piece)
                told("unpack", done := done + len(piece), total)
    return into / parts[0][0]


def _describe(top: Path, name: str, digest: str) -> None:
    """Writes the manifest that later checks compare with."""
    files = {
        file.relative_to(top).as_posix(): {"size": file.stat().st_size, "sha256": _sha256(file)}
        for file in sorted(top.rglob("*"))
        if file.is_file()
    }
    (top / MANIFEST).write_text(json.dumps({"name": name, "zip_sha256": digest, "files": files}, indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class _Expected:
    """What a file should be. size None: anything but empty."""

    size: int | None = None
    sha256: str | None = None


def _expected(folder: Path) -> dict[str, _Expected]:
    """By file name: of the manifest, else of the model we know, else that what any model needs is there."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {name: _Expected(row["size"], row["sha256"]) for name, row in manifest["files"].items()}
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelDamaged(f"{MANIFEST}: {type(error).__name__}") from error
    if folder.name == NAME:
        return {name: _Expected(*row) for name, row in KNOWN.items()}
    return {name: _Expected() for name in NEEDED}


@contextlib.contextmanager
def _alone(models: Path) -> Iterator[None]:
    """Only one process at a time changes the models folder; the lock goes with the process."""
    with (models / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sweep(models: Path) -> None:
    """Removes what a killed fetch left behind."""
    for left in models.glob(f"{SCRATCH}*"):
        shutil.rmtree(left, ignore_errors=True)


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
