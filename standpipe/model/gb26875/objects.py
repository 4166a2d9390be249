"""Information objects of GB/T 26875.3-2011 8.3, field for field in wire order. Values as sent, nothing interpreted.

Time labels are 6 raw bytes (`frame.read_time_label` reads them); an empty one means that the sender left it out.
Addresses of components are the 4 bytes as an unsigned little-endian number; the standard does not split them.
"""

import msgspec

from standpipe.model.gb26875.text import read_text


class SystemState(msgspec.Struct, frozen=True):
    """Type 1, 8.3.1.1: the state of a whole fire facility, and when it came about."""

    system_type: int
    system_address: int
    status: int
    time: bytes


class ComponentState(msgspec.Struct, frozen=True):
    """Type 2, 8.3.1.2: the state of one component."""

    system_type: int
    system_address: int
    component_type: int
    component_address: int
    status: int
    description: bytes
    """31 bytes as sent; empty where a vendor's 15-byte object leaves it out."""
    time: bytes

    @property
    def text(self) -> str:
        """Return the description as words."""
        return read_text(self.description)


class ComponentAnalog(msgspec.Struct, frozen=True):
    """Type 3, 8.3.1.3: one analog value of a component; `raw` is signed, Table 6 gives the step."""

    system_type: int
    system_address: int
    component_type: int
    component_address: int
    analog_type: int
    raw: int
    time: bytes


class SystemOperation(msgspec.Struct, frozen=True):
    """Type 4, 8.3.1.4: what somebody did at a facility."""

    system_type: int
    system_address: int
    operation: int
    operator: int
    time: bytes


class SystemVersion(msgspec.Struct, frozen=True):
    """Type 5, 8.3.1.5."""

    system_type: int
    system_address: int
    major: int
    minor: int


class SystemConfiguration(msgspec.Struct, frozen=True):
    """Type 6, 8.3.1.6: text of any length up to 255 bytes."""

    system_type: int
    system_address: int
    content: bytes

    @property
    def text(self) -> str:
        """Return the content as words."""
        return read_text(self.content)


class ComponentConfiguration(msgspec.Struct, frozen=True):
    """Type 7, 8.3.1.7: a component's 31-byte description."""

    system_type: int
    system_address: int
    component_type: int
    component_address: int
    description: bytes

    @property
    def text(self) -> str:
        """Return the description as words."""
        return read_text(self.description)


class SystemTime(msgspec.Struct, frozen=True):
    """Type 8, 8.3.1.8: a facility's clock."""

    system_type: int
    system_address: int
    time: bytes


class TransmitterState(msgspec.Struct, frozen=True):
    """Type 21, 8.3.1.9. A vendor's 1-byte object leaves the time out."""

    status: int
    time: bytes


class TransmitterOperation(msgspec.Struct, frozen=True):
    """Type 24, 8.3.1.10: what somebody did at the transmitter, the inspection answer among it."""

    operation: int
    operator: int
    time: bytes


class TransmitterVersion(msgspec.Struct, frozen=True):
    """Type 25, 8.3.1.11."""

    major: int
    minor: int


class TransmitterConfiguration(msgspec.Struct, frozen=True):
    """Type 26, 8.3.1.12."""

    content: bytes

    @property
    def text(self) -> str:
        """Return the content as words."""
        return read_text(self.content)


class Clock(msgspec.Struct, frozen=True):
    """Type 28 (the transmitter's clock, 8.3.1.13) and type 90 (the centre sets it, 8.3.2.15)."""

    time: bytes


class SystemRequest(msgspec.Struct, frozen=True):
    """Types 61, 65, 66, 68: the centre asks about one facility."""

    system_type: int
    system_address: int


class ComponentRequest(msgspec.Struct, frozen=True):
    """Types 62, 63, 67: the centre asks about one component, which it names without a component type."""

    system_type: int
    system_address: int
    component_address: int


class SystemRecordsRequest(msgspec.Struct, frozen=True):
    """Type 64, 8.3.2.4: up to 102 operation records from a time on."""

    system_type: int
    system_address: int
    count: int
    start: bytes


class TransmitterRequest(msgspec.Struct, frozen=True):
    """Types 81, 85, 86, 88 and 89 (initialise): one reserved byte, 0."""

    reserved: int = 0


class TransmitterRecordsRequest(msgspec.Struct, frozen=True):
    """Type 84, 8.3.2.10."""

    count: int
    start: bytes


class Inspection(msgspec.Struct, frozen=True):
    """Type 91, 8.3.2.16: is anybody there? Minutes allowed for the answer."""

    minutes: int
