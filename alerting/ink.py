"""Engine events on their way into the records: in order, never dropped, urgent ones first. Decides nothing.

When the records cannot be written, events wait here and are tried again, and people are told of a fire without them.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from sqlalchemy.exc import SQLAlchemyError

from alerting.casebook import Casebook
from alerting.clerk import Written
from alerting.engine.compiled import OPENS_INCIDENT
from alerting.engine.events import AlertFired, Event

log = logging.getLogger(__name__)

Tell: TypeAlias = Callable[[AlertFired], None]
_BATCH = 50


class Ink:
    """The queue between engine and casebook."""

    def __init__(
        self, casebook: Casebook, *, now: Callable[[], int], done: Callable[[Written], Awaitable[None]], tell: Tell
    ) -> None:
        """`done` gets what each transaction changed; `tell` rings for a fire that cannot be written down."""
        self._casebook = casebook
        self._now = now
        self._done = done
        self._tell = tell
        self._urgent: deque[Event] = deque()
        self._others: deque[Event] = deque()
        self._writing = asyncio.Lock()
        self._told: set[str] = set()
        self.failing_since: int | None = None

    @property
    def dry(self) -> bool:
        """Return whether everything said is on disk."""
        return not (self._urgent or self._others or self._writing.locked())

    def add(self, events: Sequence[Event]) -> None:
        """Queue events. A rule's events stay in their order."""
        for event in events:
            (self._urgent if event.rule.signal in OPENS_INCIDENT else self._others).append(event)

    async def flush(self) -> bool:
        """Write what waits; return whether all of it is on disk."""
        if self._urgent and self._writing.locked() and self.failing_since is not None:
            self._ring()
        async with self._writing:
            while self._urgent or self._others:
                queue = self._urgent or self._others
                batch = [queue[index] for index in range(min(len(queue), _BATCH))]
                try:
                    written = await self._casebook.apply(batch, now=self._now())
                except (SQLAlchemyError, OSError) as err:
                    self.failing_since = self.failing_since or self._now()
                    log.error("records cannot be written events=%d reason=%s", len(batch), err)
                    self._ring()
                    return False
                for _ in batch:
                    queue.popleft()
                self.failing_since = None
                self._told.clear()
                await self._done(written)
        return True

    def _ring(self) -> None:
        """Tell of urgent events that are not in the records, each once."""
        for event in self._urgent:
            if isinstance(event, AlertFired) and not event.historic and event.key not in self._told:
                self._told.add(event.key)
                self._tell(event)
