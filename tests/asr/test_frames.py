"""Messages come out of a pipe as they went in, in whatever pieces it gives them."""

import io

import pytest

from asr.frames import LENGTH, LONGEST, Unpacker, packed, read

MESSAGES = [{"event": "ready"}, {"event": "utterance", "text": "小区停水三天了"}, {"seconds": 1.5}]


@pytest.mark.parametrize("piece", [1, 3, 7, 1000])
def test_messages_survive_any_cutting_up(piece: int) -> None:
    flow = b"".join(packed(message) for message in MESSAGES)
    unpacker = Unpacker()
    out = [message for at in range(0, len(flow), piece) for message in unpacker.messages(flow[at : at + piece])]
    assert out == MESSAGES


@pytest.mark.parametrize("piece", [1, 5, 64, 1000])
def test_sound_goes_with_its_message_as_it_is(piece: int) -> None:
    sound = bytes(range(256)) * 2
    flow = packed({"do": "hear"}, sound) + packed({"do": "drop"}) + packed({"do": "hear"}, sound[:2])
    unpacker = Unpacker()
    out = [message for at in range(0, len(flow), piece) for message in unpacker.messages(flow[at : at + piece])]
    assert [message.get("sound") for message in out] == [sound, None, sound[:2]]


def test_the_end_of_the_other_side_is_not_a_message() -> None:
    flow = packed(MESSAGES[0])
    for cut in (0, 2, len(flow) - 1):
        assert read(io.BytesIO(flow[:cut])) is None
    assert read(io.BytesIO(flow)) == MESSAGES[0]


def test_a_length_beyond_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="not ours"):
        list(Unpacker().messages(LENGTH.pack(LONGEST + 1)))
