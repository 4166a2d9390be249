"""Hourly roll-ups of zone pressure, computed from stored readings and again for late ones. Reads InfluxDB only."""

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from standpipe.model.registry import Registry
from storage.influx.platform_points import Point
from storage.influx.query import InfluxQuery, Instant

HOUR = 3_600_000
LATE_HOURS = 26
"""Battery devices send a day in one batch: hours this old are computed again."""
MINIMUM_KPA = 140.0
"""Normal running pressure that a sample must reach to be compliant (GB 55036-2022 3.0.3)."""
_WHERE = "FROM hydrant WHERE time >= $start AND time < $end"
_BY = "GROUP BY time(1h), zone, site, district fill(none)"

Key = tuple[str, str, str, int]


async def zone_hours(
    query: InfluxQuery, registry: Registry, *, now: int, back: int = LATE_HOURS, minimum: float = MINIMUM_KPA
) -> list[Point]:
    """Return a point per zone for each of the last `back` hours and the one that runs.

    `minimum` is the kPa that a compliant sample reaches. Raises as `InfluxQuery.query`.
    """
    span = {"start": Instant(now - now % HOUR - back * HOUR), "end": Instant(now + 1)}
    every = await query.query(
        f"SELECT min(pressure) AS minimum, mean(pressure) AS mean, max(pressure) AS maximum, "
        f"count(pressure) AS samples {_WHERE} {_BY}",
        span,
    )
    good = await query.query(
        f"SELECT count(pressure) AS compliant {_WHERE} AND pressure >= $minimum {_BY}",
        {**span, "minimum": minimum},
    )
    compliant = {_key(series.tags, row["time"]): row["compliant"] for series in good for row in series.rows()}
    return [
        Point(
            "zone_hour",
            {name: series.tags.get(name, "") for name in ("site", "zone", "district")},
            {
                "minimum": row["minimum"],
                "mean": row["mean"],
                "maximum": row["maximum"],
                "samples": row["samples"],
                "compliant": compliant.get(_key(series.tags, row["time"]), 0),
                **_local(series.tags, row["time"], registry),
            },
            int(row["time"] or 0),
        )
        for series in every
        for row in series.rows()
        if row["samples"]
    ]


def _key(tags: Mapping[str, str], at: object) -> Key:
    return tags.get("site", ""), tags.get("zone", ""), tags.get("district", ""), int(str(at))


def _local(tags: Mapping[str, str], at: object, registry: Registry) -> dict[str, int]:
    """Return weekday (1 = Monday) and hour of the site's wall clock."""
    site = registry.sites.get(tags.get("site", ""))
    zone = ZoneInfo(site.timezone if site else "Asia/Shanghai")
    local = datetime.fromtimestamp(int(str(at)) / 1000, UTC).astimezone(zone)
    return {"weekday": local.isoweekday(), "hour": local.hour}
