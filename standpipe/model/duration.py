"""Durations as people write them in files: 90s, 10m, 2h, 7d."""

import re

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_SHAPE = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")


def parse_duration(text: str) -> int:
    """Return milliseconds for `90s`, `1h30m` and the like. Raises ValueError naming what was expected."""
    parts = _SHAPE.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"expected a duration like 90s, 10m, 2h or 1h30m, got {text!r}")
    return round(sum(float(number) * _UNITS[unit] for number, unit in parts))


def format_duration(ms: int) -> str:
    """Return the shortest of the same notation: 90000 -> 1m30s."""
    if ms < 1000:
        return f"{ms}ms"
    out, rest = "", ms
    for unit in ("d", "h", "m", "s"):
        count, rest = divmod(rest, _UNITS[unit])
        out += f"{count}{unit}" if count else ""
    return out
