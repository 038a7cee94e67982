"""Which database the processes of this machine use, and that there is one `up` on a data folder.

Like the other root files it stands above every package and is imported by none of them.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from hotline import embedded, privacy
from hotline.db import bind
from hotline.errors import Refused
from hotline.server import check_server
from hotline.settings import Settings


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The external database, once it has been looked at, or the embedded one."""
    if settings.database_url is None:
        with embedded.database(settings.data) as url:
            yield url
        return
    engine = bind(settings.database_url)
    try:
        check_server(engine)
    except OperationalError as error:
        raise Refused("连不上 DATABASE_URL 所指的数据库，请检查地址、账号和数据库是否在运行。", field="DATABASE_URL") from error
    finally:
        engine.dispose()
    yield settings.database_url


@contextmanager
def attached(settings: Settings, *, pool_size: int = 10) -> Iterator[str]:
    """For a child process or a further machine: the database is there and prepared."""
    with database(settings) as url:
        engine: Engine = bind(url, pool_size=pool_size)
        privacy.unlock(settings.key)
        yield url
        engine.dispose()


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """One `up` for a data folder, while the block lasts. Raises Refused where there is another."""
    settings.data.mkdir(mode=0o711, parents=True, exist_ok=True)
    with (settings.data / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"系统已在数据目录 {settings.data} 上运行。要再开一套，请用 HOTLINE_DATA 另指定目录、用 HOTLINE_PORT 另指定端口。") from None
        yield


def is_up(settings: Settings) -> bool:
    """Whether an `up` runs on this data folder."""
    try:
        with (settings.data / "up.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


