"""The log tells the person who runs the system what happened, and nobody anything about a citizen."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from hotline import log


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Any]:
    """What was written so far, one dict a line."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    file = tmp_path / "logs" / "hotline.log"
    log.configure(file)
    yield lambda: [json.loads(line) for line in file.read_text().splitlines()]
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_says_what_happened_to_which_ticket(lines: Any) -> None:
    structlog.get_logger("hotline.desk").info("ticket signed", ticket="990100-1", department="chengguan")
    (line,) = lines()
    assert line | {"timestamp": ""} == {
        "timestamp": "",
        "level": "info",
        "logger": "hotline.desk",
        "event": "ticket signed",
        "ticket": "990100-1",
        "department": "chengguan",
    }


def test_what_a_citizen_said_and_who_he_is_never_reach_the_log(lines: Any) -> None:
    structlog.get_logger("hotline.desk").info("call filed", call=7, phone="13800001234", form={"name": "张三", "size": 3}, more={"text": "停水"})
    (line,) = lines()
    assert line["dropped"] == ["form", "phone"]
    assert not {"13800001234", "张三", "停水"} & set(json.dumps(line, ensure_ascii=False).split('"'))


def test_an_exception_leaves_its_type_and_place_but_not_the_values_it_choked_on(lines: Any) -> None:
    try:
        raise ValueError("invalid input 张三 13800001234\nDETAIL: Key (phone)=(13800001234) already exists")
    except ValueError:
        structlog.get_logger("hotline.desk").exception("job failed", call=7)
    (line,) = lines()
    assert line["error"] == "ValueError"
    assert line["says"] == "invalid input … …"
    assert line["where"][-1].startswith("test_log.py:")


def test_lines_of_libraries_are_kept_without_what_is_not_english(lines: Any) -> None:
    logging.getLogger("somelibrary").warning("slow request for %s", "李四 13800001234")
    logging.getLogger("uvicorn.access").info("GET /search?q=13800001234")
    (line,) = lines()
    assert (line["logger"], line["event"]) == ("somelibrary", "slow request for … …")


def test_a_log_that_grew_too_long_is_set_aside_while_its_writer_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    with path.open("a") as writer:
        for round_ in range(4):
            writer.write(f"{round_}" * 50)
            writer.flush()
            log.rotate(tmp_path, limit=40, keep=2)
        writer.write("now")
    assert path.read_text() == "now"
    assert {p.name: p.read_text()[0] for p in tmp_path.glob("web.log.*")} == {"web.log.1": "3", "web.log.2": "2"}
