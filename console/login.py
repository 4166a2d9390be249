"""The login page, for consoles with a password. Never says more than that the password was wrong."""

import logging
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from console.desk import Desk
from console.form import read_form
from console.session import SESSION_COOKIE, set_cookie

_log = logging.getLogger(__name__)


def routes(desk: Desk) -> APIRouter:
    """Return the login's routes."""
    router = APIRouter()

    @router.get("/login")
    async def show(request: Request) -> Response:
        goal = _inside(request.query_params.get("next", ""))
        if desk.sessions is None:
            return RedirectResponse(goal, 303)
        return desk.pages.page(request, "login.html", goal=goal, fault="", wait=0)

    @router.post("/login")
    async def enter(request: Request) -> Response:
        form = await read_form(request)
        goal = _inside(form.get("next", ""))
        if desk.sessions is None:
            return RedirectResponse(goal, 303)
        address = request.client.host if request.client else ""
        cookie = desk.sessions.enter(form.get("password", ""), address)
        if cookie is None:
            wait = desk.sessions.wait(address)
            _log.warning("login refused address=%s wait_ms=%d", address, wait)
            fault = "login.wait" if wait else "login.wrong"
            status = 429 if wait else 403
            return desk.pages.page(request, "login.html", status=status, goal=goal, fault=fault, wait=wait)
        response = RedirectResponse(goal, 303)
        set_cookie(response, cookie, request.url.scheme)
        return response

    @router.post("/logout")
    async def leave() -> Response:
        response = RedirectResponse("/login", 303)
        response.delete_cookie(SESSION_COOKIE)
        return response

    return router


def _inside(goal: str) -> str:
    """Return the path to go on to, always one of ours."""
    parts = urlsplit(goal.replace("\\", "/"))
    ours = not parts.scheme and not parts.netloc and parts.path.startswith("/") and not parts.path.startswith("//")
    return parts.path if ours else "/"
