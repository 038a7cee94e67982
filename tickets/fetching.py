"""取录音: the recording that a PBX announces is read below one allowed folder or from an allowed host, and from nowhere else."""

import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from hotline import recordings
from hotline.errors import Refused

PATIENCE = 30.0  # seconds without a byte
LONGEST = 3600.0  # seconds for a whole recording
BLOCK = 1 << 20


@dataclass(frozen=True)
class Allowed:
    """Where recordings may come from. folder: None for no folder. hosts: `name`, or `name:port` where the port is not the usual one."""

    folder: Path | None = None
    hosts: tuple[str, ...] = ()


class Unreachable(Exception):
    """It could not be had just now; trying again may help. sentence: for the person."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def check(source: str, allowed: Allowed) -> None:
    """Raises Refused, naming the field, for a source that is not allowed, whatever the file or the host would say."""
    if _is_address(source):
        _check_address(source, allowed)
    else:
        _inside(source, allowed)


def fetch(source: str, allowed: Allowed, folder: Path) -> tuple[str, int]:
    """Keeps the recording in `folder`; returns (sha256, size). Raises Refused, or Unreachable where it is worth trying again."""
    check(source, allowed)
    if _is_address(source):
        return _kept(recordings.keep(_blocks(source, allowed), folder))
    path = _inside(source, allowed)
    if not path.is_file():
        raise Unreachable(f"交换机通知的录音文件 {path.name} 还不在约定的目录里。")
    return _kept(recordings.keep_file(path, folder))


def _kept(kept: tuple[str, int]) -> tuple[str, int]:
    if not kept[1]:
        raise Unreachable("交换机给出的录音是空的。")
    return kept


def _is_address(source: str) -> bool:
    return "://" in source


def _inside(source: str, allowed: Allowed) -> Path:
    """The file, wherever links lead, if it is below the folder."""
    if allowed.folder is None:
        raise Refused("没有设置 HOTLINE_PBX_FOLDER，不能按路径取录音。", field="path")
    folder = allowed.folder.resolve()
    try:
        path = (folder / source).resolve()
    except (OSError, ValueError):
        raise Refused("录音路径无效。", field="path") from None
    if path == folder or not path.is_relative_to(folder):
        raise Refused("录音路径不在 HOTLINE_PBX_FOLDER 目录之下，未予接受。", field="path")
    return path


def _check_address(source: str, allowed: Allowed) -> None:
    try:
        parts = urllib.parse.urlsplit(source)
        port = parts.port
    except ValueError:
        raise Refused("录音地址无效。", field="url") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None or not source.isprintable() or " " in source:
        raise Refused("录音地址应是不带账号密码的 http:// 或 https:// 地址。", field="url")
    host = parts.hostname if port is None or port == {"http": 80, "https": 443}[parts.scheme] else f"{parts.hostname}:{port}"
    if host.lower() not in {name.lower() for name in allowed.hosts}:
        raise Refused(f"主机 {host} 不在 HOTLINE_PBX_HOSTS 的名单里，未予接受。", field="url")


class _SameList(urllib.request.HTTPRedirectHandler):
    """A redirect is followed only to where one may have gone at once."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        _check_address(newurl, self._allowed)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _blocks(source: str, allowed: Allowed) -> Iterator[bytes]:
    # The PBX is in the same network: a proxy of the environment would lead out of it.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _SameList(allowed))
    until = time.monotonic() + LONGEST
    try:
        with opener.open(source, timeout=PATIENCE) as answer:
            while block := answer.read(BLOCK):
                if time.monotonic() > until:
                    raise Unreachable("取录音用时过长，已中止。")
                yield block
    except urllib.error.HTTPError as error:
        error.close()
        raise Unreachable(f"交换机答复 {error.code}，录音没有取到。") from None
    except (HTTPException, OSError) as error:
        raise Unreachable("连不上存放录音的主机，录音没有取到。") from error
