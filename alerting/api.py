"""JSON for programs: the wall, incidents, and what a person may do to one. Shows what the pages show, decides nothing.

`GET /health` · `GET /api/wall` · `GET /api/incidents/{id}` · `POST /api/incidents/{id}/{event}` with
`{"person": …, "note": …, "cause": …}`. With `alerting.token` set, all but /health need it as a bearer token.
"""

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import msgspec

from alerting.incidents import IllegalTransition
from alerting.service import Alerting
from standpipe.model import clock
from standpipe.model.settings import Settings

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY = 16_384


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of an action: who does it, and why."""

    person: str
    note: str = ""
    cause: str = ""


class Api:
    """A raw ASGI application over the service."""

    def __init__(self, service: Alerting, settings: Settings) -> None:
        """Take the service whose state is shown."""
        self._service = service
        self._token = settings.alerting.token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request with JSON."""
        status, answer = await self._answer(scope, receive)
        body = msgspec.json.encode(answer)
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, Any]:
        method, path = scope["method"], [part for part in scope["path"].split("/") if part]
        if path == ["health"] and method == "GET":
            problems = self._service.wall(clock.now()).problems
            return 200, {"ok": not problems, "problems": problems}
        if not self._allowed(scope):
            return 401, {"error": "needs the bearer token of alerting.token"}
        match method, path:
            case "GET", ["api", "wall"]:
                return 200, self._service.wall(clock.now())
            case "GET", ["api", "incidents", id_]:
                incident = await self._service.find(id_)
                return (200, incident) if incident else (404, {"error": f"no incident {id_}"})
            case "POST", ["api", "incidents", id_, event]:
                return await self._act(id_, event, await _body(receive))
        return 404, {"error": "known: /api/wall, /api/incidents/{id}, /api/incidents/{id}/{event}"}

    async def _act(self, id_: str, event: str, body: bytes) -> tuple[int, Any]:
        try:
            act = msgspec.json.decode(body, type=Act)
            return 200, await self._service.act(id_, event, act.person, act.note, act.cause)
        except msgspec.MsgspecError as err:
            return 400, {"error": str(err)}
        except KeyError:
            return 404, {"error": f"no incident {id_}"}
        except IllegalTransition as err:
            return 409, {"error": str(err)}

    def _allowed(self, scope: Scope) -> bool:
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        return not self._token or hmac.compare_digest(given, f"Bearer {self._token}".encode())


async def _body(receive: Receive) -> bytes:
    body = b""
    while len(body) <= MAX_BODY:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return body[:MAX_BODY]
