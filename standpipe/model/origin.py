"""Tells a program's request from one that a stranger's web page makes a browser send. Pure; answers nothing itself."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from standpipe.model.settings import is_loopback


def refuse_browser(headers: Iterable[tuple[bytes, bytes]], *, locked: bool) -> str:
    """Return why a request to a door for programs is refused, or an empty string.

    `headers` are ASGI's. A browser names the page's origin in every request that a page makes elsewhere, programs do
    not. `locked`: the door needs a token or a password; where it does not, it answers only to a name that this machine
    alone can have, or a page could make its own name lead here (DNS rebinding).
    """
    found = {name: value.decode("latin-1") for name, value in headers if name in (b"origin", b"host")}
    host, origin = found.get(b"host", ""), found.get(b"origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return "a page of another site may not ask this"
    if not locked and host and not is_loopback(urlsplit(f"//{host}").hostname or ""):
        return "without a token this door answers only to localhost"
    return ""
