"""Incidents: the list, one incident with its road, and what a person may do to it. Never changes a state by itself."""

import logging
import secrets
from urllib.parse import quote, unquote

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from alerting.incidents import IllegalTransition
from alerting.views import IncidentView
from console.desk import Desk
from console.form import read_form
from console.grid import rank
from console.pages import PERSON_COOKIE

CAUSES = ("false_env", "false_device", "false_human", "malicious", "unknown")
"""Why an alarm was false; each has words under `cause` in words.toml."""
EVENTS = ("acknowledge", "confirm", "false_alarm", "fault", "test", "drill", "reset", "close")
MAX_PERSON = 40

_log = logging.getLogger(__name__)


def routes(desk: Desk) -> APIRouter:
    """Return the incidents' routes."""
    router = APIRouter()

    async def find(incident_id: str) -> IncidentView:
        incident = await desk.service.find(incident_id)
        if incident is None:
            raise HTTPException(404)
        return incident

    async def show(request: Request, incident: IncidentView, fault: str = "", status: int = 200) -> HTMLResponse:
        look = desk.feed.look()
        return desk.pages.page(
            request,
            "incident.html",
            status=status,
            incident=incident,
            version=look.versions["incidents"],
            person=unquote(request.cookies.get(PERSON_COOKIE, "")),
            token=secrets.token_urlsafe(12),
            causes=CAUSES,
            fault=fault,
        )

    @router.get("/incidents")
    async def listing(request: Request) -> HTMLResponse:
        look = desk.feed.look()
        shown = rank(look.view.incidents)
        return desk.pages.page(request, "incidents.html", incidents=shown, version=look.versions["incidents"])

    @router.get("/incidents/{incident_id}")
    async def one(incident_id: str, request: Request) -> HTMLResponse:
        return await show(request, await find(incident_id))

    @router.get("/incidents/{incident_id}/{part}")
    async def live_part(incident_id: str, part: str, request: Request) -> HTMLResponse:
        if part not in ("head", "actions", "road"):
            raise HTTPException(404)
        incident, look = await find(incident_id), desk.feed.look()
        version, language = look.versions["incidents"], desk.pages.language(request)
        html = desk.pages.text(f"incident_{part}.html", language, incident=incident, version=version)
        return HTMLResponse(html, headers={"Cache-Control": "no-store"})

    @router.post("/incidents/{incident_id}/displayed", status_code=204)
    async def displayed(incident_id: str) -> Response:
        await find(incident_id)
        await desk.service.displayed(incident_id, desk.pages.now())
        return Response(status_code=204)

    @router.post("/incidents/{incident_id}")
    async def act(incident_id: str, request: Request) -> Response:
        form = await read_form(request)
        incident = await find(incident_id)
        event, person = form.get("event", ""), form.get("person", "")[:MAX_PERSON]
        cause = form.get("cause", "") if event == "false_alarm" else ""
        fault = _missing(event, person, cause)
        if fault:
            return await show(request, incident, fault, 400)
        done = RedirectResponse(f"/incidents/{quote(incident_id, safe='')}", 303)
        done.set_cookie(PERSON_COOKIE, quote(person), max_age=31_536_000, httponly=True, samesite="lax")
        token = form.get("token", "")
        if not desk.once.first(token):
            return done
        try:
            await desk.service.act(incident_id, event, person, form.get("note", ""), cause)
        except IllegalTransition:
            desk.once.forget(token)
            return await show(request, await find(incident_id), f"illegal:{event}", 409)
        except BaseException:
            desk.once.forget(token)
            raise
        _log.info("action incident=%s event=%s", incident_id, event)
        desk.feed.stale()
        return done

    return router


def _missing(event: str, person: str, cause: str) -> str:
    """Return the name of what the form lacks, empty when it is complete."""
    if event not in EVENTS:
        return "event"
    if not person:
        return "person"
    if event == "false_alarm" and cause not in CAUSES:
        return "cause"
    return ""
