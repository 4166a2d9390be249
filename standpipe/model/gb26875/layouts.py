"""How the information objects of GB/T 26875.3-2011 lie in an ADU: one line per type flag (Table 3). Reads no bytes."""

from collections.abc import Callable
from struct import Struct
from typing import TypeAlias

import msgspec

from standpipe.model.gb26875.objects import (
    Clock,
    ComponentAnalog,
    ComponentConfiguration,
    ComponentRequest,
    ComponentState,
    Inspection,
    SystemConfiguration,
    SystemOperation,
    SystemRecordsRequest,
    SystemRequest,
    SystemState,
    SystemTime,
    SystemVersion,
    TransmitterConfiguration,
    TransmitterOperation,
    TransmitterRecordsRequest,
    TransmitterRequest,
    TransmitterState,
    TransmitterVersion,
)

InfoObject: TypeAlias = (
    SystemState
    | ComponentState
    | ComponentAnalog
    | SystemOperation
    | SystemVersion
    | SystemConfiguration
    | ComponentConfiguration
    | SystemTime
    | TransmitterState
    | TransmitterOperation
    | TransmitterVersion
    | TransmitterConfiguration
    | Clock
    | SystemRequest
    | ComponentRequest
    | SystemRecordsRequest
    | TransmitterRequest
    | TransmitterRecordsRequest
    | Inspection
)


class Layout(msgspec.Struct, frozen=True):
    """How objects of one type flag lie in the ADU."""

    kind: type[InfoObject]
    shape: Struct
    """Fixed bytes; for a text type the bytes before it, its length last."""
    limit: int
    """Most objects that one ADU may hold."""
    text: bool = False

    def build(self, *parts: int | bytes) -> InfoObject:
        """Return an object of this layout from its parts in wire order."""
        make: Callable[..., InfoObject] = self.kind
        return make(*parts)


LAYOUTS: dict[int, Layout] = {
    1: Layout(SystemState, Struct("<BBH6s"), 102),
    2: Layout(ComponentState, Struct("<BBBIH31s6s"), 22),
    3: Layout(ComponentAnalog, Struct("<BBBIBh6s"), 63),
    4: Layout(SystemOperation, Struct("<BBBB6s"), 102),
    5: Layout(SystemVersion, Struct("<BBBB"), 1),
    6: Layout(SystemConfiguration, Struct("<BBB"), 3, text=True),
    7: Layout(ComponentConfiguration, Struct("<BBBI31s"), 26),
    8: Layout(SystemTime, Struct("<BB6s"), 1),
    21: Layout(TransmitterState, Struct("<B6s"), 1),
    24: Layout(TransmitterOperation, Struct("<BB6s"), 127),
    25: Layout(TransmitterVersion, Struct("<BB"), 1),
    26: Layout(TransmitterConfiguration, Struct("<B"), 1, text=True),
    28: Layout(Clock, Struct("<6s"), 1),
    61: Layout(SystemRequest, Struct("<BB"), 102),
    62: Layout(ComponentRequest, Struct("<BBI"), 22),
    63: Layout(ComponentRequest, Struct("<BBI"), 63),
    64: Layout(SystemRecordsRequest, Struct("<BBB6s"), 1),
    65: Layout(SystemRequest, Struct("<BB"), 1),
    66: Layout(SystemRequest, Struct("<BB"), 3),
    67: Layout(ComponentRequest, Struct("<BBI"), 26),
    68: Layout(SystemRequest, Struct("<BB"), 1),
    81: Layout(TransmitterRequest, Struct("<B"), 1),
    84: Layout(TransmitterRecordsRequest, Struct("<B6s"), 1),
    85: Layout(TransmitterRequest, Struct("<B"), 1),
    86: Layout(TransmitterRequest, Struct("<B"), 1),
    88: Layout(TransmitterRequest, Struct("<B"), 1),
    89: Layout(TransmitterRequest, Struct("<B"), 1),
    90: Layout(Clock, Struct("<6s"), 1),
    91: Layout(Inspection, Struct("<B"), 1),
}
"""Every type flag that the standard gives a layout (Table 3, 8.3)."""
