"""The script tells what the platform shows, and says what is missing when it shows nothing."""

import asyncio
import io
from pathlib import Path

import httpx
import msgspec
import pytest

from alerting.views import AlertView, HydrantView, IncidentView, LedgerView, NoticeView, WallView
from standpipe.model.registry import read_registry
from standpipe.model.settings import read_settings
from standpipe.town import fire as fire_module
from standpipe.town import story as story_module
from standpipe.town.fire import COMPONENT
from standpipe.town.life import PANEL, TownLife
from standpipe.town.preparation import make_folder
from standpipe.town.story import Story
from standpipe.town.terminal import Terminal
from standpipe.town.watch import Watch

NOON = 1_795_320_000_000
LINK = "http://127.0.0.1:8080/incidents/I1"
ALL = {"usable", "pressure", "incident", "message", "receipt"}


def wall(*, usable: int, alerts: list[AlertView], incidents: list[IncidentView]) -> WallView:
    return WallView(
        at=NOON,
        incidents=incidents,
        alerts=alerts,
        hydrants=list[HydrantView](),
        counts={"usable": usable},
        devices_total=66,
        devices_heard=66,
        sources=[],
        data_silent=False,
        problems=[],
    )


def incident(*, sent_at: int | None, receipt_at: int | None) -> IncidentView:
    ledger = LedgerView(
        device=NOON,
        received=NOON + 2,
        stored=NOON + 9,
        accepted=NOON + 15,
        opened=NOON + 16,
        displayed=None,
        handed_over=sent_at,
        delivered=receipt_at,
        acknowledged=None,
        confirmed=None,
    )
    notice = NoticeView(
        step=0,
        person="Ma",
        channel="sms",
        to="+86139****0001",
        state="sent",
        due_at=NOON,
        sent_at=sent_at,
        receipt_at=receipt_at,
        attempts=1,
        error="",
    )
    return IncidentView(
        id="I1",
        signal="fire",
        state="suspected",
        title={"zh": "火警", "en": "Fire in the parts store"},
        site="north-dock",
        site_name={},
        zone="north-dock-2",
        zone_name={},
        devices=[f"{PANEL}/{COMPONENT}"],
        opened_at=NOON + 16,
        historic=False,
        actions=[],
        entries=[],
        notices=[notice],
        ledger=ledger,
    )


def alert(device: str) -> AlertView:
    return AlertView(
        id="A1",
        rule="hydrant.low_pressure",
        device=device,
        name=device,
        zone="old-town",
        signal="supervisory",
        since=NOON,
        value=104.0,
        label={"zh": "水压低", "en": "low pressure"},
    )


class Stage:
    """A town that does not run, and an alerting that shows what a test says."""

    def __init__(self, folder: Path) -> None:
        settings = read_settings(make_folder(folder / "demo"), {})
        registry = read_registry(settings.path(settings.sites))
        self.life = TownLife(settings, registry, clock=lambda: NOON)
        self.usable, self.sees_low, self.incidents = 60, True, [incident(sent_at=NOON + 40, receipt_at=NOON + 350)]
        self.out = io.StringIO()
        watch = Watch(settings, transport=httpx.MockTransport(self._answer))
        terminal = Terminal(self.out, clock=lambda: NOON)
        self.story = Story(self.life, watch, registry=registry, terminal=terminal)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        opened = [id_ for id_, sensor in self.life.hydrants.items() if sensor.cap_open and self.sees_low]
        burning = self.incidents if self.life.panel.transmitter.waiting else []
        bodies: dict[str, object] = {
            "/api/wall": wall(usable=self.usable, alerts=[alert(id_) for id_ in opened], incidents=burning),
            "/api/incidents/I1": self.incidents[-1] if self.incidents else None,
        }
        return httpx.Response(200, content=msgspec.json.encode(bodies[request.url.path]))


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    for name, seconds in {"HYDRANT_AT": 0.3, "FIRE_AT": 0.4, "CLOSE_AT": 0.5, "PATIENCE": 0.3}.items():
        monkeypatch.setattr(story_module, name, seconds)
    monkeypatch.setattr(fire_module, "PATIENCE", 0.3)
    monkeypatch.setattr(fire_module, "SECOND_STEP_PATIENCE", 0.1)
    return Stage(tmp_path)


async def play(stage: Stage) -> set[str]:
    """Run the script; return the chapters that came true."""
    await asyncio.wait_for(stage.story.run(), 20)
    return {chapter for chapter, done in stage.story.chapters.done.items() if done}


async def test_everything_happens_and_is_told_with_its_latency(stage: Stage) -> None:
    assert await play(stage) == ALL
    assert stage.story.chapters.outstanding == []
    lines = stage.out.getvalue().splitlines()
    assert [line.split()[2] for line in lines] == [
        *("wall", "hydrant", "alert", "fire", "incident", LINK, "SMS", "receipt", "hydrant", "alert")
    ]
    told = {line.split()[2]: line for line in lines[:8]}
    assert told["incident"].endswith("+16 ms")
    assert told["SMS"].endswith("+40 ms")
    assert told["receipt"].endswith("+350 ms")


async def test_a_wall_that_stays_grey_is_missed(stage: Stage) -> None:
    stage.usable = 59
    assert await play(stage) == ALL - {"usable"}
    assert "MISSING" in stage.out.getvalue()


async def test_an_alert_that_does_not_open_is_missed(stage: Stage) -> None:
    stage.sees_low = False
    assert await play(stage) == ALL - {"pressure"}


async def test_a_fire_that_opens_no_incident_misses_all_that_follows(stage: Stage) -> None:
    stage.incidents = []
    assert await play(stage) == {"usable", "pressure"}


async def test_a_message_without_a_receipt_is_missed(stage: Stage) -> None:
    stage.incidents = [incident(sent_at=NOON + 40, receipt_at=None)]
    assert await play(stage) == ALL - {"receipt"}


async def test_the_ledger_names_every_point_of_the_road(stage: Stage) -> None:
    await play(stage)
    marks = {mark.what: mark.at for mark in stage.story.fire.marks()}
    assert [mark.what for mark in stage.story.fire.marks()][-2:] == ["shown on a screen", "acknowledged by a person"]
    assert marks["received by the collector"] == NOON + 2
    assert marks["SMS delivered, says the receipt"] == NOON + 350
    assert marks["shown on a screen"] is None
