"""The collector's own pages: quarantine, status, health, metrics. Never changes anything."""

from collections.abc import Callable

import msgspec

from collector.counters import Counters, prometheus
from collector.inputs.http import Request, Response, Route
from collector.spool import Spool
from standpipe.model import clock

_GET = frozenset({"GET"})


def pages(spool: Spool, counters: Counters, connections: Callable[[], int]) -> dict[str, Route]:
    """Return the pages by path; `connections` tells how many transmitters are connected."""

    async def health(_: Request) -> Response:
        return Response(msgspec.json.encode({"status": "pass", "collector": spool.id}))

    async def quarantine(_: Request) -> Response:
        return Response(msgspec.json.encode(await spool.quarantine.listing()))

    async def status(_: Request) -> Response:
        outputs = {cursor.output for cursor in spool.cursors}
        body = {
            "collector": spool.id,
            "spool": await spool.lags(clock.now()),
            "spool_used": round(spool.full, 4),
            "spool_hours_left": round(spool.hours, 1),
            "troubles": spool.troubles(),
            "dead_letters": await spool.dead_letters.count(),
            "inputs": counters.by_label(counters.labels() - outputs - {"spool"}),
            "outputs": counters.by_label(outputs),
            "connections": connections(),
        }
        return Response(msgspec.json.encode(body))

    async def metrics(_: Request) -> Response:
        lags = await spool.lags(clock.now())
        gauges: dict[str, dict[str, float]] = {
            "connections_open": {"": connections()},
            "spool_used_ratio": {"": spool.full},
            "spool_hours_left": {"": spool.hours},
            "lag_rows": {},
            "lag_seconds": {},
        }
        for lane, state in lags.items():
            for output, lag in state["outputs"].items():
                label = f'lane="{lane}",output="{output}"'
                gauges["lag_rows"][label] = lag["lag_rows"]
                gauges["lag_seconds"][label] = lag["lag_seconds"]
        return Response(prometheus(counters, gauges).encode(), 200, "text/plain; version=0.0.4")

    return {
        "/health": Route(serve=health, token="", methods=_GET),
        "/quarantine": Route(serve=quarantine, methods=_GET),
        "/status": Route(serve=status, methods=_GET),
        "/metrics": Route(serve=metrics, methods=_GET),
    }
