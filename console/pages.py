"""Templates into pages and fragments, each fragment rendered once per change and language. Never asks the service."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from console import present
from console.words import Language, Words, language_of
from standpipe.model.settings import Settings

HERE = Path(__file__).parent
DIST = HERE / "static" / "dist"
LANGUAGE_COOKIE = "language"
PERSON_COOKIE = "person"


@dataclass(frozen=True, slots=True)
class Fragment:
    """One region of a page as bytes on the wire, with the version that it shows."""

    version: str
    html: str


class Pages:
    """The templates, with the words, formats and file names they need."""

    def __init__(self, settings: Settings, *, now: Callable[[], int], dist: Path = DIST) -> None:
        """Read the templates; `dist` holds the bundled browser files."""
        self.settings = settings
        self.now = now
        self.dist = dist
        self.zone = ZoneInfo(settings.timezone)
        self.build = _build_id(dist)
        self._fragments: dict[tuple[str, Language], Fragment] = {}
        self._env = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._env.globals |= {
            "asset": self._asset,
            "timezone": settings.timezone,
            "build": self.build,
            "short": present.short,
            "locked": bool(settings.alerting.password),
        }
        self._env.filters |= {
            "moment": partial(present.moment, zone=self.zone),
            "time_of_day": partial(present.time_of_day, zone=self.zone),
            "stopwatch": present.stopwatch,
            "number": present.number,
            "columns": present.columns,
            "zip": zip,
        }

    def language(self, request: Request) -> Language:
        """Return the language of a request: the address, else the cookie, else the settings."""
        query, cookie = request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)
        return language_of(query, cookie, self.settings.locale)

    def text(self, template: str, language: Language, **values: Any) -> str:
        """Return a template rendered in one language."""
        words = Words(language)
        bound = {
            "t": words,
            "known": words.known,
            "pick": words.pick,
            "age": partial(present.age, words=words),
            "latency": partial(present.latency, words=words),
            "lang": language,
            "now": self.now(),
        }
        return self._env.get_template(template).render(bound | values)

    def fragment(self, region: str, language: Language, version: str, values: Mapping[str, Any]) -> str:
        """Return a region's html, rendered only when its version is not the one rendered last in that language."""
        kept = self._fragments.get((region, language))
        if kept is None or kept.version != version:
            kept = Fragment(version, self.text(f"region_{region}.html", language, version=version, **values))
            self._fragments[region, language] = kept
        return kept.html

    def page(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a whole page as a response, and remember a language that was asked for in the address."""
        if not (self.dist / "app.js").is_file():
            return HTMLResponse(self.text("unbuilt.html", self.language(request)), status_code=503)
        language = self.language(request)
        here = request.url.path
        html = self.text(template, language, here=here, **values)
        response = HTMLResponse(html, status_code=status, headers={"Cache-Control": "no-store"})
        if request.query_params.get("lang"):
            response.set_cookie(LANGUAGE_COOKIE, language, max_age=31_536_000, samesite="lax", httponly=True)
        return response

    def _asset(self, name: str) -> str:
        """Return the address of a bundled file, with its version so that browsers may keep it."""
        return f"/static/{name}?v={self.build}"


def _build_id(dist: Path) -> str:
    """Return a hash of everything that a browser is sent apart from data."""
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted([*(HERE / "templates").glob("*.html"), HERE / "words.toml", *dist.glob("*.*")]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
