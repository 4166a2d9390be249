"""The console's front door: the wall, the incidents, the hydrants, the login. Decides nothing about alarms."""

from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import Scope

from console import hydrants, incidents, login, wall
from console.desk import Desk
from console.feed import Feed
from console.form import Once
from console.guard import Guard
from console.pages import DIST, Pages
from console.service import Service
from console.session import Sessions, read_key
from standpipe.model import clock
from standpipe.model.settings import Settings
from storage.influx.query import InfluxQuery


class Bundle(StaticFiles):
    """The bundled browser files. Their address carries a version, so a browser may keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer one file, to be kept when its version was named."""
        response = await super().get_response(path, scope)
        kept = b"v=" in scope.get("query_string", b"") and response.status_code == 200
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if kept else "no-cache"
        return response


def build_app(
    service: Service,
    query: InfluxQuery | None,
    settings: Settings,
    *,
    dist: Path = DIST,
    now: Callable[[], int] = clock.now,
) -> FastAPI:
    """Return the console as an ASGI application. A login is asked for when `alerting.password` is set."""
    password = settings.alerting.password
    sessions = Sessions(password, read_key(settings.data_dir), now=now) if password else None
    pages = Pages(settings, now=now, dist=dist)
    feed = Feed(service, now=now, build=pages.build)
    desk = Desk(service=service, query=query, pages=pages, feed=feed, once=Once(), sessions=sessions)

    app = FastAPI(title="Standpipe", openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(wall.routes(desk))
    app.include_router(incidents.routes(desk))
    app.include_router(hydrants.routes(desk))
    app.include_router(login.routes(desk))
    app.mount("/static", Bundle(directory=dist, check_dir=False))

    @app.get("/favicon.ico", include_in_schema=False)
    async def favicon() -> Response:
        return RedirectResponse("/static/mark.svg", 301)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> HTMLResponse:
        return pages.page(request, "error.html", status=error.status_code, code=error.status_code)

    @app.exception_handler(Exception)
    async def broken(request: Request, _error: Exception) -> HTMLResponse:
        return pages.page(request, "error.html", status=500, code=500)

    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=4)
    app.add_middleware(Guard, sessions=sessions)
    return app
