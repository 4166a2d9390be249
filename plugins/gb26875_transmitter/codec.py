"""GB/T 26875.3-2011 transmitters and the components behind them. The payload is the whole frame.

`uplink.profile` names vendor dialects, several joined by `+`: `bit0` (bit 0 of a status word is kept up, so that a
word without any bit means test), `nb` (analog codes 128 and 136 are radio signal in dBm and battery in mV).
"""

from standpipe.model.gb26875 import adu, frame
from standpipe.model.gb26875.layouts import InfoObject
from standpipe.model.gb26875.objects import (
    Clock,
    ComponentAnalog,
    ComponentState,
    SystemOperation,
    SystemState,
    TransmitterOperation,
    TransmitterState,
    TransmitterVersion,
)
from standpipe.model.gb26875.tables import (
    ANALOGS,
    COMPONENT_BITS,
    SYSTEM_BITS,
    SYSTEM_OPERATIONS,
    TRANSMITTER_BITS,
    TRANSMITTER_OPERATIONS,
    bits_on,
)
from standpipe.model.reading import Observation, Uplink, Value
from standpipe.model.signal import Signal

KEEP_ALIVE = 7
"""Not in the standard: an empty frame with this command is one vendor's heartbeat."""
ANALOG_METRICS: dict[int, tuple[str, float]] = {
    1: ("event_count", 1),
    2: ("level", 1),
    3: ("temperature", 1),
    4: ("pressure", 1000),
    5: ("pressure", 1),
    6: ("gas", 1),
    7: ("duration", 1),
    8: ("voltage", 1),
    9: ("current", 1000),
    10: ("flow", 1),
    11: ("air_flow", 1),
    12: ("air_speed", 1),
}
"""Analog type -> our metric, and what the wire's unit is multiplied by (MPa to kPa, A to mA)."""
NB_ANALOGS: dict[int, tuple[str, float]] = {128: ("rsrp", 1), 136: ("voltage", 0.001)}
STATES = ("fire", "fault", "shielded", "supervisory", "started", "feedback", "delay")
"""Bits that are signals by their own name. A power, bus, channel or line fault is a fault too, and a field."""
OTHERS = {
    SystemState: [name for name in SYSTEM_BITS if name not in ("normal", *STATES)],
    ComponentState: ["power_fault"],
    TransmitterState: [name for name in TRANSMITTER_BITS if name not in ("normal", *STATES)],
}
"""Bits that become yes-or-no fields, stated in every message so that they also clear."""


def decode(uplink: Uplink) -> list[Observation]:
    """Return one observation per information object; a heartbeat is one that says `alive`.

    What a centre sends, confirmations, denials and configuration say nothing to measure: no observation, no error.
    """
    whole = frame.decode(uplink.payload)
    sent_at = frame.read_time_label(whole.time, uplink.utc_offset)
    if whole.command not in (frame.Command.SEND, frame.Command.RESPONSE, KEEP_ALIVE):
        return []
    if not whole.adu:
        return [Observation(fields={"alive": True}, observed_at=sent_at)]
    profile = frozenset(uplink.profile.split("+"))
    found = []
    for item in adu.decode(whole.adu).objects:
        label = getattr(item, "time", b"")
        stated_at = frame.read_time_label(label, uplink.utc_offset) if label else None
        at = sent_at if stated_at is None else stated_at
        match item:
            case SystemState():
                found.append(_state(item, SYSTEM_BITS, at, profile))
            case ComponentState():
                found.append(_state(item, COMPONENT_BITS, at, profile))
            case TransmitterState():
                found.append(_state(item, TRANSMITTER_BITS, at, profile))
            case ComponentAnalog():
                found.append(_analog(item, at, profile))
            case SystemOperation():
                found.append(_operation(item, SYSTEM_OPERATIONS, at))
            case TransmitterOperation():
                found.append(_operation(item, TRANSMITTER_OPERATIONS, at))
            case TransmitterVersion():
                found.append(Observation(fields={"version": f"{item.major}.{item.minor}"}, observed_at=at))
            case Clock() if stated_at is not None:
                error = {"clock_error": (stated_at - uplink.received_at) / 1000} if uplink.received_at else {}
                found.append(Observation(fields={"alive": True, **error}, observed_at=at))
    return found


def _component(item: InfoObject) -> tuple[str, dict[str, Value]]:
    """Return a component's identity, and the codes that say what it is."""
    match item:
        case ComponentState() | ComponentAnalog():
            id_ = f"{item.system_type}.{item.system_address}.{item.component_type}.{item.component_address}"
            return id_, {"system_type": item.system_type, "component_type": item.component_type}
        case SystemState() | SystemOperation():
            return f"{item.system_type}.{item.system_address}", {"system_type": item.system_type}
    return "", {}


def _state(
    item: SystemState | ComponentState | TransmitterState, names: list[str], at: int | None, profile: frozenset[str]
) -> Observation:
    """Return the signals of a status word. Bit 0 off means test only where the profile says that it is kept up."""
    on = bits_on(item.status, names)
    component, fields = _component(item)
    flags = OTHERS[type(item)]
    signals = {Signal(name) for name in on if name in STATES}
    if any(name.endswith("_fault") for name in on):
        signals.add(Signal.FAULT)
    if not on and "bit0" in profile:
        signals.add(Signal.TEST)
    return Observation(
        fields={**fields, "status": item.status, **{name: name in on for name in flags}},
        signals=frozenset(signals),
        reports_signals=True,
        observed_at=at,
        component=component,
        text=item.text if isinstance(item, ComponentState) else "",
    )


def _analog(item: ComponentAnalog, at: int | None, profile: frozenset[str]) -> Observation:
    """Return the value in our unit; a code that nobody has explained is kept as code and raw word."""
    component, fields = _component(item)
    analog = ANALOGS.get(item.analog_type)
    user = NB_ANALOGS.get(item.analog_type) if "nb" in profile else None
    if analog is not None:
        metric, factor = ANALOG_METRICS[item.analog_type]
        fields[metric] = round(analog.value(item.raw) * factor, 3)
    elif user is not None:
        fields[user[0]] = round(item.raw * user[1], 3)
    else:
        fields |= {"analog_code": item.analog_type, "analog_raw": item.raw}
    return Observation(fields=fields, observed_at=at, component=component)


def _operation(item: SystemOperation | TransmitterOperation, names: list[str], at: int | None) -> Observation:
    """Return what somebody did. A manual alarm is a person who says that it burns; the rest are fields."""
    on = bits_on(item.operation, names)
    component, fields = _component(item)
    did: dict[str, Value] = {f"did_{name}": True for name in names if name in on}
    return Observation(
        fields={**fields, "operations": item.operation, "operator": item.operator, **did},
        signals=frozenset({Signal.MANUAL_ALARM} if "manual_alarm" in on else ()),
        observed_at=at,
        component=component,
    )
