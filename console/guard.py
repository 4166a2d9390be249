"""Every request's first door: who may ask, from where, and which headers the answer carries. Knows no page."""

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from console.session import SESSION_COOKIE, Sessions, set_cookie
from standpipe.model.settings import is_loopback

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_OPEN = ("/login", "/static/", "/favicon.ico")

_log = logging.getLogger(__name__)


class Guard:
    """ASGI middleware. Without a password only this machine is served, under a name that only it can have."""

    def __init__(self, app: App, sessions: Sessions | None) -> None:
        """`sessions` is None when no password is set."""
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it here with the reason."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        headers = Headers(scope=scope)
        refusal = self._refuse(scope, headers)
        renewed = self._renewed(scope, headers) if refusal is None else []

        async def dressed(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answer.setdefault(name, value)
                for cookie in renewed:
                    answer.append("set-cookie", cookie)
            await send(message)

        await (refusal or self._app)(scope, receive, dressed)

    def _renewed(self, scope: Scope, headers: Headers) -> list[str]:
        """Return the cookie to set anew, if any: whoever goes on looking stays logged in."""
        if self._sessions is None or scope["method"] != "GET" or scope["path"].startswith(_OPEN):
            return []
        renewal = self._sessions.renewal(cookie_parser(headers.get("cookie", "")).get(SESSION_COOKIE, ""))
        if renewal is None:
            return []
        carrier = Response()
        set_cookie(carrier, renewal, scope["scheme"])
        return [carrier.headers["set-cookie"]]

    def _refuse(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the answer to a request that goes no further, or None."""
        host = headers.get("host", "")
        if self._sessions is None and not is_loopback(urlsplit(f"//{host}").hostname or ""):
            # a page of a stranger may have made its own name lead here (DNS rebinding)
            return PlainTextResponse("This console has no password and answers only to localhost.\n", 403)
        if scope["method"] not in ("GET", "HEAD") and not _same_origin(headers, host):
            _log.warning("form from elsewhere refused path=%r origin=%r", scope["path"], headers.get("origin"))
            return PlainTextResponse("This form came from another site.\n", 403)
        if self._sessions is None or scope["path"].startswith(_OPEN):
            return None
        if self._sessions.holds(cookie_parser(headers.get("cookie", "")).get(SESSION_COOKIE, "")):
            return None
        if scope["method"] == "GET" and "text/html" in headers.get("accept", "") and "hx-request" not in headers:
            return RedirectResponse(f"/login?next={quote(scope['path'])}", 303)
        return PlainTextResponse("Please log in.\n", 401)


def _same_origin(headers: Headers, host: str) -> bool:
    """Return whether the browser says that the request comes from one of our own pages."""
    origin = headers.get("origin") or headers.get("referer", "")
    return bool(host) and urlsplit(origin).netloc == host
