"""What the commands share: settings, moments, one JSON document on standard output, progress on standard error."""

import json
import signal
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from hotline import clock
from hotline.errors import Refused
from hotline.settings import Settings

JSON = click.option("--json", "as_json", is_flag=True, help="只在标准输出打印一份 JSON。")


def settings() -> Settings:
    """The settings of the environment."""
    return Settings.from_environment()


def moment(text: str, field: str = "received") -> datetime:
    """A moment as people write it, in Shanghai unless it says otherwise. Raises Refused naming the field."""
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refused(f"看不懂时间“{text}”，请写成 2026-02-13 16:00。", field=field) from None
    return read if read.tzinfo else read.replace(tzinfo=clock.SHANGHAI)


def notice(text: str) -> None:
    """For the person, beside the answer."""
    click.echo(text, err=True)


def print_json(document: Any) -> None:
    """The one JSON document of a reporting command."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def bar() -> Callable[[str, float, float], None]:
    """A progress bar on stderr: a moving one for a terminal, a line every tenth for a log."""
    last: dict[str, int] = {}
    names = {"download": "下载语音模型", "unpack": "解开语音模型", "train": "训练派单模型", "adapt": "学热线用语"}
    moving = sys.stderr.isatty()

    def show(stage: str, done: float, total: float) -> None:
        tenth = int(done / total * (50 if moving else 10)) if total else 0
        if last.get(stage) == tenth:
            return
        last[stage] = tenth
        share = done / total if total else 0.0
        if moving:
            filled = int(share * 30)
            end = "\n" if share >= 1 else ""
            sys.stderr.write(f"\r{names.get(stage, stage)} [{'#' * filled}{'.' * (30 - filled)}] {share:4.0%}{end}")
        else:
            sys.stderr.write(f"{names.get(stage, stage)} {share:.0%}\n")
        sys.stderr.flush()

    return show


def stop_on_signal() -> threading.Event:
    """An event that Ctrl-C and a polite kill set."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
