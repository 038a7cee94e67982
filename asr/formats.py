"""Which sound files are opened, and as what: an open door for recordings and a closed one for everything else that FFmpeg can read."""

from dataclasses import dataclass, field
from pathlib import PurePath

# FFmpeg also reads playlists, scripts and pictures, some of which make it open other files or addresses: only these demuxers may be tried.
CONTAINERS = "wav,w64,mp3,aac,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,flac,aiff,amr,au,caf,asf,avi,flv,voc,ircam,nistsphere,wv,ape,tta"
SAFE = {"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}

# What a broken file began as, so that the person hears "damaged" and not "no recording".
MAGIC = (b"RIFF", b"RIFX", b"RF64", b"OggS", b"ID3", b"fLaC", b"FORM", b"#!AMR", b".snd", b"caff", b"\x1aE\xdf\xa3", b"0&\xb2u")


@dataclass(frozen=True)
class Raw:
    """A format without a header: the sender must say what it is. demuxer, options: FFmpeg's."""

    demuxer: str
    options: dict[str, str] = field(default_factory=dict)


MONO = {"ch_layout": "mono"}
DECLARED = {
    "alaw": Raw("alaw", {"sample_rate": "8000"} | MONO),
    "mulaw": Raw("mulaw", {"sample_rate": "8000"} | MONO),
    "slin": Raw("s16le", {"sample_rate": "8000"} | MONO),
    "slin16": Raw("s16le", {"sample_rate": "16000"} | MONO),
    "g722": Raw("g722"),
    "g729": Raw("g729"),
    "gsm": Raw("gsm"),
    "amr": Raw("amrnb"),
    "amrwb": Raw("amrwb"),
}
SUFFIXES = {
    ".al": "alaw",
    ".alaw": "alaw",
    ".pcma": "alaw",
    ".ul": "mulaw",
    ".ulaw": "mulaw",
    ".mulaw": "mulaw",
    ".pcmu": "mulaw",
    ".sln": "slin",
    ".slin": "slin",
    ".sln16": "slin16",
    ".slin16": "slin16",
    ".g722": "g722",
    ".g729": "g729",
    ".gsm": "gsm",
}


def declared_for(filename: str) -> str | None:
    """What a file name declares about a file without a header: "leg.ulaw" says mulaw. None where the file must speak for itself."""
    return SUFFIXES.get(PurePath(filename).suffix.lower())


def looks_like_sound(head: bytes) -> bool:
    """Whether a file that cannot be opened at least begins as a sound file does. head: its first 12 bytes or more."""
    return head.startswith(MAGIC) or head[4:8] == b"ftyp"
