"""A plausible day of a simulated town as line protocol, for trying queries. Never field data."""

import random
from collections.abc import Iterator

from dashboards import sample_platform
from dashboards.facts import Facts
from dashboards.sample_platform import (
    DAY,
    DEVICES_PER_KIND,
    DISTRICT,
    HOUR,
    HYDRANTS_PER_ZONE,
    MINUTE,
    SITE,
    WAREHOUSE,
    hydrant_names,
    pressure_at,
)
from standpipe.model.device_type import Metric
from standpipe.model.platform import read_platform
from standpipe.model.reading import Reading, Value
from standpipe.model.signal import Signal
from storage.influx.line_protocol import LineEncoder, signals_by_kind
from storage.influx.platform_points import encode_points

BY_UNIT = {
    "kPa": 320.0,
    "Cel": 18.0,
    "m": 3.2,
    "L/s": 12.0,
    "%LEL": 4.0,
    "mA": 120.0,
    "V": 221.0,
    "%": 78.0,
    "dBm": -92.0,
}


def lines(facts: Facts, now: int, *, seed: int = 1) -> Iterator[bytes]:
    """Yield chunks of line protocol in ms up to `now`: a day of readings, four weeks of roll-ups."""
    dice = random.Random(seed)  # noqa: S311 — plausible numbers, not secrets
    now -= now % MINUTE
    encoder = LineEncoder(signals_by_kind(facts.types))
    yield encoder.encode(list(_hydrants(facts, now, dice)))
    for kind in facts.kinds:
        if kind != "hydrant":
            yield encoder.encode(list(_others(facts, kind, now, dice)))
    platform = read_platform()
    for points in (
        sample_platform.health(facts, now, dice),
        sample_platform.roll_ups(now, dice),
        sample_platform.wall(now),
        sample_platform.events(now, dice),
        sample_platform.itself(now, dice),
    ):
        yield encode_points(points, platform)


def _hydrants(facts: Facts, now: int, dice: random.Random) -> Iterator[Reading]:
    metrics = facts.metrics("hydrant")
    for index, (device, zone) in enumerate(hydrant_names()):
        for at in range(now - DAY, now + 1, 5 * MINUTE):
            opened = index == 7 and now - 50 * MINUTE < at <= now - 10 * MINUTE
            fields: dict[str, Value] = {name: _value(metric, at, index, dice) for name, metric in metrics.items()}
            fields["pressure"] = pressure_at(zone, index % HYDRANTS_PER_ZONE, at, dice) - (90 if opened else 0)
            yield Reading(
                device=device, kind="hydrant", observed_at=at, received_at=at, fields=fields,
                site=SITE, zone=zone, district=DISTRICT,
            )  # fmt: skip


def _others(facts: Facts, kind: str, now: int, dice: random.Random) -> Iterator[Reading]:
    """Yield readings of devices of any other kind, each signal on once in the day."""
    metrics, signals = facts.metrics(kind), facts.signals(kind)
    for index in range(DEVICES_PER_KIND):
        for step, at in enumerate(range(now - DAY, now + 1, 10 * MINUTE)):
            on: frozenset[Signal] = frozenset()
            if signals and step >= 135 and index == step % DEVICES_PER_KIND:
                on = frozenset({signals[step % len(signals)]})
            yield Reading(
                device=f"{kind}-{index}", kind=kind, observed_at=at, received_at=at,
                fields={name: _value(metric, at, index, dice) for name, metric in metrics.items()},
                signals=on, reports_signals=bool(signals), site=WAREHOUSE, zone=f"floor-{index % 2}", district=DISTRICT,
            )  # fmt: skip


def _value(metric: Metric, at: int, index: int, dice: random.Random) -> Value:
    """Return a believable value of a metric, by its type and unit."""
    if metric.field_type is bool:
        return (at // HOUR + index) % 12 == 0
    if metric.field_type is str:
        return next(iter(metric.values), "simulated")
    if metric.field_type is int:
        return int(next((key for key in metric.values if key.isdigit()), index))
    return round(BY_UNIT.get(metric.unit, 1.0) * (1 + dice.gauss(0, 0.02)), 3)
