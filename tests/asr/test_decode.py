"""Whatever a telephone system writes is read; whatever is no recording is refused with its reason."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from asr.decode import BLOCK, Recording, Samples, probe
from asr.errors import AudioRefused
from asr.formats import declared_for
from tests.asr.making import babble, encode, tone, write_wav

SECONDS = 3.0
# file, encoder, rate, what else the encoder needs
FORMATS = [
    ("pcm.wav", "pcm_s16le", 8000, {}),
    ("mulaw.wav", "pcm_mulaw", 8000, {}),
    ("alaw.wav", "pcm_alaw", 8000, {}),
    ("wide.wav", "pcm_s24le", 96000, {}),
    ("float.wav", "pcm_f32le", 44100, {}),
    ("bytes.wav", "pcm_u8", 11025, {}),
    ("adpcm.wav", "adpcm_ms", 8000, {}),
    ("ima.wav", "adpcm_ima_wav", 8000, {}),
    ("g726.wav", "g726", 8000, {"bit_rate": 32000}),
    ("call.amr", "libopencore_amrnb", 8000, {"bit_rate": 12200}),
    ("call.3gp", "libopencore_amrnb", 8000, {"bit_rate": 12200}),
    ("call.mp3", "mp3", 16000, {}),
    ("low.mp3", "mp3", 8000, {}),
    ("call.opus", "libopus", 16000, {}),
    ("call.webm", "libopus", 16000, {}),
    ("call.m4a", "aac", 16000, {}),
    ("call.aac", "aac", 16000, {"container": "adts"}),
    ("call.flac", "flac", 16000, {}),
    ("call.aiff", "pcm_s16be", 16000, {}),
    ("call.au", "pcm_mulaw", 8000, {}),
    ("call.caf", "pcm_s16le", 8000, {}),
]


def read(path: Path, declared: str | None = None) -> tuple[Samples, Recording]:
    """All of a file's blocks in one, and the recording they came from."""
    with Recording(path, declared) as recording:
        return np.concatenate(list(recording.blocks()), axis=1), recording


@pytest.mark.parametrize(("name", "codec", "rate", "settings"), FORMATS, ids=[row[0] for row in FORMATS])
def test_every_format_a_telephone_system_writes_is_read_at_its_true_rate(
    tmp_path: Path, name: str, codec: str, rate: int, settings: dict[str, object]
) -> None:
    path = encode(tmp_path / name, tone(SECONDS, rate, 440), codec, rate, **settings)
    # As the recordings folder keeps it: without a name that tells the format.
    path = path.rename(tmp_path / "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef")

    samples, recording = read(path)

    assert samples.shape[0] == 1
    assert recording.seconds == pytest.approx(SECONDS, abs=0.25)
    assert samples.shape[1] / recording.rate == pytest.approx(recording.seconds, abs=0.01)
    assert not recording.truncated
    spectrum = np.abs(np.fft.rfft(samples[0, recording.rate : 2 * recording.rate]))
    assert abs(int(spectrum.argmax()) - 440) <= 2, "a tone of 440 Hz stays one, so the rate is true"


@pytest.mark.parametrize(
    ("rate", "given"), [(6000, 8000), (8000, 8000), (11025, 16000), (16000, 16000), (22050, 16000), (48000, 16000), (192000, 16000)]
)
def test_the_model_is_given_telephone_or_wide_band_and_nothing_else(tmp_path: Path, rate: int, given: int) -> None:
    samples, recording = read(write_wav(tmp_path / "x.wav", tone(1, rate), rate=rate))
    assert recording.rate == given
    assert samples.shape[1] == pytest.approx(given, abs=given // 50)


def test_the_two_sides_of_a_call_stay_apart(tmp_path: Path) -> None:
    left, right = tone(1, hertz=300), tone(1, hertz=1000)
    samples, _ = read(write_wav(tmp_path / "x.wav", left, right))
    assert samples.shape[0] == 2
    assert np.array_equal(samples[0], left)
    assert np.array_equal(samples[1], right)


def test_no_block_is_longer_than_vosk_may_be_given(tmp_path: Path) -> None:
    with Recording(write_wav(tmp_path / "x.wav", babble(5))) as recording:
        lengths = [block.shape[1] / recording.rate for block in recording.blocks()]
    assert max(lengths) <= BLOCK
    assert sum(lengths) == pytest.approx(5)


@pytest.mark.parametrize(
    ("declared", "codec", "demuxer"), [("mulaw", "pcm_mulaw", "mulaw"), ("alaw", "pcm_alaw", "alaw"), ("slin", "pcm_s16le", "s16le")]
)
def test_a_file_without_a_header_is_read_when_its_sender_says_what_it_is(tmp_path: Path, declared: str, codec: str, demuxer: str) -> None:
    said = babble(2)
    path = encode(tmp_path / "leg", said, codec, 8000, container=demuxer)

    samples, recording = read(path, declared)

    assert recording.rate == 8000
    assert samples.shape == (1, len(said))
    assert np.corrcoef(samples[0], said)[0, 1] > 0.99


@pytest.mark.parametrize(
    ("name", "declared"),
    [("leg.ulaw", "mulaw"), ("LEG.UL", "mulaw"), ("a.b.alaw", "alaw"), ("x.sln", "slin"), ("x.gsm", "gsm"), ("x.wav", None), ("x", None)],
)
def test_the_name_of_an_uploaded_file_may_declare_it(name: str, declared: str | None) -> None:
    assert declared_for(name) == declared


def test_raw_gsm_from_asterisk_is_read_when_declared(tmp_path: Path) -> None:
    path = tmp_path / "leg"
    path.write_bytes((b"\xd1" + bytes(32)) * 100)  # frames of 33 bytes and 20 ms
    samples, _ = read(path, "gsm")
    assert samples.shape[1] == 16000


def test_what_a_file_says_about_itself(tmp_path: Path) -> None:
    info = probe(encode(tmp_path / "x.wav", tone(2), "pcm_alaw", 8000))
    assert (info.duration, info.channels, info.rate, info.codec) == (2.0, 1, 8000, "pcm_alaw")


@pytest.mark.parametrize(
    ("name", "codec"), [("x.wav", "pcm_s16le"), ("a.wav", "pcm_alaw"), ("x.flac", "flac"), ("x.mp3", "mp3"), ("x.au", "pcm_mulaw")]
)
def test_of_a_truncated_recording_what_is_there_is_read_and_the_loss_is_told(tmp_path: Path, name: str, codec: str) -> None:
    path = encode(tmp_path / name, babble(10, 16000), codec, 16000)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 6 // 10])

    samples, recording = read(path)

    assert 4 < samples.shape[1] / recording.rate < 7
    assert recording.truncated


def test_a_wav_that_was_written_as_a_stream_is_whole(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "x.wav", babble(2))
    path.write_bytes(path.read_bytes().replace(b"data" + struct.pack("<I", 32000), b"data\xff\xff\xff\xff"))
    samples, recording = read(path)
    assert samples.shape[1] == 16000
    assert not recording.truncated


def test_a_hole_in_the_middle_costs_only_itself(tmp_path: Path) -> None:
    path = encode(tmp_path / "x.m4a", babble(20, 16000), "aac", 16000)
    whole = bytearray(path.read_bytes())
    whole[40000:50000] = np.random.default_rng(1).bytes(10000)
    path.write_bytes(whole)
    samples, recording = read(path)
    assert 10 < samples.shape[1] / recording.rate < 20
    assert recording.damaged_packets


def header(change: Callable[[bytearray, int], None]) -> bytes:
    """A WAV file whose format chunk, from the given place on, was changed."""
    data = np.zeros(8000, np.int16).tobytes()
    whole = bytearray(b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16))
    whole += b"data" + struct.pack("<I", len(data)) + data
    change(whole, whole.index(b"fmt ") + 8)
    return bytes(whole)


def put(offset: int, form: str, value: int) -> Callable[[bytearray, int], None]:
    """Writes one field of the format chunk."""

    def change(whole: bytearray, at: int) -> None:
        struct.pack_into(form, whole, at + offset, value)

    return change


REFUSED = {
    "empty": (b"", "empty"),
    "one byte": (b"x", "not_audio"),
    "text": ("小区停水三天了没人管。\n".encode() * 500, "not_audio"),
    "random": (np.random.default_rng(1).bytes(100_000), "not_audio"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(1000), "not_audio"),
    "web page": (b"<!doctype html><html><body>404</body></html>", "not_audio"),
    "header only": (header(lambda whole, at: None)[:20], "undecodable"),
    "no samples": (header(lambda whole, at: None)[:40] + bytes(4), "no_samples"),
    "unknown codec": (header(put(0, "<H", 0x7777)), "unknown_codec"),
    "rate 0": (header(put(4, "<I", 0)), "undecodable"),
    "rate 1": (header(put(4, "<I", 1)), "impossible_rate"),
    "rate 4294967295": (header(put(4, "<I", 0xFFFFFFFF)), "undecodable"),
    "no channels": (header(put(2, "<H", 0)), "undecodable"),
    "65535 channels": (header(put(2, "<H", 65535)), "undecodable"),
    "an mp4 that was cut off": (struct.pack(">I", 32) + b"ftypM4A " + bytes(300), "undecodable"),
}


@pytest.mark.parametrize(("content", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_recording_is_refused_with_its_reason(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "upload"
    path.write_bytes(content)
    with pytest.raises(AudioRefused) as refusal:
        read(path)
    assert refusal.value.code == code
    assert refusal.value.sentence.endswith("。")


def test_random_bytes_are_refused_under_any_name(tmp_path: Path) -> None:
    for suffix in (".wav", ".mp3", ".amr", ".m4a", ".ogg"):
        path = tmp_path / f"noise{suffix}"
        path.write_bytes(np.random.default_rng(2).bytes(50_000))
        with pytest.raises(AudioRefused):
            read(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(AudioRefused) as refusal:
            Recording(path)
        assert refusal.value.code == "unreadable"


def test_an_unknown_declaration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioRefused) as refusal:
        Recording(write_wav(tmp_path / "x.wav", tone(1)), "lavfi")
    assert refusal.value.code == "unknown_declaration"


def test_too_many_channels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioRefused) as refusal:
        Recording(write_wav(tmp_path / "x.wav", *[tone(0.5)] * 9))
    assert refusal.value.code == "too_many_channels"


@pytest.mark.parametrize("name", ["list.m3u8", "list.txt", "call.wav"])
def test_a_playlist_cannot_make_us_open_another_file(tmp_path: Path, name: str) -> None:
    secret = write_wav(tmp_path / "secret.wav", tone(1))
    for text in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile {secret}\n",
        f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\na=control:{secret}\n",
    ):
        path = tmp_path / name
        path.write_text(text)
        with pytest.raises(AudioRefused) as refusal:
            read(path)
        assert refusal.value.code == "not_audio"


def test_a_file_name_is_never_taken_for_a_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_wav(tmp_path / "concat:a|b.wav", tone(1))
    samples, _ = read(Path(path.name))
    assert samples.shape[1] == 8000
