"""The drill: bytes in, messages out, a clock that the test turns. Everything between is the real thing."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from alerting.notifiers import Notice
from alerting.notifiers.listening import Receipt, Reply
from alerting.service import Alerting
from alerting.views import IncidentView, WallView
from collector.arrival import Arrival
from collector.counters import Counters
from collector.pipeline import Pipeline
from collector.record import Kept
from plugins.catalogue import Catalogue, load_catalogue
from standpipe.model.contacts import Contacts
from standpipe.model.errors import Rejected, Retryable
from standpipe.model.reading import ReadingBatch, SpooledReading
from standpipe.model.registry import read_registry
from standpipe.model.settings import Settings
from standpipe.model.signal import Lane

START = 1_795_305_600_000
STEP = 5_000
LIVELY = 600_000
"""Ten minutes after the last thing that happened, the clock is turned in bigger steps."""
SITES = """
[site.warehouse]
name = { zh = "西仓库", en = "West warehouse" }
[site.town]
name = { zh = "镇区", en = "Town" }
[zone.zone-1]
site = "warehouse"
name = { zh = "一区", en = "zone 1" }
[zone.zone-2]
site = "warehouse"
name = { zh = "二区", en = "zone 2" }
[device.smoke-0041]
type = "smoke_json"
address = "device:smoke-0041"
site = "warehouse"
zone = "zone-2"
[device.smoke-0042]
type = "smoke_json"
address = "device:smoke-0042"
site = "warehouse"
zone = "zone-2"
[device.smoke-0001]
type = "smoke_json"
address = "device:smoke-0001"
site = "warehouse"
zone = "zone-1"
[device.HY-7]
type = "hydrant_json"
address = "device:HY-7"
site = "town"
"""
CONTACTS: dict[str, Any] = {
    "person": {
        "first": {"name": "first officer", "phone": "+8613800000001", "locale": "en"},
        "second": {"name": "second officer", "phone": "+8613800000002", "locale": "en"},
        "chief": {"name": "chief", "phone": "+8613800000003", "locale": "en"},
        "brigade": {"name": "fire brigade", "phone": "119", "locale": "en"},
    },
    "plan": {
        "default": {
            "steps": [
                {"after": "0s", "notify": ["first"], "channel": "sms"},
                {"after": "60s", "notify": ["second"], "channel": "sms"},
                {"after": "300s", "notify": ["chief"], "channel": "sms"},
            ]
        },
        "fire_rescue": {"steps": [{"after": "0s", "notify": ["brigade"], "channel": "sms"}]},
    },
}


def seconds(moment: str) -> int:
    """Return ms for `MM:SS`."""
    minutes, rest = moment.split(":")
    return (int(minutes) * 60 + int(rest)) * 1000


class Phones:
    """A gateway that does what the drill says."""

    receipts: Literal["on_sending", "later"] = "later"

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self.messages: list[tuple[int, Notice]] = []
        self.state: Literal["up", "down"] = "up"
        self.refused: set[str] = set()
        self.silent = False
        self.owed: list[Notice] = []

    async def send(self, notice: Notice) -> str:
        if self.state == "down":
            raise Retryable("gateway is down")
        if notice.to in self.refused:
            raise Rejected("number unknown")
        self.messages.append((self._now(), notice))
        self.owed += [] if self.silent else [notice]
        return f"m{len(self.messages)}"

    async def close(self) -> None:
        """Nothing to close."""


class Drill:
    """One timeline. `at` turns the clock; expectations consume messages in order."""

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        (folder / "sites").mkdir()
        (folder / "sites" / "drill.toml").write_text(SITES, encoding="utf-8")
        self._catalogue = catalogue
        self._registry = read_registry(folder / "sites")
        self._contacts = msgspec.convert(CONTACTS, Contacts)
        notifier = {"sms": {"kind": "sms_http", "url": "http://127.0.0.1:9/none", "receipt_timeout": "30s"}}
        self._settings = msgspec.convert({"file": str(folder / "standpipe.toml"), "notifier": notifier}, Settings)
        self._pipeline = Pipeline(catalogue.types, self._registry, Counters())
        self._seq = itertools.count(1)
        self._now = START
        self._busy_at = START
        self._loop = asyncio.new_event_loop()
        self._spooled: list[tuple[Lane, list[SpooledReading]]] = []
        self._workers: list[asyncio.Task[None]] = []
        self.gateway = Phones(lambda: self._now)
        self._seen = 0
        self.service: Alerting
        self._run(self._open())

    def at(self, moment: str) -> "Drill":
        """Turn the clock to `MM:SS` after the start, letting everything that is due happen on the way."""
        self._run(self._advance(START + seconds(moment)))
        return self

    def frame(self, device: str, *, sample: str = "", payload: str = "", taken: str = "") -> "Drill":
        """Let a device send one of its type's samples, or a payload, taken at `taken` (default: now)."""
        id_ = device.rpartition("/")[2]
        placed = self._registry.devices[id_]
        path = Path(self._catalogue.types[placed.type].type.folder) / "samples" / f"{sample}.toml"
        sent = payload or msgspec.toml.decode(path.read_bytes())["payload"]
        arrival = Arrival(source="http", address=placed.address, payload=sent.encode(), received_at=self._now)
        stamped = msgspec.structs.replace(arrival, stamp=START + seconds(taken)) if taken else arrival
        outcome = self._pipeline.process(stamped, key=next(self._seq).to_bytes(16))
        assert isinstance(outcome, Kept), outcome
        spooled = [
            SpooledReading(seq=next(self._seq), spooled_at=self._now, reading=reading)
            for reading in outcome.record.readings
        ]
        self._spooled.append((outcome.lane, spooled))
        self._run(self._post(outcome.lane, spooled))
        return self

    def frames_come_again(self) -> "Drill":
        """Let the collector send everything a second time, as after a lost answer."""
        for lane, spooled in self._spooled:
            self._run(self._post(lane, spooled))
        return self

    def kill(self) -> "Drill":
        """Stop as kill -9 would, and start again."""
        self._run(self._kill())
        self._run(self._open())
        return self

    def snapshot(self) -> "Drill":
        """Let the engine's snapshot be kept."""
        assert self._run(self.service.feed.snapshot())
        return self

    def person(self, moment: str, event: str, *, by: str = "officer", cause: str = "") -> "Drill":
        """Let a person act on the only open incident."""
        self.at(moment)
        self._run(self._act(event, by, cause))
        return self

    def reply(self, moment: str, text: str, *, number: str, id_: str = "") -> "Drill":
        """Let a person answer a message."""
        self.at(moment)
        self._run(self.service.hear("sms", Reply(from_=number, text=text, at=self._now, id=id_)))
        self._run(self._settle())
        return self

    def acknowledge(self, moment: str, *, by: str) -> "Drill":
        """Let somebody take the call."""
        return self.person(moment, "acknowledge", by=by)

    def expect_sms(self, moment: str, *, to: str, says: str = "", zone: str = "") -> "Drill":
        """Expect the next message at exactly this time."""
        self.at(moment)
        waiting = self.gateway.messages[self._seen :]
        assert waiting, f"no message to {to} at {moment}"
        sent, notice = waiting[0]
        self._seen += 1
        expected = (self._moment(START + seconds(moment)), self._contacts_name(notice.person))
        assert (self._moment(sent), to) == expected, notice
        assert says in notice.text
        assert zone in ("", notice.zone)
        return self

    def expect_nothing(self, *, until: str) -> "Drill":
        """Expect no further message."""
        self.at(until)
        waiting = [(self._moment(sent), notice.text) for sent, notice in self.gateway.messages[self._seen :]]
        assert waiting == []
        return self

    @property
    def wall(self) -> WallView:
        """The wall now."""
        return self.service.wall(self._now)

    @property
    def incident(self) -> IncidentView:
        """The only open incident."""
        (found,) = self.wall.incidents
        return found

    def close(self) -> None:
        """End the drill."""
        self._run(self._kill())
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(work)

    async def _open(self) -> None:
        self.service = await Alerting.open(
            self._settings, self._catalogue, self._registry, self._contacts, self._catalogue.rules(),
            now=lambda: self._now, notifiers={"sms": self.gateway},
        )  # fmt: skip
        self._workers = [asyncio.create_task(self.service.feed.work(lane)) for lane in Lane]
        await self._settle()

    async def _kill(self) -> None:
        for task in self._workers:
            task.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self.service._journal.close()
        await self.service._records.close()

    async def _post(self, lane: Lane, spooled: list[SpooledReading]) -> None:
        self._busy_at = self._now
        batch = ReadingBatch(collector="drill", lane=lane, readings=spooled, sent_at=self._now)
        await self.service.feed.accept(batch, msgspec.json.encode(batch))
        await self._settle()

    async def _act(self, event: str, by: str, cause: str) -> None:
        self._busy_at = self._now
        await self.service.act(self.incident.id, event, by, "", cause)
        await self._settle()

    async def _advance(self, until: int) -> None:
        while self._now < until:
            step = STEP if self._now - self._busy_at < LIVELY else 6 * STEP
            self._now = min(until, (self._now // step + 1) * step)
            await self.service.feed.accept(
                ReadingBatch(collector="drill", lane=Lane.NORMAL, readings=[], sent_at=self._now), b""
            )
            await self.service.look_after()
            await self._settle()

    async def _settle(self) -> None:
        """Let everything happen that happens now."""
        while True:
            await asyncio.sleep(0.001)
            if self.service.feed.idle:
                break
        await self.service._delivery.look()
        while self.service._delivery.busy:  # a notice that fails makes another one due
            await self.service._delivery.drain()
            await self.service._delivery.look()
        if self.gateway.owed:
            self._busy_at = self._now
        while self.gateway.owed:
            notice = self.gateway.owed.pop(0)
            await self.service.hear("sms", Receipt(id="", notice=notice.id, status="delivered", at=self._now))

    def _contacts_name(self, person: str) -> str:
        return self._contacts.person[person].name

    @staticmethod
    def _moment(at: int) -> str:
        minutes, rest = divmod((at - START) // 1000, 60)
        return f"{minutes:02}:{rest:02}"


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def drill(tmp_path: Path, catalogue: Catalogue) -> Iterator[Drill]:
    one = Drill(tmp_path, catalogue)
    yield one
    one.close()
