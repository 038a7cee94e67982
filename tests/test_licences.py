"""Everything that is installed or shipped has a licence that is listed, and none that would bind the whole."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_locked_package_is_listed_with_its_version_and_licence() -> None:
    locked = re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    page = (ROOT / "LICENSES.md").read_text(encoding="utf-8")
    rows = {name: (versions, licence) for name, versions, licence in re.findall(r"^\| (\S+) \| (\S+) \| (.+) \|$", page, re.MULTILINE)}
    assert locked
    for name, version in locked:
        assert version in rows[name][0].split("、"), f"{name} {version}"
        assert rows[name][1].strip() not in ("", "?"), name


def test_no_package_is_under_a_licence_that_binds_the_whole() -> None:
    page = (ROOT / "LICENSES.md").read_text(encoding="utf-8")
    assert not re.search(r"(?<!L)GPL|General Public License(?! v3 or later \(LGPL)", page)


def test_no_lock_names_an_address() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        assert "://" not in lock.read_text() and "--index-url" not in lock.read_text()
