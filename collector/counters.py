"""Counters of the collector and their Prometheus text. Counts uplinks so that the sums must add up; keeps no history.

For every input, once nothing is in flight:
received = stored + quarantined + duplicate + empty + refused.
"""

from collections.abc import Iterable, Mapping

HELP: dict[str, str] = {
    "received": "uplinks taken from a transport",
    "stored": "uplinks whose readings are on disk",
    "quarantined": "uplinks kept with the reason why they could not be used",
    "duplicate": "uplinks sent again by their sender, acknowledged again, not stored again",
    "empty": "uplinks that say nothing but that their sender lives",
    "refused": "uplinks not acknowledged because the disk refused them",
    "readings": "readings on disk",
    "fire_readings": "readings on disk that went through the fire lane",
    "suspect_readings": "readings outside their declared range or with a clock that cannot be right",
    "clock_future": "readings stamped ahead of the collector's clock",
    "clock_old": "readings stamped too long ago to be believed",
    "clock_shifted": "readings whose time was moved because their sender's clock is wrong",
    "skipped_bytes": "bytes on a TCP connection that belonged to no frame",
    "bad_frames": "frames with a wrong checksum",
    "denied": "frames answered with a denial",
    "confirmed": "frames answered with a confirmation",
    "polls_failed": "questions to Modbus slaves without a usable answer",
    "datagrams_dropped": "UDP datagrams not taken because the disk is slow",
    "connections": "connections accepted",
    "connections_refused": "connections turned away because there were too many",
    "connections_evicted": "silent connections closed to make room",
    "connections_idle": "connections closed because nothing came",
    "connections_garbage": "connections closed because nothing but garbage came",
    "delivered": "readings taken by an output",
    "retried": "deliveries that have to be tried again",
    "dead_letters": "readings or lines that an output refused for good",
    "spool_dropped": "normal records dropped because the spool is full",
}
"""Meaning of each counter; a name outside this list is a mistake."""


class Counters:
    """Plain integers by (name, label). The label is an input or output."""

    def __init__(self) -> None:
        """Start at zero."""
        self._values: dict[tuple[str, str], int] = {}

    def add(self, name: str, label: str, amount: int = 1) -> None:
        """Count; `name` is one of HELP."""
        key = (name, label)
        try:
            self._values[key] += amount
        except KeyError:
            if name not in HELP:
                raise
            self._values[key] = amount

    def get(self, name: str, label: str) -> int:
        """Return one counter, 0 where nothing was counted."""
        return self._values.get((name, label), 0)

    def by_label(self, labels: Iterable[str]) -> dict[str, dict[str, int]]:
        """Return the counters of some labels, by label and name."""
        wanted = set(labels)
        found: dict[str, dict[str, int]] = {label: {} for label in wanted}
        for (name, label), value in self._values.items():
            if label in wanted:
                found[label][name] = value
        return found

    def labels(self) -> set[str]:
        """Return every label that something was counted under."""
        return {label for _, label in self._values}


def prometheus(counters: Counters, gauges: Mapping[str, Mapping[str, float]]) -> str:
    """Return counters and gauges in Prometheus' text format.

    `gauges`: metric name -> label text (`lane="fire"` or empty) -> value.
    """
    lines: list[str] = []
    by_name: dict[str, list[tuple[str, int]]] = {}
    for label, values in counters.by_label(counters.labels()).items():
        for name, value in values.items():
            by_name.setdefault(name, []).append((label, value))
    for name in sorted(by_name):
        lines.append(f"# HELP standpipe_collector_{name}_total {HELP[name]}")
        lines.append(f"# TYPE standpipe_collector_{name}_total counter")
        lines += [f'standpipe_collector_{name}_total{{at="{label}"}} {value}' for label, value in sorted(by_name[name])]
    for name in sorted(gauges):
        lines.append(f"# TYPE standpipe_collector_{name} gauge")
        for label, number in sorted(gauges[name].items()):
            lines.append(
                f"standpipe_collector_{name}{{{label}}} {number:g}"
                if label
                else f"standpipe_collector_{name} {number:g}"
            )
    return "\n".join(lines) + "\n"
