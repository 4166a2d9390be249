"""Who is logged in: a signed cookie, a password compared in constant time, and few attempts. Keeps no user list."""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from starlette.responses import Response

SESSION_COOKIE = "standpipe_session"
LIFETIME = 90 * 86_400_000
"""Milliseconds that a login holds without being used."""
RENEWED_AFTER = 86_400_000
"""Milliseconds of use after which the cookie is made anew, so that a display is never logged out."""
ATTEMPTS = 5
"""Wrong passwords from one address before it has to wait."""
WAIT = 60_000
"""Milliseconds that it waits, from its last wrong attempt."""
ADDRESSES = 10_000


def read_key(data: Path) -> bytes:
    """Return this installation's signing key, made on first use and readable by its owner only."""
    path = data / "console.key"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        data.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(secrets.token_bytes(32))
        return path.read_bytes()


def set_cookie(response: Response, cookie: str, scheme: str) -> None:
    """Give a session cookie to the browser: out of reach of scripts, and of plain HTTP where the page came by HTTPS."""
    response.set_cookie(
        SESSION_COOKIE,
        cookie,
        max_age=LIFETIME // 1000,
        httponly=True,
        samesite="lax",
        secure=scheme == "https",
    )


class Sessions:
    """Signs and checks session cookies. A changed password ends every session."""

    def __init__(self, password: str, key: bytes, *, now: Callable[[], int]) -> None:
        """`key` makes the cookies of this installation its own."""
        self._password = hashlib.sha256(password.encode()).digest()
        self._key = hmac.digest(key, self._password, "sha256")
        self._now = now
        self._wrong: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def wait(self, address: str) -> int:
        """Return how many ms an address has to wait before it may try again; 0 when it may now."""
        count, last = self._wrong.get(address, (0, 0))
        return max(0, last + WAIT - self._now()) if count >= ATTEMPTS else 0

    def enter(self, password: str, address: str) -> str | None:
        """Return a new cookie for the right password, None for a wrong one or while the address has to wait."""
        if self.wait(address):
            return None
        if hmac.compare_digest(hashlib.sha256(password.encode()).digest(), self._password):
            self._wrong.pop(address, None)
            return self.renew()
        count, last = self._wrong.get(address, (0, 0))
        recent = last + WAIT > self._now()
        self._wrong[address] = (count + 1 if recent else 1, self._now())
        self._wrong.move_to_end(address)
        if len(self._wrong) > ADDRESSES:
            self._wrong.popitem(last=False)
        return None

    def renew(self) -> str:
        """Return a cookie that holds from now on."""
        until = str(self._now() + LIFETIME)
        return f"{until}.{self._sign(until)}"

    def renewal(self, cookie: str) -> str | None:
        """Return a new cookie to replace one that holds but is more than a day old; else None."""
        until, _, _ = cookie.partition(".")
        old = self.holds(cookie) and int(until) - self._now() < LIFETIME - RENEWED_AFTER
        return self.renew() if old else None

    def holds(self, cookie: str) -> bool:
        """Return whether a cookie is ours and has not ended."""
        until, _, signature = cookie.partition(".")
        genuine = hmac.compare_digest(signature.encode(), self._sign(until).encode())
        return genuine and until.isdigit() and int(until) > self._now()

    def _sign(self, text: str) -> str:
        return hmac.digest(self._key, text.encode(), "sha256").hex()
