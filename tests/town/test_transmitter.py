"""A transmitter is patient, in order, and forgets nothing; time is an argument."""

from standpipe.model.gb26875.frame import Command, Frame, confirm, decode, deny, encode, read_time_label
from standpipe.model.signal import Lane
from standpipe.town.transmitter import ANSWER_TIMEOUT, Transmitter

NOON = 1_795_320_000_000
SOURCE = bytes.fromhex("260117000001")


def machine() -> Transmitter:
    transmitter = Transmitter(source=SOURCE)
    transmitter.connected()
    return transmitter


def test_a_frame_carries_address_serial_and_local_time() -> None:
    transmitter = machine()
    transmitter.submit(b"", NOON)
    frame = decode(transmitter.outgoing(NOON))
    assert (frame.address, frame.serial, frame.command) == ("gb26875:260117000001", 0, Command.SEND)
    assert read_time_label(frame.time, 28_800) == NOON


def test_the_next_frame_waits_for_the_confirm_of_the_one_before() -> None:
    transmitter = machine()
    first, second = transmitter.submit(b"\x1c\x01" + bytes(6), NOON), transmitter.submit(b"", NOON)
    sent = decode(transmitter.outgoing(NOON))
    assert transmitter.outgoing(NOON + 1) == b""
    assert transmitter.received(confirm(sent, now=bytes(6)), NOON + 9) == b""
    assert first.confirmed_at == NOON + 9
    assert decode(transmitter.outgoing(NOON + 10)).serial == 1
    assert second.first_sent_at == NOON + 10


def test_fire_goes_ahead_of_what_waits() -> None:
    transmitter = machine()
    for _ in range(3):
        transmitter.submit(b"", NOON)
    transmitter.submit(b"\x02", NOON, lane=Lane.FIRE)
    assert decode(transmitter.outgoing(NOON)).adu == b"\x02"


def test_an_unanswered_frame_is_sent_four_times_with_one_serial_then_the_line_is_dead() -> None:
    transmitter = machine()
    transmitter.submit(b"", NOON)
    times = [NOON + count * ANSWER_TIMEOUT for count in range(4)]
    serials = [decode(transmitter.outgoing(at)).serial for at in times]
    assert serials == [0, 0, 0, 0]
    assert not transmitter.exhausted(times[-1] + ANSWER_TIMEOUT - 1)
    assert transmitter.exhausted(times[-1] + ANSWER_TIMEOUT)
    assert transmitter.outgoing(times[-1] + ANSWER_TIMEOUT) == b""


def test_it_is_not_sent_again_before_its_time() -> None:
    transmitter = machine()
    transmitter.submit(b"", NOON)
    transmitter.outgoing(NOON)
    assert transmitter.outgoing(NOON + ANSWER_TIMEOUT - 1) == b""
    assert transmitter.due_at() == NOON + ANSWER_TIMEOUT


def test_a_new_line_starts_with_what_was_not_confirmed_and_its_serial() -> None:
    transmitter = machine()
    transmitter.submit(b"\x01", NOON)
    transmitter.submit(b"\x02", NOON)
    transmitter.outgoing(NOON)
    transmitter.connected()
    again = decode(transmitter.outgoing(NOON + 60_000))
    assert (again.adu, again.serial) == (b"\x01", 0)


def test_a_fire_that_came_while_the_line_was_dead_goes_first() -> None:
    transmitter = machine()
    transmitter.submit(b"\x01", NOON)
    transmitter.outgoing(NOON)
    transmitter.submit(b"\x02", NOON, lane=Lane.FIRE)
    transmitter.connected()
    assert decode(transmitter.outgoing(NOON + 1)).adu == b"\x02"


def test_a_denied_frame_is_sent_again_after_a_second() -> None:
    transmitter = machine()
    transmitter.submit(b"", NOON)
    sent = decode(transmitter.outgoing(NOON))
    transmitter.received(deny(sent, now=bytes(6)), NOON + 5)
    assert transmitter.outgoing(NOON + 500) == b""
    assert decode(transmitter.outgoing(NOON + 1_005)).serial == 0


def test_a_frame_that_is_always_denied_lets_others_pass_on_the_next_line() -> None:
    transmitter = machine()
    transmitter.submit(b"\x01", NOON)
    transmitter.submit(b"\x02", NOON)
    refused = decode(transmitter.outgoing(NOON))
    transmitter.received(deny(refused, now=bytes(6)), NOON)
    transmitter.connected()
    assert decode(transmitter.outgoing(NOON)).adu == b"\x02"


def test_an_answer_with_another_serial_confirms_nothing() -> None:
    transmitter = machine()
    ticket = transmitter.submit(b"", NOON)
    sent = decode(transmitter.outgoing(NOON))
    stray = confirm(Frame(serial=99, command=2, source=sent.source, destination=sent.destination), now=bytes(6))
    transmitter.received(stray + b"garbage@@", NOON)
    assert ticket.confirmed_at is None


def test_a_command_of_the_centre_is_confirmed_and_a_query_denied() -> None:
    transmitter = machine()
    control = encode(Frame(serial=7, command=Command.CONTROL, source=bytes(6), destination=SOURCE))
    query = encode(Frame(serial=8, command=Command.REQUEST, source=bytes(6), destination=SOURCE))
    assert decode(transmitter.received(control, NOON)).command == Command.CONFIRM
    assert decode(transmitter.received(query, NOON)).command == Command.DENY


def test_serials_go_round() -> None:
    transmitter = machine()
    for count in range(65_600):
        transmitter.submit(b"", NOON)
        sent = decode(transmitter.outgoing(NOON))
        assert sent.serial == count % 65_536
        transmitter.received(confirm(sent, now=bytes(6)), NOON)
