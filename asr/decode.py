"""Any sound file as blocks of true 16-bit samples, channel by channel, never more than a block of it in memory."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from numpy.typing import NDArray

from asr.errors import AudioRefused
from asr.formats import DECLARED, SAFE, SUFFIXES, looks_like_sound
from asr.riff import missing_bytes

Samples = NDArray[np.int16]  # (channels, samples)

BLOCK = 0.4  # seconds; Vosk is given no more at once
TELEPHONE, WIDE = 8000, 16000  # Hz; the model works at 16 kHz and takes 8 kHz without loss
SLOWEST, FASTEST = 4000, 384000  # Hz; a header beyond these is damaged
MOST_CHANNELS = 8

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AudioInfo:
    """What a file says about itself. duration: seconds, None where it does not say. rate: Hz, of the file."""

    duration: float | None
    channels: int
    rate: int
    codec: str


def probe(path: Path, declared: str | None = None) -> AudioInfo:
    """What the file says about itself, with its first block decoded to be sure. Raises AudioRefused."""
    with Recording(path, declared) as recording:
        next(iter(recording.blocks()))
        return recording.info


class Recording:
    """One open sound file.

    info: what it says. rate: Hz of the blocks, always their true rate. seconds: decoded so far.
    truncated: known once all blocks were read. Raises AudioRefused when opened, or at the first block.
    """

    def __init__(self, path: Path, declared: str | None = None) -> None:
        declared = declared or SUFFIXES.get(path.suffix.lower())
        _look(path)
        self._path = path
        self._missing = missing_bytes(path)
        self._container = _open(path, declared)
        try:
            self._stream, self.info = _sound(self._container, path)
        except BaseException:
            self._container.close()
            raise
        self.rate = TELEPHONE if self.info.rate <= TELEPHONE else WIDE
        self.seconds = 0.0
        self.damaged_packets = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._container.close()

    @property
    def truncated(self) -> bool:
        """Whether the file promised more sound than it held."""
        promised = self.info.duration
        short = promised is not None and self.seconds < promised - max(0.5, 0.02 * promised)
        return short or self._missing > 0

    def blocks(self) -> Iterator[Samples]:
        """The sound, BLOCK seconds at a time, the last one shorter. Raises AudioRefused where there is none at all."""
        size = int(BLOCK * self.rate)
        waiting: list[Samples] = []
        held = 0
        for piece in self._resampled():
            waiting.append(piece)
            held += piece.shape[1]
            if held >= size:
                whole = np.concatenate(waiting, axis=1)
                yield from (whole[:, at : at + size] for at in range(0, held - size + 1, size))
                waiting = [whole[:, held - held % size :]]
                held %= size
        if held:
            yield np.concatenate(waiting, axis=1)
        if not self.seconds:
            raise AudioRefused(_spoilt(self._path) if self.damaged_packets else "no_samples", f"{self.damaged_packets} damaged packets")

    def _resampled(self) -> Iterator[Samples]:
        """16-bit samples at the true rate. A stream that changes its form in the middle gets a new resampler."""
        resampler: av.AudioResampler | None = None
        form: tuple[Any, ...] = ()
        layout = ""
        for frame in self._frames():
            layout = layout or frame.layout.name
            if (now := (frame.format.name, frame.layout.name, frame.sample_rate)) != form:
                yield from _pieces(resampler, None)
                resampler, form = av.AudioResampler(format="s16p", layout=layout, rate=self.rate), now
            frame.pts = None
            yield from _pieces(resampler, frame)
        yield from _pieces(resampler, None)

    def _frames(self) -> Iterator[av.AudioFrame]:
        """Decoded frames. A damaged packet is left out and counted: what can be heard is transcribed."""
        for packet in self._packets():
            try:
                frames = packet.decode()
            except av.error.EOFError:
                return
            except (av.error.FFmpegError, ValueError) as error:
                self._damaged(error)
                continue
            for frame in frames:
                if isinstance(frame, av.AudioFrame) and frame.samples and frame.sample_rate:
                    self.seconds += frame.samples / frame.sample_rate
                    yield frame

    def _packets(self) -> Iterator[Any]:
        """What the file holds for this stream, as far as it can be read."""
        try:
            yield from self._container.demux(self._stream)
        except (av.error.FFmpegError, OSError) as error:
            self._damaged(error)

    def _damaged(self, error: Exception) -> None:
        if not self.damaged_packets:
            logger.info("damaged at %.1f s: %s", self.seconds, type(error).__name__)
        self.damaged_packets += 1


def _look(path: Path) -> None:
    """Refuses what is not even a file with something in it."""
    try:
        if path.is_file() and path.stat().st_size == 0:
            raise AudioRefused("empty")
        with path.open("rb"):
            pass
    except OSError as error:
        raise AudioRefused("unreadable", f"{type(error).__name__}: {error.strerror}") from error


def _open(path: Path, declared: str | None) -> Any:
    if declared is not None and declared not in DECLARED:
        raise AudioRefused("unknown_declaration", declared)
    raw = DECLARED[declared] if declared else None
    # "file:" so that no name can be taken for a protocol.
    name = f"file:{path.absolute()}"
    try:
        if raw:
            return av.open(name, format=raw.demuxer, options={"protocol_whitelist": "file", **raw.options})
        return av.open(name, options=dict(SAFE))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise AudioRefused(_spoilt(path), f"{type(error).__name__}: {getattr(error, 'strerror', error)}") from error


def _spoilt(path: Path) -> str:
    """The code for a file that gives no sound: a damaged recording, or something else altogether."""
    with path.open("rb") as file:
        return "undecodable" if looks_like_sound(file.read(64)) else "not_audio"


def _sound(container: Any, path: Path) -> tuple[Any, AudioInfo]:
    """The first stream of sound in the file, and what it says about itself."""
    if not container.streams.audio:
        raise AudioRefused("not_audio", f"no stream of sound in {container.format.name}")
    stream = container.streams.audio[0]
    context = stream.codec_context
    if context is None:
        raise AudioRefused("unknown_codec", f"no decoder for the stream in {container.format.name}")
    if not context.sample_rate or not context.channels:
        raise AudioRefused(_spoilt(path), f"{context.name}: no rate or no channels")
    if not SLOWEST <= context.sample_rate <= FASTEST:
        raise AudioRefused("impossible_rate", f"{context.sample_rate} Hz")
    if context.channels > MOST_CHANNELS:
        raise AudioRefused("too_many_channels", f"{context.channels} channels")
    context.thread_count = 1  # a recording is decoded a thousand times faster than it is heard
    return stream, AudioInfo(_promised(container, stream), context.channels, context.sample_rate, context.name)


# For these FFmpeg only guesses the duration from the size of the file and the first packets' bit rate.
GUESSED = {"aac", "amr", "amrnb", "amrwb", "g729", "gsm"}


def _promised(container: Any, stream: Any) -> float | None:
    """Seconds that the file says it lasts."""
    if container.format.name in GUESSED:
        return None
    if stream.duration is not None and stream.duration > 0:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration and container.duration > 0 else None


def _pieces(resampler: av.AudioResampler | None, frame: av.AudioFrame | None) -> Iterator[Samples]:
    if resampler is None:
        return
    for piece in resampler.resample(frame):
        yield piece.to_ndarray()
