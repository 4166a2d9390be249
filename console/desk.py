"""What every page's routes are given: the service, the store, the feed, the templates. Holds no route."""

from dataclasses import dataclass

from console.feed import Feed
from console.form import Once
from console.pages import Pages
from console.service import Service
from console.session import Sessions
from storage.influx.query import InfluxQuery


@dataclass(frozen=True, slots=True)
class Desk:
    """The console's working parts."""

    service: Service
    query: InfluxQuery | None
    pages: Pages
    feed: Feed
    once: Once
    sessions: Sessions | None
    """None when no password is set."""
