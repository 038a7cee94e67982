"""All settings: one frozen object, read from the environment once, at the door."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hotline.errors import Refused


@dataclass(frozen=True)
class Settings:
    """What an installation can be told. Every field has a default that runs on a bare machine.

    data: folder for the database, recordings, models and keys (HOTLINE_DATA).
    host, port: where the pages are served (HOTLINE_HOST, HOTLINE_PORT).
    secret_file: the key that seals citizens' data; None means one of our own in the data folder (HOTLINE_SECRET_FILE).
    database_url: an external PostgreSQL 15+; None means the embedded one (DATABASE_URL).
    broker_url: amqp://, redis:// or None for the same PostgreSQL (BROKER_URL).
    model: folder or zip of the speech model; None means fetch it (HOTLINE_MODEL).
    speech_workers: how many recordings one machine transcribes at once; one a core, at most four, unless told (HOTLINE_SPEECH_WORKERS).
    live_voices: how many live voices one machine listens to at once; three a core unless told (HOTLINE_LIVE_VOICES).
    live_host, vosk_port, audiosocket_port: where a PBX connects. Neither protocol knows passwords, so it is this machine only unless told;
    port 0 leaves one out (HOTLINE_LIVE_HOST, HOTLINE_VOSK_PORT, HOTLINE_AUDIOSOCKET_PORT).
    pbx_secret, pbx_token: how a PBX that announces recordings signs, or is known by (HOTLINE_PBX_SECRET, HOTLINE_PBX_TOKEN).
    pbx_folder, pbx_hosts: where its recordings may be fetched from, hosts separated by commas (HOTLINE_PBX_FOLDER, HOTLINE_PBX_HOSTS).
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 8012
    secret_file: Path | None = None
    database_url: str | None = None
    broker_url: str | None = None
    model: Path | None = None
    speech_workers: int = 1
    live_voices: int = 6
    live_host: str = "127.0.0.1"
    vosk_port: int = 2700
    audiosocket_port: int = 9092
    pbx_secret: str | None = field(default=None, repr=False)
    pbx_token: str | None = field(default=None, repr=False)
    pbx_folder: Path | None = None
    pbx_hosts: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Reads the environment. Raises Refused with the name of the setting that makes no sense."""
        get = environment.get
        return cls(
            data=Path(get("HOTLINE_DATA") or "var").expanduser().absolute(),
            host=get("HOTLINE_HOST") or "127.0.0.1",
            port=_whole(get("HOTLINE_PORT") or "8012", "HOTLINE_PORT", 1, 65535),
            secret_file=Path(get("HOTLINE_SECRET_FILE", "")).expanduser().absolute() if get("HOTLINE_SECRET_FILE") else None,
            database_url=get("DATABASE_URL") or None,
            broker_url=get("BROKER_URL") or None,
            model=Path(get("HOTLINE_MODEL", "")).expanduser().absolute() if get("HOTLINE_MODEL") else None,
            speech_workers=_whole(get("HOTLINE_SPEECH_WORKERS") or str(min(4, os.cpu_count() or 1)), "HOTLINE_SPEECH_WORKERS", 1, 64),
            live_voices=_whole(get("HOTLINE_LIVE_VOICES") or str(3 * (os.cpu_count() or 1)), "HOTLINE_LIVE_VOICES", 0, 1000),
            live_host=get("HOTLINE_LIVE_HOST") or "127.0.0.1",
            vosk_port=_whole(get("HOTLINE_VOSK_PORT") or "2700", "HOTLINE_VOSK_PORT", 0, 65535),
            audiosocket_port=_whole(get("HOTLINE_AUDIOSOCKET_PORT") or "9092", "HOTLINE_AUDIOSOCKET_PORT", 0, 65535),
            pbx_secret=get("HOTLINE_PBX_SECRET") or None,
            pbx_token=get("HOTLINE_PBX_TOKEN") or None,
            pbx_folder=Path(get("HOTLINE_PBX_FOLDER", "")).expanduser().absolute() if get("HOTLINE_PBX_FOLDER") else None,
            pbx_hosts=tuple(host.strip() for host in get("HOTLINE_PBX_HOSTS", "").split(",") if host.strip()),
        )

    @property
    def key(self) -> Path:
        """The file of the key that seals citizens' data."""
        return self.secret_file or self.data / "secret.key"

    @property
    def recordings(self) -> Path:
        """Where recordings are kept, by the SHA-256 of their bytes."""
        return self.data / "recordings"

    @property
    def attachments(self) -> Path:
        """Where attachments are kept, by the SHA-256 of their bytes."""
        return self.data / "attachments"

    @property
    def inbox(self) -> Path:
        """The watched folder: a recording dropped here becomes a call."""
        return self.data / "inbox"

    @property
    def live(self) -> Path:
        """What live voices say, until their call is over."""
        return self.data / "live"

    @property
    def models(self) -> Path:
        """The speech model and the routing models."""
        return self.data / "models"


def _whole(text: str, name: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise Refused(f"设置 {name} 应是 {low} 到 {high} 之间的整数，现在是“{text}”。", field=name)
    return int(text)
