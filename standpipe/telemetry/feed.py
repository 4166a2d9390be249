"""Writes the platform's measurements for the dashboards. A database that is away costs points, nothing else."""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import psutil

from alerting.views import AlertView, IncidentView, WallView
from plugins.catalogue import Catalogue
from standpipe.model.errors import Rejected, Retryable
from standpipe.model.platform import read_platform
from standpipe.model.registry import Registry
from standpipe.telemetry.device_points import device_points
from standpipe.telemetry.wall_points import Language, alert_points, incident_points, latency_points, wall_points
from standpipe.telemetry.zone_hours import LATE_HOURS, zone_hours
from storage.influx.platform_points import Point, encode_points
from storage.influx.query import InfluxQuery
from storage.influx.writer import InfluxWriter

log = logging.getLogger(__name__)

EVERY_S = 15.0
DEVICES_EVERY = 4
"""Rounds between two writings of every device and of the zones' running hour."""
HOURS_EVERY = 40
"""Rounds between two computations of all hours that late readings may change; the last two are made every minute."""


class Watched(Protocol):
    """What of alerting the feed looks at."""

    def wall(self, now: int) -> WallView:
        """Return the wall at `now`."""

    def incident(self, id_: str) -> IncidentView | None:
        """Return an open or recent incident."""


class Telemetry:
    """The feed of one alerting process."""

    def __init__(  # noqa: PLR0913 - what it looks at, and where it writes
        self,
        service: Watched,
        registry: Registry,
        catalogue: Catalogue,
        *,
        writer: InfluxWriter,
        query: InfluxQuery,
        heard: Callable[[], Mapping[str, int]],
        clock: Callable[[], int],
        language: Language = "zh",
    ) -> None:
        """Take what to look at and where to write.

        `heard` gives the last receive time by registered device, epoch ms; `language` is that of titles in annotations
        and tables.
        """
        self._service = service
        self._registry = registry
        self._catalogue = catalogue
        self._writer = writer
        self._query = query
        self._heard = heard
        self._clock = clock
        self._language: Language = language
        self._platform = read_platform()
        self._alerts: list[AlertView] = []
        self._open: set[str] = set()
        self._process = psutil.Process()
        self._failing = False

    async def run(self) -> None:
        """Write a round every 15 s until cancelled."""
        turn = 0
        while True:
            await self.round(turn)
            turn += 1
            await asyncio.sleep(EVERY_S - self._clock() / 1000 % EVERY_S)

    async def round(self, turn: int) -> None:
        """Write what is due in one round; a refusal or an absent database is logged once and the round is lost.

        Only the look at alerting happens on its event loop: points are made and sent in a thread, so that a fire never
        waits for a dashboard.
        """
        now = self._clock()
        view = self._service.wall(now)
        heard = dict(self._heard()) if turn % DEVICES_EVERY == 0 else None
        open_now = {incident.id for incident in view.incidents}
        lately = [self._service.incident(id_) for id_ in sorted(open_now | self._open)]
        before, self._alerts, self._open = self._alerts, view.alerts, open_now
        hours: list[Point] = []
        try:
            if heard is not None:
                back = LATE_HOURS if turn % HOURS_EVERY == 0 else 1
                hours = await zone_hours(self._query, self._registry, now=now, back=back)
            await asyncio.to_thread(self._send, view, before, lately, heard, hours)
        except (Retryable, Rejected) as err:
            self._say(err)
            return
        if self._failing:
            log.info("dashboards are fed again")
        self._failing = False

    def _send(
        self,
        view: WallView,
        before: Sequence[AlertView],
        lately: Iterable[IncidentView | None],
        heard: Mapping[str, int] | None,
        more: Iterable[Point],
    ) -> None:
        """Make, encode and write the points of one round. Raises as `InfluxWriter.write`."""
        registry, language = self._registry, self._language
        points = [*wall_points(view, registry, language=language), *self._own(view.at), *more]
        points += alert_points(before, view.alerts, registry, language=language, now=view.at)
        known = [incident for incident in lately if incident is not None]
        points += latency_points(known, at=view.at)
        for incident in known:
            points += incident_points(incident, registry, language=language)
        if heard is not None:
            points += device_points(view, heard, registry, self._catalogue)
        self._writer.write(encode_points(points, self._platform))

    def _own(self, now: int) -> Iterable[Point]:
        """Yield what this process needs."""
        fields = {
            "memory": float(self._process.memory_info().rss),
            "cpu": self._process.cpu_percent(),
            "uptime": now / 1000 - self._process.create_time(),
        }
        yield Point("process", {"process": "alerting", "host": socket.gethostname()}, fields, now)

    def _say(self, err: Exception) -> None:
        if not self._failing:
            log.warning("dashboards are not fed reason=%s", err)
        self._failing = True
