"""Points of the measurements that Standpipe writes about itself, as line protocol. Sends nothing."""

from collections.abc import Iterable, Mapping

import msgspec

from standpipe.model.platform import Measurement
from standpipe.model.reading import Value

_TAG = str.maketrans({",": "\\,", " ": "\\ ", "=": "\\=", "\n": "\\n", "\r": "\\r"})
_TEXT = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": " ", "\r": " "})


class Point(msgspec.Struct, frozen=True):
    """One point of a platform measurement. `at` is epoch ms."""

    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, Value | None]
    """A value of None is left out."""
    at: int


def encode_points(points: Iterable[Point], platform: Mapping[str, Measurement]) -> bytes:
    """Return one line per point that has a field, types as platform.toml declares them.

    Raises KeyError for a measurement, tag or field that is not declared: a chart could not find it.
    """
    return "".join(_line(point, platform[point.measurement]) for point in points).encode("utf-8", "replace")


def _line(point: Point, declared: Measurement) -> str:
    tags = ""
    for name in sorted(point.tags):
        if name not in declared.tags:
            raise KeyError(f"{point.measurement} declares no tag {name}")
        value = point.tags[name].rstrip("\\")
        if value:
            tags += f",{name}={value.translate(_TAG)}"
    fields = ",".join(
        f"{name}={_value(value, declared.fields[name].field_type)}"
        for name, value in point.fields.items()
        if value is not None
    )
    return f"{point.measurement}{tags} {fields} {point.at}\n" if fields else ""


def _value(value: Value, type_: type) -> str:
    if type_ is str:
        return '"' + str(value).translate(_TEXT) + '"'
    if type_ is int:
        return f"{int(value)}i"
    return repr(float(value)) if type_ is float else str(bool(value)).lower()
