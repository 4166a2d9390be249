"""After the story the town goes on, and everything that happens in it ends again."""

import asyncio
import io
from pathlib import Path

import httpx
import msgspec
import pytest

from alerting.views import HydrantView, WallView
from standpipe.model.registry import read_registry
from standpipe.model.settings import Settings, read_settings
from standpipe.town import afterwards as afterwards_module
from standpipe.town.afterwards import Afterwards
from standpipe.town.life import TownLife
from standpipe.town.preparation import make_folder
from standpipe.town.terminal import Terminal
from standpipe.town.watch import Watch

NOON = 1_795_320_000_000


@pytest.fixture
def life(tmp_path: Path) -> TownLife:
    settings = read_settings(make_folder(tmp_path / "demo"), {})
    return TownLife(settings, read_registry(settings.path(settings.sites)), clock=lambda: NOON)


def hydrant(life: TownLife, id_: str) -> HydrantView:
    silent = life.hydrants[id_].asleep
    return HydrantView(
        id=id_,
        name=id_,
        zone="",
        site="",
        readiness="unknown" if silent else "usable",
        reason={},
        pressure=300.0,
        observed_at=NOON,
        age=0,
        battery=None,
        latitude=None,
        longitude=None,
        alerts=[],
    )


def watch(life: TownLife) -> Watch:
    def answer(_: httpx.Request) -> httpx.Response:
        wall = WallView(
            at=NOON,
            incidents=[],
            alerts=[],
            hydrants=[hydrant(life, id_) for id_ in life.hydrants],
            counts={},
            devices_total=0,
            devices_heard=0,
            sources=[],
            data_silent=False,
            problems=[],
        )
        return httpx.Response(200, content=msgspec.json.encode(wall))

    return Watch(Settings(), transport=httpx.MockTransport(answer))


async def test_a_main_breaks_and_small_things_happen_until_it_is_stopped(
    life: TownLife, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"QUIET": 0.0, "REPAIR_AFTER": 0.01, "PAUSES": (0.0, 0.0), "LASTS": 0.05}.items():
        monkeypatch.setattr(afterwards_module, name, value)
    out, before = io.StringIO(), dict(life.pressures)
    after = Afterwards(life, watch(life), terminal=Terminal(out, clock=lambda: NOON))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(after.run(), 3)
    told = [line.split()[2] for line in out.getvalue().splitlines()]
    assert told[:2] == ["burst", "repair"]
    assert set(told) == {"burst", "repair", "flushing", "silence", "wall", "cooking", "fault", "power"}
    assert life.water.pressures() == pytest.approx(before, abs=60)


async def test_the_break_is_mended(life: TownLife, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"QUIET": 0.0, "REPAIR_AFTER": 0.01, "PAUSES": (60.0, 60.0)}.items():
        monkeypatch.setattr(afterwards_module, name, value)
    out, before = io.StringIO(), dict(life.pressures)
    after = Afterwards(life, watch(life), terminal=Terminal(out, clock=lambda: NOON))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(after.run(), 1)
    assert "pressure falls to" in out.getvalue()
    assert life.pressures == pytest.approx(before, abs=0.5)
