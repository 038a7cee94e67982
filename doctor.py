"""doctor: looks at everything the system needs, and says what is wrong and what to do."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

import connecting
from asr import model as speech_model
from hotline.db import bind
from hotline.errors import Refusal, Refused
from hotline.processes import check_port
from hotline.settings import Settings
from routing import store


@dataclass(frozen=True)
class Finding:
    """One thing that `doctor` looked at."""

    what: str
    ok: bool
    says: str


def examine(settings: Settings) -> list[Finding]:
    """Looks at everything the system needs, and says what is wrong and what to do."""
    return [_looked_at(what, look) for what, look in _examinations(settings).items()]


def _examinations(settings: Settings) -> Mapping[str, Callable[[], str]]:
    def database() -> str:
        with connecting.database(settings) as url:
            engine = bind(url)
            with engine.connect() as connection:
                version = connection.scalar(text("SHOW server_version"))
        return f"PostgreSQL {version}，{'外部' if settings.database_url else '内嵌'}。"

    def speech() -> str:
        speech_model.check(speech_model.place(settings.models, settings.model), thorough=True)
        return f"{speech_model.NAME} 完好。"

    def routing() -> str:
        standing = store.shelf(settings.models / "routing")
        if standing.champion is None:
            raise Refused("还没有派单模型：运行 ./run train 或 ./run。")
        return f"{standing.champion.version}。"

    def port() -> str:
        if connecting.is_up(settings):
            return f"系统正在 http://{settings.host}:{settings.port} 运行。"
        check_port(settings.host, settings.port)
        return f"端口 {settings.port} 可用。"

    def disk() -> str:
        free = shutil.disk_usage(settings.data if settings.data.exists() else settings.data.parent).free / 1e9
        if free < 2:
            raise Refused(f"数据目录所在磁盘只剩 {free:.1f} GB，录音可能存不下。")
        return f"数据目录 {settings.data}，剩余 {free:.0f} GB。"

    return {"数据库": database, "语音模型": speech, "派单模型": routing, "网页端口": port, "磁盘": disk}


def _looked_at(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except Refusal as problem:
        return Finding(what, False, problem.sentence)
    except OperationalError:
        return Finding(what, False, "连不上数据库，请检查 DATABASE_URL 和数据库是否在运行。")
