"""The wall: its page, its regions, and the stream that keeps them true. Never shows what it has not just asked."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from console.desk import Desk
from console.feed import MAX_SCREENS, Look
from console.grid import arrange, rank

REGIONS = ("incidents", "counts", "hydrants", "alerts", "platform")
"""Parts of the wall that change on their own; each has a template region_<name>.html and a version in the beat."""


def routes(desk: Desk) -> APIRouter:
    """Return the wall's routes."""
    router = APIRouter()

    def region(name: str, request: Request, look: Look) -> str:
        values: dict[str, object] = {"view": look.view}
        if name == "hydrants":
            values["grid"] = arrange(look.view.hydrants)
        if name == "incidents":
            values["incidents"] = rank(look.view.incidents)
        return desk.pages.fragment(name, desk.pages.language(request), look.versions[name], values)

    @router.get("/")
    async def wall(request: Request) -> HTMLResponse:
        look = desk.feed.look()
        regions = {name: region(name, request, look) for name in REGIONS}
        return desk.pages.page(request, "wall.html", regions=regions, view=look.view, look=look)

    @router.get("/wall/{name}")
    async def one_region(name: str, request: Request) -> HTMLResponse:
        if name not in REGIONS:
            raise HTTPException(404)
        html = region(name, request, desk.feed.look())
        return HTMLResponse(html, headers={"Cache-Control": "no-store"})

    @router.get("/events")
    async def events() -> StreamingResponse:
        if desk.feed.screens >= MAX_SCREENS:
            raise HTTPException(503)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_stream(desk), media_type="text/event-stream", headers=headers)

    return router


async def _stream(desk: Desk) -> AsyncIterator[bytes]:
    """Open the stream with the browser's own retry time, then send beats until the screen goes away."""
    yield b"retry: 1000\n\n"
    async for beat in desk.feed.beats():
        yield beat
