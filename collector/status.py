"""The collector's own pages: quarantine, status, health, metrics. Never changes anything."""

from collections.abc import Callable

import msgspec

from collector.counters import Counters, prometheus
from collector.inputs.http import Page
from collector.spool import Spool
from standpipe.model import clock

INPUTS = ("gb26875", "http", "mqtt")
_JSON = "application/json"


def pages(spool: Spool, counters: Counters, connections: Callable[[], int]) -> dict[str, Page]:
    """Return the pages by path; `connections` tells how many transmitters are connected."""

    async def health() -> tuple[bytes, str]:
        return msgspec.json.encode({"status": "pass", "collector": spool.id}), _JSON

    async def quarantine() -> tuple[bytes, str]:
        return msgspec.json.encode(await spool.quarantine.listing()), _JSON

    async def status() -> tuple[bytes, str]:
        body = {
            "collector": spool.id,
            "spool": await spool.lags(clock.now()),
            "spool_used": round(spool.full, 4),
            "dead_letters": await spool.dead_letters.count(),
            "inputs": counters.by_label(INPUTS),
            "outputs": counters.by_label(cursor.output for cursor in spool.cursors),
            "connections": connections(),
        }
        return msgspec.json.encode(body), _JSON

    async def metrics() -> tuple[bytes, str]:
        lags = await spool.lags(clock.now())
        gauges: dict[str, dict[str, float]] = {
            "connections_open": {"": connections()},
            "spool_used_ratio": {"": spool.full},
            "lag_rows": {},
            "lag_seconds": {},
        }
        for lane, state in lags.items():
            for output, lag in state["outputs"].items():
                label = f'lane="{lane}",output="{output}"'
                gauges["lag_rows"][label] = lag["lag_rows"]
                gauges["lag_seconds"][label] = lag["lag_seconds"]
        return prometheus(counters, gauges).encode(), "text/plain; version=0.0.4"

    return {"/health": health, "/quarantine": quarantine, "/status": status, "/metrics": metrics}
