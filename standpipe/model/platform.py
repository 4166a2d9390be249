"""The measurements that Standpipe writes about itself: names, tags, fields and units. Writes none of them."""

from pathlib import Path

import msgspec

from standpipe.model.device_type import SNAKE, Metric
from standpipe.model.errors import ConfigError, Fault
from standpipe.model.toml_file import convert, line_of, read_toml
from standpipe.model.units import UNITS

FILE = Path(__file__).with_name("platform.toml")
PLATFORM_UNITS = frozenset(UNITS) | {"By"}
"""Device units and bytes, which no device measures."""


class Measurement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One measurement: who reads or writes it goes by these names."""

    label: dict[str, str]
    every: str
    """How often it is written; empty when it is written as things happen."""
    tags: list[str]
    fields: dict[str, Metric]


class _PlatformFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """platform.toml under one key, so that its tables are read as a mapping."""

    measurement: dict[str, Measurement]


def read_platform(path: Path = FILE) -> dict[str, Measurement]:
    """Return each measurement by name. Raises ConfigError with every fault."""
    tables = convert({"measurement": read_toml(path)}, _PlatformFile, path=path).measurement
    faults: list[Fault] = []

    def fault(key: str, reason: str) -> None:
        faults.append(Fault(str(path), key, reason, line_of(path, key)))

    for name, table in tables.items():
        for part in (name, *table.tags, *table.fields):
            if not SNAKE.fullmatch(part):
                fault(name, f"{part!r} must be snake_case")
        for field, metric in table.fields.items():
            if metric.unit not in PLATFORM_UNITS:
                fault(f"{name}.fields.{field}.unit", f"unknown unit {metric.unit!r}")
            if field in table.tags:
                fault(f"{name}.fields.{field}", "is also a tag")
    if faults:
        raise ConfigError(faults)
    return tables
