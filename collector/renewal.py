"""Device types renewed while devices stay connected: `POST /plugins/reload` and SIGHUP. Decides nothing about a folder.

What has changed is tested in another process and loaded in a thread; between two uplinks the new types are put in
place of the old. An uplink that is being decoded ends with the type it began with.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from collector.identify import Directory
from collector.inputs.http import Request, Response, Route
from plugins.catalogue import Catalogue
from plugins.renewal import Renewed, renew
from standpipe.model.errors import Fault
from standpipe.model.registry import Registry

log = logging.getLogger(__name__)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a reload did; the answer of `POST /plugins/reload`."""

    renewed: list[str]
    """Device types that are new or behave in another way now."""
    gone: list[str]
    refused: list[Fault]
    """File, key, reason and fix; what they are about is as it was."""
    unchanged: list[str]
    rules_changed: list[str]
    """Rules that are new, other or gone: alerting reads them when it starts."""


class Renewal:
    """The device types in use, and the way to others."""

    def __init__(
        self,
        catalogue: Catalogue,
        directory: Directory,
        registry: Registry,
        extra: Sequence[Path],
        follow: Callable[[Catalogue], None],
    ) -> None:
        """Take what is in use and where device folders are; `follow` is called with each new catalogue."""
        self._catalogue = catalogue
        self._directory = directory
        self._extra = extra
        self._needed = frozenset(device.type for device in registry.devices.values())
        self._follow = follow
        self._turn = asyncio.Lock()

    async def reload(self) -> Outcome:
        """Look at all folders again and use what conforms. One at a time; raises nothing."""
        async with self._turn:
            old = self._catalogue
            found = await asyncio.to_thread(renew, old, self._extra, needed=self._needed)
            if found.catalogue is not old:
                self._catalogue = found.catalogue
                self._directory.use(found.catalogue.types)
                self._follow(found.catalogue)
        outcome = _outcome(old, found)
        log.info("device types reloaded renewed=%s gone=%s", ",".join(outcome.renewed), ",".join(outcome.gone))
        for fault in outcome.refused:
            log.error("device type stays as it was: %s", fault)
        return outcome

    async def follow(self, asked: asyncio.Event) -> None:
        """Reload whenever `asked` is set, until cancelled."""
        while True:
            await asked.wait()
            asked.clear()
            await self.reload()

    def route(self) -> Route:
        """Return the route `/plugins/reload`; 200 whatever came of it, the body says."""

        async def serve(_: Request) -> Response:
            return Response(msgspec.json.encode(await self.reload()))

        return Route(serve=serve)


def _outcome(old: Catalogue, found: Renewed) -> Outcome:
    new = found.catalogue
    before = {rule.id: rule for rule in old.rules()}
    after = {rule.id: rule for rule in new.rules()}
    return Outcome(
        renewed=found.changed,
        gone=found.gone,
        refused=found.refused,
        unchanged=sorted(name for name, loaded in new.types.items() if old.types.get(name) is loaded),
        rules_changed=sorted(id_ for id_ in before.keys() | after.keys() if before.get(id_) != after.get(id_)),
    )
