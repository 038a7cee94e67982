"""Third-party files are the ones that VENDOR.md names, to the byte."""

import hashlib
import re

from web.assets import FOLDER

VENDOR = FOLDER / "vendor"


def test_every_vendored_file_is_listed_with_its_hash() -> None:
    listed = dict(re.findall(r"^\| ([\w./-]+) \|.*\| ([0-9a-f]{64}) \|$", (VENDOR / "VENDOR.md").read_text(), re.M))
    there = {file.relative_to(VENDOR).as_posix(): file for file in VENDOR.rglob("*") if file.is_file() and file.name != "VENDOR.md"}
    assert listed.keys() == there.keys()
    for name, digest in listed.items():
        assert hashlib.sha256(there[name].read_bytes()).hexdigest() == digest, name
