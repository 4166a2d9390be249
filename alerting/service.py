"""Alerting as one object: opened, run, asked by the console, told by the intake. Wires parts, decides nothing."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from alerting import escalation, watchdog
from alerting.board import Board
from alerting.casebook import Casebook
from alerting.changes import Changes
from alerting.clerk import Written
from alerting.delivery import LEASE, Delivery
from alerting.engine.compiled import OPENS_INCIDENT
from alerting.engine.engine import Engine
from alerting.engine.events import AlertFired
from alerting.errands import Errand
from alerting.feed import Feed
from alerting.hearing import Hearing
from alerting.incidents import PERSON_EVENTS, Event, IllegalTransition
from alerting.ink import Ink
from alerting.journal import Journal
from alerting.messages import Facts, Places
from alerting.notifiers import Notifier
from alerting.notifiers.kinds import build
from alerting.notifiers.listening import CalledBack, Heard, Listening
from alerting.problems import platform_problems
from alerting.show import incident_view
from alerting.views import Change, HydrantView, IncidentView, WallView
from alerting.wall import Wall
from plugins.catalogue import Catalogue
from standpipe.model import clock
from standpipe.model.contacts import Contacts
from standpipe.model.duration import parse_duration
from standpipe.model.registry import Registry
from standpipe.model.rule import Rule
from standpipe.model.settings import Settings
from standpipe.model.signal import Lane
from storage.records import incidents as kept
from storage.records import notices
from storage.records.database import RecordsDatabase, sqlite_url

log = logging.getLogger(__name__)

SNAPSHOT_EVERY = 15.0
"""Seconds between snapshots of the engine."""
_SNAPSHOT_SHARE = 300
"""Encoding the snapshot of a very large engine holds the loop: it takes at most this fraction of the time."""
_FORGET_COLLECTOR = 86_400_000
"""A collector not in contact for a day is taken to be gone for good, ms."""
TICK = 1.0


class Alerting:
    """Readings in, people told. `open` makes it ready, `run` makes it live."""

    def __init__(  # noqa: PLR0913 - the parts, put together by `open`
        self,
        *,
        settings: Settings,
        contacts: Contacts,
        registry: Registry,
        records: RecordsDatabase,
        journal: Journal,
        engine: Engine,
        wall: Wall,
        board: Board,
        places: Places,
        now: Callable[[], int],
        notifiers: Mapping[str, Notifier],
    ) -> None:
        """See `open`."""
        self._settings = settings
        self._contacts = contacts
        self._registry = registry
        self._records = records
        self._journal = journal
        self._engine = engine
        self._wall = wall
        self._board = board
        self._now = now
        self._changes = Changes()
        self._started = now()
        self._data_silent = parse_duration(settings.alerting.data_silent)
        self._was_silent: frozenset[str] = frozenset()
        owner = secrets.token_hex(8)
        self._casebook = Casebook(records, contacts=contacts, registry=registry, owner=owner, lease=LEASE)
        self._notifiers = notifiers
        self._delivery = Delivery(
            records,
            self._casebook,
            self._notifiers,
            timeouts={name: parse_duration(one.receipt_timeout) for name, one in settings.notifier.items()},
            places=places,
            owner=owner,
            receipt_base=settings.alerting_url,
            now=now,
            changed=self._written,
        )
        self._hearing = Hearing(records, self._casebook, contacts, now=now, changed=self._written)
        self._ink = Ink(self._casebook, now=now, done=self._written, tell=self._tell_unwritten)
        self.feed = Feed(journal, engine, self._ink, now=now)
        self._places = places

    @classmethod
    async def open(
        cls,
        settings: Settings,
        catalogue: Catalogue,
        registry: Registry,
        contacts: Contacts,
        rules: Sequence[Rule],
        *,
        now: Callable[[], int] = clock.now,
        notifiers: Mapping[str, Notifier] | None = None,
    ) -> "Alerting":
        """Open files and database, bring the engine to where it was. Raises ConfigError, OSError, SQLAlchemyError.

        `notifiers` take the place of those in settings.
        """
        url = settings.alerting.records or sqlite_url(settings.data_dir / "records.db")
        records = await RecordsDatabase.open(url)
        journal = await Journal.open(settings.data_dir / "alerting" / "journal.db")
        places = Places(registry)
        board = Board(records)
        wall = Wall(registry, catalogue, places, board, language=settings.locale[:2])
        engine = Engine(
            rules,
            historic_after=parse_duration(settings.alerting.historic_after),
            barrel_side=frozenset(id_ for id_, one in registry.devices.items() if one.mounting == "barrel"),
            expected=wall.expected(),
            root=wall.root,
        )
        service = cls(
            settings=settings,
            contacts=contacts,
            registry=registry,
            records=records,
            journal=journal,
            engine=engine,
            wall=wall,
            board=board,
            places=places,
            now=now,
            notifiers=build(settings.notifier) if notifiers is None else notifiers,
        )
        if records.single:
            await records.write(notices.release_leases)
        await service._recover()
        return service

    async def run(self) -> None:
        """Work until cancelled: both lanes, time, delivery, watchdog, snapshots."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.feed.work(Lane.FIRE), name="fire lane")
            tasks.create_task(self.feed.work(Lane.NORMAL), name="normal lane")
            tasks.create_task(self._delivery.run(), name="delivery")
            tasks.create_task(self._watch(), name="watchdog")
            tasks.create_task(self._snapshots(), name="snapshots")
            for name, notifier in self._notifiers.items():
                if isinstance(notifier, Listening):
                    tasks.create_task(notifier.listen(partial(self._heard, name)), name=f"listen-{name}")

    async def close(self) -> None:
        """Keep a last snapshot and close everything."""
        await self._ink.flush()
        await self.feed.snapshot()
        for notifier in self._notifiers.values():
            await notifier.close()
        await self._journal.close()
        await self._records.close()

    @property
    def heard(self) -> Mapping[str, int]:
        """Return when each device was last heard, epoch ms of reception."""
        return self._engine.state.watch.spoke

    def wall(self, now: int) -> WallView:
        """Return the wall at `now`, epoch ms."""
        return self._wall.view(
            now,
            devices=self._engine.state.devices,
            heard=self.heard,
            contacts=self.feed.contacts,
            data_silent=self._data_silent,
            problems=platform_problems(
                self._board, self._settings, self._contacts,
                sources=self.feed.contacts, data_silent=self._data_silent, failing_since=self._ink.failing_since,
                broken=self.feed.broken, troubles=[one for said in self.feed.troubles.values() for one in said],
                now=now, started=self._started,
            ),
        )  # fmt: skip

    def incident(self, id_: str) -> IncidentView | None:
        """Return an incident that is open or was lately, None for others (`find` looks further)."""
        case = self._board.files.get(id_)
        return incident_view(case, self._places) if case else None

    async def find(self, id_: str) -> IncidentView | None:
        """Return any incident that was ever recorded, None when there is none of this id."""
        if id_ not in self._board.files:
            await self._board.refresh([id_])
        return self.incident(id_)

    def hydrant(self, id_: str, now: int) -> HydrantView | None:
        """Return one hydrant at `now`, None when the registry does not know it as one."""
        return self._wall.hydrant(id_, now, self._engine.state.devices.get(id_)) if self._wall.is_hydrant(id_) else None

    async def act(self, incident_id: str, event: str, person: str, note: str, cause: str) -> IncidentView:
        """Raise a person's event. Raises IllegalTransition, KeyError for an unknown incident."""
        try:
            kind = Event(event)
        except ValueError:
            raise IllegalTransition("open", event) from None
        if kind not in PERSON_EVENTS:
            raise IllegalTransition("open", event)
        now = self._now()
        written = await self._casebook.act(incident_id, kind, person=person, note=note, cause=cause, now=now)
        log.info("person acted incident=%s event=%s person=%s", incident_id, event, person)
        await self._written(written)
        view = await self.find(incident_id)
        assert view is not None
        return view

    async def displayed(self, incident_id: str, at: int) -> None:
        """Record when a screen first showed the incident; later calls change nothing."""
        case = self._board.files.get(incident_id)
        if case is None or case.incident.displayed_at is not None:
            return
        await self._records.write(lambda tx: kept.record_displayed(tx, incident_id, at=at))
        await self._written(Written(incidents={incident_id}))

    async def called_back(
        self, notifier: str, body: bytes, headers: Mapping[str, str], *, query: str
    ) -> tuple[str, bytes] | None:
        """Take a provider's callback; return how it wants to be answered, None for a notifier that has none.

        Raises Rejected for a caller who does not prove to be the provider, DecodeError for what cannot be read.
        """
        called = self._notifiers.get(notifier)
        if not isinstance(called, CalledBack):
            return None
        for heard in called.heard(body, headers, query=query, now=self._now()):
            await self.hear(notifier, heard)
        return called.answer

    async def hear(self, notifier: str, heard: Heard) -> bool:
        """Take a receipt or reply; return whether it belongs to something of ours."""
        configured = self._settings.notifier.get(notifier)
        return await self._hearing.take(notifier, heard, country=configured.country if configured else "86")

    def changes(self) -> AsyncIterator[Change]:
        """Yield a hint each time something on the wall may have changed."""
        return self._changes.listen()

    async def _recover(self) -> None:
        """Apply the journal, and put right what a crash or a changed rule file left between engine and records."""
        await self.feed.recover()
        firing = self._engine.firing()
        rows = await self._records.read(kept.open_alerts)
        for row in rows:
            if row.incident_id is None and row.rule not in self._rules_for(row.device):
                await self._records.write(
                    partial(kept.resolve_alert, key=row.key, at=self._now(), reason="the rule is gone")
                )
        opened = {(row.rule, row.device) for row in rows}
        urgent = {signal.value for signal in OPENS_INCIDENT}
        forgotten = [
            (rule_id, device)
            for rule_id, device, _ in firing
            if (rule_id, device) not in opened and self._signal(rule_id, device) in urgent
        ]
        await self.feed.reset(forgotten)
        await self._board.load()

    def _rules_for(self, device: str) -> set[str]:
        known = self._engine.state.devices.get(device)
        return {rule.id for rule in self._engine.rules_of(known.kind)} if known else set()

    def _signal(self, rule_id: str, device: str) -> str:
        kind = self._engine.state.devices[device].kind
        return next((rule.signal.value for rule in self._engine.rules_of(kind) if rule.id == rule_id), "")

    async def _written(self, written: Written) -> None:
        """Act on what a transaction changed: send first, then let the engine and the screens know."""
        self._delivery.hand_over(written.errands)
        for incident_id in written.closed:
            case = self._board.files.get(incident_id)
            if case is not None:
                await self.feed.reset([(alert.rule, alert.device) for alert in case.alerts])
        await self._board.refresh(written.incidents)
        if written.alerts:
            await self._board.refresh_alerts()
            self._changes.tell(Change(topic="hydrants"))
        for incident_id in written.incidents:
            self._changes.tell(Change(topic="incidents", id=incident_id))

    def _tell_unwritten(self, event: AlertFired) -> None:
        """Ring the first step for an alarm that cannot be written down; its notices follow once it can."""
        plan = escalation.freeze(self._contacts, self._registry, event.site)
        log.error("telling without records key=%s", event.key)
        self._delivery.hand_over(
            Errand(
                key=f"unwritten:{event.key}:{who.person}:{who.channel}",
                incident="",
                step=0,
                person=who.person,
                locale=who.locale,
                channel=who.channel,
                address=who.phone,
                attempts=1,
                facts=Facts(
                    signal=event.rule.signal.value, state="suspected", site=event.site, zone=event.zone,
                    device=event.device, at=self._now(),
                ),
                observed_at=event.cause.observed_at,
                received_at=event.cause.received_at,
                stored_at=event.cause.stored_at,
            )
            for step in plan.steps[:1]
            for who in step.recipients
        )  # fmt: skip

    async def _heard(self, notifier: str, heard: Heard) -> None:
        """Take what a line of a notifier's own says; trouble with the records must not end the line."""
        try:
            await self.hear(notifier, heard)
        except (SQLAlchemyError, OSError) as err:
            log.error("heard but not recorded notifier=%s reason=%s", notifier, err)

    async def _watch(self) -> None:
        """Once a second: let time pass, look after incidents without a next step, tell of silence."""
        while True:
            await asyncio.sleep(TICK)
            await self.look_after()

    async def look_after(self) -> None:
        """One round of the watchdog."""
        now = self._now()
        await self.feed.tick()
        for case in self._board.open():
            words = watchdog.without_next_step(case, now=now)
            if words and watchdog.reminder_due(case, now=now):
                log.error("incident without a next step incident=%s state=%s", case.incident.id, case.incident.state)
                await self._written(await self._casebook.watch(case.incident.id, Event.UNANSWERED, text=words, now=now))
        for collector in watchdog.silent(self.feed.contacts, after=_FORGET_COLLECTOR, now=now):
            log.warning("collector forgotten collector=%s", collector)
            del self.feed.contacts[collector]
            self.feed.troubles.pop(collector, None)
        silent = frozenset(watchdog.silent(self.feed.contacts, after=self._data_silent, now=now))
        if silent != self._was_silent:
            log.warning("collectors silent=%s", ",".join(sorted(silent)) or "none")
            self._was_silent = silent
            self._changes.tell(Change(topic="sources"))
        if self.feed.heard:
            self.feed.heard.clear()
            self._changes.tell(Change(topic="hydrants"))

    async def _snapshots(self) -> None:
        wait = SNAPSHOT_EVERY
        while True:
            await asyncio.sleep(wait)
            kept = await self.feed.snapshot()
            wait = max(SNAPSHOT_EVERY, _SNAPSHOT_SHARE * self.feed.snapshot_took) if kept else 0.05
