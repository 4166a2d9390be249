"""Frames out of a byte stream: in pieces, several at once, between garbage, and with marks in their middle."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standpipe.model.gb26875.frame import (
    Command,
    Frame,
    FrameError,
    Stream,
    confirm,
    decode,
    deny,
    encode,
    read_time_label,
    time_label,
)

FIRE = bytes.fromhex(
    "404001000101203A091A090C790300000000385B0100000030000202010101280A0002000200"
    "20202020202020202020202020202020202020202020202020202020202000023A091A090C462323"
)
HEARTBEAT = bytes.fromhex("4040000001010C3B0C1B0C11672B00000000385B01000000000002B52323")


def frames_of(stream: Stream, *pieces: bytes) -> list[bytes]:
    return [raw for piece in pieces for raw, found in stream.feed(piece) if isinstance(found, Frame)]


@pytest.mark.parametrize("at", range(1, len(HEARTBEAT)))
def test_a_frame_in_two_pieces_is_one_frame(at: int) -> None:
    assert frames_of(Stream(), HEARTBEAT[:at], HEARTBEAT[at:]) == [HEARTBEAT]


def test_several_frames_in_one_piece_are_several() -> None:
    assert frames_of(Stream(), HEARTBEAT + FIRE + HEARTBEAT) == [HEARTBEAT, FIRE, HEARTBEAT]


@given(garbage=st.binary(max_size=60).filter(lambda data: b"@" not in data))
def test_garbage_between_frames_is_skipped_and_counted(garbage: bytes) -> None:
    stream = Stream()
    assert frames_of(stream, HEARTBEAT + garbage + FIRE) == [HEARTBEAT, FIRE]
    assert stream.skipped == len(garbage)


@given(
    serial=st.integers(0, 65535),
    source=st.binary(min_size=6, max_size=6),
    adu=st.binary(max_size=1024) | st.sampled_from([b"@@" * 20, b"##" * 20]),
    cuts=st.lists(st.integers(0, 1100), max_size=5),
)
def test_any_frame_survives_any_cutting(serial: int, source: bytes, adu: bytes, cuts: list[int]) -> None:
    raw = encode(Frame(serial=serial, command=Command.SEND, source=source, destination=bytes(6), adu=adu))
    edges = [0, *sorted(cut for cut in cuts if cut < len(raw)), len(raw)]
    pieces = [raw[a:b] for a, b in pairwise(edges)]
    assert frames_of(Stream(), *pieces) == [raw]


def test_a_length_of_1025_is_skipped_and_the_next_frame_is_found() -> None:
    long = bytearray(HEARTBEAT)
    long[24:26] = (1025).to_bytes(2, "little")
    assert frames_of(Stream(), bytes(long) + FIRE) == [FIRE]


def test_a_wrong_checksum_is_handed_out_with_its_header() -> None:
    wrong = HEARTBEAT[:-3] + b"\x00##"
    [(raw, found)] = Stream().feed(wrong)
    assert raw == wrong
    assert isinstance(found, FrameError)
    assert found.header is not None


def test_a_stream_never_holds_more_than_one_frame() -> None:
    stream = Stream()
    for _ in range(100):
        stream.feed(b"@@" * 500)
    assert stream.pending <= 1024 + 30


@pytest.mark.parametrize(("answer", "command"), [(confirm, 3), (deny, 6)])
def test_an_answer_carries_the_same_serial_and_swapped_addresses(answer: object, command: int) -> None:
    frame = decode(FIRE)
    got = decode(answer(frame, now=bytes(6)))  # type: ignore[operator]
    assert (got.serial, got.command, got.adu) == (frame.serial, command, b"")
    assert (got.source, got.destination) == (frame.destination, frame.source)


@pytest.mark.parametrize(
    "label",
    [
        pytest.param("000000000000", id="blank"),
        pytest.param("3c3a091a090c", id="second 60"),
        pytest.param("023a091e020c", id="30 February"),
        pytest.param("023a0900090c", id="day 0"),
    ],
)
def test_a_label_that_is_no_time_is_none(label: str) -> None:
    assert read_time_label(bytes.fromhex(label), 28_800) is None


@given(seconds=st.integers(978_307_200, 4_102_444_799), offset=st.sampled_from([0, 28_800, -18_000]))
def test_a_time_goes_into_a_label_and_back(seconds: int, offset: int) -> None:
    ms = min(max(seconds, 978_400_000), 4_102_300_000) * 1000
    assert read_time_label(time_label(ms, offset), offset) == ms
