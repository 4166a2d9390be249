"""Builds application data units of GB/T 26875.3-2011, as the standard has them and no other way. Knows no frame.

The simulator, the drills and the requests of a centre use it; what `adu.decode` reads without a deviation, this writes
back byte for byte.
"""

import struct
from collections.abc import Sequence

import msgspec

from standpipe.model.gb26875.frame import ADU_LIMIT
from standpipe.model.gb26875.layouts import LAYOUTS, InfoObject


def adu(type_flag: int, objects: Sequence[InfoObject]) -> bytes:
    """Return one ADU. Raises ValueError for too many objects, one of another type, a value that does not fit."""
    layout = LAYOUTS.get(type_flag)
    if layout is None:
        raise ValueError(f"type {type_flag} has no layout in the standard")
    if not 0 < len(objects) <= layout.limit:
        raise ValueError(f"type {type_flag} takes 1 to {layout.limit} objects, got {len(objects)}")
    data = bytes([type_flag, len(objects)]) + b"".join(_object(type_flag, item) for item in objects)
    if len(data) > ADU_LIMIT:
        raise ValueError(f"ADU of {len(data)} bytes; the limit is {ADU_LIMIT}")
    return data


def adus(type_flag: int, objects: Sequence[InfoObject]) -> list[bytes]:
    """Return as many ADUs as the objects need, each within the standard's number of objects and length."""
    layout = LAYOUTS[type_flag]
    found: list[bytes] = []
    batch: list[bytes] = []
    for item in objects:
        encoded = _object(type_flag, item)
        if batch and (len(batch) == layout.limit or 2 + sum(map(len, batch)) + len(encoded) > ADU_LIMIT):
            found.append(bytes([type_flag, len(batch)]) + b"".join(batch))
            batch = []
        batch.append(encoded)
    if batch:
        found.append(bytes([type_flag, len(batch)]) + b"".join(batch))
    return found


def _object(type_flag: int, item: InfoObject) -> bytes:
    """Return one object's bytes."""
    layout = LAYOUTS[type_flag]
    if not isinstance(item, layout.kind):
        raise ValueError(f"type {type_flag} is made of {layout.kind.__name__}, got {type(item).__name__}")
    parts = list(msgspec.structs.astuple(item))
    for field, value in zip(msgspec.structs.fields(item), parts, strict=True):
        wanted = {"time": 6, "start": 6, "description": 31}.get(field.name, 0)
        if wanted and len(value) != wanted:
            raise ValueError(f"{field.name} of type {type_flag} is {len(value)} bytes, expected {wanted}")
    tail = parts.pop() if layout.text else b""
    if len(tail) > 255:
        raise ValueError(f"text of {len(tail)} bytes; the limit is 255")
    try:
        return layout.shape.pack(*parts, *([len(tail)] if layout.text else [])) + tail
    except struct.error as err:
        raise ValueError(f"object of type {type_flag}: {err}") from None
