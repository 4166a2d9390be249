"""What the platform would have written of the sample town: health, roll-ups, incidents, its own numbers. Simulated."""

import math
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from dashboards.facts import Facts
from standpipe.model.reading import Value
from storage.influx.platform_points import Point

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
ZONES = {"riverside": 260.0, "old-town": 210.0, "hillside": 165.0}
"""Pressure zone -> static pressure in kPa."""
HYDRANTS_PER_ZONE = 20
DEVICES_PER_KIND = 4
SITE, DISTRICT, WAREHOUSE = "yunting", "yunting", "grain-warehouse"
COMPANIES = ("simulated-fire-services", "simulated-maintenance")
LOCAL = timedelta(hours=8)

Fields = Mapping[str, Value | None]


def hydrant_names() -> list[tuple[str, str]]:
    """Return (device, zone) of every hydrant of the town."""
    return [(f"HY-{zone[:2].upper()}-{n:02d}", zone) for zone in ZONES for n in range(1, HYDRANTS_PER_ZONE + 1)]


def pressure_at(zone: str, number: int, at: int, dice: random.Random) -> float:
    """Return kPa of one hydrant: lower by day, lower at the end of the main, a little noise."""
    local = (at // 1000 + LOCAL.total_seconds()) / 3600 % 24
    demand = 0.5 - 0.5 * math.cos((local - 3) / 24 * 2 * math.pi)
    return ZONES[zone] - 35 * demand - 1.5 * number + dice.gauss(0, 1.5)


def health(facts: Facts, now: int, dice: random.Random) -> Iterator[Point]:
    """Yield what is known of each device: every minute of the last twenty, every five minutes of the totals' week."""
    others = [
        (f"{kind}-{n}", kind, WAREHOUSE, f"floor-{n % 2}")
        for kind in facts.kinds
        if kind != "hydrant"
        for n in range(DEVICES_PER_KIND)
    ]
    devices = [(device, "hydrant", SITE, zone) for device, zone in hydrant_names()] + others
    for at in range(now - 10 * MINUTE, now + 1, MINUTE):
        for index, (device, kind, site, zone) in enumerate(devices):
            silent = index % 17 == 5
            hydrant = kind == "hydrant"
            yield Point(
                "device_health",
                {
                    "device": device, "kind": kind, "site": site, "zone": zone, "district": DISTRICT,
                    "company": COMPANIES[index % 2], "firmware": f"1.{index % 3}",
                },
                {
                    "name": f"{device} (simulated)", "latitude": 37.6 + index % 9 / 500,
                    "longitude": 93.2 + index % 7 / 500,
                    "readiness": (0 if silent else 3 - index % 19 // 17) if hydrant else None,
                    "online": 0 if silent else 1, "intact": 0 if index % 13 == 5 else 1,
                    "age": 30_000.0 + index if silent else 40.0 + index,
                    "pressure": pressure_at(zone, index % HYDRANTS_PER_ZONE, at, dice) if hydrant else None,
                    "battery": 95.0 - index % 60, "battery_left": (600.0 - 7 * index % 590) * 86_400,
                    "rsrp": -85.0 - index % 40, "clock_error": index % 8 / 2,
                    "sim_left": (400.0 - 5 * index % 380) * 86_400,
                },
                at,
            )  # fmt: skip
    groups = [("hydrant", SITE, zone, HYDRANTS_PER_ZONE) for zone in ZONES]
    groups += [(kind, WAREHOUSE, "floor-0", DEVICES_PER_KIND) for kind in facts.kinds if kind != "hydrant"]
    times = [*range(now - 7 * DAY, now - HOUR, 15 * MINUTE), *range(now - HOUR, now + 1, MINUTE)]
    for at in times:
        for index, (kind, site, zone, total) in enumerate(groups):
            quiet = int(dice.random() < 0.3)
            grades: Fields = {"usable": total - 2 - quiet, "degraded": 1, "unusable": 1, "unknown": quiet}
            yield Point(
                "fleet",
                {"kind": kind, "site": site, "zone": zone, "district": DISTRICT, "company": COMPANIES[index % 2]},
                {
                    "total": total,
                    "online": total - silent,
                    "intact": total - silent,
                    **(grades if kind == "hydrant" else {}),
                },
                at,
            )


def roll_ups(now: int, dice: random.Random) -> Iterator[Point]:
    """Yield four weeks of hours."""
    for at in range(now - now % HOUR - 28 * DAY, now - now % HOUR + 1, HOUR):
        local = datetime.fromtimestamp(at / 1000, UTC) + LOCAL
        for zone in ZONES:
            values = [pressure_at(zone, number, at, dice) for number in range(HYDRANTS_PER_ZONE)]
            yield Point(
                "zone_hour",
                {"site": SITE, "zone": zone, "district": DISTRICT},
                {
                    "minimum": min(values), "mean": sum(values) / len(values), "maximum": max(values),
                    "samples": 12 * len(values), "compliant": 12 * sum(value >= 140 for value in values),
                    "weekday": local.isoweekday(), "hour": local.hour,
                },
                at,
            )  # fmt: skip


def wall(now: int) -> Iterator[Point]:
    """Yield the totals of the last quarter of an hour, two open fires and the hydrants near them."""
    for at in range(now - 15 * MINUTE, now + 1, 15_000):
        totals: Fields = {
            "suspected": 1,
            "confirmed": 1,
            "incidents": 2,
            "alerts": 3,
            "devices_total": 78,
            "devices_heard": 74,
        }
        grades: Fields = {"usable": 52, "degraded": 3, "unusable": 1, "unknown": 4, "problems": 0}
        yield Point("wall", {}, {**totals, **grades}, at)
        for source in ("collector-1", "collector-2"):
            yield Point("source", {"source": source}, {"age": 2.0, "silent": 0}, at)
        for slot, state in (("01", "suspected"), ("02", "confirmed")):
            where = {"slot": slot, "signal": "fire", "site": WAREHOUSE, "zone": "floor-0", "district": DISTRICT}
            title = f"Fire, grain warehouse {slot} (simulated)"
            yield Point("open_incident", where, {"incident": slot, "title": title, "state": state, "age": 90.0}, at)
            for rank, (device, zone) in enumerate(hydrant_names()[:4], start=1):
                near: Fields = {"incident": slot, "device": device, "name": zone, "distance": 80.0 * rank}
                last: Fields = {"pressure": 230.0, "age": 45.0, "readiness": 3}
                yield Point("incident_hydrant", {"slot": slot, "rank": f"{rank:02d}"}, {**near, **last}, at)


def events(now: int, dice: random.Random) -> Iterator[Point]:
    """Yield a week of alerts, incidents and notices, and one flow test per hydrant."""
    rules = (("hydrant.low_pressure", "supervisory"), ("smoke.fire", "fire"), ("hydrant.low_battery", "fault"))
    for index in range(420):
        at = now - 7 * DAY + index * 24 * MINUTE - dice.randrange(MINUTE)
        rule, signal = rules[index % 3]
        device, zone = hydrant_names()[index % 60]
        site = WAREHOUSE if signal == "fire" else SITE
        tags = {"device": device, "rule": rule, "signal": signal, "site": site, "zone": zone, "district": DISTRICT}
        for offset in range(2 if index % 10 else 6):
            state = "resolved" if offset % 2 else "firing"
            yield Point("alert", {**tags, "state": state}, {"title": rule, "value": 120.0}, at + offset * 9_000)
        if signal == "fire":
            yield from _incident(f"I{index:04d}", site, at, index, dice)
    for number, (device, zone) in enumerate(hydrant_names()):
        tags = {"device": device, "site": SITE, "zone": zone, "district": DISTRICT}
        result: Fields = {"flow": 16.0 + number % 5, "static": 240.0, "residual": 150.0, "tester": "simulated"}
        yield Point("flow_test", tags, result, now - 90 * DAY)


def _incident(id_: str, site: str, at: int, index: int, dice: random.Random) -> Iterator[Point]:
    """Yield one incident's life and its notices."""
    end = ("false_alarm", "confirmed", "fault", "false_alarm", "test")[index % 5]
    for event, after in (("opened", 0.0), ("acknowledged", dice.uniform(10, 80)), (end, dice.uniform(60, 240))):
        tags = {"event": event, "signal": "fire", "site": site, "zone": "floor-0", "district": DISTRICT}
        words: Fields = {"incident": id_, "title": f"{id_} {event}", "text": "simulated", "tags": f"fire,{event}"}
        disposed = int(event == "false_alarm") if event == end else None
        yield Point("incident", tags, {**words, "after": after, "false_alarm": disposed}, at + int(after * 1000))
    for step in range(1 + index % 3):
        tags = {"channel": ("sms", "webhook")[step % 2], "step": str(step), "site": site}
        sent: Fields = {"incident": id_, "attempts": 1, "delivered": 1, "receipt": dice.uniform(0.5, 6)}
        yield Point("notice", tags, sent, at + step * MINUTE)


def itself(now: int, dice: random.Random) -> Iterator[Point]:
    """Yield a day of the platform's own numbers."""
    received = 0
    for at in range(now - 6 * HOUR, now + 1, MINUTE):
        received += 600 + dice.randrange(60)
        counted: Fields = {"received": received, "stored": received - 2, "quarantined": 1, "duplicates": 1}
        yield Point("collector", {"collector": "c1"}, {**counted, "dead_letters": 0, "connections": 84}, at)
        for output in ("influxdb", "alerting"):
            for lane in ("fire", "normal"):
                tags = {"collector": "c1", "output": output, "lane": lane}
                yield Point("collector_output", tags, {"lag_rows": dice.randrange(5), "lag": dice.uniform(0, 0.4)}, at)
        for process, memory in (("collector", 80e6), ("alerting", 120e6), ("tsdb", 200e6)):
            needs: Fields = {
                "memory": memory,
                "cpu": dice.uniform(2, 9),
                "uptime": float((at - now) % (4 * HOUR)) / 1000,
            }
            yield Point("process", {"process": process, "host": "simulated"}, needs, at)
        for stage, p99 in (("stored", 0.006), ("accepted", 0.011), ("handed_over", 0.04), ("delivered", 1.9)):
            yield Point("latency", {"stage": stage}, {"p50": p99 / 3, "p99": p99 * dice.uniform(0.8, 1.4)}, at)
