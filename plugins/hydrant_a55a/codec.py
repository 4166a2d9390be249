"""Pressure terminals that send a binary frame `A5 5A … 55 AA`, big-endian, with a batch of samples in it.

What the battery byte counts, and which alarm bit but bit 1 means what, no document says: both are kept as sent.
"""

from struct import Struct

from standpipe.model.errors import DecodeError
from standpipe.model.reading import Observation, Uplink
from standpipe.model.signal import Signal

HEAD = Struct(">2sxH12sBbHHBBHHHI")
"""Mark, length, id, battery, RSSI, interval s, samples, quantity, alarm bits, low limit, high limit, value, time."""
START, END = b"\xa5\x5a", b"\x55\xaa"
PRESSURE = 1
"""The quantity whose step is 0.001 MPa, that is 1 kPa."""
HIGH_ALARM = 0x02


def decode(uplink: Uplink) -> list[Observation]:
    """Return one observation per stored sample, oldest first, and one of the present value and state."""
    data = uplink.payload
    if len(data) < HEAD.size + 4:
        raise DecodeError(f"{len(data)} bytes; the shortest frame has {HEAD.size + 4}")
    mark, length, _, battery, rssi, interval, count, quantity, alarms, _, _, now, at = HEAD.unpack_from(data)
    if mark != START or data[-2:] != END:
        raise DecodeError("expected the marks a5 5a and 55 aa")
    if length != len(data) or length != HEAD.size + 2 * count + 4:
        raise DecodeError(f"states {length} bytes and {count} samples, and has {len(data)} bytes")
    given, expected = int.from_bytes(data[-4:-2], "big"), crc16(data[:-4])
    if given != expected:
        raise DecodeError(f"the checksum is {given:04x}, expected {expected:04x}")
    if quantity != PRESSURE:
        raise DecodeError(f"measures quantity {quantity}, expected {PRESSURE} (pressure)")
    samples = Struct(f">{count}H").unpack_from(data, HEAD.size)
    first = at - interval * (count - 1)
    found = [
        Observation(fields={"pressure": float(kpa)}, observed_at=(first + interval * number) * 1000)
        for number, kpa in enumerate(samples)
    ]
    present = Observation(
        fields={
            "pressure": float(now),
            "battery_byte": battery,
            "rsrp": float(rssi),
            "alarm_bits": alarms,
            "high_alarm": bool(alarms & HIGH_ALARM),
        },
        signals=frozenset({Signal.SUPERVISORY} if alarms else ()),
        reports_signals=True,
    )
    return [*found, present]


def crc16(data: bytes) -> int:
    """Return the Modbus CRC-16 of the bytes; this frame sends its high byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xA001 if crc & 1 else 0)
    return crc
