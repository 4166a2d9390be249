"""GROUP BY time: which interval a moment falls into, in Python and in SQL, in any time zone. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from storage.tsdb.condition import MAX_TIME, MIN_TIME

_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """Intervals of `length` ns starting at `offset`; no intervals when the length is 0."""

    length: int = 0
    offset: int = 0
    zone: str = ""

    def start(self, at: int) -> int:
        """Return the start of the interval that holds `at`."""
        shift = self.zone_shift(at) - self.offset
        found = (at + shift) // self.length * self.length - shift
        return found + self.zone_shift(at) - self.zone_shift(found) if self.zone else found

    def next(self, start: int) -> int:
        """Return the start of the interval after the one that starts at `start`."""
        if not self.zone:
            return start + self.length
        return self.start(start + self.length + max(0, self.zone_shift(start) - self.zone_shift(start + self.length)))

    def previous(self, start: int) -> int:
        """Return the start of the interval before the one that starts at `start`."""
        return self.start(start - 1) if self.zone else start - self.length

    def zone_shift(self, at: int) -> int:
        """Return how many ns the zone's clock is ahead of UTC at a moment."""
        if not self.zone or not -62_000_000_000 < at // _SECOND < 250_000_000_000:
            return 0
        moment = datetime.fromtimestamp(at // _SECOND, ZoneInfo(self.zone))
        return round((moment.utcoffset() or timedelta()).total_seconds()) * _SECOND

    def sql(self, low: int, high: int) -> str:
        """Return SQL for the start of the interval of column `t`, which lies in low..high."""
        if not self.zone:
            return self._floor(0)
        changes = self._changes(max(low, 0), min(high, 7_258_118_400 * _SECOND))
        if not changes:
            return self._floor(self.zone_shift(low if low > MIN_TIME else 0))
        cases = " ".join(f"WHEN t < {at} THEN {self._local_floor(at - 1)}" for at in changes)
        return f"(CASE {cases} ELSE {self._local_floor(changes[-1])} END)"

    def _floor(self, zone_shift: int) -> str:
        shift = (zone_shift - self.offset) % self.length
        return f"(t - (((t + {shift}) % {self.length}) + {self.length}) % {self.length})"

    def _local_floor(self, at: int) -> str:
        """Return SQL for moments with the same clock as `at`; a start before the last change keeps local midnight."""
        return self._floor(self.zone_shift(at))

    def _changes(self, low: int, high: int) -> list[int]:
        """Return the moments in low..high at which the zone's clock jumps."""
        step = 86_400 * 7 * _SECOND
        found: list[int] = []
        at = low
        while at < high and len(found) < 400 and high != MAX_TIME:
            after = min(at + step, high)
            if self.zone_shift(at) != self.zone_shift(after):
                first, last = at, after
                while last - first > _SECOND:
                    middle = (first + last) // 2
                    same = self.zone_shift(middle) == self.zone_shift(at)
                    first, last = (middle, last) if same else (first, middle)
                found.append(-(-last // _SECOND) * _SECOND)
            at = after
        return found
