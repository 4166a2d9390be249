"""Application data units of GB/T 26875.3-2011: bytes to typed objects and back. Knows no frame and no clock."""

from struct import Struct

import msgspec

from standpipe.model.errors import DecodeError
from standpipe.model.gb26875.layouts import LAYOUTS, InfoObject, Layout
from standpipe.model.gb26875.objects import TransmitterState

_SHORT_STATE = Struct("<BBBIH6s")
"""A component state whose vendor leaves the description out: 15 bytes for 46."""


class Adu(msgspec.Struct, frozen=True, kw_only=True):
    """One application data unit, taken apart."""

    type_flag: int
    count: int
    """The number of objects that the sender states."""
    objects: tuple[InfoObject, ...] = ()
    body: bytes = b""
    """What follows the count where the type flag has no layout in the standard (reserved, vendor's own)."""
    deviation: str = ""
    """How it departs from the standard, in words; empty where it does not."""


def decode(data: bytes) -> Adu:
    """Return the parts of a non-empty ADU. Raises DecodeError naming the byte of the ADU and what was expected.

    Objects are read one after the other, never by dividing the length. A type flag without a layout keeps its body
    unread. Two vendor layouts that cannot be mistaken for anything else are read too: component states without a
    description and transmitter states without a time.
    """
    if not data:
        raise DecodeError("the ADU is empty")
    if len(data) == 1:
        return Adu(type_flag=data[0], count=0, deviation="one byte only, no number of objects")
    type_flag, count = data[0], data[1]
    layout = LAYOUTS.get(type_flag)
    if layout is None:
        return Adu(type_flag=type_flag, count=count, body=data[2:], deviation=f"type {type_flag} is not the standard's")
    if layout.text:
        return _with_text(data, layout)
    size = layout.shape.size
    if len(data) == 2 + count * size:
        deviation = f"{count} objects, at most {layout.limit} are allowed" if count > layout.limit else ""
        objects = tuple(layout.build(*parts) for parts in layout.shape.iter_unpack(data[2:]))
        return Adu(type_flag=type_flag, count=count, objects=objects, deviation=deviation)
    if count and type_flag == 2 and len(data) == 2 + count * _SHORT_STATE.size:
        states = tuple(layout.build(*head, b"", time) for *head, time in _SHORT_STATE.iter_unpack(data[2:]))
        return Adu(type_flag=type_flag, count=count, objects=states, deviation="component states without a description")
    if count and type_flag == 21 and len(data) == 2 + count:
        bare = tuple(TransmitterState(status, b"") for status in data[2:])
        return Adu(type_flag=type_flag, count=count, objects=bare, deviation="transmitter states without a time")
    raise DecodeError(
        f"ADU of type {type_flag}: {len(data) - 2} bytes after the count, expected {count} x {size} = {count * size}"
    )


def _with_text(data: bytes, layout: Layout) -> Adu:
    """Read objects that end in a text whose length precedes it (types 6 and 26)."""
    objects: list[InfoObject] = []
    at = 2
    for number in range(1, data[1] + 1):
        start = at + layout.shape.size
        if start > len(data):
            raise DecodeError(f"ADU of type {data[0]}: ends at byte {len(data)}, inside the head of object {number}")
        *head, length = layout.shape.unpack_from(data, at)
        at = start + length
        if at > len(data):
            raise DecodeError(
                f"ADU of type {data[0]}: object {number} has a text of {length} bytes, {len(data) - start} left"
            )
        objects.append(layout.build(*head, data[start:at]))
    if at != len(data):
        raise DecodeError(f"ADU of type {data[0]}: {len(data) - at} bytes after its {data[1]} objects, expected none")
    deviation = f"{data[1]} objects, at most {layout.limit} are allowed" if data[1] > layout.limit else ""
    return Adu(type_flag=data[0], count=data[1], objects=tuple(objects), deviation=deviation)
