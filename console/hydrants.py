"""Hydrants: the map, and one hydrant with its pressure over time. Never takes a silent store for a silent hydrant."""

import logging
from collections.abc import Sequence

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse

from console.chart import Chart, draw_map
from console.desk import Desk
from standpipe.model.errors import Rejected, Retryable
from storage.influx.queries import HistoryPoint, pressure_history

SPANS = {"1h": (3_600_000, 10_000), "24h": (86_400_000, 300_000), "7d": (604_800_000, 1_800_000)}
"""What a chart covers and its step, in ms."""
LIMITS = (140, 100)
"""kPa: usable in the main, and least at a hydrant in use (GB 55036-2022 3.0.3)."""

_log = logging.getLogger(__name__)


def routes(desk: Desk) -> APIRouter:
    """Return the hydrants' routes."""
    router = APIRouter()

    @router.get("/hydrants")
    async def everywhere(request: Request) -> HTMLResponse:
        look = desk.feed.look()
        plan = draw_map(look.view.hydrants)
        return desk.pages.page(request, "hydrants.html", view=look.view, plan=plan, version=look.versions["hydrants"])

    @router.get("/hydrants/{hydrant_id}/history")
    async def history(hydrant_id: str, span: str = "1h") -> JSONResponse:
        if span not in SPANS or desk.service.hydrant(hydrant_id, desk.pages.now()) is None:
            raise HTTPException(404)
        length, step = SPANS[span]
        end = desk.pages.now()
        start = (end - length) // step * step
        chart = await _ask(desk, hydrant_id, start, end, step)
        return JSONResponse(chart.as_json(start, end), headers={"Cache-Control": "no-store"})

    async def show(hydrant_id: str, request: Request, template: str) -> HTMLResponse:
        hydrant = desk.service.hydrant(hydrant_id, desk.pages.now())
        if hydrant is None:
            raise HTTPException(404)
        look = desk.feed.look()
        version = look.versions["hydrants"]
        firing = [alert for alert in look.view.alerts if alert.device == hydrant_id]
        return desk.pages.page(
            request, template, hydrant=hydrant, firing=firing, spans=list(SPANS), limits=LIMITS, version=version
        )

    @router.get("/hydrants/{hydrant_id}")
    async def one(hydrant_id: str, request: Request) -> HTMLResponse:
        return await show(hydrant_id, request, "hydrant.html")

    @router.get("/hydrants/{hydrant_id}/state")
    async def state(hydrant_id: str, request: Request) -> HTMLResponse:
        return await show(hydrant_id, request, "hydrant_state.html")

    return router


async def _ask(desk: Desk, hydrant_id: str, start: int, end: int, step: int) -> Chart:
    """Return what the store has, or that it could not be asked: two different things to a reader."""
    if desk.query is None:
        return Chart("unreachable", [])
    try:
        points: Sequence[HistoryPoint] = await pressure_history(desk.query, hydrant_id, start, end, step)
    except (Retryable, Rejected) as err:
        _log.warning("pressure history not available hydrant=%s reason=%s", hydrant_id, err)
        return Chart("unreachable" if isinstance(err, Retryable) else "refused", [])
    known = any(point.mean is not None for point in points)
    return Chart("drawn" if known else "empty", list(points) if known else [])
